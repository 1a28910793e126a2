"""Make the asset bundles of back office, portal and tours in one database (run by `odoo shell`, which gives `env`)."""

BUNDLES = (
    "web.assets_web",
    "web.assets_frontend_minimal",
    "web.assets_frontend",
    "web.assets_frontend_lazy",
    "web.assets_backend_lazy",
    "web.assets_tests",
    "web.chartjs_lib",
)

for name in BUNDLES:
    bundle = env["ir.qweb"]._get_asset_bundle(name, css=True, js=True)  # noqa: F821
    bundle.js()
    bundle.css()
env.cr.commit()  # noqa: F821

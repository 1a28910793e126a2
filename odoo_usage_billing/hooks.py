"""Install and uninstall: what the ORM does not do by itself."""

from .store.schema import drop_store


def pre_init_hook(env):
    """Exclusion constraints on (integer, range) need the btree_gist extension."""
    env.cr.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")


def post_init_hook(env):
    """Print invoices one by one: the common wkhtmltopdf build renders one document per call."""
    parameters = env["ir.config_parameter"]
    if not parameters.get_param("account.pdf_generation_batch"):
        parameters.set_param("account.pdf_generation_batch", "0")


def uninstall_hook(env):
    """Drop the partitioned store; posted invoices and their entries stay."""
    drop_store(env.cr)

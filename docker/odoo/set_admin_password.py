"""Give the administrator the password of ODOO_ADMIN_PASSWORD (run by `odoo shell`, which gives `env`)."""

import os

env.ref("base.user_admin").password = os.environ["ODOO_ADMIN_PASSWORD"]  # noqa: F821
env.cr.commit()  # noqa: F821

"""The database of a benchmark or an attack: a clone of the template with the addons."""

import subprocess
from contextlib import contextmanager

import odoo
from odoo import api
from odoo.modules.registry import Registry


class Database:
    """Opens environments on one database; each `with` is a connection of its own."""

    def __init__(self, name):
        self.name = name
        self.registry = Registry(name)

    @contextmanager
    def env(self, uid=api.SUPERUSER_ID):
        """An environment whose cursor commits and closes at the end; after an error its work is undone."""
        with self.registry.cursor() as cr:
            yield api.Environment(cr, uid, {})


def open_database(config, name):
    """Load Odoo's configuration file and open a database by name."""
    odoo.tools.config.parse_config(["-c", config, "-d", name, "--no-http"])
    return Database(name)


@contextmanager
def copy_of(database):
    """A copy of a database as it is now, which is gone afterwards."""
    name = f"{database.name}_copy"
    # Nobody may be connected to what is copied.
    odoo.sql_db.close_db(database.name)
    subprocess.run(["createdb", "-T", database.name, name], check=True)
    try:
        yield Database(name)
    finally:
        odoo.sql_db.close_db(name)
        subprocess.run(["dropdb", "--if-exists", "--force", name], check=False)

"""The stage: a database with the world in it, and a clock that stands still."""

from datetime import datetime

import odoo

from .world import World
from .year import Step, Year


def begin(database, count):
    """Make a world of `count` kinds of contract in each company on a database; returns the Year, real time stopped."""
    world = World(count)
    year = Year(world)
    with database.env() as env:
        year.clock.install(env.cr)
        env.cr.commit()
    # Connections that are open know the system's clock only.
    odoo.sql_db.close_all()
    year.clock.start()
    with database.env() as env:
        year.clock.tell(env.cr)
        world.prepare(env)
        env.cr.commit()
    return year


def billed_once(year, database):
    """Go on to February: some usage came, and January is billed. Lives begin here."""
    year.clock.set(datetime(2025, 1, 31, 20))
    for number in range(6):
        _commit(year, database, Step("send", number))
    year.clock.set(datetime(2025, 2, 10, 9))
    with database.env() as env:
        for company_id in year.world.companies.values():
            year.do(env, Step("bill_company", 0), env["res.company"].browse(company_id))
        env.cr.commit()


def _commit(year, database, step):
    with database.env() as env:
        year.do(env, step)
        env.cr.commit()

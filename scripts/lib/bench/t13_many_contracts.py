"""T13: what a contract costs in a run of many, against a run of few.

Both go through the product's own loop, from listing pending lines to the end of the run. All contracts are copies of
one, put there by SQL. `--contracts` says how many the large run has; 10,000 take about half an hour.
"""

import statistics
import time
from datetime import date

from odoo import Command

from .copies import copies_of
from .meter import Meter
from .t10_billing_run import LINES, World

ID = "T13"
WHAT = "cost of a contract in a billing run of many against a run of few"
UNIT = "CPU ms per contract"
TARGET = ("<=", 1.1)
#: How many, set by --contracts.
CONTRACTS = None


def run(database, quick):
    """Measure runs of few contracts, one of many, and runs of few again: a busy machine is busy for all."""
    few, many, rounds = (50, 400, 2) if quick else (100, 10_000, 6)
    many = CONTRACTS or many
    with database.env() as env:
        world = World(env)
        world.prepare()
        world.warm()
        ids = copied(env, few * rounds + many)
    sets = [ids[number * few : (number + 1) * few] for number in range(rounds)]
    before = [through(database, some) / few for some in sets[::2]]
    ours = through(database, ids[few * rounds :]) / many
    floor = statistics.median(before + [through(database, some) / few for some in sets[1::2]])
    size = f"{many} against {few}, x {LINES}"
    return {"floor": 1000 * floor, "ours": 1000 * ours, "ratio": ours / floor, "size": size}


def copied(env, count):
    """`count` contracts with a month of usage, copies of one."""
    (model,) = World(env).contracts(1, f"M{time.time_ns()}-")
    return copies_of(env, env["contract.contract"].browse(model), count)


def listed(env, ids):
    """A run whose contracts are listed and pending."""
    run = env["usage.billing.run"].create({"date_ref": date(2026, 2, 1), "contract_ids": [Command.set(ids)]})
    run._list_contracts()
    env.cr.commit()
    return run


def require_done(run, count):
    """Every contract of the run has its invoice."""
    failed = run.line_ids.filtered(lambda line: line.state != "done")
    assert not failed, failed[:3].mapped("message")
    assert run.invoice_count == count and run.state == "done", (run.invoice_count, run.state)


def through(database, ids):
    """CPU seconds of the scheduled job that works on a run of these contracts, from its start to its end."""
    meter = Meter()
    with database.env() as env:
        run = listed(env, ids)
        with meter.running(env.cr):
            run._cron_process()
            env.cr.commit()
        require_done(run, len(ids))
    return meter.cpu

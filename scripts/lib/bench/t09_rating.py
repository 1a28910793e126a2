"""T9: the share of rating in a billing run: CPU time spent in the kernel's rate() against the whole run."""

import sys
import time
from contextlib import contextmanager

from .t10_billing_run import LINES, World, billed

ID = "T9"
WHAT = "rating within a billing run of contracts x 10 usage lines, five tiers each; ratio in per cent"
UNIT = "CPU ms per invoice"
TARGET = ("<=", 1)
INVOICING = "odoo.addons.odoo_usage_billing.invoicing"


def run(database, quick):
    """Measure one run of fresh contracts; the floor is the run, ours is the rating within."""
    contracts = 20 if quick else 100
    with database.env() as env:
        world = World(env, tiers=True)
        world.prepare()
        world.warm()
        ids = world.contracts(contracts, f"S{time.time_ns()}-")
    with counted_rating() as spent:
        whole = billed(database, ids)
    assert spent["calls"] >= contracts * LINES, spent
    floor, ours = 1000 * whole / contracts, 1000 * spent["cpu"] / contracts
    return {"floor": floor, "ours": ours, "ratio": 100 * ours / floor, "size": f"{contracts} x {LINES}"}


@contextmanager
def counted_rating():
    """Count the calls of rate() and their CPU seconds in every module of the product that calls it."""
    from odoo.addons.odoo_usage_billing.rating import rate

    spent = {"cpu": 0.0, "calls": 0}

    def counted(usage, terms):
        began = time.process_time()
        try:
            return rate(usage, terms)
        finally:
            spent["cpu"] += time.process_time() - began
            spent["calls"] += 1

    users = [module for name, module in list(sys.modules.items()) if name.startswith(INVOICING)]
    users = [module for module in users if getattr(module, "rate", None) is rate]
    assert users, "nobody in the product imports rate"
    for module in users:
        module.rate = counted
    try:
        yield spent
    finally:
        for module in users:
            module.rate = rate

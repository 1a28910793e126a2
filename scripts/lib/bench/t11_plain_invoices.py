"""T11: a billing run against the plain creation and posting of the same invoices.

The floor is what an addon does that leaves all to Odoo: batches of 50, each line with product, quantity, price and
taxes, no context keys. Ours is T10's.
"""

import time

from .meter import medians
from .t10_billing_run import LINES, World, bare, billed, plain

ID = "T11"
WHAT = "billing run of contracts x 10 usage lines against plain invoice create + post"
UNIT = "CPU ms per invoice"
TARGET = (">=", 1.8)
#: How many, set by --contracts.
CONTRACTS = None


def run(database, quick):
    """Measure pairs of (plain, ours); the ratio says how many times faster ours is."""
    contracts, rounds = (20, 1) if quick else (100, 3)
    contracts = CONTRACTS or contracts
    stamp = time.time_ns()
    with database.env() as env:
        world = World(env)
        world.prepare()
        world.warm()
    pairs = []
    for number in range(rounds):
        with database.env() as env:
            ids = World(env).contracts(contracts, f"P{stamp}-{number}-")
        ours = billed(database, ids)
        pairs.append((1000 * ours / contracts, 1000 * bare(database, ids, plain, {}) / contracts))
    ours, floor, ratio = medians(pairs)
    return {"floor": floor, "ours": ours, "ratio": ratio, "size": f"{contracts} x {LINES}"}

"""T10W: a billing run by two workers against one.

The run is cut into chunks as the queue jobs have it; whoever is free takes the next one and works on it in a
transaction of its own, which is tried again when it met another one's rows. Wall time: two processor cores must be
free, and the ratio says how many times faster two are.
"""

import multiprocessing
import time

from .meter import medians
from .t10_billing_run import LINES, World
from .t13_many_contracts import copied, listed, require_done

ID = "T10W"
WHAT = "billing run of contracts x 10 usage lines by two workers against one"
UNIT = "wall ms per invoice"
TARGET = (">=", 1.6)
#: How many, set by --contracts.
CONTRACTS = None
WORKERS = 2


def run(database, quick):
    """Measure pairs of (one worker, two workers)."""
    contracts, rounds = (200, 1) if quick else (400, 3)
    contracts = CONTRACTS or contracts
    with database.env() as env:
        world = World(env)
        world.prepare()
        world.warm()
        ids = copied(env, 2 * rounds * contracts)
    pairs = []
    for number in range(rounds):
        first, middle, last = (contracts * (2 * number + step) for step in range(3))
        one = _worked(database, ids[first:middle], 1)
        two = _worked(database, ids[middle:last], WORKERS)
        pairs.append((1000 * two / contracts, 1000 * one / contracts))
    ours, floor, ratio = medians(pairs)
    return {"floor": floor, "ours": ours, "ratio": ratio, "size": f"{contracts} x {LINES}"}


def _worked(database, ids, workers):
    """Seconds from the first chunk's begin to the last one's end."""
    from promises.crowd import gather

    with database.env() as env:
        run = listed(env, ids)
        run_id, chunks = run.id, [chunk.ids for chunk in run.line_ids._pending_chunks()]
    following = multiprocessing.get_context("fork").Value("i", 0)
    spans = gather(database, [(_work, chunks, following)] * workers)
    with database.env() as env:
        run = env["usage.billing.run"].browse(run_id)
        run._finish_if_complete()
        require_done(run, len(ids))
        env.cr.commit()
    return max(end for _begin, end in spans) - min(begin for begin, _end in spans)


def _work(database, chunks, following):
    """Take chunks until none is left; when this worker began and ended."""
    begin = time.monotonic()
    while True:
        with following.get_lock():
            number, following.value = following.value, following.value + 1
        if number >= len(chunks):
            return begin, time.monotonic()
        _invoice(database, chunks[number])


def _invoice(database, line_ids):
    from odoo.addons.odoo_usage_billing.models.usage_billing_run import CONTENTION, wait_for_turn

    tries = 0
    with database.env() as env:
        while True:
            try:
                lines = env["usage.billing.run.line"].browse(line_ids)
                lines.run_id._process(lines)
                env.cr.commit()
                return
            except CONTENTION as error:
                tries = wait_for_turn(env.cr, tries + 1, error)

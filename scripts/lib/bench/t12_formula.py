"""T12: a billing run against contract invoicing with a formula in SQL per line, over the same events.

The floor is what a contract with variable quantities does (OCA's contract_variable_quantity, which has no release for
19.0 among the pins): the host's own `_recurring_create_invoice`, where the quantity of each line is what a formula of
the line and its period gives. The formula here is a function, so that reading and checking its text is not counted;
it sums the same events, kept in a model of their own as somebody without these addons has them: id, serial, instant,
day, quantity and line, with an index on line and day. Both post.
"""

import time
from contextlib import contextmanager
from datetime import date

from odoo import Command

from .meter import Meter, medians
from .stored import fill
from .t10_billing_run import BATCH, LINES, World, billed

ID = "T12"
WHAT = "billing run of contracts x 10 usage lines against contracts with a formula in SQL"
UNIT = "CPU ms per contract"
TARGET = (">=", 2)
#: How many, set by --contracts.
CONTRACTS = None
MODEL = "x_bench_event"
EVENTS, STORED_BY_HAND = 1_000, 7
SUM = "SELECT SUM(x_quantity) FROM x_bench_event WHERE x_line_id = %s AND x_day BETWEEN %s AND %s"
TAKE_OVER = """
INSERT INTO x_bench_event (x_line_id, x_day, x_quantity, x_name, x_serial, x_occurred_at)
SELECT t.theirs, e.usage_date, e.quantity, e.external_id, s.code, e.occurred_at
  FROM unnest(%s, %s) AS t (ours, theirs)
  JOIN usage_event e ON e.contract_line_id = t.ours
  JOIN usage_subject s ON s.id = e.subject_id
"""


def by_sql(line, first, last):
    """The quantity as a careful formula asks for it."""
    line.env.cr.execute(SUM, (line.id, first, last))
    return float(line.env.cr.fetchone()[0] or 0)


def run(database, quick, formula=by_sql):
    """Measure pairs of (formula, ours); the ratio says how many times faster ours is."""
    contracts, rounds = (10, 1) if quick else (100, 3)
    contracts = CONTRACTS or contracts
    with database.env() as env:
        world = World(env)
        world.prepare()
        world.warm()
        _make_model(env)
    pairs = []
    for number in range(rounds):
        ours, theirs = _both(database, contracts, f"F{time.time_ns()}-{number}-")
        spent = billed(database, ours), _by_formula(database, theirs, formula)
        _require_same(database, ours, theirs)
        pairs.append(tuple(1000 * seconds / contracts for seconds in spent))
    ours, floor, ratio = medians(pairs)
    return {"floor": floor, "ours": ours, "ratio": ratio, "size": f"{contracts} x {LINES} x {EVENTS} events"}


def _make_model(env):
    if MODEL in env:
        return
    fields = [
        {"name": "x_line_id", "ttype": "many2one", "relation": "contract.line", "field_description": "Line"},
        {"name": "x_day", "ttype": "date", "field_description": "Day"},
        {"name": "x_quantity", "ttype": "float", "field_description": "Quantity"},
        {"name": "x_name", "ttype": "char", "field_description": "Id"},
        {"name": "x_serial", "ttype": "char", "field_description": "Serial"},
        {"name": "x_occurred_at", "ttype": "datetime", "field_description": "Instant"},
    ]
    values = {"name": "Bench event", "model": MODEL, "field_id": [Command.create(field) for field in fields]}
    env["ir.model"].create(values)
    env.cr.execute("CREATE INDEX ON x_bench_event (x_line_id, x_day)")
    env.cr.commit()


def _both(database, count, prefix):
    """Contracts with usage lines, and contracts with plain ones for the same events."""
    with database.env() as env:
        world = World(env)
        ours, theirs = world.contracts(count, prefix), world.contracts(count, f"{prefix}f-", is_usage=False)
        pairs = [env["contract.contract"].browse(ids).contract_line_ids.ids for ids in (ours, theirs)]
        source_id = env["usage.source"].search([("code", "=", "bench")]).id
    fill(database, source_id, pairs[0], len(pairs[0]) * (EVENTS - STORED_BY_HAND), date(2026, 1, 1), 31)
    with database.env() as env:
        env.cr.execute(TAKE_OVER, pairs)
        env.cr.execute("ANALYZE x_bench_event")
        env.cr.commit()
    return ours, theirs


def _by_formula(database, ids, formula):
    meter = Meter()
    with database.env() as env, quantities(env, formula):
        for start in range(0, len(ids), BATCH):
            contracts = env["contract.contract"].browse(ids[start : start + BATCH])
            with meter.running(env.cr):
                contracts._recurring_create_invoice(date(2026, 2, 1)).action_post()
                env.cr.commit()
                env.invalidate_all()
    return meter.cpu


@contextmanager
def quantities(env, formula):
    """Have contract lines take their quantity from a formula."""
    lines = type(env["contract.line"])
    plain = lines._get_quantity_to_invoice

    def quantity(self, first, last, invoice_date):
        if not (first and last and invoice_date):
            return plain(self, first, last, invoice_date)
        return formula(self, first, last)

    lines._get_quantity_to_invoice = quantity
    try:
        yield
    finally:
        del lines._get_quantity_to_invoice


def _require_same(database, ours, theirs):
    with database.env() as env:
        lines = env["account.move.line"]
        totals = [
            lines._read_group(
                [("contract_line_id.contract_id", "in", ids), ("parent_state", "=", "posted")],
                [],
                ["price_subtotal:sum", "move_id:count_distinct"],
            )[0]
            for ids in (ours, theirs)
        ]
    assert abs(totals[0][0] - totals[1][0]) < 0.005 and totals[0][1] == totals[1][1] == len(ours), totals

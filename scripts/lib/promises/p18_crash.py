"""Promise 18: a crash anywhere converges.

A day of usage is stored, billed, posted and accrued by a process that is killed (-9) before or after a statement that
writes; then the same day is done again by another process, as cron and a resend would. The points are found by watching
a day that nobody disturbs: each kind of writing statement of each step, and each commit. Afterwards every day has come
to the same totals, and nothing hangs in the air.
"""

import os
import re
import signal
import traceback
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import odoo
from odoo import Command
from odoo.sql_db import Cursor
from odoo.tools import SQL

from . import world
from .crowd import transaction

NUMBER = 18
PROMISE = "A crash anywhere converges"
TARGET = "points converged = points; totals as undisturbed; orphans 0; every invariant of the books holds"
#: How many points are tried; None: all that are found.
SIZES = {"full": None, "medium": 60, "small": 10}
START, BILL_DAY, ACCRUE_DAY = date(2024, 1, 1), date(2024, 2, 1), date(2024, 2, 28)
POINTS_AT_MOST = 400
WRITES = re.compile(r'\b(INSERT INTO|UPDATE|DELETE FROM|COPY)\s+"?(\w+)"?', re.IGNORECASE)
CONTRACTS = 2


class Watch:
    """Names each writing statement; kills the process at one of them when told to."""

    def __init__(self, point=None):
        self.step, self.seen, self.point = "", [], point

    def passes(self, query, when):
        """Take note of a statement about to run (`before`) or done (`after`)."""
        for verb, table in WRITES.findall(query) if query != "COMMIT" else [("COMMIT", "")]:
            if table.lower() in ("set", "skip", "of", "nowait") or table.startswith("pg_"):
                continue
            name = (self.step, f"{verb.upper()} {table}".strip(), when)
            if name not in self.seen:
                self.seen.append(name)
            if name == self.point:
                os.kill(os.getpid(), signal.SIGKILL)

    def install(self):
        """Look at every statement of this process from now on."""
        run, commit = Cursor.execute, Cursor.commit

        def execute(cursor, query, params=None, **how):
            text = query.code if isinstance(query, SQL) else str(query)
            self.passes(text, "before")
            result = run(cursor, query, params, **how)
            self.passes(text, "after")
            return result

        def copy_expert(cursor, statement, *arguments, **how):
            self.passes(statement, "before")
            result = cursor._obj.copy_expert(statement, *arguments, **how)
            self.passes(statement, "after")
            return result

        def committed(cursor):
            self.passes("COMMIT", "before")
            commit(cursor)
            self.passes("COMMIT", "after")

        Cursor.execute, Cursor.copy_expert, Cursor.commit = execute, copy_expert, committed


def attack(database, size, seed):
    """Return {figures..., "holds": bool}; `seed` chooses among the points when not all are tried."""
    ids = transaction(database, lambda env: _prepare(env, 2 + (SIZES[size] or POINTS_AT_MOST)))
    first = _child(database, ids, 0, None)
    # What only the very first day does is on no other day's way.
    points = [point for point in _child(database, ids, 1, None) if point in first]
    tried = points[:POINTS_AT_MOST]
    if SIZES[size] and len(points) > SIZES[size]:
        step = len(points) / SIZES[size]
        tried = [points[int(index * step + seed % step)] for index in range(SIZES[size])]
    usual = _totals(database, ids, 0)
    killed, different = 0, []
    for number, point in enumerate(tried, 2):
        killed += _child(database, ids, number, point) == -signal.SIGKILL
        _child(database, ids, number, None)
        if _totals(database, ids, number) != usual:
            different.append(" ".join(point))
    orphans, broken = _hanging(database)
    return {
        "points found": len(points),
        "points tried": len(tried),
        "killed": killed,
        "converged": len(tried) - len(different),
        "different": different,
        "orphans": orphans,
        "invariants broken": broken,
        "day": {name: str(value) for name, value in usual.items()},
        "holds": not different and killed == len(tried) and not orphans and not broken,
    }


def _prepare(env, count):
    contracts = world.contracts(env, count * CONTRACTS, START)
    contracts.usage_invoice_policy = "post"
    env.company.usage_accrual_account_id = env["account.account"].create(
        {"name": "Unbilled usage", "code": "150777", "account_type": "asset_current"}
    )
    return contracts.ids


def _mine(ids, number):
    return ids[number * CONTRACTS : (number + 1) * CONTRACTS]


def _child(database, ids, number, point):
    """Do day `number` in a process of its own; the points it passed, or what killed it."""
    odoo.sql_db.close_all()
    inner, outer = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(inner)
        watch = Watch(point)
        told = b""
        try:
            watch.install()
            _day(database, ids, number, watch)
            told = repr(watch.seen).encode()
        except BaseException:  # noqa: BLE001 - told to the parent
            told = b"!" + traceback.format_exc().encode()
        with os.fdopen(outer, "wb") as pipe:
            pipe.write(told)
        os._exit(0)
    os.close(outer)
    with os.fdopen(inner, "rb") as pipe:
        told = pipe.read().decode()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if told.startswith("!"):
        raise AssertionError(told)
    import ast

    return ast.literal_eval(told) if told else code


def _day(database, ids, number, watch):
    """Store, bill and accrue; each step as its cron or its sender would, and each may be done again."""
    for step in (_store, _bill, _accrue):
        watch.step = step.__name__.strip("_")
        step(database, _mine(ids, number), number)


def _store(database, mine, number):
    from odoo.addons.odoo_usage_billing.store import UsageRecord

    first = number * CONTRACTS
    records = [
        UsageRecord(
            row,
            f"d{number}-{row}",
            f"A-{first + row % CONTRACTS:05d}" if row % 10 else "nobody",
            "units",
            datetime(2024, 1 + row % 2, 3, tzinfo=timezone.utc) + timedelta(minutes=row),
            Decimal(1000 + row),
        )
        for row in range(40)
    ]

    def send(env):
        source = env["usage.source"].search([("code", "=", "attack")])
        env["usage.batch"].create({"name": f"day {number}", "source_id": source.id})._store(records)

    transaction(database, send)


def _bill(database, mine, number):
    def start(env):
        runs = env["usage.billing.run"]
        if not runs.search_count([("name", "=", f"day {number}")]):
            run = runs.create({"name": f"day {number}", "date_ref": BILL_DAY, "contract_ids": [Command.set(mine)]})
            run._list_contracts()

    transaction(database, start)
    with database.env() as env:
        env["usage.billing.run"]._cron_process()
        env.cr.commit()


def _accrue(database, mine, number):
    def post(env):
        accrual = env["usage.accrual"].create({"date": ACCRUE_DAY})
        accrual.action_prepare()
        if accrual.action_post() is not True:
            accrual.unlink()

    transaction(database, post)


def _totals(database, ids, number):
    """What a day came to."""
    with database.env() as env:
        lines = env["contract.contract"].browse(_mine(ids, number)).contract_line_ids
        totals = {}
        for name, query in {
            "events": "SELECT count(*), sum(quantity) FROM usage_event WHERE contract_line_id = ANY(%s)",
            "buckets": "SELECT sum(quantity_sum) FROM usage_bucket WHERE contract_line_id = ANY(%s)",
            "charges": "SELECT count(*), sum(amount) FROM usage_charge WHERE contract_line_id = ANY(%s)"
            " AND state <> 'released'",
            "invoiced": "SELECT count(DISTINCT l.move_id), sum(l.balance) FROM account_move_line l"
            " JOIN usage_charge c ON c.id = l.usage_charge_id"
            " WHERE c.contract_line_id = ANY(%s) AND l.parent_state = 'posted'",
            "accrued": "SELECT sum(l.amount) FROM usage_accrual_line l JOIN usage_accrual a ON a.id = l.accrual_id"
            " WHERE a.state = 'posted' AND l.contract_line_id = ANY(%s)",
        }.items():
            env.cr.execute(query, [lines.ids])
            totals[name] = env.cr.fetchone()
        env.cr.execute("SELECT count(*) FROM usage_suspense WHERE payload->>'external_id' LIKE %s", [f"d{number}-%"])
        totals["suspense"] = env.cr.fetchone()
        return totals


def _hanging(database):
    """(things that belong to nothing, names of invariants that do not hold)."""
    from odoo.addons.odoo_usage_billing.audit import verify

    with database.env() as env:
        env.cr.execute(
            """
            SELECT (SELECT count(*) FROM usage_billing_period WHERE state NOT IN ('invoiced', 'released'))
                 + (SELECT count(*) FROM usage_charge c WHERE NOT EXISTS (
                        SELECT FROM account_move_line l WHERE l.usage_charge_id = c.id))
                 + (SELECT count(*) FROM account_move WHERE state = 'draft')
                 + (SELECT count(*) FROM usage_accrual WHERE state = 'draft')
                 + (SELECT count(*) FROM usage_billing_run WHERE state <> 'done')
                 + (SELECT count(*) FROM usage_batch WHERE received_count = 0)
            """
        )
        (orphans,) = env.cr.fetchone()
        findings = verify(env.cr, env["res.company"].search([]).ids)
        return orphans, [finding.code for finding in findings if finding.broken]

"""Promise 16: each period is invoiced exactly once.

Two crons, a worker and a user's button at once, month after month; then the
contract's dates are set back by hand; then invoices are cancelled and issued again.
"""

from collections import Counter
from datetime import date

from dateutil.relativedelta import relativedelta

from odoo import Command

from . import world
from .crowd import gather, transaction

NUMBER = 16
PROMISE = "Each period is invoiced exactly once"
TARGET = "invoices per period min 1 max 1; aborted runs 0"
SIZES = {"full": (200, 50), "medium": (40, 6), "small": (12, 2)}
START = date(2018, 1, 1)


def attack(database, size, seed):
    """Return {figures..., "holds": bool}; `seed` does not matter, the races are real."""
    count, rounds = SIZES[size]
    with database.env() as env:
        ids = world.contracts(env, count, START).ids
        env["contract.contract"].browse(ids).usage_invoice_policy = "draft"
        env.cr.commit()
    aborted = 0
    for number in range(1, rounds + 1):
        day = START + relativedelta(months=number)
        transaction(database, lambda env, day=day: _start(env, day))
        answers = gather(
            database,
            [(_cron,), (_cron,), (_worker, day, ids), (_button, day, ids[:: max(1, count // 20)])],
        )
        aborted += sum(answers)
    reset = _reset_dates(database, ids, START + relativedelta(months=rounds))
    reissued = _cancel_and_reissue(database, ids, START + relativedelta(months=rounds))
    least, most, periods = _per_period(database)
    return {
        "contracts": count,
        "rounds": rounds,
        "periods": periods,
        "expected periods": count * rounds,
        "invoices per period min": least,
        "invoices per period max": most,
        "aborted runs": aborted,
        "invoices after dates set back": reset,
        "reissued": reissued,
        "holds": least == most == 1 and periods == count * rounds and not aborted and not reset and reissued == count,
    }


def _start(env, day):
    run = env["usage.billing.run"].create({"date_ref": day})
    run._list_contracts()


def _cron(database):
    """A cron pass: 0 when it ended, 1 when it aborted."""
    try:
        with database.env() as env:
            env["usage.billing.run"]._cron_process()
            env.cr.commit()
    except Exception:  # noqa: BLE001 - an aborted run is the figure
        return 1
    return 0


def _worker(database, day, ids):
    """A second run over the same contracts, chunk by chunk in transactions of its own."""
    return sum(_run_for(database, day, ids[start : start + 10]) for start in range(0, len(ids), 10))


def _button(database, day, ids):
    """A user who presses "Invoice usage now" on single contracts."""
    return sum(_run_for(database, day, [contract_id]) for contract_id in ids)


def _run_for(database, day, ids):
    def press(env):
        run = env["usage.billing.run"].create({"date_ref": day, "contract_ids": [Command.set(ids)]})
        run.action_start()
        return len(run.line_ids.filtered(lambda line: line.state == "failed"))

    try:
        return transaction(database, press)
    except Exception:  # noqa: BLE001 - an aborted run is the figure
        return 1


def _whole_run(env, day):
    run = env["usage.billing.run"].create({"date_ref": day})
    run._list_contracts()
    for _turn in range(100):
        if not (pending := run.line_ids.filtered(lambda line: line.state == "pending")):
            break
        run._process(pending)


def _reset_dates(database, ids, day):
    """Set every line back to its start by hand and run again; return how many invoices that made."""

    def attack_dates(env):
        before = env["account.move"].search_count([])
        lines = env["contract.contract"].browse(ids).contract_line_ids
        lines.write({"last_date_invoiced": False})
        lines.write({"recurring_next_date": START + relativedelta(months=1)})
        # A transaction goes through 36 periods of a contract at most: a long history takes two.
        _whole_run(env, day)
        _whole_run(env, day)
        return env["account.move"].search_count([]) - before

    return transaction(database, attack_dates)


def _cancel_and_reissue(database, ids, day):
    """Cancel the newest invoice of each contract and run again; return how many came back."""

    def reissue(env):
        newest = env["usage.billing.period"].search(
            [("contract_id", "in", ids), ("date_end", "=", day), ("state", "=", "invoiced")]
        )
        newest.move_id.button_cancel()
        before = env["account.move"].search_count([("state", "=", "draft")])
        _whole_run(env, day)
        return env["account.move"].search_count([("state", "=", "draft")]) - before

    return transaction(database, reissue)


def _per_period(database):
    """(fewest, most, periods): invoices that are not cancelled, per (line, first day)."""
    with database.env() as env:
        env.cr.execute(
            """
            SELECT l.contract_line_id, c.date_start, count(DISTINCT l.move_id)
              FROM account_move_line l
              JOIN usage_charge c ON c.id = l.usage_charge_id
              JOIN account_move m ON m.id = l.move_id AND m.state <> 'cancel'
             GROUP BY 1, 2
            """
        )
        counts = Counter({(line, day): count for line, day, count in env.cr.fetchall()})
    return min(counts.values()), max(counts.values()), len(counts)

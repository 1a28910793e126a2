"""Claiming billing periods: the row that makes an invoice for a period happen once."""

from datetime import date, timedelta
from typing import NamedTuple

import psycopg2.errors

from odoo.exceptions import ConcurrencyError, UserError


class Due(NamedTuple):
    """A contract line and the half-open local interval that is due."""

    line_id: int
    date_start: date
    date_end: date


def claim(env, dues):
    """Claim a period row for each due; return {due: period id}.

    A due whose days are invoiced already is left out: upstream dates may have
    been set by hand, the period row is what counts. A clash with a concurrent
    claim is contention and rises, so that the caller is retried on a fresh snapshot.
    """
    if not dues:
        return {}
    env["usage.billing.period"].flush_model()
    taken = _overlapping(env.cr, dues)
    claimed, fresh = {}, []
    for due in dues:
        rows = taken.get(due, ())
        if not rows:
            fresh.append(due)
            continue
        same = [row for row in rows if (row[1], row[2]) == (due.date_start, due.date_end)]
        if same and same[0][3] == "open":
            claimed[due] = same[0][0]
        elif not same:
            _refuse_partial(env, due, rows)
    try:
        with env.cr.savepoint(flush=False):
            claimed.update(_insert(env, fresh))
    except (psycopg2.errors.ExclusionViolation, psycopg2.errors.UniqueViolation) as clash:
        raise ConcurrencyError("billing periods were claimed by a concurrent transaction") from clash
    env["usage.billing.period"].invalidate_model()
    return claimed


def _refuse_partial(env, due, rows):
    """Days that are invoiced in part can neither be billed again nor be skipped."""
    days = sum((min(end, due.date_end) - max(start, due.date_start)).days for _id, start, end, _state in rows)
    if days == (due.date_end - due.date_start).days:
        return
    line = env["contract.line"].browse(due.line_id)
    raise UserError(
        env._(
            "%(line)s is due from %(start)s to %(end)s, but part of that is invoiced already "
            "(%(from)s to %(until)s, not included). Set the contract line's dates so that the "
            "next period begins where the last invoiced one ended.",
            **{
                "line": line.display_name,
                "start": due.date_start,
                "end": due.date_end - timedelta(days=1),
                "from": rows[0][1],
                "until": rows[-1][2],
            },
        )
    )


def _overlapping(cr, dues):
    found = {}
    rows = cr.execute_values(
        """
        SELECT d.line_id, d.date_start::date, d.date_end::date,
               p.id, p.date_start, p.date_end, p.state
          FROM (VALUES %s) d (line_id, date_start, date_end)
          JOIN usage_billing_period p ON p.contract_line_id = d.line_id
           AND p.state <> 'released'
           AND daterange(p.date_start, p.date_end)
               && daterange(d.date_start::date, d.date_end::date)
         ORDER BY p.date_start
        """,
        dues,
        fetch=True,
        page_size=len(dues),
    )
    for line_id, start, end, *row in rows:
        found.setdefault(Due(line_id, start, end), []).append(tuple(row))
    return found


def _insert(env, dues):
    if not dues:
        return {}
    rows = env.cr.execute_values(
        """
        INSERT INTO usage_billing_period (
            contract_line_id, contract_id, company_id, metric_id, date_start, date_end,
            state, create_uid, create_date, write_uid, write_date)
        SELECT l.id, l.contract_id, l.company_id, l.usage_metric_id,
               d.date_start::date, d.date_end::date, 'open',
               d.uid, now() at time zone 'UTC', d.uid, now() at time zone 'UTC'
          FROM (VALUES %s) d (line_id, date_start, date_end, uid)
          JOIN contract_line l ON l.id = d.line_id
         ORDER BY l.id, d.date_start
        RETURNING contract_line_id, date_start, date_end, id
        """,
        [(*due, env.uid) for due in dues],
        fetch=True,
        page_size=len(dues),
    )
    return {Due(line_id, start, end): id_ for line_id, start, end, id_ in rows}

"""The periods of contract lines that can be looked at."""

from datetime import date, timedelta
from typing import NamedTuple

from odoo.addons.odoo_usage_billing.invoicing.periods import Due

SEPARATOR = ".."
#: Periods not invoiced yet that are offered per line, newest kept.
OPEN_KEPT = 26
BILLED_KEPT = 60


class Period(NamedTuple):
    """An interval of local days with its state: open (holds today), closed, invoiced."""

    date_start: date
    date_end: date
    state: str

    @property
    def key(self):
        """The text that names the interval in an address."""
        return f"{self.date_start}{SEPARATOR}{self.date_end}"

    @property
    def date_last(self):
        """The last day that belongs to it."""
        return self.date_end - timedelta(days=1)


class Billed(NamedTuple):
    """An invoiced period of a contract line and its charges: one per rating term it touches, and settlements."""

    due: Due
    charge_ids: list
    is_posted: bool


def open_dues(line, today):
    """Dues of `line` that are not invoiced, oldest first, up to the one that holds `today`."""
    if not line.recurring_next_date:
        return []
    dues = []
    due = line._usage_due()
    while due and due.date_start <= today:
        dues.append(due)
        due = _following(line, due)
    return dues[-OPEN_KEPT:]


def _following(line, due):
    last = line.get_next_period_date_end(
        due.date_end,
        line.recurring_rule_type,
        line.recurring_interval,
        max_date_end=line.date_end,
    )
    return Due(line.id, due.date_end, last + timedelta(days=1)) if last else None


def billed(env, line_ids):
    """{line id: [Billed]}, newest first."""
    for model in ("usage.billing.period", "usage.charge", "account.move"):
        env[model].flush_model()
    env.cr.execute(
        """
        SELECT p.contract_line_id, p.date_start, p.date_end,
               array_agg(c.id ORDER BY c.date_start, c.id), bool_and(m.state = 'posted')
          FROM usage_billing_period p
          JOIN usage_charge c ON c.period_id = p.id AND c.state = 'invoiced'
          LEFT JOIN account_move m ON m.id = p.move_id
         WHERE p.contract_line_id = ANY(%s) AND p.state = 'invoiced'
         GROUP BY p.id
         ORDER BY p.date_start DESC, p.id DESC
        """,
        (list(line_ids),),
    )
    found = {}
    for line_id, start, end, charge_ids, posted in env.cr.fetchall():
        kept = found.setdefault(line_id, [])
        if len(kept) < BILLED_KEPT:
            kept.append(Billed(Due(line_id, start, end), charge_ids, bool(posted)))
    return found


def state_of(due, today):
    """Whether a period that is not invoiced is still running."""
    return "open" if today < due.date_end else "closed"


def overlap(due, period):
    """How many days a due shares with a period; negative when they are apart."""
    first = max(due.date_start, period.date_start)
    return (min(due.date_end, period.date_end) - first).days


def best_match(dues, period):
    """The due that shows `period` best: the same interval, else the largest and latest overlap."""
    shared = [(overlap(due, period), due.date_start, due) for due in dues]
    shared = [item for item in shared if item[0] > 0]
    exact = [due for _days, _start, due in shared if due[1:] == period[:2]]
    if exact:
        return exact[0]
    return max(shared, key=lambda item: item[:2])[2] if shared else None

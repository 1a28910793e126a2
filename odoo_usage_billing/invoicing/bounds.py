"""Safety bounds: what a billing period may cost before somebody looks at it."""

from decimal import Decimal
from statistics import median
from typing import NamedTuple

#: How many earlier periods are looked at, and how many there must be before they say what is usual.
LOOK_BACK, USUAL_FROM = 12, 3
#: So many smallest steps of the currency are not worth a person's time, however many times the usual they are.
SMALL_STEPS = 1000

EARLIER = """
    SELECT d.line_id, d.date_start::date, p.date_start, p.amount, p.quantity
      FROM (VALUES %s) d (line_id, date_start)
     CROSS JOIN LATERAL (
            SELECT p.date_start, SUM(c.amount)::text AS amount, SUM(c.quantity)::text AS quantity
              FROM usage_billing_period p
              JOIN usage_charge c ON c.period_id = p.id AND c.commitment_id IS NULL
             WHERE p.contract_line_id = d.line_id AND p.state = 'invoiced' AND p.date_end <= d.date_start::date
             GROUP BY p.id, p.date_start
             ORDER BY p.date_start DESC
             LIMIT 12) p
     ORDER BY 1, 2, 3 DESC
"""
# Records that wait and would count here: of subjects assigned to the line, or of a source whose usual line it is.
WAITING = """
    SELECT d.line_id, d.date_start::date, COUNT(DISTINCT s.id)
      FROM (VALUES %s) d (line_id, metric_id, date_start, date_end)
      JOIN usage_metric m ON m.id = d.metric_id
      JOIN usage_suspense s ON s.state = 'open' AND s.metric_code = m.code
       AND left(COALESCE(s.correction->>'occurred_at', s.payload->>'occurred_at'), 10) >= d.date_start
       AND left(COALESCE(s.correction->>'occurred_at', s.payload->>'occurred_at'), 10) < d.date_end
      JOIN usage_source o ON o.id = s.source_id
     WHERE o.default_contract_line_id = d.line_id
        OR EXISTS (SELECT FROM usage_assignment a
                     JOIN usage_subject u ON u.id = a.subject_id
                    WHERE a.contract_line_id = d.line_id AND a.metric_id = d.metric_id
                      AND u.company_id = s.company_id AND u.code = s.subject_code)
     GROUP BY 1, 2
"""


class Bounds(NamedTuple):
    """What is implausible; zero means that nobody asks. Up to `small` above the usual nothing is unusual."""

    negative: bool
    amount_most: Decimal
    factor: Decimal
    lines_most: int
    suspense_percent: Decimal
    gap: bool
    small: Decimal = Decimal(0)


class Period(NamedTuple):
    """A due period as it was rated, and what is known around it. `earlier`: (first day, amount, quantity)."""

    amount: Decimal
    line_count: int
    event_count: int
    waiting_count: int
    gap_count: int
    earlier: tuple

    @property
    def usual(self):
        """The median of the earlier periods, None while there are too few."""
        if len(self.earlier) < USUAL_FROM:
            return None
        return median(amount for _day, amount, _quantity in self.earlier)


def breaches(period, bounds):
    """[(code, figures as text)] of the bounds that a period breaks."""
    found = []
    if bounds.negative and period.amount < 0:
        found.append(("negative", {"amount": period.amount}))
    if bounds.amount_most and period.amount > bounds.amount_most:
        found.append(("above_cap", {"amount": period.amount, "limit": bounds.amount_most}))
    usual = period.usual
    is_far = usual is not None and period.amount - usual > bounds.small
    if bounds.factor and is_far and usual > 0 and period.amount > usual * bounds.factor:
        found.append(("unusual", {"amount": period.amount, "usual": usual, "factor": bounds.factor}))
    if bounds.lines_most and period.line_count > bounds.lines_most:
        found.append(("too_many_lines", {"count": period.line_count, "limit": bounds.lines_most}))
    if bounds.gap and period.gap_count:
        found.append(("open_gap", {"count": period.gap_count}))
    received = period.waiting_count + period.event_count
    if bounds.suspense_percent and period.waiting_count * 100 > bounds.suspense_percent * received:
        found.append(("suspense", {"count": period.waiting_count, "total": received}))
    return [(code, {name: str(figure) for name, figure in figures.items()}) for code, figures in found]


def read_earlier(env, dues):
    """{due: ((first day, amount, quantity), ...)} of the latest invoiced periods, newest first."""
    rows = sorted({(due.line_id, due.date_start) for due in dues})
    found = {}
    for line_id, start, day, amount, quantity in env.cr.execute_values(EARLIER, rows, fetch=True, page_size=len(rows)):
        found.setdefault((line_id, start), []).append((day, Decimal(amount), Decimal(quantity or 0)))
    return {due: tuple(found.get((due.line_id, due.date_start), ())) for due in dues}


def count_waiting(env, dues, metrics):
    """{due: how many records wait in suspense}; `metrics`: {due: metric id}."""
    env["usage.suspense"].flush_model()
    rows = [(due.line_id, metrics[due], str(due.date_start), str(due.date_end)) for due in dues]
    found = {
        (line_id, start): count
        for line_id, start, count in env.cr.execute_values(WAITING, rows, fetch=True, page_size=len(rows))
    }
    return {due: found.get((due.line_id, due.date_start), 0) for due in dues}

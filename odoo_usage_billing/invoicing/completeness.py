"""The proof, while the contracts are locked, that no usage was committed beside what is being billed."""

from odoo.exceptions import ConcurrencyError

from .own_marks import is_marked

COUNTS = """
    SELECT d.number, SUM(b.event_count)
      FROM (VALUES %s) d (number, line_id, metric_id, date_start, date_end)
      JOIN usage_bucket b ON b.contract_line_id = d.line_id AND b.metric_id = d.metric_id
       AND b.usage_date >= d.date_start::date AND b.usage_date < d.date_end::date
     GROUP BY 1
"""


def require_complete(env, rated):
    """Make sure that no usage was committed between our snapshot and our lock.

    Once the contracts are locked nobody adds usage to them; what was committed just before is seen by a
    fresh snapshot only. When that knows more than we rated, the transaction is contention and is tried again.
    A rehearsal locks nobody out and shows what its snapshot knows.
    """
    counted = [item for item in rated if item.metric.measured_from == "events"]
    if not counted or is_marked(env, "usage_rehearsal"):
        return
    rows, known = [], {}
    for number, item in enumerate(counted):
        need = item.needs[0]
        known[number] = item.event_count
        for line_id in need.line_ids:
            rows.append((number, line_id, need.metric.id, item.segment.date_start, item.segment.date_end))
    with env.registry.cursor() as fresh:
        counts = fresh.execute_values(COUNTS, rows, fetch=True, page_size=len(rows))
    if any(count > known[number] for number, count in counts):
        raise ConcurrencyError("usage arrived while its period was being rated")

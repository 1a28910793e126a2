"""What was used: exact quantities per due period, read as text from the store."""

from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

from odoo.exceptions import ConcurrencyError

AGGREGATES = {
    "sum": "SUM(b.quantity_sum)",
    "count": "SUM(b.event_count)",
    "max": "MAX(b.quantity_max)",
    "latest": "(array_agg(b.quantity_last ORDER BY b.last_at DESC))[1]",
}


class Measured(NamedTuple):
    """The aggregated quantity of a period, how many events it came from, and its parts."""

    quantity: Decimal
    event_count: int
    parts: list


NOTHING = Measured(Decimal(0), 0, [])


def measure(env, dues, metrics, per_event=(), per_slot=()):
    """{due: Measured} for each due.

    `metrics`: {line id: metric record}. Dues in `per_event` get one part per
    event, those in `per_slot` one part per (weekday, slot).
    """
    env["usage.bucket"].flush_model()
    found = {}
    by_aggregation = defaultdict(list)
    for due in dues:
        by_aggregation[metrics[due.line_id].aggregation].append(due)
    for aggregation, group in by_aggregation.items():
        found.update(_read_totals(env.cr, group, metrics, aggregation))
    parts = _read_slots(env.cr, per_slot, metrics)
    parts.update(_read_events(env.cr, per_event, metrics))
    return {due: found.get(due, NOTHING)._replace(parts=parts.get(due, [])) for due in dues}


def _values(dues, metrics):
    return [(*due, metrics[due.line_id].id) for due in dues]


def _read_totals(cr, dues, metrics, aggregation):
    # The aggregate is one of the four literals above, chosen by a key of the selection.
    rows = cr.execute_values(TOTALS[aggregation], _values(dues, metrics), fetch=True, page_size=len(dues))
    cls = type(dues[0])
    return {
        cls(line_id, start, end): Measured(Decimal(quantity), int(count), [])
        for line_id, start, end, quantity, count in rows
    }


TOTALS = {
    name: f"""
        SELECT d.line_id, d.date_start::date, d.date_end::date,
               ({aggregate})::text, SUM(b.event_count)
          FROM (VALUES %s) d (line_id, date_start, date_end, metric_id)
          JOIN usage_bucket b ON b.contract_line_id = d.line_id
           AND b.usage_date >= d.date_start::date AND b.usage_date < d.date_end::date
           AND b.metric_id = d.metric_id
         GROUP BY 1, 2, 3
    """
    for name, aggregate in AGGREGATES.items()
}

SLOTS = """
    SELECT d.line_id, d.date_start::date, d.date_end::date,
           EXTRACT(isodow FROM b.usage_date)::int - 1, b.usage_slot,
           SUM(b.quantity_sum)::text
      FROM (VALUES %s) d (line_id, date_start, date_end, metric_id)
      JOIN usage_bucket b ON b.contract_line_id = d.line_id
       AND b.usage_date >= d.date_start::date AND b.usage_date < d.date_end::date
       AND b.metric_id = d.metric_id
     GROUP BY 1, 2, 3, 4, 5
     ORDER BY 1, 2, 4, 5
"""

EVENTS = """
    SELECT d.line_id, d.date_start::date, d.date_end::date, e.quantity::text
      FROM (VALUES %s) d (line_id, date_start, date_end, metric_id)
      JOIN usage_event e ON e.contract_line_id = d.line_id
       AND e.usage_date >= d.date_start::date AND e.usage_date < d.date_end::date
       AND e.metric_id = d.metric_id
       AND e.occurred_at >= d.date_start::timestamp - interval '1 day'
       AND e.occurred_at < d.date_end::timestamp + interval '1 day'
     ORDER BY e.occurred_at, e.id
"""


def _read_slots(cr, dues, metrics):
    """{due: [(weekday, slot, quantity text)]}, Monday is 0."""
    found = defaultdict(list)
    if dues:
        cls = type(dues[0])
        for line_id, start, end, weekday, slot, quantity in cr.execute_values(
            SLOTS, _values(dues, metrics), fetch=True, page_size=len(dues)
        ):
            found[cls(line_id, start, end)].append((weekday, slot, quantity))
    return dict(found)


def _read_events(cr, dues, metrics):
    """{due: [quantity text]} in the order of occurrence."""
    found = defaultdict(list)
    if dues:
        cls = type(dues[0])
        for line_id, start, end, quantity in cr.execute_values(
            EVENTS, _values(dues, metrics), fetch=True, page_size=len(dues)
        ):
            found[cls(line_id, start, end)].append(quantity)
    return dict(found)


COUNTS = """
    SELECT d.line_id, d.date_start::date, d.date_end::date, SUM(b.event_count)
      FROM (VALUES %s) d (line_id, date_start, date_end, metric_id)
      JOIN usage_bucket b ON b.contract_line_id = d.line_id
       AND b.usage_date >= d.date_start::date AND b.usage_date < d.date_end::date
       AND b.metric_id = d.metric_id
     GROUP BY 1, 2, 3
"""


def require_complete(env, rated):
    """Make sure that no usage was committed between our snapshot and our lock.

    Once the contracts are locked nobody adds usage to them; what was committed
    just before is seen by a fresh snapshot only. When that knows more than we
    rated, the transaction is contention and is tried again.
    """
    if not rated:
        return
    values = [(*item.due, item.metric.id) for item in rated]
    known = {item.due: item.event_count for item in rated}
    cls = type(rated[0].due)
    with env.registry.cursor() as fresh:
        counts = fresh.execute_values(COUNTS, values, fetch=True, page_size=1000)
    if any(count > known[cls(line_id, start, end)] for line_id, start, end, count in counts):
        raise ConcurrencyError("usage arrived while its period was being rated")

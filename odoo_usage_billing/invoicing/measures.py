"""What was used: exact quantities of contract lines, a metric and local days, for many at once.

Each metric aggregates as it says. Sums come from buckets; what a sum cannot tell is read from events
(`measure_events.py`, `measure_levels.py`) or from assignments (`measure_assets.py`). Short definitions of
the same aggregations are in `rating/aggregate.py`; a test holds the two equal, digit for digit.
"""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from odoo.tools import SQL

from ..store.retirement import retired_of
from .measure_assets import installed
from .measure_events import latest, percentiles, unique_counts
from .measure_levels import average_levels
from .measure_parts import dimension_parts, event_parts, slot_parts
from .measure_sql import bucket_needs, nearest


class Need(NamedTuple):
    """What to measure: days `[date_start, date_end)`, local to `zone`, of lines that are measured together."""

    key: object
    line_ids: tuple
    metric: object
    date_start: date
    date_end: date
    zone: str
    detail: str = ""


class Measured(NamedTuple):
    """A quantity, the money its events carry, how many events there are, and its parts if asked for.

    `event_count` counts all events of the lines, metric and days, whatever the aggregation, those that
    were taken back and those that took them back included: it proves that nothing was left out. It is 0
    for a metric that is measured from assignments.
    """

    quantity: Decimal
    amount: Decimal
    event_count: int
    parts: tuple = ()


NOTHING = Measured(Decimal(0), Decimal(0), 0)
READERS = {
    "unique_count": unique_counts,
    "latest": latest,
    "percentile": percentiles,
    "time_weighted_average": average_levels,
}
PARTS = {"events": event_parts, "slots": slot_parts, "dimensions": dimension_parts}
FLUSHED = ("usage.metric", "usage.assignment", "contract.line", "contract.contract")


def measure(env, needs):
    """{key: Measured} of each Need, in a handful of queries however many there are."""
    for model in FLUSHED:
        env[model].flush_model()
    numbered = {number: need for number, need in enumerate(needs) if need.date_start < need.date_end}
    used = {n: need for n, need in numbered.items() if need.metric.measured_from == "events"}
    found = _totals(env, used)
    quantities = installed(env, _without(numbered, used))
    for aggregation, read in READERS.items():
        quantities.update(read(env, _where(used, lambda need, a=aggregation: need.metric.aggregation == a)))
    parts = {}
    for detail, read in PARTS.items():
        parts.update(read(env, _where(used, lambda need, d=detail: need.detail == d)))
    return {
        need.key: _assemble(found.get(number, NOTHING), quantities.get(number), parts.get(number, ()))
        for number, need in enumerate(needs)
    }


def out_of_reach(env, wanted):
    """Those keys of {key: [Need]} that read events, some of which are retired.

    From here on events stay where they are until the transaction ends. What others retired since it began is seen by
    a fresh snapshot only.
    """
    reading = {key: [need for need in needs if _reads_events(need)] for key, needs in wanted.items()}
    if not any(reading.values()):
        return []
    env.cr.execute("LOCK TABLE ONLY usage_event IN ACCESS SHARE MODE")
    with env.registry.cursor() as fresh:
        return [
            key
            for key, needs in reading.items()
            if any(_is_retired(cr, need) for need in needs for cr in (env.cr, fresh))
        ]


def _reads_events(need):
    return need.metric.measured_from == "events" and (need.detail == "events" or need.metric.aggregation in READERS)


def _is_retired(cr, need):
    return retired_of(cr, need.line_ids, need.metric.id, need.date_start, need.date_end)[1] > 0


def _where(numbered, condition):
    return {number: need for number, need in numbered.items() if condition(need)}


def _without(numbered, others):
    return {number: need for number, need in numbered.items() if number not in others}


def _assemble(total, quantity, parts):
    return total._replace(quantity=total.quantity if quantity is None else quantity, parts=tuple(parts))


TOTALS = """
    WITH found AS (
        SELECT n.number, n.aggregation,
               CASE WHEN n.per_subject THEN b.subject_id ELSE 0 END AS grain,
               SUM(b.quantity_sum) AS quantity, SUM(b.amount_sum) AS amount,
               SUM(b.event_count) AS events, SUM(b.event_count - 2 * b.void_count) AS counted,
               MAX(b.quantity_max) AS most
          FROM %(needs)s
          JOIN usage_bucket b ON b.contract_line_id = n.line_id AND b.metric_id = n.metric_id
           AND b.usage_date >= n.date_start AND b.usage_date < n.date_end
         GROUP BY 1, 2, 3
    )
    SELECT number,
           trim_scale(SUM(CASE aggregation WHEN 'count' THEN counted
                                           WHEN 'max' THEN COALESCE(most, 0)
                                           WHEN 'average' THEN COALESCE(%(average)s, 0)
                                           ELSE quantity END))::text,
           trim_scale(SUM(amount))::text,
           SUM(events)::bigint
      FROM found
     GROUP BY number
"""


def _totals(env, numbered):
    """{number: Measured} with the sum, count, maximum or average; others keep the sum for now."""
    if not numbered:
        return {}
    query = SQL(TOTALS, needs=bucket_needs(numbered), average=nearest(SQL("quantity"), SQL("NULLIF(counted, 0)")))
    return {
        number: Measured(Decimal(quantity), Decimal(amount), events)
        for number, quantity, amount, events in env.execute_query(query)
    }

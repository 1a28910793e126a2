"""Pieces of SQL that the measures share. They are composed by Odoo's SQL builder, never joined as text."""

from datetime import timedelta
from decimal import Decimal

from odoo.tools import SQL

from ..rating.interval import Interval, instants

#: The instants of a local day lie within a day of the same day in UTC, whatever the zone.
DAY = timedelta(days=1)


def values(rows):
    """A VALUES list of rows of constants."""
    return SQL("(VALUES %s)", SQL(", ").join(SQL("%s", row) for row in rows))


def bucket_needs(numbered):
    """`n`: one row per need and contract line, to be joined with buckets or events."""
    rows = (
        (
            number,
            line_id,
            need.metric.id,
            need.date_start,
            need.date_end,
            need.metric.aggregation,
            need.metric.per_subject,
            need.metric.percentile,
            need.metric.unique_by,
            need.metric.unique_dimension or "",
        )
        for number, need in numbered.items()
        for line_id in set(need.line_ids)
    )
    return SQL(
        "%s n (number, line_id, metric_id, date_start, date_end, aggregation, per_subject,"
        " percentile, unique_by, unique_dimension)",
        values(rows),
    )


EVENTS = """
    %(needs)s
    JOIN usage_event e ON e.contract_line_id = n.line_id AND e.metric_id = n.metric_id
     AND e.usage_date >= n.date_start AND e.usage_date < n.date_end
     AND e.occurred_at >= %(low)s AND e.occurred_at < %(high)s
     AND %(live)s
"""
# What was taken back does not count, nor does what took it back: both lie at one instant, in one partition.
LIVE = """
    (e.voids_event_id IS NULL
     AND NOT EXISTS (SELECT FROM usage_event v
                      WHERE v.voids_event_id = e.id AND v.occurred_at = e.occurred_at
                        AND v.occurred_at >= %(low)s AND v.occurred_at < %(high)s))
"""


def live(low, high):
    """The condition that an event `e` between two instants counts."""
    return SQL(LIVE, low=low, high=high)


def events_of(numbered):
    """FROM needs `n` and their events `e`; the outer bounds of all needs leave other partitions out."""
    low = min(need.date_start for need in numbered.values()) - DAY
    high = max(need.date_end for need in numbered.values()) + DAY
    return SQL(EVENTS, needs=bucket_needs(numbered), low=low, high=high, live=live(low, high))


def bounds(need):
    """The UTC instants, naive as they are stored, of a need's local days."""
    start, end = instants(Interval(need.date_start, need.date_end), need.zone)
    return start.replace(tzinfo=None), end.replace(tzinfo=None)


def nearest(top, bottom):
    """top / bottom to nine decimals, half away from zero, exactly.

    A plain division of numerics keeps about 16 digits, which is too few for a large quotient, and rounds
    twice. Here the quotient is a whole number of billionths, which `div` gives without rounding.
    """
    return SQL(
        "sign(%(top)s) * div(2000000000 * abs(%(top)s) + %(bottom)s, 2 * %(bottom)s) * 0.000000001",
        top=top,
        bottom=bottom,
    )


def quantities(env, query):
    """{number: Decimal} of a query that gives (number, text)."""
    return {number: Decimal(quantity) for number, quantity in env.execute_query(query)}


# Two steps without a join between them: what stands at an instant is read once, however many share it.
LAST_OF = """
    WITH winners AS (
        SELECT *, MIN(quantity_last) OVER same <> MAX(quantity_last) OVER same AS tied
          FROM (SELECT *, RANK() OVER (PARTITION BY number, grain ORDER BY last_at DESC) AS place
                  FROM (%(candidates)s) every) ranked
         WHERE place = 1
        WINDOW same AS (PARTITION BY number, grain)
    ),
    told AS (
        SELECT i.number, CASE WHEN i.whole THEN 0 ELSE e.subject_id END AS grain,
               i.last_at, e.quantity, e.id
          FROM (SELECT DISTINCT number, grain = 0 AS whole, contract_line_id, metric_id, usage_date, last_at
                  FROM winners
                 WHERE tied) i
         CROSS JOIN LATERAL (
                SELECT e.subject_id, e.quantity, e.id
                  FROM usage_event e
                 WHERE e.contract_line_id = i.contract_line_id AND e.metric_id = i.metric_id
                   AND e.usage_date = i.usage_date AND e.occurred_at = i.last_at
                   AND e.voids_event_id IS NULL
                   AND NOT EXISTS (SELECT FROM usage_event v
                                    WHERE v.voids_event_id = e.id AND v.occurred_at = i.last_at)
                OFFSET 0
               ) e
    )
    SELECT DISTINCT ON (number, grain) number, grain, last_at, quantity
      FROM (SELECT number, grain, last_at, quantity_last AS quantity, 0 AS event_id, id AS bucket_id FROM winners
             UNION ALL
            SELECT number, grain, last_at, quantity, id, 0 FROM told) known
     ORDER BY number, grain, last_at DESC, event_id DESC, bucket_id DESC
"""


def last_of(candidates):
    """(number, grain, last_at, quantity): the last reading among buckets, for each number and grain.

    A bucket knows its own last reading. Where several end at one instant, the events of that instant tell
    which was stored last.
    """
    return SQL(LAST_OF, candidates=candidates)

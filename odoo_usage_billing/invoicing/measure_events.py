"""Aggregations that a sum cannot tell: different values, the last one, the one at a rank."""

from odoo.tools import SQL

from .measure_sql import bucket_needs, events_of, last_of, quantities

UNIQUE_OWNERS = """
    SELECT number, COUNT(owner)::text
      FROM (SELECT DISTINCT n.number, CASE n.unique_by WHEN 'subject' THEN b.subject_id
                                                       ELSE NULLIF(b.end_user_id, 0) END AS owner
              FROM %(needs)s
              JOIN usage_bucket b ON b.contract_line_id = n.line_id AND b.metric_id = n.metric_id
               AND b.usage_date >= n.date_start AND b.usage_date < n.date_end
               AND b.event_count > 2 * b.void_count) different
     GROUP BY 1
"""
UNIQUE_DIMENSIONS = """
    SELECT number, COUNT(value)::text
      FROM (SELECT DISTINCT n.number, NULLIF(e.dimensions ->> n.unique_dimension, '') AS value
              FROM %(events)s) different
     GROUP BY 1
"""


def unique_counts(env, numbered):
    """{number: how many different subjects, end users or values of a dimension}.

    An event that names no end user, or has no such dimension, counts nobody. Buckets are kept apart by
    subject and end user, so that these two need no events.
    """
    by_value = {n: need for n, need in numbered.items() if need.metric.unique_by == "dimension"}
    by_owner = {n: need for n, need in numbered.items() if n not in by_value}
    found = {}
    if by_owner:
        found.update(quantities(env, SQL(UNIQUE_OWNERS, needs=bucket_needs(by_owner))))
    if by_value:
        found.update(quantities(env, SQL(UNIQUE_DIMENSIONS, events=events_of(by_value))))
    return found


LATEST_CANDIDATES = """
    SELECT n.number, CASE WHEN n.per_subject THEN b.subject_id ELSE 0 END AS grain, b.*
      FROM %(needs)s
      JOIN usage_bucket b ON b.contract_line_id = n.line_id AND b.metric_id = n.metric_id
       AND b.usage_date >= n.date_start AND b.usage_date < n.date_end
       AND b.last_at IS NOT NULL
"""
LATEST = "SELECT number, trim_scale(SUM(quantity))::text FROM (%(last)s) last GROUP BY number"


def latest(env, numbered):
    """{number: the last value of the period}, or the last of each subject, added up."""
    if not numbered:
        return {}
    candidates = SQL(LATEST_CANDIDATES, needs=bucket_needs(numbered))
    return quantities(env, SQL(LATEST, last=last_of(candidates)))


# The rank is ceil(percentile * events / 100), in whole numbers.
PERCENTILES = """
    SELECT number, trim_scale(SUM(quantity))::text
      FROM (SELECT n.number,
                   (array_agg(e.quantity ORDER BY e.quantity))[(n.percentile * COUNT(*) + 99) / 100] AS quantity
              FROM %(events)s
             GROUP BY n.number, n.percentile, CASE WHEN n.per_subject THEN e.subject_id ELSE 0 END) ranked
     GROUP BY number
"""


def percentiles(env, numbered):
    """{number: the smallest value with at least so many per cent of the values at or below it}."""
    if not numbered:
        return {}
    return quantities(env, SQL(PERCENTILES, events=events_of(numbered)))

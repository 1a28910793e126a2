"""How much is installed: subjects counted from their assignments, with no event at all.

A subject counts while it is assigned, and once at a time however many lines it is assigned to. One added
or removed in the middle of the period counts for its real seconds.
"""

from odoo.tools import SQL

from .measure_sql import bounds, nearest, quantities, values

# `stays`: when each subject was there, as intervals that do not overlap.
INSTALLED = """
    WITH n (number, line_id, metric_id, aggregation, scope, start_at, end_at) AS %(needs)s,
    assigned AS (
        SELECT n.number, a.subject_id, a.start_at, a.end_at
          FROM n
          JOIN usage_assignment a ON a.contract_line_id = n.line_id AND a.metric_id = n.metric_id
         WHERE n.scope = 'line'
         UNION ALL
        SELECT n.number, a.subject_id, a.start_at, a.end_at
          FROM (SELECT DISTINCT n.number, k.contract_id
                  FROM n
                  JOIN contract_line k ON k.id = n.line_id
                 WHERE n.scope = 'contract') n
          JOIN usage_assignment a ON a.contract_id = n.contract_id
    ),
    periods AS (SELECT DISTINCT number, aggregation, start_at, end_at FROM n),
    stays AS (
        SELECT p.number, a.subject_id,
               unnest(range_agg(tsrange(a.start_at, a.end_at) * tsrange(p.start_at, p.end_at))) AS span
          FROM periods p
          JOIN assigned a USING (number)
         WHERE a.start_at < p.end_at AND COALESCE(a.end_at > p.start_at, TRUE)
         GROUP BY 1, 2
    ),
    changes AS (
        SELECT number, at, SUM(change) AS change
          FROM (SELECT number, lower(span) AS at, 1 AS change FROM stays
                 UNION ALL
                SELECT number, upper(span), -1 FROM stays) steps
         GROUP BY 1, 2
    ),
    most AS (
        SELECT number, MAX(standing) AS quantity
          FROM (SELECT number, SUM(change) OVER (PARTITION BY number ORDER BY at) AS standing
                  FROM changes) running
         GROUP BY 1
    ),
    counted AS (
        SELECT p.number, p.aggregation,
               COUNT(DISTINCT s.subject_id) AS subjects,
               COUNT(*) FILTER (WHERE upper(s.span) = p.end_at) AS standing,
               SUM(EXTRACT(EPOCH FROM upper(s.span) - lower(s.span))) AS subject_seconds,
               MIN(EXTRACT(EPOCH FROM p.end_at - p.start_at)) AS seconds
          FROM periods p
          JOIN stays s USING (number)
         GROUP BY 1, 2
    )
    SELECT number,
           trim_scale(CASE aggregation WHEN 'max' THEN most.quantity
                                       WHEN 'latest' THEN standing
                                       WHEN 'unique_count' THEN subjects
                                       ELSE %(average)s END)::text
      FROM counted
      JOIN most USING (number)
"""


def installed(env, numbered):
    """{number: installed on average, at most, at the end of the period, or at any time}."""
    if not numbered:
        return {}
    needs = (
        (number, line_id, need.metric.id, need.metric.aggregation, need.metric.asset_scope, *bounds(need))
        for number, need in numbered.items()
        for line_id in set(need.line_ids)
    )
    average = nearest(SQL("subject_seconds"), SQL("seconds"))
    return quantities(env, SQL(INSTALLED, needs=values(needs), average=average))

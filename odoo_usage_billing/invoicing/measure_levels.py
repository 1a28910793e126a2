"""The time-weighted average of a gauge: what level held for how many real seconds of the period.

A reading holds until the next one. Before the first reading of the period the last one from before holds,
however old it is. With each subject on its own, a subject counts only while it is assigned to the lines
measured; its level comes along from other lines of the same customer, so that a move leaves no gap.
"""

from odoo.tools import SQL

from .measure_sql import DAY, bounds, last_of, live, nearest, quantities, values

# `held`: when which gauge counts. Grain 0 is the one gauge of a metric that does not tell subjects apart.
# `places`: the lines where readings of the period may stand.
SCOPE = """
    n AS (
        SELECT v.*, c.partner_id
          FROM %(needs)s v (number, metric_id, per_subject, date_start, date_end, first_line_id, start_at, end_at)
          JOIN contract_line k ON k.id = v.first_line_id
          JOIN contract_contract c ON c.id = k.contract_id
    ),
    lines (number, line_id) AS %(lines)s,
    held AS (
        SELECT n.number, a.subject_id AS grain,
               GREATEST(a.start_at, n.start_at) AS from_at, LEAST(a.end_at, n.end_at) AS to_at
          FROM n
          JOIN lines l USING (number)
          JOIN usage_assignment a ON a.contract_line_id = l.line_id AND a.metric_id = n.metric_id
           AND a.start_at < n.end_at AND COALESCE(a.end_at > n.start_at, TRUE)
         WHERE n.per_subject
         UNION ALL
        SELECT number, 0, start_at, end_at FROM n WHERE NOT per_subject
    ),
    grains AS (SELECT DISTINCT number, grain FROM held),
    places AS (
        SELECT number, line_id FROM lines
         UNION
        SELECT g.number, a.contract_line_id
          FROM grains g
          JOIN n USING (number)
          JOIN usage_assignment a ON a.subject_id = g.grain AND a.metric_id = n.metric_id
           AND a.start_at < n.end_at AND COALESCE(a.end_at > n.start_at - interval '2 days', TRUE)
          JOIN contract_contract c ON c.id = a.contract_id AND c.partner_id = n.partner_id
    )
"""

# Days are local to the contract of each bucket: two days' grace, then the instants decide.
BEFORE = """
    SELECT o.number, o.grain, b.*
      FROM %(owners)s o
     CROSS JOIN LATERAL (
            SELECT b.usage_date AS day
              FROM usage_bucket b
             WHERE %(own)s AND b.metric_id = o.metric_id
               AND b.usage_date <= o.date_start + 1 AND b.last_at < o.start_at
             ORDER BY b.usage_date DESC
             LIMIT 1
           ) newest
     CROSS JOIN LATERAL (
            SELECT b.*
              FROM usage_bucket b
             WHERE %(own)s AND b.metric_id = o.metric_id
               AND b.usage_date BETWEEN newest.day - 2 AND newest.day AND b.last_at < o.start_at
             ORDER BY b.last_at DESC
             FETCH FIRST 1 ROW WITH TIES
           ) b
"""
SUBJECT_OWNERS = "(SELECT * FROM grains JOIN n USING (number) WHERE per_subject)"
SUBJECT_OWN = """
    b.subject_id = o.grain AND EXISTS (
        SELECT 1 FROM contract_line k JOIN contract_contract c ON c.id = k.contract_id
         WHERE k.id = b.contract_line_id AND c.partner_id = o.partner_id)
"""
LINE_OWNERS = "(SELECT 0 AS grain, * FROM n JOIN lines USING (number) WHERE NOT per_subject)"
LINE_OWN = "b.contract_line_id = o.line_id"

# Readings and assignments are laid on one line of time, without a join: the running sum of rises is the
# level, that of steps says whether it counts.
LEVELS = """
    WITH %(scope)s,
    carried AS (%(carried)s),
    readings AS (
        SELECT n.number, CASE WHEN n.per_subject THEN e.subject_id ELSE 0 END AS grain,
               e.occurred_at AS at, e.id, e.quantity
          FROM n
          JOIN places p USING (number)
          JOIN usage_event e ON e.contract_line_id = p.line_id AND e.metric_id = n.metric_id
           AND e.usage_date BETWEEN n.date_start - 2 AND n.date_end + 1
           AND e.occurred_at >= n.start_at - interval '26 hours' AND e.occurred_at < n.end_at
           AND e.occurred_at >= %(low)s AND e.occurred_at < %(high)s
           AND %(live)s
         UNION ALL
        SELECT number, grain, last_at, 0, quantity FROM carried
    ),
    points AS (
        SELECT number, grain, at, id,
               quantity - LAG(quantity, 1, 0) OVER (PARTITION BY number, grain ORDER BY at, id) AS rise,
               0 AS step
          FROM readings
         UNION ALL
        SELECT number, grain, from_at, 0, 0, 1 FROM held
         UNION ALL
        SELECT number, grain, to_at, 0, 0, -1 FROM held
    ),
    stretches AS (
        SELECT number, grain,
               SUM(rise) OVER until_here * SUM(step) OVER until_here AS level,
               EXTRACT(EPOCH FROM LEAD(at) OVER until_here - at) AS seconds
          FROM points
        WINDOW until_here AS (PARTITION BY number, grain ORDER BY at, id ROWS UNBOUNDED PRECEDING)
    ),
    sums AS (
        SELECT number, grain, SUM(level * seconds) AS level_seconds
          FROM stretches
         GROUP BY 1, 2
    ),
    averages AS (
        SELECT number, level_seconds, EXTRACT(EPOCH FROM n.end_at - n.start_at) AS seconds
          FROM sums
          JOIN n USING (number)
    )
    SELECT number, trim_scale(SUM(%(average)s))::text
      FROM averages
     GROUP BY 1
"""


def average_levels(env, numbered):
    """{number: the mean level over the real seconds of the period}, per subject added up if so asked."""
    if not numbered:
        return {}
    spans = {number: bounds(need) for number, need in numbered.items()}
    low = min(start for start, _end in spans.values()) - 2 * DAY
    high = max(end for _start, end in spans.values())
    query = SQL(
        LEVELS,
        scope=_scope(numbered, spans),
        carried=last_of(
            SQL(
                "%s UNION ALL %s",
                SQL(BEFORE, owners=SQL(SUBJECT_OWNERS), own=SQL(SUBJECT_OWN)),
                SQL(BEFORE, owners=SQL(LINE_OWNERS), own=SQL(LINE_OWN)),
            )
        ),
        low=low,
        high=high,
        live=live(low, high),
        average=nearest(SQL("level_seconds"), SQL("seconds")),
    )
    return quantities(env, query)


def _scope(numbered, spans):
    needs = (
        (
            number,
            need.metric.id,
            need.metric.per_subject,
            need.date_start,
            need.date_end,
            need.line_ids[0],
            *spans[number],
        )
        for number, need in numbered.items()
    )
    lines = ((number, line_id) for number, need in numbered.items() for line_id in set(need.line_ids))
    return SQL(SCOPE, needs=values(needs), lines=values(lines))

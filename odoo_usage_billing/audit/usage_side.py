"""From batches to charges: nothing received is lost, nothing counts twice, what is invoiced is complete."""

BATCH_COUNTS = """
    SELECT COALESCE(received_count, 0) <> COALESCE(accepted_count, 0) + COALESCE(duplicate_count, 0)
           + COALESCE(suspended_count, 0) + COALESCE(filtered_count, 0) AS broken,
           id AS batch, received_count AS received, accepted_count AS accepted, duplicate_count AS duplicate,
           suspended_count AS suspended, filtered_count AS filtered
      FROM usage_batch WHERE company_id = ANY(%(companies)s)
"""
# A record that replaces another stores two events, which share its external id. Of a batch with retired events,
# only too many are a break.
BATCH_EVENTS = """
    WITH stored AS (
        SELECT batch_id, COUNT(*) AS events, COUNT(voids_event_id) AS voids
          FROM usage_event WHERE company_id = ANY(%(companies)s) GROUP BY 1
    ),
    counted AS (
        SELECT b.id, COALESCE(b.accepted_count, 0) AS accepted,
               CASE WHEN COALESCE(s.voids, 0) = 0 OR s.events = b.accepted_count THEN COALESCE(s.events, 0)
                    ELSE (SELECT SUM(GREATEST(r.plain, r.voids))
                            FROM (SELECT COUNT(*) - COUNT(e.voids_event_id) AS plain, COUNT(e.voids_event_id) AS voids
                                    FROM usage_event e WHERE e.batch_id = b.id GROUP BY e.external_id) r)
               END AS records
          FROM usage_batch b LEFT JOIN stored s ON s.batch_id = b.id
         WHERE b.company_id = ANY(%(companies)s) AND b.is_derived IS NOT TRUE
    )
    SELECT records > accepted
           OR (records < accepted AND NOT EXISTS (SELECT FROM usage_retired_batch t WHERE t.batch_id = id)) AS broken,
           id AS batch, accepted, records AS stored
      FROM counted
"""
BUCKET_EVENTS = """
    WITH events AS (
        SELECT contract_line_id, metric_id, usage_date, SUM(count)::bigint AS count, SUM(quantity) AS quantity,
               SUM(amount) AS amount
          FROM (SELECT contract_line_id, metric_id, usage_date, COUNT(*) AS count, SUM(quantity) AS quantity,
                       SUM(COALESCE(amount, 0)) AS amount
                  FROM usage_event WHERE company_id = ANY(%(companies)s) GROUP BY 1, 2, 3
                 UNION ALL
                SELECT contract_line_id, metric_id, usage_date, event_count, quantity_sum, amount_sum
                  FROM usage_retired_day WHERE company_id = ANY(%(companies)s)) every GROUP BY 1, 2, 3
    ),
    buckets AS (
        SELECT contract_line_id, metric_id, usage_date, SUM(event_count) AS count, SUM(quantity_sum) AS quantity,
               SUM(amount_sum) AS amount
          FROM usage_bucket WHERE company_id = ANY(%(companies)s) GROUP BY 1, 2, 3
    )
    SELECT (e.count, e.quantity, e.amount) IS DISTINCT FROM (b.count, b.quantity, b.amount) AS broken,
           contract_line_id AS contract_line, metric_id AS metric, usage_date AS day,
           e.count AS events, b.count AS in_buckets, e.quantity, b.quantity AS bucket_quantity
      FROM events e FULL JOIN buckets b USING (contract_line_id, metric_id, usage_date)
"""
# Usage that was received after its period was charged is late: it is found by its time, not by its count. When
# retired events came cannot be told any more; they were looked at before they were retired.
CHARGED_USAGE = """
    WITH counted AS (
        SELECT c.id, c.contract_line_id, c.metric_id, c.date_start, c.date_end, c.rated_at,
               COALESCE(c.event_count, 0) AS charged, COALESCE(SUM(b.event_count), 0) AS stored
          FROM usage_charge c
          JOIN usage_metric m ON m.id = c.metric_id AND m.measured_from = 'events'
          LEFT JOIN usage_bucket b ON b.contract_line_id = c.contract_line_id AND b.metric_id = c.metric_id
           AND b.usage_date >= c.date_start AND b.usage_date < c.date_end
         WHERE c.state = 'invoiced' AND c.commitment_id IS NULL AND c.company_id = ANY(%(companies)s)
         GROUP BY c.id
    )
    SELECT c.stored > c.charged AND c.stored - c.charged >
           (SELECT COUNT(*) FROM usage_event e
             WHERE e.contract_line_id = c.contract_line_id AND e.metric_id = c.metric_id
               AND e.usage_date >= c.date_start AND e.usage_date < c.date_end
               AND e.received_at >= date_trunc('second', c.rated_at))
           + (SELECT COALESCE(SUM(t.event_count), 0) FROM usage_retired_day t
               WHERE t.contract_line_id = c.contract_line_id AND t.metric_id = c.metric_id
                 AND t.usage_date >= c.date_start AND t.usage_date < c.date_end) AS broken,
           c.id AS charge, c.contract_line_id AS contract_line, c.date_start AS first_day, c.charged, c.stored
      FROM counted c
"""
# Usage is guided by the days of its line; when these are changed later, nobody invoices what lies outside them. A
# level that was reported before or after counts for the days between.
USAGE_IN_LINE = """
    WITH days AS (
        SELECT l.id, l.usage_pool_line_id AS lead_id, COALESCE(p.date_start, l.date_start) AS date_start,
               CASE WHEN p.id IS NULL THEN l.date_end ELSE p.date_end END AS date_end
          FROM contract_line l LEFT JOIN contract_line p ON p.id = l.usage_pool_line_id
         WHERE l.company_id = ANY(%(companies)s) AND l.usage_metric_id IS NOT NULL
    ),
    outside AS (
        SELECT d.id, MIN(b.usage_date) AS first_day, MAX(b.usage_date) AS last_day,
               SUM(b.event_count - 2 * b.void_count) AS events
          FROM days d
          JOIN usage_bucket b ON b.contract_line_id = d.id
           AND (b.usage_date < d.date_start OR b.usage_date > d.date_end)
          JOIN usage_metric m ON m.id = b.metric_id AND m.aggregation <> 'time_weighted_average'
         WHERE NOT EXISTS (SELECT FROM usage_billing_period p
                            WHERE p.contract_line_id IN (d.id, d.lead_id) AND p.state = 'invoiced'
                              AND b.usage_date >= p.date_start AND b.usage_date < p.date_end)
         GROUP BY 1
    )
    SELECT COALESCE(o.events, 0) > 0 AS broken, d.id AS contract_line, d.date_start AS begins, d.date_end AS ends,
           o.first_day, o.last_day, o.events
      FROM days d LEFT JOIN outside o USING (id)
"""

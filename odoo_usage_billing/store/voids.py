"""Taking events back, set by set: void events, the keys that let it happen once, buckets.

A void is an event of its own: the event it takes back with the sign turned round, at the same instant, so
that sums come right by adding and both lie in one partition. `usage_void_staging` says what is to be
taken back.
"""

import psycopg2.errors

from odoo.exceptions import ConcurrencyError
from odoo.tools import SQL

from .identity import BY_BATCH, BY_RECORD
from .schema import hold_partitions

STAGING = """
CREATE TEMP TABLE IF NOT EXISTS usage_void_staging (
    id bigint NOT NULL, event_id bigint NOT NULL, occurred_at timestamp NOT NULL,
    row_number integer, external_id text NOT NULL) ON COMMIT DELETE ROWS;
DELETE FROM usage_void_staging;
"""
# The key is written as in identity.void_key.
CLAIM = """
INSERT INTO usage_event_key (source_id, external_key, content_digest, event_id)
SELECT e.source_id, lpad(to_hex(e.id), 32, '0')::uuid, %(mark)s::uuid, n.id
  FROM usage_void_staging n
  JOIN usage_event e ON e.id = n.event_id AND e.occurred_at = n.occurred_at
"""
STORE = """
INSERT INTO usage_event (
    id, company_id, source_id, batch_id, row_number, external_id, subject_id, assignment_id,
    contract_line_id, metric_id, end_user_id, occurred_at, received_at, usage_date, usage_slot,
    quantity, amount, dimensions, dimension_key, voids_event_id)
SELECT n.id, e.company_id, e.source_id, %(batch_id)s, n.row_number, n.external_id, e.subject_id, e.assignment_id,
       e.contract_line_id, e.metric_id, e.end_user_id, e.occurred_at, %(received_at)s, e.usage_date, e.usage_slot,
       -e.quantity, -e.amount, e.dimensions, e.dimension_key, e.id
  FROM usage_void_staging n
  JOIN usage_event e ON e.id = n.event_id AND e.occurred_at = n.occurred_at
"""
ADD_UP = """
INSERT INTO usage_bucket AS b (
    contract_line_id, usage_date, metric_id, subject_id, end_user_id, usage_slot, dimension_key,
    company_id, quantity_sum, amount_sum, event_count, void_count)
SELECT e.contract_line_id, e.usage_date, e.metric_id, e.subject_id, COALESCE(e.end_user_id, 0), e.usage_slot,
       e.dimension_key, e.company_id, SUM(e.quantity), SUM(COALESCE(e.amount, 0)), COUNT(*), COUNT(*)
  FROM usage_void_staging n
  JOIN usage_event e ON e.id = n.id AND e.occurred_at = n.occurred_at
 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
 ORDER BY 1, 2, 3, 4, 5, 6, 7
ON CONFLICT (contract_line_id, usage_date, metric_id, subject_id, end_user_id, usage_slot, dimension_key)
DO UPDATE SET
    quantity_sum = b.quantity_sum + EXCLUDED.quantity_sum,
    amount_sum = b.amount_sum + EXCLUDED.amount_sum,
    event_count = b.event_count + EXCLUDED.event_count,
    void_count = b.void_count + EXCLUDED.void_count
"""
# The largest and the last value are read again where what was taken back was one of them, from the events
# that are in place.
LOOK_AGAIN = """
WITH due AS (
    SELECT b.id, b.contract_line_id, b.usage_date, b.metric_id, b.subject_id, b.end_user_id, b.usage_slot,
           b.dimension_key, MAX(-e.quantity) AS most, MAX(e.occurred_at) AS last_at
      FROM usage_void_staging n
      JOIN usage_event e ON e.id = n.id AND e.occurred_at = n.occurred_at
      JOIN usage_bucket b ON b.contract_line_id = e.contract_line_id AND b.usage_date = e.usage_date
       AND b.metric_id = e.metric_id AND b.subject_id = e.subject_id
       AND b.end_user_id = COALESCE(e.end_user_id, 0) AND b.usage_slot = e.usage_slot
       AND b.dimension_key = e.dimension_key
     GROUP BY b.id
    HAVING MAX(-e.quantity) >= b.quantity_max OR MAX(e.occurred_at) >= b.last_at
),
live AS (
    SELECT d.id, MAX(e.quantity) AS most, MAX(e.occurred_at) AS last_at,
           (array_agg(e.quantity ORDER BY e.occurred_at DESC, e.id DESC))[1] AS last
      FROM due d
      JOIN usage_event e ON e.contract_line_id = d.contract_line_id AND e.usage_date = d.usage_date
       AND e.metric_id = d.metric_id AND e.subject_id = d.subject_id
       AND COALESCE(e.end_user_id, 0) = d.end_user_id AND e.usage_slot = d.usage_slot
       AND e.dimension_key = d.dimension_key
       AND e.occurred_at >= %(low)s AND e.occurred_at < %(high)s
     WHERE e.voids_event_id IS NULL
       AND NOT EXISTS (SELECT FROM usage_event v
                        WHERE v.voids_event_id = e.id AND v.occurred_at = e.occurred_at
                          AND v.occurred_at >= %(low)s AND v.occurred_at < %(high)s)
     GROUP BY 1
)
UPDATE usage_bucket b
   SET quantity_max = CASE WHEN d.most >= b.quantity_max THEN l.most ELSE b.quantity_max END,
       quantity_last = CASE WHEN d.last_at >= b.last_at THEN l.last ELSE b.quantity_last END,
       last_at = CASE WHEN d.last_at >= b.last_at THEN l.last_at ELSE b.last_at END
  FROM due d
  LEFT JOIN live l USING (id)
 WHERE b.id = d.id
"""
# Which events of a batch still count, and which of them are invoiced and stay.
STANDING = """
    SELECT e.id, e.occurred_at, e.row_number, e.external_id,
           EXISTS (SELECT FROM contract_line l
                     JOIN usage_billing_period p ON p.contract_line_id IN (l.id, l.usage_pool_line_id)
                     JOIN contract_contract c ON c.id = p.contract_id
                     JOIN usage_source s ON s.id = e.source_id
                    WHERE l.id = e.contract_line_id AND p.state = 'invoiced'
                      AND (c.usage_late_policy = 'refuse' OR s.late_policy = 'suspend')
                      AND e.usage_date >= p.date_start AND e.usage_date < p.date_end) AS is_locked
      FROM usage_event e
     WHERE e.batch_id = %(batch_id)s AND e.voids_event_id IS NULL
       AND NOT EXISTS (SELECT FROM usage_event_key k
                        WHERE k.source_id = e.source_id
                          AND k.external_key = lpad(to_hex(e.id), 32, '0')::uuid)
       AND NOT %(left_out)s
"""
BILLED = """
    SELECT COUNT(*) FROM (%(standing)s) standing JOIN usage_event e USING (id, occurred_at)
     WHERE NOT is_locked AND EXISTS (
           SELECT FROM contract_line l JOIN usage_billing_period p ON p.contract_line_id IN (l.id, l.usage_pool_line_id)
            WHERE l.id = e.contract_line_id AND p.state = 'invoiced'
              AND e.usage_date >= p.date_start AND e.usage_date < p.date_end)
"""
SPAN = """
SELECT MIN(occurred_at) - interval '2 days', MAX(occurred_at) + interval '2 days',
       array_agg(DISTINCT to_char(occurred_at, 'YYYY-MM'))
  FROM usage_void_staging
"""
NOTHING = SQL("FALSE")
STAGE_BATCH = """
INSERT INTO usage_void_staging (id, event_id, occurred_at, row_number, external_id)
SELECT nextval('usage_event_id_seq'), id, occurred_at, row_number, external_id
  FROM (%(standing)s) standing
 WHERE NOT is_locked
"""


def count_standing(cr, batch_id, left_out=NOTHING):
    """(events of a batch that count and may be taken back, events that lie in invoiced periods).

    `left_out`: a condition on events `e` that go in another way.
    """
    standing = SQL(STANDING, batch_id=batch_id, left_out=left_out)
    cr.execute(
        SQL("SELECT COUNT(*) FILTER (WHERE NOT is_locked), COUNT(*) FILTER (WHERE is_locked) FROM (%s) all_", standing)
    )
    return cr.fetchone()


def count_billed(cr, batch_id):
    """How many events of a batch that count and may be taken back lie in invoiced periods."""
    standing = SQL(STANDING, batch_id=batch_id, left_out=NOTHING)
    cr.execute(SQL(BILLED, standing=standing))
    return cr.fetchone()[0]


def void_batch(cr, batch_id, void_batch_id, received_at, left_out=NOTHING):
    """Take back every event of a batch that counts and is not invoiced; returns how many."""
    cr.execute(STAGING)
    cr.execute(SQL(STAGE_BATCH, standing=SQL(STANDING, batch_id=batch_id, left_out=left_out)))
    count = cr.rowcount
    if count:
        _void_staged(cr, BY_BATCH, void_batch_id, received_at)
    return count


def void_events(cr, rows, void_batch_id, received_at):
    """Take back the events of `rows`: (new id, event id, occurred at, row number, external id)."""
    if not rows:
        return
    cr.execute(STAGING)
    cr.execute_values(
        "INSERT INTO usage_void_staging (id, event_id, occurred_at, row_number, external_id) VALUES %s", rows
    )
    _void_staged(cr, BY_RECORD, void_batch_id, received_at)


def _void_staged(cr, mark, batch_id, received_at):
    cr.execute(SPAN)
    low, high, months = cr.fetchone()
    hold_partitions(cr, months)
    try:
        with cr.savepoint(flush=False):
            cr.execute(CLAIM, {"mark": mark})
    except psycopg2.errors.UniqueViolation as clash:
        raise ConcurrencyError("events were taken back by a concurrent transaction") from clash
    cr.execute(STORE, {"batch_id": batch_id, "received_at": received_at})
    cr.execute(ADD_UP)
    cr.execute(LOOK_AGAIN, {"low": low, "high": high})

"""Retiring the events of a month: its partition is detached, and what it said per day stays for ever.

Keys and buckets are never touched. What stays beside them: per contract line, metric and day how many events
there were and their sum, so that buckets are still proved; per batch how many of its events are put away.
"""

from odoo.exceptions import ConcurrencyError
from odoo.tools import SQL

#: Aggregations and charge models that read events and not daily sums.
FROM_EVENTS = ("unique_count", "latest", "percentile", "time_weighted_average")
EVENT_BY_EVENT = ("percentage", "time_increment")

SCHEMA = """
CREATE TABLE IF NOT EXISTS usage_retired_day (
    retirement_id integer NOT NULL,
    company_id integer NOT NULL,
    contract_line_id integer NOT NULL,
    metric_id integer NOT NULL,
    usage_date date NOT NULL,
    event_count bigint NOT NULL,
    quantity_sum numeric NOT NULL,
    amount_sum numeric NOT NULL,
    PRIMARY KEY (contract_line_id, usage_date, metric_id, retirement_id)
);
CREATE TABLE IF NOT EXISTS usage_retired_batch (
    retirement_id integer NOT NULL,
    batch_id integer NOT NULL,
    event_count bigint NOT NULL,
    live_count bigint NOT NULL,
    PRIMARY KEY (batch_id, retirement_id)
);
"""
PARTITIONS = """
    SELECT c.relname, to_date(right(c.relname, 6), 'YYYYMM')
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'usage_event'::regclass AND c.relname ~ '^usage_event_[0-9]{6}$'
     ORDER BY 2
"""
# Names are looked up as they are now, their rows are read as they were when the transaction began.
GONE = """
    SELECT 1 FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'usage_event'::regclass
       AND to_regclass(quote_ident(c.relname)) IS DISTINCT FROM c.oid::regclass
     LIMIT 1
"""
# Why the events of a partition may not go: the first contract lines whose days are not charged for good.
UNCHARGED = """
    SELECT e.contract_line_id, MIN(e.usage_date), SUM(e.count)::bigint
      FROM (SELECT contract_line_id, metric_id, usage_date, COUNT(*) AS count FROM %(table)s GROUP BY 1, 2, 3) e
      JOIN contract_line l ON l.id = e.contract_line_id
     WHERE NOT EXISTS (SELECT FROM usage_billing_period p
                         LEFT JOIN account_move m ON m.id = p.move_id
                        WHERE p.contract_line_id IN (l.id, l.usage_pool_line_id) AND p.state = 'invoiced'
                          AND COALESCE(m.state, 'posted') = 'posted'
                          AND e.usage_date >= p.date_start AND e.usage_date < p.date_end)
     GROUP BY 1 ORDER BY 2, 1 LIMIT 1
"""
HELD = """
    SELECT h.contract_line_id, h.date_start, 0
      FROM usage_hold h
     WHERE h.state = 'held'
       AND EXISTS (SELECT FROM %(table)s e
                    WHERE e.contract_line_id = h.contract_line_id
                      AND e.usage_date >= h.date_start AND e.usage_date < h.date_end)
     ORDER BY 2, 1 LIMIT 1
"""
# Usage that came after its period was charged, and that no look has found yet. Pools are looked at as a whole.
UNSEEN = """
    SELECT c.contract_line_id, c.date_start, stored.count - c.counted
      FROM (SELECT c.*, COALESCE(c.event_count, 0) + COALESCE(
                   (SELECT SUM(a.event_count) FROM usage_adjustment a
                     WHERE a.charge_id = c.id AND a.state <> 'superseded'), 0) AS counted
              FROM usage_charge c
              JOIN usage_metric g ON g.id = c.metric_id AND g.measured_from = 'events'
             WHERE c.state = 'invoiced' AND c.commitment_id IS NULL
               AND c.date_start < %(end)s AND c.date_end > %(start)s) c
     CROSS JOIN LATERAL (
           SELECT COALESCE(SUM(b.event_count), 0)::bigint AS count FROM usage_bucket b
            WHERE b.metric_id = c.metric_id AND b.usage_date >= c.date_start AND b.usage_date < c.date_end
              AND (b.contract_line_id = c.contract_line_id
                   OR b.contract_line_id IN (SELECT jsonb_array_elements_text(
                      CASE WHEN jsonb_typeof(c.basis -> 'lines') = 'array' THEN c.basis -> 'lines' END)::int))) stored
     WHERE stored.count <> c.counted
     ORDER BY 2, 1 LIMIT 1
"""
# A rating term that goes on is measured from its first day; what is read from events needs them until it ends.
RUNNING = """
    SELECT c.contract_line_id, c.date_start, 0
      FROM usage_charge c
      JOIN contract_line l ON l.id = c.contract_line_id
      JOIN usage_metric g ON g.id = c.metric_id AND g.measured_from = 'events'
      LEFT JOIN usage_rate_card_version v ON v.id = c.version_id
     WHERE c.state = 'invoiced' AND c.commitment_id IS NULL AND c.date_start < %(end)s AND c.date_end > %(start)s
       AND (g.aggregation = ANY(%(aggregations)s) OR v.charge_model = ANY(%(models)s))
       AND COALESCE(l.usage_rating_term, 'period') <> 'period'
       AND NOT EXISTS (SELECT FROM usage_billing_period p
                        WHERE p.contract_line_id = c.contract_line_id AND p.state = 'invoiced'
                          AND p.date_end >= c.term_end)
     ORDER BY 2, 1 LIMIT 1
"""
# Charged periods that a month has to do with, a day on either side: no zone is further from UTC.
KEEP_CHARGED = """
    SELECT FROM usage_billing_period
     WHERE state = 'invoiced' AND date_start <= %s AND date_end >= %s
     ORDER BY id FOR SHARE
"""
# What charges of periods were rated from and cannot be again: their events, some of which are retired.
SPENT = """
    SELECT c.period_id, MAX(r.retired_at)
      FROM usage_charge c
      JOIN usage_metric g ON g.id = c.metric_id AND g.measured_from = 'events'
      LEFT JOIN usage_rate_card_version v ON v.id = c.version_id
      JOIN usage_retired_day d ON d.metric_id = c.metric_id
       AND d.usage_date >= COALESCE(c.term_start, c.date_start) AND d.usage_date < c.date_end
       AND (d.contract_line_id = c.contract_line_id
            OR d.contract_line_id IN (SELECT jsonb_array_elements_text(
               CASE WHEN jsonb_typeof(c.basis -> 'lines') = 'array' THEN c.basis -> 'lines' END)::int))
      JOIN usage_retirement r ON r.id = d.retirement_id
     WHERE c.period_id = ANY(%(periods)s) AND c.state = 'invoiced'
       AND (g.aggregation = ANY(%(aggregations)s) OR v.charge_model = ANY(%(models)s))
     GROUP BY 1 ORDER BY 1 LIMIT 1
"""
TOTALS = """
    SELECT company_id, metric_id, COUNT(*), COUNT(voids_event_id), SUM(quantity)::text,
           SUM(COALESCE(amount, 0))::text
      FROM %(table)s GROUP BY 1, 2 ORDER BY 1, 2
"""
KEEP_DAYS = """
    INSERT INTO usage_retired_day
    SELECT %(id)s, company_id, contract_line_id, metric_id, usage_date, COUNT(*), SUM(quantity),
           SUM(COALESCE(amount, 0))
      FROM %(table)s GROUP BY 2, 3, 4, 5
"""
KEEP_BATCHES = """
    INSERT INTO usage_retired_batch
    SELECT %(id)s, e.batch_id, COUNT(*), COUNT(*) FILTER (WHERE e.voids_event_id IS NULL AND v.id IS NULL)
      FROM %(table)s e LEFT JOIN %(table)s v ON v.voids_event_id = e.id AND v.occurred_at = e.occurred_at
     GROUP BY 2
"""
NOTE = """
    SELECT MAX(r.retired_at), COALESCE(SUM(d.event_count), 0)::bigint
      FROM usage_retired_day d JOIN usage_retirement r ON r.id = d.retirement_id
     WHERE d.contract_line_id = ANY(%s) AND d.metric_id = %s AND d.usage_date >= %s AND d.usage_date < %s
"""


def partitions(cr):
    """[(name, first day of its month)] of the events that are in place, the oldest first."""
    cr.execute(PARTITIONS)
    return cr.fetchall()


def is_empty(cr, name):
    """Whether a partition has no event."""
    cr.execute(SQL("SELECT NOT EXISTS (SELECT FROM %s)", SQL.identifier(name)))
    return cr.fetchone()[0]


def obstacle(cr, name, start, end):
    """(kind, contract line id, day, events) of the first thing that keeps a partition in place, or None."""
    table = SQL.identifier(name)
    for kind, query in (("held", SQL(HELD, table=table)), ("uncharged", SQL(UNCHARGED, table=table))):
        cr.execute(query)
        found = cr.fetchone()
        if found:
            return (kind, *found)
    days = {"start": start, "end": end}
    running = SQL(RUNNING, **days, aggregations=list(FROM_EVENTS), models=list(EVENT_BY_EVENT))
    for kind, query in (("running", running), ("unseen", SQL(UNSEEN, **days))):
        cr.execute(query)
        found = cr.fetchone()
        if found:
            return (kind, *found)
    return None


def totals(cr, name):
    """[(company id, metric id, events, voids, quantity, amount)] of a partition; sums are texts."""
    cr.execute(SQL(TOTALS, table=SQL.identifier(name)))
    return cr.fetchall()


def lock(cr, name, start, end):
    """Keep writers out of a partition, and its charged periods charged, until the transaction ends; reading goes on."""
    cr.execute("SET LOCAL lock_timeout = '5s'")
    cr.execute(SQL("LOCK TABLE %s IN SHARE MODE", SQL.identifier(name)))
    cr.execute(KEEP_CHARGED, (end, start))


def spent(cr, period_ids):
    """(period id, when) of the first of these periods whose charge cannot be rated again, or None.

    For a transaction that locked the periods, on a snapshot that is younger than that.
    """
    aggregations, models = list(FROM_EVENTS), list(EVENT_BY_EVENT)
    cr.execute(SQL(SPENT, periods=list(period_ids), aggregations=aggregations, models=models))
    return cr.fetchone()


def hold(cr):
    """Keep every month of events in place until the transaction ends.

    Events that went since the transaction began would be missing without the sums that stand for them: it gives way.
    A transaction that begins with this never does.
    """
    cr.execute("LOCK TABLE ONLY usage_event IN ACCESS SHARE MODE")
    cr.execute(GONE)
    if cr.fetchone():
        raise ConcurrencyError("a month of events was retired by a concurrent transaction")


def detach(cr, name, new_name, retirement_id):
    """Keep the sums of a partition, then detach it under a new name."""
    table = SQL.identifier(name)
    cr.execute(SQL(KEEP_DAYS, table=table, id=retirement_id))
    cr.execute(SQL(KEEP_BATCHES, table=table, id=retirement_id))
    cr.execute(SQL("ALTER TABLE usage_event DETACH PARTITION %s", table))
    cr.execute(SQL("ALTER TABLE %s RENAME TO %s", table, SQL.identifier(new_name)))


def copy_out(cr, name, stream):
    """Write a detached table to a stream as CSV, in the order of its events."""
    statement = SQL("COPY (SELECT * FROM %s ORDER BY occurred_at, id) TO STDOUT WITH CSV HEADER", SQL.identifier(name))
    cr.copy_expert(statement.code, stream)


def drop(cr, name):
    """Drop a detached table for good."""
    cr.execute(SQL("DROP TABLE %s", SQL.identifier(name)))


def retired_of(cr, line_ids, metric_id, start, end):
    """(when last, how many) events of lines, a metric and local days were retired; (None, 0) when none was."""
    cr.execute(NOTE, (list(line_ids), metric_id, start, end))
    return cr.fetchone()


def retired_of_batches(cr, batch_ids):
    """{batch id: (events retired, when last)}."""
    cr.execute(
        "SELECT t.batch_id, SUM(t.event_count)::bigint, MAX(r.retired_at)"
        "  FROM usage_retired_batch t JOIN usage_retirement r ON r.id = t.retirement_id"
        " WHERE t.batch_id = ANY(%s) GROUP BY 1",
        (list(batch_ids),),
    )
    return {batch_id: (count, at) for batch_id, count, at in cr.fetchall()}


def live_retired(cr, batch_id):
    """How many retired events of a batch still count: they cannot be taken back."""
    cr.execute("SELECT COALESCE(SUM(live_count), 0)::bigint FROM usage_retired_batch WHERE batch_id = %s", (batch_id,))
    return cr.fetchone()[0]

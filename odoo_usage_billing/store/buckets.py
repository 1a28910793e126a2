"""Buckets: sums of events per contract line, subject, metric, local day and slot."""

import psycopg2.errors

from .copying import array, copy_rows, escape, text_array
from .records import plain

UPSERT = """
INSERT INTO usage_bucket AS b (
    contract_line_id, usage_date, metric_id, subject_id, end_user_id, usage_slot,
    dimension_key, company_id, quantity_sum, amount_sum, event_count,
    quantity_max, quantity_last, last_at)
SELECT line, day, metric, subject, person, slot, dimension, %s, total, amount, count, most, last, last_at
  FROM unnest(%s::integer[], %s::date[], %s::integer[], %s::integer[], %s::integer[], %s::smallint[],
              %s::text[], %s::numeric[], %s::numeric[], %s::bigint[], %s::numeric[], %s::numeric[],
              %s::timestamp[])
       AS d (line, day, metric, subject, person, slot, dimension, total, amount, count, most, last, last_at)
 ORDER BY 1, 2, 3, 4, 5, 6, 7
ON CONFLICT (contract_line_id, usage_date, metric_id, subject_id, end_user_id,
             usage_slot, dimension_key)
DO UPDATE SET
    quantity_sum = b.quantity_sum + EXCLUDED.quantity_sum,
    amount_sum = b.amount_sum + EXCLUDED.amount_sum,
    event_count = b.event_count + EXCLUDED.event_count,
    quantity_max = GREATEST(b.quantity_max, EXCLUDED.quantity_max),
    quantity_last = CASE WHEN EXCLUDED.last_at >= COALESCE(b.last_at, EXCLUDED.last_at)
                    THEN EXCLUDED.quantity_last ELSE b.quantity_last END,
    last_at = GREATEST(b.last_at, EXCLUDED.last_at)
"""


# A line's day is in here as soon as any of its buckets is.
BEGUN = """
SELECT line, day::text FROM unnest(%s::integer[], %s::date[]) AS d (line, day)
 WHERE EXISTS (SELECT FROM usage_bucket b WHERE b.contract_line_id = d.line AND b.usage_date = d.day)
"""
COPY = (
    "COPY usage_bucket (contract_line_id, usage_date, metric_id, subject_id, end_user_id, usage_slot, dimension_key,"
    " company_id, quantity_sum, amount_sum, event_count, quantity_max, quantity_last, last_at) FROM STDIN"
)
#: Fewer buckets than this are not worth a look whether their days have begun.
FEW = 100


def summed(rows):
    """{grain: [sum, amount, count, largest, last as text, instant of the last]} of guided rows.

    Quantities are exact Decimals in the metric's unit; instants are texts in UTC and ISO 8601, which sort as they do.
    """
    found = {}
    look_up = found.get
    for _key, _digest, record, owner, person, at, day, slot, text, dimension in rows:
        grain = (owner.grain, day, person, slot, dimension)
        quantity, amount = record[5:7]
        bucket = look_up(grain)
        if bucket is None:
            found[grain] = [quantity, amount or 0, 1, quantity, text, at]
            continue
        bucket[0] += quantity
        bucket[2] += 1
        if amount is not None:
            bucket[1] += amount
        if quantity > bucket[3]:
            bucket[3] = quantity
        if at >= bucket[5]:
            bucket[4:] = text, at
    return found


def _row(grain, bucket):
    """A bucket with its grain, as PostgreSQL reads it."""
    (line, metric, subject), day, person, slot, dimension = grain
    total, amount, count, most, last, last_at = bucket
    paid = plain(amount) if amount else "0"
    if count > 1:
        return (
            line,
            day,
            metric,
            subject,
            person,
            slot,
            dimension,
            plain(total),
            paid,
            count,
            plain(most),
            last,
            last_at,
        )
    return line, day, metric, subject, person, slot, dimension, last, paid, 1, last, last, last_at


def add(cr, company_id, buckets):
    """Add `buckets`, as `summed` gives them, to the stored ones, in the order of their grain.

    Ordered rows keep two writers from deadlocking on each other's buckets. Those of days that have not begun
    are copied, which costs half; when another transaction began such a day meanwhile, all are upserted.
    """
    rows = sorted([_row(grain, bucket) for grain, bucket in buckets.items()])
    if len(rows) >= FEW:
        begun = _begun(cr, {row[:2] for row in rows})
        fresh = [row for row in rows if row[:2] not in begun] if begun else rows
        if fresh and _copied(cr, company_id, fresh):
            rows = [row for row in rows if row[:2] in begun] if begun else []
    if rows:
        _upsert(cr, company_id, rows)


def _begun(cr, days):
    """Those of (contract line, local day) that have buckets."""
    cr.execute(BEGUN, tuple(map(array, zip(*days, strict=True))))
    return set(cr.fetchall())


def _copied(cr, company_id, rows):
    """Whether rows could be copied: none of them is there, nor was put there by another transaction."""
    lines = [
        f"{line}\t{day}\t{metric}\t{subject}\t{person}\t{slot}\t{escape(dimension) if dimension else ''}\t"
        f"{company_id}\t{total}\t{amount}\t{count}\t{most}\t{last}\t{last_at}\n"
        for (line, day, metric, subject, person, slot, dimension, total, amount, count, most, last, last_at) in rows
    ]
    try:
        with cr.savepoint(flush=False):
            copy_rows(cr, COPY, lines)
    except psycopg2.errors.UniqueViolation:
        return False
    return True


def _upsert(cr, company_id, rows):
    columns = list(zip(*rows, strict=True))
    arrays = list(map(array, columns))
    arrays[6] = text_array(columns[6])
    cr.execute(UPSERT, (company_id, *arrays))


SUMS = """
    SELECT e.contract_line_id, e.usage_date, e.metric_id, e.subject_id,
           COALESCE(e.end_user_id, 0) AS end_user_id, e.usage_slot, e.dimension_key, e.company_id,
           SUM(e.quantity) AS quantity_sum, SUM(COALESCE(e.amount, 0)) AS amount_sum,
           COUNT(*) AS event_count, COUNT(e.voids_event_id) AS void_count,
           MAX(e.quantity) FILTER (WHERE e.is_live) AS quantity_max,
           (array_agg(e.quantity ORDER BY e.occurred_at DESC, e.id DESC) FILTER (WHERE e.is_live))[1]
           AS quantity_last,
           MAX(e.occurred_at) FILTER (WHERE e.is_live) AS last_at
      FROM (SELECT e.*, e.voids_event_id IS NULL AND v.id IS NULL AS is_live
              FROM usage_event e
              LEFT JOIN usage_event v ON v.voids_event_id = e.id AND v.occurred_at = e.occurred_at
             WHERE e.contract_line_id = ANY(%s)) e
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
DIFFERING = (
    "WITH truth AS ("
    + SUMS
    + """)
SELECT count(*) FROM truth
  FULL JOIN (SELECT * FROM usage_bucket WHERE contract_line_id = ANY(%s)) kept USING (
       contract_line_id, usage_date, metric_id, subject_id, end_user_id, usage_slot,
       dimension_key)
 WHERE (truth.quantity_sum, truth.amount_sum, truth.event_count, truth.void_count,
        truth.quantity_max, truth.last_at)
       IS DISTINCT FROM (kept.quantity_sum, kept.amount_sum, kept.event_count, kept.void_count,
        kept.quantity_max, kept.last_at)
"""
)
REFILL = (
    "INSERT INTO usage_bucket (contract_line_id, usage_date, metric_id, subject_id,"
    " end_user_id, usage_slot, dimension_key, company_id, quantity_sum, amount_sum,"
    " event_count, void_count, quantity_max, quantity_last, last_at)" + SUMS
)


def rebuild_buckets(cr, line_ids):
    """Compare the buckets of contract lines with their events and put differing ones right.

    Returns how many buckets differed. For lines whose events are all in place: after
    retention, buckets are what remains.
    """
    cr.execute("SELECT EXISTS (SELECT FROM usage_retired_day WHERE contract_line_id = ANY(%s))", (list(line_ids),))
    if cr.fetchone()[0]:
        raise ValueError("events of these lines are retired: their buckets are what remains and are not rebuilt")
    cr.execute(DIFFERING, (line_ids, line_ids))
    differing = cr.fetchone()[0]
    if differing:
        cr.execute("DELETE FROM usage_bucket WHERE contract_line_id = ANY(%s)", (line_ids,))
        cr.execute(REFILL, (line_ids,))
    return differing

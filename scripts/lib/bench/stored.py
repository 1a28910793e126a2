"""Events put into the store by SQL, with their sums and, if asked for, their keys: millions within minutes."""

STEP = 500_000
#: How many figures the number in an id has.
FIGURES = 9
FIRST = "SELECT LEAST(COALESCE(MIN(id), 0), 0) FROM usage_event"
EVENTS = """
INSERT INTO usage_event (id, company_id, source_id, batch_id, row_number, external_id, subject_id, assignment_id,
    contract_line_id, metric_id, occurred_at, received_at, usage_date, quantity)
SELECT %(first)s + n, a.company_id, %(source)s, 0, n, 'stored-' || lpad((-%(first)s - n)::text, %(figures)s, '0'),
       a.subject_id, a.id, a.contract_line_id, a.metric_id, at, at, at::date, 1 + n %% 1000
  FROM (SELECT n, %(start)s::timestamp + (%(done)s + n - 1) * %(seconds)s * interval '1 second' AS at,
               (%(done)s + n) %% %(places)s + 1 AS place
          FROM generate_series(1, %(count)s) AS n) numbers
  JOIN (SELECT *, row_number() OVER (ORDER BY id) AS place
          FROM usage_assignment WHERE contract_line_id = ANY(%(lines)s)) a USING (place)
"""
KEYS = """
INSERT INTO usage_event_key (source_id, external_key, content_digest, event_id)
SELECT %(source)s, key, key, %(first)s + n
  FROM (SELECT n, (%(key_start)s || lpad((-%(first)s - n)::text, %(figures)s, '0'))::uuid AS key
          FROM generate_series(1, %(count)s) AS n) keys
 ORDER BY key
"""
SUMS = """
INSERT INTO usage_bucket AS b (company_id, contract_line_id, metric_id, subject_id, usage_date,
    quantity_sum, event_count, quantity_max, quantity_last, last_at)
SELECT company_id, contract_line_id, metric_id, subject_id, usage_date, SUM(quantity), COUNT(*), MAX(quantity),
       (array_agg(quantity ORDER BY occurred_at DESC))[1], MAX(occurred_at)
  FROM usage_event
 WHERE id > %(first)s AND id <= %(first)s + %(count)s
 GROUP BY 1, 2, 3, 4, 5
 ORDER BY contract_line_id, usage_date, subject_id
    ON CONFLICT (contract_line_id, usage_date, metric_id, subject_id, end_user_id, usage_slot, dimension_key)
    DO UPDATE SET quantity_sum = b.quantity_sum + EXCLUDED.quantity_sum,
                  event_count = b.event_count + EXCLUDED.event_count,
                  quantity_max = GREATEST(b.quantity_max, EXCLUDED.quantity_max),
                  quantity_last = EXCLUDED.quantity_last,
                  last_at = EXCLUDED.last_at
"""
#: What is made anew once all is there: kept up row by row, it costs ten times as much.
PUT_OFF = (
    "ALTER TABLE usage_event_key DROP CONSTRAINT usage_event_key_pkey",
    "DROP INDEX usage_event_line_date_index",
)
MADE_ANEW = (
    "ALTER TABLE usage_event_key ADD PRIMARY KEY (source_id, external_key)",
    "CREATE INDEX usage_event_line_date_index ON usage_event (contract_line_id, metric_id, usage_date)",
    "ANALYZE usage_event, usage_bucket, usage_event_key",
)


def fill(database, source_id, line_ids, count, start, days, with_keys=False):
    """Spread `count` events of the subjects of contract lines evenly over `days` days from `start` on."""
    with database.env() as env:
        places = env["usage.assignment"].search_count([("contract_line_id", "in", line_ids)])
    values = {"source": source_id, "lines": line_ids, "start": start, "places": places}
    values.update(figures=FIGURES, key_start=_key_start())
    values["seconds"] = days * 86_400 / count
    _execute(database, PUT_OFF)
    for done in range(0, count, STEP):
        with database.env() as env:
            env.cr.execute(FIRST)
            size = min(STEP, count - done)
            step = {**values, "done": done, "count": size, "first": env.cr.fetchone()[0] - size - 1}
            env.cr.execute(EVENTS, step)
            env.cr.execute(SUMS, step)
            if with_keys:
                env.cr.execute(KEYS, step)
            env.cr.commit()
    _execute(database, MADE_ANEW)


def _key_start():
    """What the keys of all stored ids begin with, as a feed that counts has them."""
    from odoo.addons.odoo_usage_billing.store.keys import ORDERED, keys_of

    return keys_of(["stored-" + "0" * FIGURES], ORDERED)[0][:-FIGURES]


def _execute(database, statements):
    with database.env() as env:
        for statement in statements:
            env.cr.execute(statement)

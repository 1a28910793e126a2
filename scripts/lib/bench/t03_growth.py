"""T3: importing a file where many events are stored, against the same where a million are.

What is stored is put there by SQL: events, keys and sums of the same subjects over the months before. `--stored`
says how many millions; 30 takes about twenty minutes and 10 GB.
"""

import time

from .database import copied
from .meter import medians
from .t01_ingest import _file, _prepare, import_file
from .t10_billing_run import World

ID = "T3"
WHAT = "import with many events stored against import with few"
UNIT = "CPU us per event"
TARGET = ("<=", 1.2)
#: Millions of events, set by --stored.
STORED = None
STEP = 500_000
EVENTS = """
INSERT INTO usage_event (id, company_id, source_id, batch_id, row_number, external_id, subject_id, assignment_id,
    contract_line_id, metric_id, occurred_at, received_at, usage_date, quantity)
SELECT %(first)s + n, a.company_id, %(source)s, 0, n, 'growth-' || (%(first)s + n), a.subject_id, a.id,
       a.contract_line_id, a.metric_id, at, at, at::date, n %% 1000
  FROM (SELECT n, timestamp '2025-07-01' + (n %% 15552000) * interval '1 second' AS at, n %% %(subjects)s + 1 AS place
          FROM generate_series(1, %(count)s) AS n) numbers
  JOIN (SELECT *, row_number() OVER (ORDER BY id) AS place FROM usage_assignment) a USING (place)
"""
KEYS = """
INSERT INTO usage_event_key (source_id, external_key, content_digest, event_id)
SELECT %(source)s, key, key, %(first)s + n
  FROM (SELECT n, md5('growth' || (%(first)s + n))::uuid AS key FROM generate_series(1, %(count)s) AS n) keys
 ORDER BY key
"""


#: What is made anew once all is there; kept up row by row, it costs ten times as much.
PUT_OFF = (
    "ALTER TABLE usage_event_key DROP CONSTRAINT usage_event_key_pkey",
    "DROP INDEX usage_event_line_date_index",
)
MADE_ANEW = (
    "ALTER TABLE usage_event_key ADD PRIMARY KEY (source_id, external_key)",
    "CREATE INDEX usage_event_line_date_index ON usage_event (contract_line_id, metric_id, usage_date)",
    "ANALYZE usage_event_key, usage_event, usage_bucket",
)


def run(database, quick):
    """Import files by turns where few events are stored and where many are: a busy machine is busy for both."""
    few, millions, rows, rounds = (0.5, 1, 50_000, 1) if quick else (1, 4, 200_000, 3)
    millions, subjects, stamp = STORED or millions, 10_000, time.time_ns()
    with database.env() as env:
        World(env).prepare()
        source_id = _prepare(env, subjects, stamp)
        env.cr.commit()
    first, last = int(few * 1_000_000), millions * 1_000_000
    _fill(database, source_id, range(0, first, STEP), subjects)
    with copied(database) as many:
        _fill(many, source_id, range(first, last, STEP), subjects)
        places = (database, many)
        # The sums of the day are there from then on, as they are later.
        for place in places:
            import_file(place, source_id, _file(subjects, rows, f"{stamp}-warm"), "accepted", rows)
        pairs = []
        for number in range(rounds):
            content = _file(subjects, rows, f"{stamp}-{number}")
            pairs.append([1e6 * import_file(place, source_id, content, "accepted", rows) / rows for place in places])
    floor, ours, ratio = medians(pairs)
    return {"floor": floor, "ours": ours, "ratio": ratio, "size": f"{millions} million stored, {few}"}


def _fill(database, source_id, starts, subjects):
    with database.env() as env:
        for statement in PUT_OFF:
            env.cr.execute(statement)
        env.cr.commit()
        for start in starts:
            values = {"source": source_id, "first": -(start + STEP), "count": STEP, "subjects": subjects}
            env.cr.execute(EVENTS, values)
            env.cr.execute(KEYS, values)
            env.cr.commit()
        for statement in MADE_ANEW:
            env.cr.execute(statement)

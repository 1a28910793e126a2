"""T3: importing a file where many events are stored, against the same where few are.

What is stored is put there by SQL: events, keys and sums of the same subjects over the months before. `--stored`
says how many millions; 30 takes about an hour and 10 GB.
"""

import time

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


def run(database, quick):
    """Import files with few events stored, fill up, import again."""
    millions, rows, rounds = (1, 50_000, 1) if quick else (4, 200_000, 3)
    millions, subjects, stamp = STORED or millions, 10_000, time.time_ns()
    with database.env() as env:
        World(env).prepare()
        source_id = _prepare(env, subjects, stamp)
        env.cr.commit()
    few = _imports(database, source_id, rows, rounds, f"{stamp}-few")
    for number in range(millions * 1_000_000 // STEP):
        _fill(database, source_id, -STEP * (number + 1), subjects)
    many = _imports(database, source_id, rows, rounds, f"{stamp}-many")
    floor, ours, ratio = medians(list(zip(few, many, strict=True)))
    return {"floor": floor, "ours": ours, "ratio": ratio, "size": f"{millions} million stored"}


def _imports(database, source_id, rows, rounds, prefix):
    # The sums of the day are there from then on, as they are later.
    import_file(database, source_id, _file(10_000, rows, f"{prefix}-warm"), "accepted", rows)
    return [
        1e6 * import_file(database, source_id, _file(10_000, rows, f"{prefix}-{number}"), "accepted", rows) / rows
        for number in range(rounds)
    ]


def _fill(database, source_id, first, subjects):
    values = {"source": source_id, "first": first, "count": STEP, "subjects": subjects}
    with database.env() as env:
        env.cr.execute(EVENTS, values)
        env.cr.execute(KEYS, values)
        env.cr.commit()

"""T3: importing a file where many events are stored, against the same where few are.

What is stored is put there by SQL: events, keys and sums of the same subjects over the months before. `--stored`
says how many millions; 30 takes about an hour and 10 GB.
"""

import time
from datetime import date

from .meter import medians
from .stored import fill
from .t01_ingest import _file, _prepare, _serial, import_file
from .t10_billing_run import World

ID = "T3"
WHAT = "import with many events stored against import with few"
UNIT = "CPU us per event"
TARGET = ("<=", 1.2)
#: Millions of events, set by --stored.
STORED = None


def run(database, quick):
    """Import files with few events stored, fill up, import again."""
    millions, rows, rounds = (1, 50_000, 1) if quick else (4, 200_000, 3)
    millions, subjects, stamp = STORED or millions, 10_000, time.time_ns()
    with database.env() as env:
        World(env).prepare()
        source_id = _prepare(env, subjects, stamp)
        lines = env["usage.assignment"].search([("subject_id.code", "=", _serial(0))]).contract_line_id
        env.cr.commit()
    few = _imports(database, source_id, rows, rounds, f"{stamp}-few")
    fill(database, source_id, lines.ids, millions * 1_000_000, date(2025, 7, 1), 180, with_keys=True)
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

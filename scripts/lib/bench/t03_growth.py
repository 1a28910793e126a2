"""T3: importing a file where many events are stored, against the same where a million are.

What is stored is put there by SQL: events, keys and sums of the same subjects over the months before. `--stored`
says how many millions; 30 takes about twenty minutes and 10 GB.
"""

import time
from datetime import date

from .database import copy_of
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
    """Import files by turns where few events are stored and where many are: a busy machine is busy for both."""
    few, millions, rows, rounds = (0.5, 1, 50_000, 1) if quick else (1, 4, 200_000, 3)
    millions, subjects, stamp = STORED or millions, 10_000, time.time_ns()
    with database.env() as env:
        World(env).prepare()
        source_id = _prepare(env, subjects, stamp)
        lines = env["usage.assignment"].search([("subject_id.code", "=", _serial(0))]).contract_line_id
        env.cr.commit()
    first = int(few * 1_000_000)
    fill(database, source_id, lines.ids, first, date(2025, 7, 1), 90, with_keys=True)
    with copy_of(database) as many:
        fill(many, source_id, lines.ids, millions * 1_000_000 - first, date(2025, 7, 1), 180, with_keys=True)
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

"""T7: a file that is in already, read once more, against its first import.

Both go through profile, guiding and the one writer; the second time each row turns out to be a duplicate.
"""

import time

from .meter import medians
from .t01_ingest import _file, _prepare, import_file
from .t10_billing_run import World

ID = "T7"
WHAT = "the same file again, each row a duplicate, against its first import"
UNIT = "CPU us per row"
TARGET = ("<=", 0.6)


def run(database, quick):
    """Measure pairs of (first import, second import)."""
    subjects, rows, rounds = (1_000, 50_000, 1) if quick else (10_000, 200_000, 3)
    stamp = time.time_ns()
    with database.env() as env:
        World(env).prepare()
        source_id = _prepare(env, subjects, stamp)
        env.cr.commit()
    pairs = []
    for number in range(rounds):
        content = _file(subjects, rows, f"{stamp}-{number}", months_back=number)
        spent = [import_file(database, source_id, content, column, rows) for column in ("accepted", "duplicate")]
        pairs.append(tuple(1e6 * seconds / rows for seconds in spent))
    first, second, ratio = medians(pairs)
    return {"floor": first, "ours": second, "ratio": ratio, "size": f"{rows} rows"}

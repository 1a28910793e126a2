"""T13E: what a contract costs in a billing run where many events are stored, against the same where few are.

The events are of the same contracts, over the year before the billed month. `--stored` says how many millions; 30
take about half an hour and 8 GB.
"""

from datetime import date

from .database import copy_of
from .meter import medians
from .stored import fill
from .t10_billing_run import LINES, World
from .t13_many_contracts import copied, through

ID = "T13E"
WHAT = "cost of a contract in a billing run with many events stored against few"
UNIT = "CPU ms per contract"
TARGET = ("<=", 1.1)
#: Millions of events, set by --stored.
STORED = None
FEW = 200_000


def run(database, quick):
    """Measure runs by turns where few events are stored and where many are: a busy machine is busy for both."""
    contracts, rounds, millions = (50, 1, 1) if quick else (100, 3, 4)
    millions = STORED or millions
    few = FEW if quick else 1_000_000
    with database.env() as env:
        world = World(env)
        world.prepare()
        world.warm()
        ids = copied(env, rounds * contracts)
        lines = env["contract.contract"].browse(ids).contract_line_ids.ids
        source_id = env["usage.source"].search([("code", "=", "bench")]).id
    sets = [ids[start : start + contracts] for start in range(0, len(ids), contracts)]
    fill(database, source_id, lines, few, date(2025, 1, 1), 31)
    with copy_of(database) as full:
        fill(full, source_id, lines, millions * 1_000_000 - few, date(2025, 2, 1), 330)
        pairs = [[1000 * through(place, some) / contracts for place in (database, full)] for some in sets]
    floor, ours, ratio = medians(pairs)
    size = f"{contracts} x {LINES}, {millions} million against {few / 1e6:g}"
    return {"floor": floor, "ours": ours, "ratio": ratio, "size": size}

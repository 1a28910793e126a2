"""Promise 12: rating is a function.

The same random cases in processes of other hash seeds, machine zones and orders of events, byte by byte; what the
kernel imports and names; and what the mutation of its source found when it was last measured (scripts/mutation).
"""

import itertools
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from .kernel import PROCESSES, TESTS

NUMBER = 12
PROMISE = "Rating is a function"
TARGET = "different bytes 0; forbidden imports or clock reads 0; mutation score >= 95 %"
SIZES = {"full": 10_000, "medium": 2_000, "small": 150}
HASH_SEEDS = ("0", "1", "4711")
ZONES = ("Asia/Kathmandu", "America/New_York")
ORDERS = (0, 1)


def attack(_database, size, seed):
    """Return {figures..., "holds": bool}."""
    count = SIZES[size]
    runs = list(itertools.product(HASH_SEEDS, ZONES, ORDERS))
    with ThreadPoolExecutor(PROCESSES) as pool:
        answers = list(pool.map(lambda run: _digests(seed, count, *run), runs))
    different = sum(len(set(answer)) > 1 for answer in zip(*answers, strict=True))
    forbidden = _forbidden()
    score = mutation_score()
    return {
        "cases": count,
        "runs of each": len(runs),
        "different bytes": different,
        "forbidden imports or clock reads": forbidden,
        "mutants": score["mutants"],
        "mutants not tried": score["untried"],
        "mutation score of those tried, per cent": score["score_percent"],
        "mutation measured": score["date"],
        "sources since": "changed" if score["stale"] else "unchanged",
        "holds": not different
        and not forbidden
        and all(len(answer) == count for answer in answers)
        and (size == "small" or (float(score["score_percent"]) >= 95 and not score["untried"])),
    }


def _digests(seed, count, hash_seed, zone, order):
    """Return the digests of all cases in a process of its own; order 0 is the order in which events occurred."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": zone}
    program = [sys.executable, TESTS / "kernel_bytes.py", str(seed), str(count), str(order)]
    return subprocess.run(program, env=environment, check=True, capture_output=True, text=True).stdout.split()


def _forbidden():
    """Count what the purity test finds in the kernel."""
    import kernel_source

    return sum(len(kernel_source.findings(path)) for path in kernel_source.RATING)


def mutation_score():
    """Return the figures that scripts/mutation kept, and whether the kernel changed since."""
    import kernel_source

    kept = json.loads((TESTS / "mutation/score.json").read_text(encoding="utf-8"))
    return kept | {"stale": kept["modules"] != kernel_source.digests()}

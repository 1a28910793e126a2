"""Live a scripted year on a database made for it, and print what was checked as JSON.

python tests/scenarios/bookyear --config CONF --database NAME --size full
"""

import argparse
import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/scenarios"), str(ROOT / "scripts/lib")]

#: (kinds of contract in each company, whether all happens that may happen in a month)
SIZES = {"full": (33, True), "medium": (18, True), "small": (3, False)}


def main():
    """Exit 0 when everything held after every step, 1 when something did not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--seed", type=int, default=20250101)
    options = parser.parse_args()
    began = time.perf_counter()
    from bench.database import open_database

    from bookyear import story
    from bookyear.falsify import falsify
    from bookyear.setting import begin
    from bookyear.year import Violation

    kinds, whole = SIZES[options.size]
    database = open_database(options.config, options.database)
    year = begin(database, kinds)
    failure = None
    try:
        story.live(year, database, options.seed, story.MONTH if whole else story.SHORT_MONTH, tell)
        falsify(year, database)
    except Violation as violation:
        failure = str(violation)
        tell("\n".join([*year.told[-30:], failure]))
    year.clock.stop()
    figures = {
        "holds": failure is None,
        "failure": failure,
        "seed": options.seed,
        "contracts": len(year.world.contracts),
        "steps": len(year.told),
        "amounts worked out by hand": year.compared,
        "accruals worked out by hand": year.accruals_compared,
        "entries posted": len(year.said),
        "seconds": round(time.perf_counter() - began),
    }
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.exit(0 if failure is None else 1)


def tell(text):
    """Say how far it is."""
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()

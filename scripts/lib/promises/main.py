"""Run one attack on a database made for it, print its row, keep it in docs/."""

import argparse
import importlib
import json
import sys
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

ATTACKS = {
    1: "p01_acknowledged",
    2: "p02_upstream_loss",
    3: "p03_duplicate",
    4: "p04_identity",
    5: "p05_counts",
    6: "p06_poison",
    7: "p07_gaps",
    8: "p08_register",
    9: "p09_periods",
    10: "p10_storage",
    11: "p11_guiding",
    12: "p12_rating_function",
    13: "p13_algebra",
    14: "p14_terms_balance",
    15: "p15_explained",
    16: "p16_invoiced_once",
    17: "p17_bad_contract",
    18: "p18_crash",
    19: "p19_implausible",
    20: "p20_never_rewritten",
    21: "p21_late",
    22: "p22_books",
    24: "p24_hostile",
    25: "p25_producers",
}
#: Attacks on the rating kernel, which knows no database.
PURE = (12, 13, 14)


def main():
    """Exit 0 when the promise holds, 1 when it does not."""
    parser = argparse.ArgumentParser(prog="scripts/promises", description=__doc__)
    parser.add_argument("number", type=int, choices=sorted(ATTACKS))
    parser.add_argument("--size", choices=("full", "medium", "small"), default="full")
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--config")
    parser.add_argument("--database")
    parser.add_argument("--docs", help="folder of promises.json and promises.md")
    options = parser.parse_args()
    if options.number not in PURE and not (options.config and options.database):
        parser.error("this attack needs --config and --database")
    row = measure(options)
    sys.stdout.write(json.dumps(row) + "\n")
    if options.docs:
        from promises.report import keep

        keep(options.docs, row)
    sys.exit(0 if row["holds"] else 1)


def measure(options):
    """The row of one attack."""
    database = None
    if options.number not in PURE:
        from bench.database import open_database

        database = open_database(options.config, options.database)
    attack = importlib.import_module(f"promises.{ATTACKS[options.number]}")
    began = time.monotonic()
    figures = attack.attack(database, options.size, options.seed)
    return {
        "number": attack.NUMBER,
        "promise": attack.PROMISE,
        "target": attack.TARGET,
        "holds": figures.pop("holds"),
        "figures": figures,
        "seed": options.seed,
        "size": options.size,
        "seconds": round(time.monotonic() - began),
        "date": date.today().isoformat(),
    }


if __name__ == "__main__":
    main()

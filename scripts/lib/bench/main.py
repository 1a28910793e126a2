"""scripts/bench [T1 T10 ...] [--json FILE] [--quick]: one row per figure."""

import argparse
import importlib
import json
import platform
import sys
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.report import keep

FIGURES = {
    "T1": "t01_ingest",
    "T2": "t02_base_import",
    "T3": "t03_growth",
    "T4": "t04_xlsx",
    "T5": "t05_mqtt",
    "T6": "t06_http",
    "T7": "t07_reimport",
    "T9": "t09_rating",
    "T9K": "t09_kernel",
    "T10": "t10_billing_run",
    "T10W": "t10_workers",
    "T11": "t11_plain_invoices",
    "T12": "t12_formula",
    "T12M": "t12_mapped",
    "T13": "t13_many_contracts",
    "T13E": "t13_many_events",
    "T14": "t14_memory",
}


def holds(target, ratio):
    """Whether a ratio meets its target (operator, bound)."""
    operator, bound = target
    return ratio <= bound if operator == "<=" else ratio >= bound


def main():
    """Measure the figures asked for and print them; exit 0 also when one falls short."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="T1", help=f"of {', '.join(FIGURES)}")
    parser.add_argument("--json", metavar="FILE", help="write the rows to FILE as well")
    parser.add_argument("--quick", action="store_true", help="a smaller size")
    parser.add_argument("--stored", type=int, metavar="MILLIONS", help="events to be stored beforehand (T3, T13E)")
    parser.add_argument("--contracts", type=int, metavar="N", help="contracts of a run (T10 to T14)")
    parser.add_argument("--docs", help=argparse.SUPPRESS)
    parser.add_argument("--config", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--database", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = [name for name in options.figures if name not in FIGURES]
    if unknown:
        parser.error(f"no figure {', '.join(unknown)}; there are {', '.join(FIGURES)}")
    rows = measure(options)
    if options.json:
        document = {"python": platform.python_version(), "rows": rows}
        Path(options.json).write_text(json.dumps(document, indent=2) + "\n")


def measure(options):
    """Run each figure and print its row as soon as it is known."""
    from bench.database import open_database

    database = open_database(options.config, options.database)
    head = ("id", "what", "floor", "ours", "ratio", "target", "")
    form = "{:<4} {:<76} {:>10} {:>10} {:>7} {:>8}  {}"
    sys.stdout.write(form.format(*head) + "\n")
    rows = []
    for name in options.figures or FIGURES:
        figure = importlib.import_module(f"bench.{FIGURES[name]}")
        for setting, value in (("STORED", options.stored), ("CONTRACTS", options.contracts)):
            if value and hasattr(figure, setting):
                setattr(figure, setting, value)
        row = {"id": name, "what": figure.WHAT, "unit": figure.UNIT}
        row.update(figure.run(database, options.quick))
        row["target"] = " ".join(map(str, figure.TARGET))
        row["date"] = datetime.now(timezone.utc).date().isoformat()
        row["verdict"] = "holds" if holds(figure.TARGET, row["ratio"]) else "falls short"
        rows.append(row)
        if options.docs and not options.quick:
            keep(options.docs, [row])
        sys.stdout.write(
            form.format(
                name,
                f"{figure.WHAT} ({row['size']}; {figure.UNIT})"[:76],
                f"{row['floor']:.2f}",
                f"{row['ours']:.2f}",
                f"{row['ratio']:.2f}",
                row["target"],
                row["verdict"],
            )
            + "\n"
        )
        sys.stdout.flush()
    return rows


if __name__ == "__main__":
    main()

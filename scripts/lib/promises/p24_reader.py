"""Reads files by profiles, each in a process of its own that has nothing but the parsers; says what it cost.

A line on standard input is {"path", "definition"}; the line that answers has outcome, items, seconds, cpu, megabytes.
"""

import importlib.util
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

PARSING = Path(__file__).resolve().parents[3] / "odoo_usage_mediation" / "parsing"
#: Bytes, rows and ratio as a source has them unless told otherwise, and the limits of every intake.
LIMITS = {
    "max_bytes": 200_000_000,
    "max_rows": 250_000,
    "max_columns": 500,
    "max_cell_chars": 10_000,
    "max_ratio": 500,
    "max_seconds": 120,
    "max_depth": 20,
}
PATIENCE_SECONDS = 150


def load():
    """The parsers without Odoo, as tests/parsing loads them."""
    spec = importlib.util.spec_from_file_location(
        "usage_parsing", PARSING / "__init__.py", submodule_search_locations=[str(PARSING)]
    )
    module = sys.modules["usage_parsing"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # What a format needs is loaded when it is first met; here before anything is measured.
    for name in ("xlsx_reader", "object_readers", "xml_reader", "json_reader"):
        importlib.import_module(f"usage_parsing.{name}")
    return module


def read(parsing, path, definition):
    """(outcome, number of items) of one file."""
    try:
        profile = parsing.Profile.from_dict(definition)
    except parsing.ProfileInvalid:
        return "profile refused", 0
    limits, count, codes = parsing.Limits(**LIMITS), 0, set()
    try:
        with open(path, "rb") as stream:
            deadline = parsing.Deadline(limits.max_seconds, time.monotonic)
            for item in parsing.parse(stream, profile, limits, deadline, file_digest="0" * 64):
                count += 1
                codes.add(getattr(item, "code", "record"))
                # What a reader gives out is written down as text, at the latest by the store.
                if codes and hasattr(item, "quantity"):
                    format(item.quantity or 0, "f")
    except parsing.FileRefused as refused:
        return refused.code, count
    return ", ".join(sorted(codes)) or "nothing", count


def measured(parsing, order):
    """What reading one file gave and cost, in a child of this process."""
    out, told = os.pipe()
    began = time.monotonic()
    pid = os.fork()
    if not pid:
        os.close(out)
        signal.alarm(PATIENCE_SECONDS)
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        try:
            answer = read(parsing, order["path"], order["definition"])
        except BaseException as error:  # noqa: BLE001 - a crash is an answer here
            answer = (f"crash: {type(error).__name__} {error}"[:200], 0)
        os.write(told, json.dumps(answer).encode())
        os._exit(0)
    os.close(told)
    with os.fdopen(out) as pipe:
        content = pipe.read()
    _pid, status, used = os.wait4(pid, 0)
    outcome, items = json.loads(content) if content else (f"crash: status {status}", 0)
    return {
        "outcome": outcome,
        "items": items,
        "seconds": round(time.monotonic() - began, 2),
        "cpu": round(used.ru_utime + used.ru_stime, 2),
        "megabytes": round(used.ru_maxrss / 1024),
    }


def main():
    """Answer line by line until the end of the input."""
    parsing = load()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(measured(parsing, json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""docs/bench.json holds the last measured figures of speed; docs/bench.md is made from it."""

import json
import re
from pathlib import Path

HEAD = """# Speed, measured

Made by `scripts/bench` from the last run of each figure at its full size; not edited by hand. Floor and ours are CPU
time of Python and PostgreSQL, measured in one run on one machine: the ratio counts, the times are of that machine.
What stands behind a figure that falls short: [decision 0047](decisions/0047-what-an-event-costs.md).

| # | figure | size | unit | floor | ours | ratio | target | date | verdict |
|---|---|---|---|---|---|---|---|---|---|
"""
LINE = "| {id} | {what} | {size} | {unit} | {floor:.2f} | {ours:.2f} | {ratio:.2f} | {target} | {date} | {verdict} |"


def keep(docs, rows):
    """Put measured rows into bench.json, and write bench.md anew."""
    source = Path(docs) / "bench.json"
    known = json.loads(source.read_text()) if source.exists() else {}
    known.update({row["id"]: row for row in rows})
    source.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
    lines = [LINE.format(**row) for _id, row in sorted(known.items(), key=lambda item: _order(item[0]))]
    (Path(docs) / "bench.md").write_text(HEAD + "\n".join(lines) + "\n")


def _order(name):
    """T2 before T10, T12 before T12M."""
    number, rest = re.fullmatch(r"T(\d+)(\w*)", name).groups()
    return int(number), rest

"""docs/promises.json holds the last measured figures; docs/promises.md is made from it."""

import json
from pathlib import Path

HEAD = """# Promises, measured

Made by `scripts/promises` from the last run of each attack, its size in the table; not edited by hand.
`scripts/test` runs each attack at a small size.

| # | promise | figures | target | seed | size | seconds | date | holds |
|---|---|---|---|---|---|---|---|---|
"""


def keep(docs, row):
    """Put a measured row into promises.json, and write promises.md anew."""
    source = Path(docs) / "promises.json"
    rows = json.loads(source.read_text()) if source.exists() else {}
    rows[str(row["number"])] = row
    source.write_text(json.dumps(rows, indent=2, sort_keys=True) + "\n")
    write(docs, rows)


def shown(value):
    """A figure as people read it."""
    return f"{value:,}" if isinstance(value, int) else str(value)


def write(docs, rows):
    """Write the table."""
    lines = [
        "| {number} | {promise} | {told} | {target} | {seed} | {size} | {seconds} | {date} | {verdict} |".format(
            told="; ".join(f"{key} {shown(value)}" for key, value in row["figures"].items()),
            verdict="yes" if row["holds"] else "**no**",
            **row,
        )
        for _key, row in sorted(rows.items(), key=lambda item: int(item[0]))
    ]
    (Path(docs) / "promises.md").write_text(HEAD + "\n".join(lines) + "\n")

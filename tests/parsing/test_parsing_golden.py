"""Golden files: an input, a shipped profile, and the exact items that come out. Zero tolerance.

GOLDEN_WRITE=1 writes the expected files anew; read the difference before you keep it.
"""

import json
import os
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
import usage_parsing as up
from parsing_helpers import DIGEST, LIMITS, deadline

HERE = Path(__file__).parent
INPUTS = sorted(path for path in (HERE / "golden").iterdir() if not path.name.endswith(".expected.json"))


def shown(item):
    row = {"kind": type(item).__name__, **item._asdict()}
    if type(item) is up.Record:
        row["digest"] = up.content_digest(item).hex()
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, Decimal) else value
        for name, value in row.items()
    }


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.name)
def test_a_golden_file_gives_exactly_its_expected_items(path):
    profile = up.Profile.from_dict(json.loads((HERE / "profiles" / f"{path.stem}.json").read_text(encoding="utf-8")))
    context = {"received_at": "2025-03-02T00:00:00Z"}
    if profile.format == "senml":
        context = {}
    parsed = up.parse(path.read_bytes(), profile, LIMITS, deadline(), file_digest=DIGEST, context=context)
    found = json.loads(json.dumps([shown(item) for item in parsed]))
    expected = path.with_name(path.name + ".expected.json")
    if os.environ.get("GOLDEN_WRITE"):
        expected.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(expected.read_text(encoding="utf-8"))

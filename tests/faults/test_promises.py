"""Each promise that has an attack holds at a small size, attacked by real processes."""

import json
import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("number", [3, 4, 5, 7, 8, 11, 16])
def test_a_promise_holds_under_attack(number, databases, root):
    database = databases.clone(f"promise{number}")
    done = subprocess.run(
        [
            sys.executable,
            root / "scripts/lib/promises/main.py",
            str(number),
            "--size=small",
            f"--config={os.environ['USAGE_TEST_CONF']}",
            f"--database={database}",
        ],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.stdout, done.stderr[-4000:]
    row = json.loads(done.stdout.splitlines()[-1])
    assert row["holds"], row

"""Promises 1, 2 and 6 hold at a small size: a real broker, real listeners, real kills."""

import json
import os
import shutil
import subprocess
import sys

import pytest


@pytest.mark.parametrize("number", [1, 2, 6])
def test_a_promise_about_messages_holds_under_attack(number, databases, root):
    if not shutil.which("mosquitto") and not shutil.which("mosquitto", path="/usr/sbin"):
        pytest.skip("mosquitto is not installed here")
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
    assert row["holds"], (row, done.stderr[-4000:])

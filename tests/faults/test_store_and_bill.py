"""Usage that arrives while its period is invoiced is in the invoice or in suspense, never between."""

import json
import os
import subprocess
import sys


def test_usage_stored_while_its_period_is_billed_is_never_lost(databases, root):
    database = databases.clone("storebill")
    done = subprocess.run(
        [
            sys.executable,
            root / "tests/faults/store_bill_race.py",
            os.environ["USAGE_TEST_CONF"],
            database,
        ],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["billed"] == 10, told
    assert told["accepted"] + told.get("suspended", 0) == told["sent"], told
    assert told["stored"] == told["accepted"] == told["charged"], told

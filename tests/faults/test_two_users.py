"""Two users confirm the same file at the same moment: the events and the invoice are those of one."""

import json
import os
import subprocess
import sys


def test_two_users_at_once_store_a_file_once(databases, root):
    database = databases.clone("twousers")
    done = subprocess.run(
        [
            sys.executable,
            root / "tests/faults/upload_race.py",
            os.environ["USAGE_TEST_CONF"],
            database,
        ],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout.splitlines()[-1])
    rows = told["rows"]
    assert told["accepted"] == rows
    assert told["duplicate"] == rows * (told["uploads"] - 1)
    assert told["events"] == rows
    assert told["invoiced"] == told["invoiced_once"]

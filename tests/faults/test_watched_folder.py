"""A reader of a watched folder that is killed in the middle of a file goes on where it stopped."""

import json
import os
import subprocess
import sys


def test_a_killed_reader_loses_no_row_and_stores_none_twice(databases, root):
    database = databases.clone("folder")
    done = subprocess.run(
        [
            sys.executable,
            root / "scripts/lib/bench/watched_folder.py",
            os.environ["USAGE_TEST_CONF"],
            database,
            *("20000", "4", "1000"),
        ],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["right"] and told["state"] == "done", told
    assert told["kills"] == 4, told
    assert told["moved"] == ["large.csv"], told

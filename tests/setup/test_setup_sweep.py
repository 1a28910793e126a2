"""Sweeping up after test runs leaves what is not theirs."""

import os
import subprocess
from pathlib import Path

TESTDB = Path(__file__).resolve().parents[2] / "scripts" / "lib" / "testdb.sh"
# No database is asked for: a sweep would drop templates of runs under way.
SWEEP = '. "$0"; psql() { :; }; templates_sweep one two'


def test_a_sweep_forgets_runs_that_ended_and_keeps_the_demos_process_number(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    alive, ended = run / str(os.getpid()), run / "4194304000"
    for file in (alive, ended, run / "demo.pid"):
        file.write_text("1")
    subprocess.run(["bash", "-c", SWEEP, str(TESTDB)], env={**os.environ, "LOCAL": str(tmp_path)}, check=True)
    assert sorted(file.name for file in run.iterdir()) == sorted([alive.name, "demo.pid"])

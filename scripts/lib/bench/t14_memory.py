"""T14: how much memory a billing run of many contracts takes beyond that of the first hundred.

A process of its own goes through a run of a hundred contracts and then through the large one, by the product's own
loop; its peaks after both are compared. `--contracts` says how many the large run has.
"""

import json
import subprocess
import sys
from pathlib import Path

from odoo.tools import config

from .t10_billing_run import LINES, World
from .t13_many_contracts import copied

ID = "T14"
WHAT = "peak memory of a billing run of many contracts against that of the first; ratio in MB of growth"
UNIT = "MB"
TARGET = ("<=", 50)
#: How many, set by --contracts.
CONTRACTS = None


def run(database, quick):
    """Peaks of a process after a hundred contracts and after all."""
    few, many = (50, 300) if quick else (100, 2_000)
    many = CONTRACTS or many
    with database.env() as env:
        world = World(env)
        world.prepare()
        world.warm()
        ids = copied(env, few + many)
    peaks = measured_alone(database, [ids[:few], ids[few:]])
    return {"floor": peaks[0], "ours": peaks[1], "ratio": peaks[1] - peaks[0], "size": f"{many} x {LINES}"}


def measured_alone(database, sets):
    """Peak MB of a fresh process after a run of each set of contracts."""
    command = [sys.executable, "-m", "bench.memory_alone", config["config"] or config.rcfile, database.name]
    folder = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, input=json.dumps(sets), capture_output=True, text=True, cwd=folder, check=False)
    if done.returncode:
        raise AssertionError(done.stderr[-2000:])
    return json.loads(done.stdout)

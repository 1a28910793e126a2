"""A large CSV through a watched folder, its reader killed with SIGKILL now and then.

    python scripts/lib/bench/watched_folder.py CONFIG DATABASE ROWS KILLS [CHUNK]

Prints what is stored, and the peak memory of the readers above what a process has before it reads.
"""

import json
import os
import random
import signal
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from simulate import outputs
from simulate.faults import arriving
from simulate.plan import DELTA, Plan
from simulate.truth import Truth

import odoo

from bench.database import open_database

SUBJECTS = 200


def main(config, name, rows, kills, chunk=20_000):
    """Put the file there, read and kill until it is done, count."""
    database = open_database(config, name)
    with tempfile.TemporaryDirectory() as root:
        odoo.tools.config.options["usage_folder_root"] = root
        folder = Path(root, "in")
        folder.mkdir()
        plan = Plan(fleet={DELTA: SUBJECTS}, minutes=1, steps=rows // SUBJECTS)
        with database.env() as env:
            _prepare(env, plan)
            env.cr.commit()
        total = _write(folder / "large.csv", plan)
        dice, memory, began = random.Random(1), 0, time.monotonic()
        for turn in range(1_000):
            memory = max(memory, _turn(database, chunk, dice if turn < kills else None))
            if _state(database) == "done":
                break
        told = _told(database, rows, total)
        told |= {"kills": min(turn, kills), "seconds": round(time.monotonic() - began), "peak MB": memory // 1024}
        told["moved"] = [path.name.partition("-")[2] for path in (folder / "done").iterdir()]
    sys.stdout.write(json.dumps(told) + "\n")


def _prepare(env, plan):
    # Odoo is loaded by now, which the world needs.
    from promises import world

    world.simulated(env, plan)
    profile = env["usage.profile"].create(
        {"name": "Large", "format": "csv", "is_advanced": True, "definition": outputs.profile("csv")}
    )
    env["usage.source"].create(
        {
            "name": "Large",
            "code": "large",
            "transport": "folder",
            "folder_path": "in",
            "folder_complete": "marker",
            "profile_id": profile.id,
            "tz": "UTC",
            "max_age_days": 40_000,
            "max_rows": 10_000_000,
            "max_megabytes": 2_000,
            "max_seconds": 7_200,
        }
    )


def _write(path, plan):
    """What the devices sent goes into a file; returns how much they used."""
    truth = Truth(plan)
    with path.open("w") as target:
        outputs.write_csv(arriving(plan, truth), target)
    path.with_name(path.name + ".done").touch()
    return sum(truth.booked.values())


def _turn(database, chunk, dice):
    """One run of the job in a process of its own, killed within the next three chunks when there are dice."""
    target = _position(database) + chunk * dice.randint(0, 2) if dice else 0
    odoo.sql_db.close_all()
    out, told = os.pipe()
    pid = os.fork()
    if not pid:
        _read(database, chunk, told, dice)
    os.close(told)
    if dice:
        while _position(database) < target:
            time.sleep(0.01)
        time.sleep(dice.uniform(0, 0.05))
        os.kill(pid, signal.SIGKILL)
    with os.fdopen(out) as answers:
        text = answers.read()
    os.waitpid(pid, 0)
    return int(text or 0)


def _read(database, chunk, told, is_short):
    from odoo.addons.odoo_usage_mediation.intake import Intake
    from odoo.addons.odoo_usage_mediation.models import usage_folder_file

    try:
        if not is_short:
            # In one go, so that whatever grows with the file shows.
            usage_folder_file.BUDGET_SECONDS = 3_600
        Intake.each.__defaults__ = (chunk, 0)
        before = _resident("VmRSS")
        with database.env() as env:
            env["usage.folder.file"]._cron_watch()
        os.write(told, str(_resident("VmHWM") - before).encode())
    finally:
        sys.stderr.flush()
        os._exit(0)


def _resident(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def _state(database):
    with database.env() as env:
        return env["usage.folder.file"].search([("source_id.code", "=", "large")]).state


def _position(database):
    """The last row that is stored for good."""
    with database.env() as env:
        return env["usage.folder.file"].search([("source_id.code", "=", "large")]).row_number


def _told(database, rows, total):
    with database.env() as env:
        file = env["usage.folder.file"].search([("source_id.code", "=", "large")])
        batch = file.batch_id
        env.cr.execute("SELECT count(*), sum(quantity)::text FROM usage_event WHERE batch_id = %s", (batch.id or 0,))
        events, quantity = env.cr.fetchone()
        return {
            "rows": rows,
            "received": batch.received_count,
            "accepted": batch.accepted_count,
            "duplicate": batch.duplicate_count,
            "events": events,
            "state": file.state,
            "right": events == rows == batch.received_count == batch.accepted_count and Decimal(quantity) == total,
        }


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))

"""A large upload confirmed in the back office, its worker killed with SIGKILL; prints what the books say after."""

import base64
import json
import os
import random
import signal
import sys
import time
from datetime import date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts/lib"))

from bench.database import open_database

import odoo

ROWS, KILLS, CHUNK = 8_000, 4, 500
SUBJECTS, START = 200, datetime(2024, 1, 1)
PROFILE = {
    "format": "csv",
    "delimiter": ",",
    "time_zone": "UTC",
    "subject": "serial",
    "external_id": {"column": "id"},
    "time": "time",
    "measures": [{"metric": {"constant": "units"}, "quantity": "quantity"}],
}


def content():
    """A file of so many rows, and the sum of its quantities."""
    lines, total = ["id,serial,time,quantity"], 0
    for number in range(ROWS):
        quantity = number % 97 + 1
        total += quantity
        lines.append(f"e{number},A-{number % SUBJECTS:05d},{START + timedelta(seconds=number)},{quantity}")
    return "\n".join(lines).encode(), total


def confirm(database):
    """Upload and confirm; returns the sum that must come out."""
    from promises import world

    from odoo.addons.odoo_usage_mediation.wizards import usage_upload

    usage_upload.LARGE_ROWS = CHUNK
    file, total = content()
    with database.env() as env:
        world.contracts(env, SUBJECTS, date(2024, 1, 1))
        profile = env["usage.profile"].create(
            {"name": "Large", "format": "csv", "is_advanced": True, "definition": PROFILE}
        )
        values = {"name": "Large", "code": "large", "transport": "file", "tz": "UTC", "max_age_days": 40_000}
        source = env["usage.source"].create({**values, "profile_id": profile.id})
        wizard = env["usage.upload"].create(
            {"source_id": source.id, "file": base64.b64encode(file), "file_name": "large.csv"}
        )
        wizard.action_preview()
        wizard.action_confirm()
        env.cr.commit()
    return total


def turn(database, dice):
    """One run of the job in a process of its own, killed within the next three chunks when there are dice."""
    target = done(database) + CHUNK * dice.randint(0, 2) if dice else 0
    odoo.sql_db.close_all()
    pid = os.fork()
    if not pid:
        work(database)
    if dice:
        while done(database) < target:
            time.sleep(0.01)
        time.sleep(dice.uniform(0, 0.05))
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def work(database):
    """Run the job as the scheduler does, and leave."""
    from odoo.addons.odoo_usage_mediation.intake import Intake

    try:
        Intake.chunks.__defaults__ = (CHUNK, 0)
        with database.env() as env:
            env["usage.upload.progress"]._cron_store()
    finally:
        sys.stderr.flush()
        os._exit(0)


def done(database):
    """Rows that are stored for good."""
    with database.env() as env:
        return env["usage.upload.progress"].search([]).done_count


def main(config, name):
    """Confirm, work and kill until it is done, count."""
    database, dice, kills = open_database(config, name), random.Random(1), 0
    total = confirm(database)
    began = datetime.now()
    for number in range(100):
        with database.env() as env:
            if env["usage.upload.progress"].search([]).state == "done":
                break
        turn(database, dice if number < KILLS else None)
        kills += number < KILLS
    with database.env() as env:
        progress = env["usage.upload.progress"].search([])
        env.cr.execute("SELECT count(*), sum(quantity)::bigint FROM usage_event")
        events, quantity = env.cr.fetchone()
        told = {
            "kills": kills,
            "state": progress.state,
            "progress": progress.progress,
            "received": progress.batch_id.received_count,
            "right": (events, quantity, progress.batch_id.accepted_count) == (ROWS, total, ROWS),
            "seconds": (datetime.now() - began).seconds,
        }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])

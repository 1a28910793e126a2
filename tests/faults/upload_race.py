"""Processes that upload one file through the wizard at once; prints what the books say after."""

import base64
import json
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts/lib"))

from bench.database import open_database
from promises import world
from promises.crowd import gather, transaction

USERS, SUBJECTS, DAYS = 4, 20, 10
PROFILE = {
    "format": "csv",
    "subject": "serial",
    "external_id": {"key": ["serial", "time"]},
    "time": "time",
    "measures": [{"metric": {"constant": "units"}, "quantity": "quantity"}],
}


def content():
    """A file of SUBJECTS x DAYS readings in January 2024."""
    lines = ["serial,time,quantity"]
    for number in range(SUBJECTS):
        for day in range(1, DAYS + 1):
            lines.append(f"A-{number:05d},2024-01-{day:02d} 10:00:00,{number * 7 + day}.5")
    return "\n".join(lines).encode()


def upload(database, source_id):
    """What one user does; retried by the framework as a request would be."""

    def confirm(env):
        wizard = env["usage.upload"].create(
            {
                "source_id": source_id,
                "file": base64.b64encode(content()),
                "file_name": "readings.csv",
            }
        )
        wizard.action_preview()
        wizard.action_confirm()
        return wizard.batch_id.accepted_count, wizard.batch_id.duplicate_count

    return transaction(database, confirm)


def prepare(env):
    """Contracts with subjects, and a file source; returns the source's id."""
    world.contracts(env, SUBJECTS, date(2024, 1, 1))
    profile = env["usage.profile"].create({"name": "Race", "format": "csv", "is_advanced": True, "definition": PROFILE})
    return (
        env["usage.source"]
        .create(
            {
                "name": "Race",
                "code": "race",
                "transport": "file",
                "profile_id": profile.id,
                "tz": "UTC",
                "max_age_days": 40000,
            }
        )
        .id
    )


def main(config, name):
    """Upload at once, bill January, and compare with the sum over the file itself."""
    database = open_database(config, name)
    with database.env() as env:
        source_id = prepare(env)
        env.cr.commit()
    answers = gather(database, [(upload, source_id)] * USERS)
    with database.env() as env:
        events = env["usage.event"].search_count([])
        run = env["usage.billing.run"].create({"date_ref": date(2024, 2, 1)})
        run.action_start()
        invoiced = round(sum(run.line_ids.move_ids.mapped("amount_untaxed")), 2)
        env.cr.rollback()
    sys.stdout.write(
        json.dumps(
            {
                "uploads": USERS,
                "rows": SUBJECTS * DAYS,
                "accepted": sum(accepted for accepted, _duplicate in answers),
                "duplicate": sum(duplicate for _accepted, duplicate in answers),
                "events": events,
                "invoiced": invoiced,
                # half units at 0.01 each, rounded per invoice half away from zero
                "invoiced_once": round(sum(_rounded(number) for number in range(SUBJECTS)) / 100, 2),
            }
        )
        + "\n"
    )


def _rounded(number):
    """Cents of one subject's month: 0.01 per unit, so units are cents."""
    halves = sum(2 * (number * 7 + day) + 1 for day in range(1, DAYS + 1))
    return (halves + 1) // 2


if __name__ == "__main__":
    main(*sys.argv[1:])

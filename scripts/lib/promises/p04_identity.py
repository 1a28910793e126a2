"""Promise 4: identity does not expire.

The files of many days are stored, then all of them come again, shuffled, one record in a hundred with another
time. Nothing of it is a new event; what was changed is a conflict.
"""

import random
from datetime import date, timedelta

from . import world

NUMBER = 4
PROMISE = "Identity does not expire"
TARGET = "new events 0; conflicts = altered; duplicates = the others"
# days, records per day
SIZES = {"full": (400, 500), "medium": (400, 100), "small": (40, 50)}
SUBJECTS = 50
ALTERED = 100


def attack(database, size, seed):
    """Return {figures..., "holds": bool}."""
    days, per_day = SIZES[size]
    dice = random.Random(seed)
    with database.env() as env:
        world.contracts(env, SUBJECTS, date(2024, 1, 1))
        env.cr.commit()
        files = [[_record(day, number) for number in range(per_day)] for day in range(days)]
        for records in files:
            _send(env, records)
        before = _events(env)
        altered, duplicates, conflicts = 0, 0, 0
        dice.shuffle(files)
        for records in files:
            again, changed = _altered(records, dice)
            altered += changed
            batch = _send(env, again)
            duplicates += batch.duplicate_count
            conflicts += batch.suspended_count
        after = _events(env)
        waiting = env["usage.suspense"].search_count([("reason_code", "=", "conflict"), ("state", "=", "open")])
    sent = days * per_day
    return {
        "days": days,
        "sent again": sent,
        "altered": altered,
        "new events": after - before,
        "conflicts": conflicts,
        "conflicts in suspense": waiting,
        "duplicates": duplicates,
        "holds": before == after == sent
        and conflicts == altered == waiting
        and duplicates == sent - altered
        and altered > 0,
    }


def _record(day, number):
    record = world.record(day * 10_000 + number, SUBJECTS)
    return record._replace(occurred_at=world.record(0, SUBJECTS).occurred_at + timedelta(days=day, minutes=number))


def _altered(records, dice):
    records = list(records)
    dice.shuffle(records)
    places = dice.sample(range(len(records)), max(1, len(records) // ALTERED))
    for place in places:
        moved = records[place].occurred_at + timedelta(seconds=dice.randrange(1, 60))
        records[place] = records[place]._replace(occurred_at=moved)
    return records, len(places)


def _send(env, records):
    source = env["usage.source"].search([("code", "=", "attack")])
    batch = env["usage.batch"].create({"name": "day", "source_id": source.id})
    batch._store(records)
    env.cr.commit()
    env.invalidate_all()
    return batch


def _events(env):
    env.cr.execute("SELECT count(*) FROM usage_event")
    return env.cr.fetchone()[0]

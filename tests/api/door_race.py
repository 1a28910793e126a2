"""Processes that send the same usage over HTTP at once; prints what they were told and what the books say."""

import json
import random
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts/lib"))

from bench.database import open_database
from bench.door import Door, make_key
from promises import world
from promises.crowd import gather

SENDERS, IDS, PER_REQUEST, TIMES = 4, 400, 50, 2
PACE, KNOCKS = 30, 20
EVENTS, SUBJECTS = "/usage/v1/events", 20
MAX_TRIES = 20


def event(number, quantity=None):
    """The `number`-th event of a fixed sequence; another quantity makes it contradict itself."""
    record = world.record(number, SUBJECTS, quantity)
    return {
        "id": record.external_id,
        "subject": record.subject,
        "metric": record.metric,
        "time": record.occurred_at.isoformat(),
        "quantity": str(record.quantity),
    }


def send(database, key, seed):
    """What one sender does: all ids in an order of its own, TIMES times; busy answers are sent again."""
    door, told = Door(database.name, key), Counter()
    dice = random.Random(seed)
    for _time in range(TIMES):
        numbers = dice.sample(range(IDS), IDS)
        for start in range(0, IDS, PER_REQUEST):
            told += deliver(door, [event(number) for number in numbers[start : start + PER_REQUEST]])
    return told


def deliver(door, events):
    """Counts of what the items became and of the answers that were not 200."""
    told = Counter()
    for _try in range(MAX_TRIES):
        status, answer = door.post(EVENTS, json.dumps(events).encode())
        told[f"http {status}"] += 1
        if status == 200:
            return told + Counter(item["status"] for item in json.loads(answer)["items"])
        if status != 503:
            break
        time.sleep(random.uniform(0, 1))
    return told


def knock(database, key, _seed):
    """Requests that hold nothing, as fast as possible: their pace counts although nothing is stored."""
    door = Door(database.name, key)
    return Counter(door.post(EVENTS, b"[]")[0] for _request in range(KNOCKS))


def prepare(env):
    """Contracts with subjects; (source, key) of one that is sent to and of one that is knocked at."""
    world.contracts(env, SUBJECTS, date(2024, 1, 1))
    made = []
    for code, pace in (("race", 100_000), ("knock", PACE)):
        source = env["usage.source"].create(
            {
                "name": code,
                "code": code,
                "transport": "http",
                "tz": "UTC",
                "max_age_days": 40000,
                "http_requests_per_minute": pace,
            }
        )
        made.append((source.id, make_key(env, source)))
    return made


def main(config, name):
    """Send and knock at once, then send with other values, and count what is stored."""
    database = open_database(config, name)
    with database.env() as env:
        (source_id, key), (_knocked, knock_key) = prepare(env)
        env.cr.commit()
    sent = gather(database, [(send, key, seed) for seed in range(SENDERS)])
    knocked = gather(database, [(knock, knock_key, seed) for seed in range(SENDERS)])
    altered = deliver(Door(database.name, key), [event(number, 10_000) for number in range(PER_REQUEST)])
    with database.env() as env:
        batches = env["usage.batch"].search([("source_id", "=", source_id)])
        sums = {
            column: sum(batches.mapped(f"{column}_count"))
            for column in ("received", "accepted", "duplicate", "suspended")
        }
        env.cr.execute("SELECT count(*), sum(quantity)::text FROM usage_event WHERE source_id = %s", (source_id,))
        events, quantity = env.cr.fetchone()
    answer = {
        "sent": dict(sum(sent, Counter())),
        "knocked": {str(status): count for status, count in sum(knocked, Counter()).items()},
        "altered": dict(altered),
        "batches": sums,
        "events": events,
        "quantity": quantity,
        "quantity_once": str(sum(number % 97 + 1 for number in range(IDS))),
    }
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

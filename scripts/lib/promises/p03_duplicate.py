"""Promise 3: a duplicate is decided by the database.

Clients send the same ids in different orders, twice each, at once. Then the same ids
with altered values: conflicts found = conflicts injected.
"""

import random
from collections import Counter
from datetime import date

from . import world
from .crowd import gather, transaction

NUMBER = 3
PROMISE = "A duplicate is decided by the database"
TARGET = "events = ids; errors 0; duplicates = sent - ids; conflicts found = injected"
SIZES = {"full": (32, 10_000, 500), "medium": (8, 3_000, 250), "small": (4, 400, 50)}
SUBJECTS = 50


def attack(database, size, seed):
    """Return {figures..., "holds": bool}."""
    clients, ids, batch = SIZES[size]
    with database.env() as env:
        world.contracts(env, SUBJECTS, date(2024, 1, 1))
        env.cr.commit()
    answers = gather(database, [(_client, seed + number, ids, batch, None) for number in range(clients)])
    sent, counts = 2 * clients * ids, sum(answers, Counter())
    injected = ids // 10
    altered = gather(database, [(_client, seed, injected, batch, 10**6)])[0]
    with database.env() as env:
        events = env["usage.event"].search_count([])
        env.cr.execute("SELECT sum(event_count)::bigint, sum(quantity_sum)::text FROM usage_bucket")
        in_buckets, quantity = env.cr.fetchone()
        env.cr.execute("SELECT sum(quantity)::text FROM usage_event")
        stored = env.cr.fetchone()[0]
    found = altered["suspended"] // 2
    return {
        "clients": clients,
        "sent": sent,
        "events": events,
        "duplicates": counts["duplicate"],
        "errors": counts["errors"],
        "bucket events": in_buckets,
        "conflicts injected": injected,
        "conflicts found": found,
        "holds": events == ids == in_buckets
        and quantity == stored
        and counts["duplicate"] == sent - ids
        and not counts["errors"]
        and found == injected,
    }


def _client(database, seed, ids, batch, quantity):
    """Send all ids twice in an order of one's own; count the answers."""
    dice = random.Random(seed)
    counts = Counter()
    for _round in range(2):
        numbers = list(range(ids))
        dice.shuffle(numbers)
        for start in range(0, ids, batch):
            part = numbers[start : start + batch]
            try:
                counts += transaction(database, lambda env, part=part: _send(env, part, quantity))
            except Exception as error:  # noqa: BLE001 - every error a client sees is counted
                counts["errors"] += 1
                counts[f"error {type(error).__name__}"] += 1
    return counts


def _send(env, numbers, quantity):
    source = env["usage.source"].search([("code", "=", "attack")])
    batch = env["usage.batch"].create({"name": "attack", "source_id": source.id})
    batch._store([world.record(number, SUBJECTS, quantity) for number in numbers])
    return Counter(
        accepted=batch.accepted_count,
        duplicate=batch.duplicate_count,
        suspended=batch.suspended_count,
    )

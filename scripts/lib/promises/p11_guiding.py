"""Promise 11: guiding is single-valued.

Sessions edit assignments at random and at once, while usage comes in. No two assignments of a subject overlap, each
event has the one owner of its instant, and what nobody owned waits in suspense.
"""

import random
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from psycopg2 import errors

from odoo.exceptions import UserError, ValidationError

from . import world
from .crowd import gather, transaction

NUMBER = 11
PROMISE = "Guiding is single-valued"
TARGET = "overlaps stored 0; events with two owners 0; unguided in suspense 100 %"
# sessions, edits per session
SIZES = {"full": (8, 1_250), "medium": (8, 300), "small": (8, 25)}
CONTRACTS, DAYS = 20, 60
START = datetime(2024, 3, 1)
REFUSED = (errors.ExclusionViolation, errors.CheckViolation, UserError, ValidationError)
OVERLAPS = """
    SELECT count(*) FROM usage_assignment a JOIN usage_assignment b
        ON a.id < b.id AND a.subject_id = b.subject_id AND a.metric_id = b.metric_id
       AND tsrange(a.start_at, a.end_at) && tsrange(b.start_at, b.end_at)
"""
TWO_OWNERS = """
    SELECT count(*) FROM (
        SELECT e.id FROM usage_event e JOIN usage_assignment a
            ON a.subject_id = e.subject_id AND a.metric_id = e.metric_id
           AND tsrange(a.start_at, a.end_at) @> e.occurred_at
         GROUP BY e.id HAVING count(*) > 1) AS owned
"""


def attack(database, size, seed):
    """Return {figures..., "holds": bool}."""
    sessions, edits = SIZES[size]
    with database.env() as env:
        world.contracts(env, CONTRACTS, date(2024, 1, 1))
        env["usage.assignment"].search([]).write({"end_at": START})
        env.cr.commit()
    counts = sum(gather(database, [(_session, seed + n, n, edits) for n in range(sessions)]), Counter())
    with database.env() as env:
        overlaps, owners = _one(env, OVERLAPS), _one(env, TWO_OWNERS)
        events = _one(env, "SELECT count(*) FROM usage_event")
        waiting = env["usage.suspense"].search_count([("reason_code", "=", "no_assignment")])
        moved = _one(env, "SELECT count(*) FROM usage_assignment WHERE start_at >= %s", START)
    return {
        "sessions": sessions,
        "edits": sessions * edits,
        "assignments": moved,
        "edits refused": counts["refused"],
        "events": events,
        "overlaps": overlaps,
        "events with two owners": owners,
        "unguided": counts["unguided"],
        "unguided in suspense": waiting,
        "errors": counts["errors"],
        "holds": not overlaps
        and not owners
        and not counts["errors"]
        and counts["refused"] > 0
        and events == counts["accepted"]
        and waiting == counts["unguided"] > 0
        and events + waiting == counts["sent"],
    }


def _one(env, query, *values):
    env.cr.execute(query, values)
    return env.cr.fetchone()[0]


def _session(database, seed, number, edits):
    """Edit assignments, and send a record of a random subject and instant after each edit."""
    dice, counts = random.Random(seed), Counter()
    for turn in range(edits):
        try:
            transaction(database, lambda env, key=dice.random(): _edit(env, random.Random(key)))
        except REFUSED:
            counts["refused"] += 1
        except Exception as error:  # noqa: BLE001 - every other error is counted against the promise
            counts["errors"] += 1
            counts[f"error {type(error).__name__}"] += 1
        key = dice.random()
        counts += transaction(
            database, lambda env, key=key, turn=turn: _send(env, random.Random(key), f"{number}-{turn}")
        )
    return counts


def _edit(env, dice):
    """Make, move, or end an assignment; a move within the period ends one and begins another."""
    subjects, lines = env["usage.subject"].search([]), env["contract.line"].search([("usage_metric_id", "!=", False)])
    subject, line, at = dice.choice(subjects), dice.choice(lines), _instant(dice)
    now = subject.assignment_ids.filtered(lambda a: a.start_at >= START)
    action = dice.choice(("make", "make", "end", "shift", "move"))
    if action == "make" or not now:
        end = dice.choice((None, at + timedelta(hours=dice.randrange(1, 500))))
        _assign(env, subject, line, at, end)
    elif action == "end":
        dice.choice(now).end_at = at
    elif action == "shift":
        dice.choice(now).start_at = at
    else:
        held = dice.choice(now)
        end = held.end_at
        held.end_at = at
        _assign(env, subject, line, at, end)
    env.flush_all()


def _assign(env, subject, line, start, end):
    env["usage.assignment"].create(
        {"subject_id": subject.id, "contract_line_id": line.id, "start_at": start, "end_at": end}
    )


def _instant(dice):
    return START + timedelta(hours=dice.randrange(24 * DAYS))


def _send(env, dice, name):
    source = env["usage.source"].search([("code", "=", "attack")])
    batch = env["usage.batch"].create({"name": name, "source_id": source.id})
    at = (_instant(dice) + timedelta(minutes=30)).replace(tzinfo=timezone.utc)
    record = world.record(dice.randrange(CONTRACTS), CONTRACTS)
    batch._store([record._replace(external_id=name, occurred_at=at, quantity=Decimal(1))])
    return Counter(sent=1, accepted=batch.accepted_count, unguided=batch.suspended_count)

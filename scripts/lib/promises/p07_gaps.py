"""Promise 7: gaps, reorderings and restarts are told apart.

Devices number their messages. Some messages are lost, all are shuffled, some come twice; devices start again
and their numbers wrap. Stored gap rows must miss what is missing, and nothing else; then half of it comes late.
"""

import random
from datetime import datetime, timedelta, timezone

from . import world

NUMBER = 7
PROMISE = "Gaps, reorderings and restarts are told apart"
TARGET = "gaps found = messages dropped; false 0; closed when filled late 100 %"
# devices, messages, dropped
SIZES = {"full": (200, 100_000, 1_000), "medium": (100, 20_000, 400), "small": (20, 4_000, 80)}
WRAP = 65_536
# As many starts of a device as are remembered: what is filled after more of them is no longer recognised.
MAX_RESTARTS = 5
SWAP = 500
BATCH = 500
START = datetime(2024, 1, 1, tzinfo=timezone.utc)


def attack(database, size, seed):
    """Return {figures..., "holds": bool}."""
    from odoo.addons.odoo_usage_mediation.parsing.sequence import SequenceRules

    devices, count, dropped = SIZES[size]
    rng = random.Random(seed)
    sent = [message for number in range(devices) for message in _device(rng, number, count // devices)]
    # The first and the last message of a start cannot be missed by their numbers.
    lost = set(rng.sample([m for m in sent if m[4]], dropped))
    late = set(rng.sample(sorted(lost), dropped // 2))
    arriving = _shuffled(rng, [message for message in sorted(sent, key=_time) if message not in lost])
    with database.env() as env:
        world.contracts(env, 1, START.date())
        source = env["usage.source"].search([("code", "=", "attack")])
        rules = SequenceRules(first=0, wrap=WRAP, window=1_000)
        _take(env, source, rules, arriving)
        found = _compare(env, lost)
        _take(env, source, rules, sorted(late, key=_time))
        after = _compare(env, lost - late)
        env.cr.commit()
    holds = not any((found["unreported"], found["false"], after["unreported"], after["false"]))
    return {
        "devices": devices,
        "messages": len(sent),
        "dropped": len(lost),
        "reported missing": found["reported"],
        "unreported": found["unreported"],
        "false": found["false"],
        "filled late": len(late),
        "still missing": after["reported"],
        "not closed though filled": after["false"],
        "holds": holds,
    }


def _time(message):
    return message[3]


def _device(rng, number, count):
    """[(name, number that counts on, boot, at, may be lost)] of one device; half of them tell of restarts."""
    name, with_boot = f"D-{number:04d}", number % 2 == 0
    wraps, restarts = number % 4 in (0, 1), number % 4 in (0, 2, 3)
    at, messages, boot = START + timedelta(milliseconds=number), [], 0
    place = WRAP - rng.randint(50, max(51, count // 3)) if wraps else 0
    begun = 0
    for sent in range(count):
        if restarts and boot < MAX_RESTARTS and sent - begun > 40 and count - sent > 40 and rng.random() < 0.01:
            messages[-1] = (*messages[-1][:4], False)
            boot, place, begun = boot + 1, 0, sent
        at += timedelta(seconds=60)
        is_edge = sent in (begun, count - 1)
        messages.append((name, place, f"b{boot}" if with_boot else "", at, not is_edge))
        place += 1
    return messages


def _shuffled(rng, messages):
    """Messages swapped within SWAP places, one in a hundred of them twice."""
    placed = [(place + rng.uniform(0, SWAP), message) for place, message in enumerate(messages)]
    placed += [
        (place + rng.uniform(0, 2 * SWAP), message) for place, message in enumerate(messages) if rng.random() < 0.01
    ]
    return [message for _place, message in sorted(placed, key=lambda item: item[0])]


def _take(env, source, rules, messages):
    from odoo.addons.odoo_usage_mediation.mqtt.messages import Mark
    from odoo.addons.odoo_usage_mediation.mqtt.producers import Producers

    for first in range(0, len(messages), BATCH):
        part = messages[first : first + BATCH]
        producers = Producers(env, source, rules)
        producers.load({message[0] for message in part})
        batch = env["usage.batch"].create({"name": "numbers", "source_id": source.id})
        for name, place, boot, at, _may_be_lost in part:
            producers[name].observe(Mark(name, place % WRAP, at, boot), at)
        producers.save(batch)


def _compare(env, missing):
    """Open gap rows against what is missing: by device and number, and in total."""
    env.cr.execute(
        "SELECT p.name, g.number_first::bigint, g.number_last::bigint, g.missing_count::bigint, g.state"
        "  FROM usage_gap g JOIN usage_producer p ON p.id = g.producer_id"
    )
    rows = env.cr.fetchall()
    spans = {}
    for name, first, last, count, state in rows:
        if state == "open" and count:
            spans.setdefault(name, []).append((first, last))
    unreported = sum(
        not any(first <= place <= last for first, last in spans.get(name, ())) for name, place, *_rest in missing
    )
    reported = sum(count for *_row, count, _state in rows)
    wrong = sum((state == "closed") != (count == 0) for *_row, count, state in rows)
    return {"reported": reported, "unreported": unreported, "false": abs(reported - len(missing)) + wrong}

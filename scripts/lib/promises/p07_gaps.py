"""Promise 7: gaps, reorderings and restarts are told apart.

Simulated devices number their messages. Some messages are lost, all are shuffled, some come twice; devices start
again and again and their numbers wrap. Stored gap rows must miss what is missing, and nothing else; then half of it
comes late.
"""

import random

from simulate.faults import flow
from simulate.plan import DELTA, Plan
from simulate.truth import Truth

from . import world

NUMBER = 7
PROMISE = "Gaps, reorderings and restarts are told apart"
TARGET = "gaps found = messages dropped; false 0; closed when filled late 100 %"
# devices, messages of each, dropped of a thousand
SIZES = {"full": (200, 500, 10), "medium": (100, 200, 20), "small": (20, 200, 20)}
WRAP = 65_536
# Up to so many messages of a device late.
SWAP = 25
BATCH = 500


def attack(database, size, seed):
    """Return {figures..., "holds": bool}."""
    from odoo.addons.odoo_usage_mediation.parsing.sequence import SequenceRules

    devices, steps, dropped = SIZES[size]
    faults = {"reorder": 1000, "duplicate": 10, "drop": dropped, "restart": 100}
    plan = Plan(seed, {DELTA: devices}, minutes=1, steps=steps, faults=faults, wrap=WRAP, reorder_seconds=SWAP * 60)
    truth, arriving, lost = Truth(plan), [], []
    for arrival in flow(plan, truth):
        (lost if arrival.is_lost else arriving).append(arrival.message)
    late = random.Random(seed).sample(lost, len(lost) // 2)
    with database.env() as env:
        world.contracts(env, 1, plan.start.date())
        source = env["usage.source"].search([("code", "=", "attack")])
        rules = SequenceRules(first=0, wrap=WRAP, window=1_000)
        _take(env, source, rules, arriving)
        found = _compare(env, lost)
        _take(env, source, rules, late)
        after = _compare(env, set(lost) - set(late))
        env.cr.commit()
    holds = not any((found["unreported"], found["false"], after["unreported"], after["false"]))
    return {
        "devices": devices,
        "messages": truth.counts["messages"],
        "restarts": truth.faults["restart"],
        "most restarts of a device": max(message.boot for message in arriving),
        "dropped": len(lost),
        "reported missing": found["reported"],
        "unreported": found["unreported"],
        "false": found["false"],
        "filled late": len(late),
        "still missing": after["reported"],
        "not closed though filled": after["false"],
        "holds": holds and bool(lost),
    }


def _take(env, source, rules, messages):
    from odoo.addons.odoo_usage_mediation.mqtt.messages import Mark
    from odoo.addons.odoo_usage_mediation.mqtt.producers import Producers

    for first in range(0, len(messages), BATCH):
        part = messages[first : first + BATCH]
        producers = Producers(env, source, rules)
        producers.load({message.serial for message in part})
        batch = env["usage.batch"].create({"name": "numbers", "source_id": source.id})
        for message in part:
            mark = Mark(message.serial, message.number % WRAP, message.at, message.boot_name)
            producers[message.serial].observe(mark, message.at)
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
        not any(first <= message.number <= last for first, last in spans.get(message.serial, ())) for message in missing
    )
    reported = sum(count for *_row, count, _state in rows)
    wrong = sum((state == "closed") != (count == 0) for *_row, count, state in rows)
    return {"reported": reported, "unreported": unreported, "false": abs(reported - len(missing)) + wrong}

"""Promise 8: a register never invents or loses usage.

Simulated meters through the store: they count on, roll over at a declared size, are exchanged, estimated in
between, read late and sent twice; some readings are nonsense, some never come. What counts on each day must be
what the meter turned between its good readings.
"""

from collections import Counter
from datetime import date, datetime
from decimal import Decimal

from simulate.devices import devices
from simulate.faults import arriving
from simulate.plan import COUNTER, METRICS, Plan
from simulate.truth import Truth

from . import world

NUMBER = 8
PROMISE = "A register never invents or loses usage"
TARGET = "absolute error 0 on each day; negative deltas billed 0; anomalies suspended 100 %"
SIZES = {"full": 10_000, "medium": 2_000, "small": 150}
BATCHES = 5
SHARE = 500
ROLLOVER = 1_000
ESTIMATED = {"estimate": 250, "duplicate": 100}
LATE = {"reorder": 500, "delay": 500}
ALL = {"replace": 100, "absurd": 100, "drop": 50, "silence": 50, "reset": 200, "drift": 300}
# (faults, rollover) of the histories, in turn
STYLES = (
    ({**ESTIMATED, **LATE}, 0),
    ({**ESTIMATED}, ROLLOVER),
    ({**ESTIMATED, "replace": 200}, 0),
    ({**ESTIMATED, "absurd": 300, "altered": 50}, 0),
    ({**ESTIMATED, **LATE, **ALL}, ROLLOVER),
)


def attack(database, size, seed):
    """Return {figures..., "holds": bool}."""
    share = min(SHARE, SIZES[size] // len(STYLES))
    found = Counter({name: 0 for name in (*FIGURES, *BROKEN)})
    with database.env() as env:
        source = _prepare(env)
        for number in range(SIZES[size] // share):
            faults, rollover = STYLES[number % len(STYLES)]
            plan = Plan(seed, {COUNTER: share}, minutes=1_440, reorder_seconds=200_000, delay_hours=240)
            plan = plan._replace(faults=faults, rollover=rollover, steps=5 + number % 12, prefix=f"M{number}")
            found += _send(env, source, plan)
            env.cr.commit()
        found.update(_compare_all(env))
    return {**{name: found[name] for name in (*FIGURES, *BROKEN)}, "holds": not any(found[name] for name in BROKEN)}


FIGURES = ("histories", "readings", "anomalies")
BROKEN = (
    "wrong days",
    "missed anomalies",
    "good readings suspended",
    "negative without an estimate",
    "buckets that differ",
)


def _prepare(env):
    contract = world.contracts(env, 1, date(2025, 1, 1))
    metric = contract.contract_line_ids.usage_metric_id
    metric.code = METRICS[COUNTER][0]
    source = env["usage.source"].search([("code", "=", "attack")])
    source.write({"register_metric_ids": [(4, metric.id)], "max_ahead_minutes": 10**7})
    env.cr.commit()
    return source


def _send(env, source, plan):
    """Send one share of the histories and compare it with its truth."""
    # Registers are made with the bounds that the source has then.
    source.write({"register_rollover": plan.rollover, "register_max_per_day": 10_000})
    line = env["contract.line"].search([("usage_metric_id.code", "=", METRICS[COUNTER][0])])
    subjects = env["usage.subject"].create([{"code": device.serial} for device in devices(plan)])
    env["usage.assignment"].create(
        [{"subject_id": s.id, "contract_line_id": line.id, "start_at": datetime(2000, 1, 1)} for s in subjects]
    )
    truth = Truth(plan)
    messages = list(arriving(plan, truth))
    size = -(-len(messages) // BATCHES)
    for start in range(0, len(messages), size):
        batch = env["usage.batch"].create({"name": "readings", "source_id": source.id})
        batch._store([_record(place, message) for place, message in enumerate(messages[start : start + size], start=1)])
    found = Counter({"histories": len(subjects), "readings": truth.counts["arriving"]})
    return found + _compare(env, truth, subjects)


def _record(place, message):
    from odoo.addons.odoo_usage_billing.store import UsageRecord

    return UsageRecord(
        row_number=place,
        external_id=message.id,
        subject=message.serial,
        metric=message.metric,
        occurred_at=message.at,
        quantity=Decimal(message.quantity),
        dimensions={"reading_kind": message.kind, "register_started_at": message.since},
    )


def _compare(env, truth, subjects):
    """Days and suspense of one share, against its truth."""
    env.cr.execute(
        "SELECT s.code, b.usage_date::text, SUM(b.quantity_sum)::text"
        "  FROM usage_bucket b JOIN usage_subject s ON s.id = b.subject_id WHERE s.id = ANY(%s) GROUP BY 1, 2",
        (subjects.ids,),
    )
    stored = {(code, day): Decimal(total) for code, day, total in env.cr.fetchall() if Decimal(total)}
    wanted = {(serial, day): quantity for (serial, _metric, day), quantity in truth.booked.items() if quantity}
    env.cr.execute(
        "SELECT payload->>'external_id' FROM usage_suspense WHERE payload->>'subject' = ANY(%s)",
        (subjects.mapped("code"),),
    )
    suspended = {external_id for (external_id,) in env.cr.fetchall()}
    anomalies = {*truth.suspense, *truth.conflicts}
    return Counter(
        {
            "anomalies": len(anomalies),
            "wrong days": sum(stored.get(key) != wanted.get(key) for key in stored.keys() | wanted.keys()),
            "missed anomalies": len(anomalies - suspended),
            "good readings suspended": len(suspended - anomalies),
        }
    )


def _compare_all(env):
    """Of all histories: negative usage that brings no estimate to what was read, and buckets beside their events."""
    from odoo.addons.odoo_usage_billing.store.buckets import rebuild_buckets

    env.cr.execute(
        "SELECT count(*) FROM usage_event e WHERE e.quantity < 0 AND e.voids_event_id IS NULL AND NOT EXISTS ("
        " SELECT FROM usage_reading r WHERE r.subject_code = (SELECT code FROM usage_subject WHERE id = e.subject_id)"
        " AND r.kind = 'estimated')"
    )
    negative = env.cr.fetchone()[0]
    lines = env["contract.line"].search([("usage_metric_id.code", "=", METRICS[COUNTER][0])])
    return {"negative without an estimate": negative, "buckets that differ": rebuild_buckets(env.cr, lines.ids)}

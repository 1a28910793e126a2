"""Promise 8: a register never invents or loses usage.

Random meters through the store: they count on, roll over at a declared size, are exchanged, estimated in
between, read late and sent twice; some readings are nonsense. What counts must be what the meter turned
between its first and its last good reading.
"""

import random
from collections import defaultdict
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from . import world

NUMBER = 8
PROMISE = "A register never invents or loses usage"
TARGET = "absolute error 0; negative deltas billed 0; anomalies suspended 100 %"
SIZES = {"full": 10_000, "medium": 2_000, "small": 150}
BATCHES = 5
SHARE = 500
ROLLOVER = 1_000
START = datetime(2024, 1, 1, tzinfo=timezone.utc)


def attack(database, size, seed):
    """Return {figures..., "holds": bool}."""
    rng = random.Random(seed)
    histories = [history(rng, number) for number in range(SIZES[size])]
    with database.env() as env:
        source = _prepare(env, len(histories))
        for first in range(0, len(histories), SHARE):
            _send(env, source, histories[first : first + SHARE])
            env.cr.commit()
        found = _compare(env, source, histories)
    holds = not found["wrong totals"] and not found["negative without an estimate"] and not found["missed anomalies"]
    holds = holds and not found["good readings suspended"] and not found["buckets that differ"]
    return {"histories": len(histories), **found, "holds": holds}


class Meter:
    """What a meter turned, and what a reader saw of it."""

    def __init__(self, rng, number, rollover=None):
        self.rng, self.number, self.rollover = rng, number, rollover
        self.at, self.turned, self.offset = START + timedelta(seconds=number), Decimal(0), Decimal(rng.randrange(900))
        self.readings, self.anomalies = [], set()

    def turn(self):
        """A day or so goes by."""
        self.at += timedelta(hours=self.rng.randint(6, 48), microseconds=self.rng.randrange(10**6))
        self.turned += Decimal(self.rng.randrange(0, 30_000)) / 1_000

    @property
    def shown(self):
        value = self.offset + self.turned
        return value % self.rollover if self.rollover else value

    def read(self, kind="actual", value=None):
        """Somebody reads the meter."""
        self.readings.append((len(self.readings), self.at, self.shown if value is None else value, kind))


def history(rng, number):
    """(meter, readings in the order and batches of their arrival)."""
    style = rng.choice(("late", "rolling", "exchanged", "nonsense"))
    meter = Meter(rng, number, ROLLOVER if style == "rolling" else None)
    meter.read()
    for _step in range(rng.randint(4, 16)):
        meter.turn()
        if rng.random() < 0.25:
            meter.read("estimated", meter.shown + rng.randrange(3) if style == "late" else None)
            continue
        if style == "exchanged" and rng.random() < 0.3:
            meter.read("closing")
            meter.at += timedelta(hours=1)
            meter.offset = Decimal(rng.randrange(50)) - meter.turned
            meter.read("opening")
            continue
        if style == "nonsense" and rng.random() < 0.4:
            meter.anomalies.add(len(meter.readings))
            meter.read(value=rng.choice((Decimal(-1), meter.shown + 10**7, Decimal("-0.001"))))
            meter.turn()
        meter.read()
    meter.turn()
    meter.read()
    return meter, _arrival(rng, meter.readings, shuffled=style == "late")


def _arrival(rng, readings, shuffled):
    """BATCHES lists of readings; some come twice."""
    order = rng.sample(readings, len(readings)) if shuffled else list(readings)
    cuts = sorted(rng.randrange(len(order) + 1) for _ in range(BATCHES - 1))
    batches = [order[start:end] for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True)]
    for place in range(1, BATCHES):
        earlier = [reading for batch in batches[:place] for reading in batch]
        batches[place] += rng.sample(earlier, min(len(earlier), rng.randrange(3)))
    return batches


def _prepare(env, count):
    contract = world.contracts(env, 1, date(2024, 1, 1))
    line = contract.contract_line_ids
    subjects = env["usage.subject"].create([{"code": f"M-{number:05d}"} for number in range(count)])
    env["usage.assignment"].create(
        [{"subject_id": s.id, "contract_line_id": line.id, "start_at": datetime(2000, 1, 1)} for s in subjects]
    )
    source = env["usage.source"].search([("code", "=", "attack")])
    source.write({"register_metric_ids": [(4, line.usage_metric_id.id)], "max_ahead_minutes": 10**7})
    env.cr.commit()
    return source


def _record(meter, reading):
    from odoo.addons.odoo_usage_billing.store import UsageRecord

    place, at, value, kind = reading
    return UsageRecord(
        row_number=place + 1,
        external_id=f"{meter.number}/{place}",
        subject=f"M-{meter.number:05d}",
        metric="units",
        occurred_at=at,
        quantity=value,
        dimensions={"reading_kind": kind},
    )


def _send(env, source, histories):
    """Registers are made with the bounds that the source has then: the size of those that roll over."""
    for number in range(BATCHES):
        batch = env["usage.batch"].create({"name": f"readings {number}", "source_id": source.id})
        for rolling in (False, True):
            source.write({"register_rollover": ROLLOVER if rolling else 0, "register_max_per_day": 10_000})
            batch._store(
                _record(meter, reading)
                for meter, batches in histories
                for reading in batches[number]
                if bool(meter.rollover) == rolling
            )


def _compare(env, source, histories):
    from odoo.addons.odoo_usage_billing.store.buckets import rebuild_buckets

    env.cr.execute(
        "SELECT s.code, SUM(e.quantity)::text, bool_or(e.quantity < 0 AND e.voids_event_id IS NULL)"
        "  FROM usage_event e JOIN usage_subject s ON s.id = e.subject_id WHERE e.source_id = %s GROUP BY 1",
        (source.id,),
    )
    billed = {code: (Decimal(total), negative) for code, total, negative in env.cr.fetchall()}
    env.cr.execute("SELECT payload->>'external_id' FROM usage_suspense WHERE source_id = %s", (source.id,))
    suspended = {external_id for (external_id,) in env.cr.fetchall()}
    found = defaultdict(int)
    for meter, _batches in histories:
        total, negative = billed.get(f"M-{meter.number:05d}", (Decimal(0), False))
        found["wrong totals"] += total != meter.turned
        estimated = any(kind == "estimated" for _place, _at, _value, kind in meter.readings)
        found["negative without an estimate"] += bool(negative and not estimated)
        for place, *_rest in meter.readings:
            is_suspended = f"{meter.number}/{place}" in suspended
            found["missed anomalies"] += place in meter.anomalies and not is_suspended
            found["good readings suspended"] += place not in meter.anomalies and is_suspended
    lines = env["contract.line"].search([("contract_id.name", "=like", "Attacked%")])
    return {
        "readings": sum(len(meter.readings) for meter, _batches in histories),
        "anomalies": sum(len(meter.anomalies) for meter, _batches in histories),
        **{name: found[name] for name in ("wrong totals", "negative without an estimate", "missed anomalies")},
        "good readings suspended": found["good readings suspended"],
        "buckets that differ": rebuild_buckets(env.cr, lines.ids),
    }

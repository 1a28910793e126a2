"""Promise 9: each event falls in exactly one period.

Contracts of several time zones and recurrences get events packed around the first instants of their days: both changes
of the clocks, by an hour, by half an hour and at midnight, a day that a zone left out, leap days, the last days of
months. What is ancient, far ahead, or of nobody goes along. The product makes the periods and bills them; what belongs
into each is worked out here, from the time zones alone.
"""

import random
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from odoo import Command, fields

from . import p09_proof, world
from .crowd import gather, transaction

NUMBER = 9
PROMISE = "Each event falls in exactly one period"
TARGET = "events in no period 0; in two 0; sum over periods = total; out-of-window suspended 100 %"
#: (zones, kinds of recurrence, events, of these out of every window)
SIZES = {"full": (6, 14, 1_000_000, 12_000), "medium": (4, 8, 100_000, 2_000), "small": (3, 3, 6_000, 300)}
#: Clocks change by an hour, by half an hour, not at all, at midnight; and quarters of an hour off.
ZONES = ("Europe/Brussels", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo", "America/Havana", "Asia/Kathmandu")
SKIPPED = ("Pacific/Apia", "daily", 1, date(2011, 12, 27), date(2012, 1, 3))
#: (recurrence, interval, first day, first day after); without a first day: so many days around a change of the clocks.
KINDS = (
    ("monthly", 1, date(2023, 12, 31), date(2024, 5, 12)),
    ("daily", 1, None, 4),
    ("weekly", 1, date(2024, 2, 26), date(2024, 4, 9)),
    ("monthlylastday", 1, date(2023, 12, 15), date(2024, 12, 20)),
    ("quarterly", 1, date(2023, 11, 30), date(2025, 3, 1)),
    ("yearly", 1, date(2024, 2, 29), date(2026, 3, 1)),
    ("daily", 1, date(2024, 2, 27), date(2024, 3, 3)),
    ("monthly", 1, date(2024, 1, 30), date(2025, 3, 2)),
    ("monthly", 1, date(2023, 1, 29), date(2024, 3, 30)),
    ("monthly", 1, date(2024, 1, 1), date(2025, 3, 1)),
    ("semesterly", 1, date(2023, 8, 31), date(2025, 8, 31)),
    ("weekly", 2, date(2024, 9, 25), date(2024, 12, 27)),
    ("daily", 3, date(2024, 10, 20), date(2024, 11, 14)),
    ("monthly", 2, date(2023, 10, 31), date(2025, 2, 28)),
)
MICRO, SECOND, MINUTE, HOUR = (timedelta(**{unit: 1}) for unit in ("microseconds", "seconds", "minutes", "hours"))
AROUND = (
    0 * HOUR,
    SECOND,
    MINUTE,
    30 * MINUTE - SECOND,
    30 * MINUTE,
    59 * MINUTE,
    HOUR,
    90 * MINUTE,
    2 * HOUR,
    11 * HOUR,
)
UTC = timezone.utc
MAX_AGE, AHEAD, MARGIN = 6_000, 60, timedelta(minutes=20)
ANCIENT = tuple(datetime(year, 1, 1, tzinfo=UTC) for year in (1, 1582, 1883, 1969, 1970, 2000))
FAR = (datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC))
BATCH, BILLED_AT_ONCE = 20_000, 20


class Place(NamedTuple):
    """A usage line, its subject and its days `[start, end)` in a zone."""

    line_id: int
    serial: str
    zone: str
    slots: bool
    start: date
    end: date
    is_open: bool


def attack(database, size, seed):
    """Return {figures..., "holds": bool}."""
    zones, kinds, events, outside = SIZES[size]
    places = transaction(database, lambda env: _prepare(env, zones, kinds))
    share = -(-(events - outside) // len(places))
    half = (len(places) + 1) // 2
    shares = [places[:half], places[half:]]
    gather(database, [(_send, seed, part, share) for part in shares])
    strange = _strange(seed, places, outside)
    transaction(database, lambda env: _store(env, [record for record, _reason in strange]))
    failed = _bill(database)
    return p09_proof.prove(database, places, lambda place: plan(seed, place, share), strange, failed)


# -- contracts --------------------------------------------------------------


def _prepare(env, zones, kinds):
    """The Places of a contract for each zone and kind; half of the subjects are assigned for its days alone."""
    metric, source, card, product = world.prepare(env)
    source.write({"max_age_days": MAX_AGE, "max_ahead_minutes": AHEAD})
    slotted = env["usage.metric"].create(
        {"name": "By the half hour", "code": "slots", "uom_id": metric.uom_id.id, "slot_minutes": str(p09_proof.SLOT)}
    )
    partner = env["res.partner"].create({"name": "Around the world"})
    wanted = [(zone, *_days(zone, kind)) for zone in ZONES[:zones] for kind in KINDS[:kinds]]
    places = []
    for number, (zone, rule, interval, start, end) in enumerate([*wanted, SKIPPED]):
        by_slot = number % 3 == 1
        line = {
            "name": "Units",
            "product_id": product.id,
            "usage_metric_id": (slotted if by_slot else metric).id,
            "usage_rate_card_id": card.id,
            "recurring_invoicing_type": "post-paid",
            "recurring_rule_type": rule,
            "recurring_interval": interval,
            "date_start": start,
            "date_end": end - timedelta(days=1),
        }
        line_id = _contract(env, partner, zone, line).id
        place = Place(line_id, f"P-{number:03d}", zone, by_slot, start, end, bool(number % 2))
        _assign(env, place)
        places.append(place)
    return places


def _contract(env, partner, zone, line):
    """The line of a contract of its own."""
    vals = {"contract_type": "sale", "line_recurrence": True, "usage_invoice_policy": "draft", "usage_tz": zone}
    vals |= {"name": f"{zone} {line['recurring_rule_type']} {line['date_start']}", "partner_id": partner.id}
    return env["contract.contract"].create({**vals, "contract_line_ids": [Command.create(line)]}).contract_line_ids


def _assign(env, place):
    subject = env["usage.subject"].create({"code": place.serial})
    start, end = (first_instant(place.zone, day).replace(tzinfo=None) for day in (place.start, place.end))
    if place.is_open:
        start, end = datetime(2000, 1, 1), False
    vals = {"subject_id": subject.id, "contract_line_id": place.line_id, "start_at": start, "end_at": end}
    env["usage.assignment"].create(vals)


def _days(zone, kind):
    """(recurrence, interval, first day, first day after) of a kind; of one without days, around a change of clocks."""
    rule, interval, start, end = kind
    if start is None:
        days = end
        change = next(iter(changes(zone, date(2024, 2, 1), date(2024, 12, 1))), date(2024, 6, 30))
        start, end = change - timedelta(days=days // 2), change + timedelta(days=days // 2 + 1)
    return rule, interval, start, end


# -- time, from the zones alone -----------------------------------------------


def local_day(zone, instant):
    """The day that calendars show in a zone at an instant."""
    return instant.astimezone(ZoneInfo(zone)).date()


def first_instant(zone, day):
    """The first instant (UTC, whole seconds) of a local day; where a zone left the day out, of the next one."""
    low = datetime.combine(day, datetime.min.time(), UTC) - timedelta(hours=30)
    before, after = 0, 60 * 3600
    while after - before > 1:
        middle = (before + after) // 2
        if local_day(zone, low + timedelta(seconds=middle)) >= day:
            after = middle
        else:
            before = middle
    return low + timedelta(seconds=after)


def changes(zone, start, end):
    """The days of `[start, end)` on which the clocks of a zone change."""
    days = (start + timedelta(days=number) for number in range((end - start).days))
    offsets = ((day, *(_offset(zone, day + timedelta(days=n)) for n in (0, 1))) for day in days)
    return [day for day, before, after in offsets if before != after]


def _offset(zone, day):
    return datetime.combine(day, datetime.min.time(), UTC).astimezone(ZoneInfo(zone)).utcoffset()


# -- events -------------------------------------------------------------------


def plan(seed, place, share):
    """[(number, instant, quantity)] of a place, numbered from its own beginning; the same for the same seed."""
    dice = random.Random(f"{seed} {place.serial}")
    instants = _instants(place)
    return [(number, dice.choice(instants), dice.randint(1, 1000)) for number in range(share)]


def _instants(place):
    """Instants around the beginnings of a place's days, sharp days four times, and within its days."""
    sharp = set(changes(place.zone, place.start, place.end)) | {place.start, place.end}
    first, last = first_instant(place.zone, place.start), first_instant(place.zone, place.end)
    found = []
    for number in range((place.end - place.start).days + 1):
        day = place.start + timedelta(days=number)
        edge = first_instant(place.zone, day)
        is_sharp = day in sharp or day - timedelta(days=1) in sharp or day.day in (1, 28, 29, 30, 31)
        around = [edge + sign * step for step in (*AROUND, MICRO) for sign in (1, -1)]
        found += [at for at in around if first <= at < last] * (4 if is_sharp else 1)
    return found


def _records(place, events):
    from odoo.addons.odoo_usage_billing.store import UsageRecord

    metric = "slots" if place.slots else "units"
    return [
        UsageRecord(number, f"{place.serial}/{number}", place.serial, metric, at, Decimal(quantity))
        for number, at, quantity in events
    ]


def _send(database, seed, places, share):
    """Store the events of places: most by place, whose instants are whole seconds; the others mixed, as they come."""
    mixed = []
    for place in places:
        records = _records(place, plan(seed, place, share))
        whole = [record for record in records if not record.occurred_at.microsecond and record.row_number % 4]
        left = {record.external_id for record in whole}
        mixed += [record for record in records if record.external_id not in left]
        _store_all(database, whole)
    random.Random(seed).shuffle(mixed)
    _store_all(database, mixed)


def _store_all(database, records):
    for start in range(0, len(records), BATCH):
        transaction(database, lambda env, part=records[start : start + BATCH]: _store(env, part))


def _store(env, records):
    source = env["usage.source"].search([("code", "=", "attack")])
    env["usage.batch"].create({"name": "edges", "source_id": source.id})._store(records)


def _strange(seed, places, count):
    """[(record, reason)] of usage that belongs to no period: too old, too far ahead, or of days that nobody has."""
    dice, found = random.Random(seed), []
    now = fields.Datetime.now().replace(tzinfo=UTC)
    oldest, newest = now - timedelta(days=MAX_AGE), now + timedelta(minutes=AHEAD)
    for number in range(count):
        place = dice.choice(places)
        first, last = first_instant(place.zone, place.start), first_instant(place.zone, place.end)
        nobody = "outside_line" if place.is_open else "no_assignment"
        reason, at = dice.choice(
            (
                ("time_too_old", dice.choice((*ANCIENT, oldest - MARGIN, oldest - 400 * 24 * HOUR))),
                ("time_in_future", dice.choice((*FAR, newest + MARGIN, newest + 400 * 24 * HOUR))),
                (nobody, dice.choice((first - MICRO, first - SECOND, last, last + MICRO, last + HOUR))),
                (nobody, dice.choice((oldest + MARGIN, newest - MARGIN))),
            )
        )
        (record,) = _records(place, [(number, at, dice.randint(1, 1000))])
        found.append((record._replace(external_id=f"strange-{number}"), reason))
    return found


# -- bills --------------------------------------------------------------------


def _bill(database):
    """Bill every contract to its end; returns how many failed or were held."""
    with database.env() as env:
        run = env["usage.billing.run"].create({"date_ref": date(2026, 6, 1)})
        run._list_contracts()
        env.cr.commit()
        while pending := run.line_ids.filtered(lambda line: line.state == "pending")[:BILLED_AT_ONCE]:
            run._process(pending)
            env.cr.commit()
            env.invalidate_all()
        return run.failed_count + run.held_count

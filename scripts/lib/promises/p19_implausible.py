"""Promise 19: implausible bills wait for a person.

Absurd months among ordinary ones: ten times the usual, turned below zero, a thousand million, another unit, most of the
records in suspense, messages missing. The absurd ones must be held, the ordinary ones posted, by the bounds that a
company begins with; gaps are switched on. First bills are ordinary ones.
"""

import random
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from . import world
from .crowd import transaction

NUMBER = 19
PROMISE = "Implausible bills wait for a person"
TARGET = "held = injected; absurd bills posted 0; false holds <= 1 % of ordinary periods"
#: (ordinary contracts, absurd ones)
SIZES = {"full": (1_000, 100), "medium": (200, 40), "small": (24, 12)}
START, MONTHS = date(2024, 1, 1), 5
#: The bounds that a company begins with, and the one that is off.
BEGUN_WITH = ("usage_hold_negative", "usage_hold_factor", "usage_hold_lines", "usage_hold_suspense_percent")
TWISTS = {
    "ten times": lambda quantity: quantity * 10,
    "below zero": lambda quantity: -quantity,
    "a thousand million": lambda _quantity: Decimal(10) ** 9,
    "another unit": lambda quantity: quantity * 1000,
    "suspense": lambda quantity: quantity,
    "open gap": lambda quantity: quantity,
}


def attack(database, size, seed):
    """Return {figures..., "holds": bool}."""
    ordinary, absurd = SIZES[size]
    dice = random.Random(seed)
    ids = transaction(database, lambda env: _prepare(env, ordinary + absurd))
    usual = [Decimal(dice.randint(500, 5_000)) for _id in ids]
    for month in range(1, MONTHS):
        transaction(database, lambda env, month=month: _send(env, _month(dice, month, usual, {})))
        _bill(database, month + 1)
    twisted = {number: list(TWISTS)[number % len(TWISTS)] for number in dice.sample(range(len(ids)), absurd)}
    transaction(database, lambda env: _send(env, _month(dice, MONTHS, usual, twisted)))
    transaction(database, lambda env: _hide(env, twisted))
    _bill(database, MONTHS + 1)
    held, posted = _outcome(database)
    wanted = {ids[number] for number in twisted}
    false_holds, missed = len(held - wanted), len(wanted - held)
    return {
        "ordinary periods": ordinary,
        "absurd periods": absurd,
        "held": len(held & wanted),
        "absurd bills posted": len(posted & wanted),
        "false holds": false_holds,
        "ordinary bills posted": len(posted - wanted),
        "holds": not missed and not posted & wanted and false_holds * 100 <= ordinary,
    }


def _prepare(env, count):
    begun_with = {name: env.company[name] for name in BEGUN_WITH}
    contracts = world.contracts(env, count, START)
    env.company.write({**begun_with, "usage_hold_gap": True})
    env["usage.metric"].search([("code", "=", "units")]).accept_negative = True
    # A source that has lost messages: what comes from it is suspect, and from it alone.
    env["usage.source"].create({"name": "Lossy", "code": "lossy", "tz": "UTC", "max_age_days": 40000})
    return contracts.ids


def _month(dice, month, usual, twisted):
    """[(source code, record)] of one month, three events a contract, a third more or less than usual."""
    from odoo.addons.odoo_usage_billing.store import UsageRecord

    records = []
    for number, quantity in enumerate(usual):
        twist = twisted.get(number)
        for part in range(3):
            day = datetime(2024, month, 1, 9, tzinfo=timezone.utc) + timedelta(days=dice.randrange(27))
            used = (quantity * dice.randint(67, 133) / 300).quantize(Decimal(1))
            used = TWISTS[twist](used) if twist else used
            name, source = f"{month}-{number}-{part}", "lossy" if twist == "open gap" else "attack"
            records.append((source, UsageRecord(part, name, f"A-{number:05d}", "units", day, used)))
            if twist == "suspense":
                bad = UsageRecord(part, f"again-{name}", f"A-{number:05d}", "units", day, used, voids="nothing")
                records.append((source, bad))
    return records


def _send(env, records):
    for code in ("attack", "lossy"):
        source = env["usage.source"].search([("code", "=", code)])
        mine = [record for name, record in records if name == code]
        if mine:
            env["usage.batch"].create({"name": "month", "source_id": source.id})._store(mine)


def _hide(env, twisted):
    """Messages of the lossy source have not arrived."""
    if "open gap" not in twisted.values():
        return
    source = env["usage.source"].search([("code", "=", "lossy")])
    producer = env["usage.producer"].create({"name": "lossy", "source_id": source.id})
    env["usage.gap"].create(
        {
            "producer_id": producer.id,
            "source_id": source.id,
            "company_id": source.company_id.id,
            "epoch": 0,
            "number_first": 1,
            "number_last": 9,
            "missing_count": 9,
            "found_at": datetime(2024, MONTHS, 20),
        }
    )


def _bill(database, month):
    def run(env):
        made = env["usage.billing.run"].create({"date_ref": date(2024, month, 1)})
        made._list_contracts()
        while pending := made.line_ids.filtered(lambda line: line.state == "pending"):
            made._process(pending[:50])
        failed = made.line_ids.filtered(lambda line: line.state == "failed")
        if failed:
            raise AssertionError(failed[0].message)

    transaction(database, run)


def _outcome(database):
    """(contracts with a held period, contracts whose last month is on a posted invoice)."""
    last = date(2024, MONTHS, 1)
    with database.env() as env:
        held = env["usage.hold"].search([("state", "=", "held")]).contract_id.ids
        billed = env["usage.billing.period"].search([("date_start", "=", last), ("move_id.state", "=", "posted")])
        return set(held), set(billed.contract_id.ids)

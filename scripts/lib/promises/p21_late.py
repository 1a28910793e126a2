"""Promise 21: late usage is always billed or explained, once.

Usage arrives up to 400 days late, in random order, events are taken back, prices of billed days change; meanwhile two
workers look for changes, one bills, and a person decides. What was invoiced, written off or rejected must in the end
be what all the usage costs at the prices of its days, worked out here by hand.
"""

import random
import time
from collections import defaultdict
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from dateutil.relativedelta import relativedelta

from odoo import Command

from . import world
from .crowd import gather, transaction

NUMBER = 21
PROMISE = "Late usage is always billed or explained, once"
TARGET = "difference 0.00; ignored 0; billed twice 0; changed postings 0"
#: (contracts, events, months of billing)
SIZES = {"full": (40, 10_000, 14), "medium": (20, 3_000, 8), "small": (6, 300, 3)}
START = date(2024, 1, 1)
#: How often the scheduled job comes back to a run before it counts as not finished.
TURNS = 100
POLICIES = ("ask", "next_invoice", "own_invoice")


def attack(database, size, seed):
    """Return {figures..., "holds": bool}."""
    count, events, months = SIZES[size]
    dice = random.Random(seed)
    prices = transaction(database, lambda env: _prepare(env, count))
    plan = _plan(dice, count, events, months)
    taken_back, corrections, written = 0, 0, {}
    for month in range(1, months + 1):
        day = START + relativedelta(months=month)
        taken_back += transaction(database, lambda env, month=month: _send(env, plan[month]))
        corrections += _reprice(database, dice, prices, month)
        gather(database, [(_look,), (_look,), (_bill, day)])
        transaction(database, lambda env, month=month: _decide(env, random.Random(seed + month)))
        written.update(_posted(database))
    for _turn in range(2):  # what is accepted comes on an invoice, and nothing more is found
        gather(database, [(_look,), (_look,)])
        _bill_rest(database)
    changed = sum(written[id_] != stamp for id_, stamp in _posted(database).items() if id_ in written)
    expected = _by_hand(database, prices)
    figures = _booked(database)
    difference = sum(abs(expected[id_] - figures["amounts"].get(id_, 0)) for id_ in expected)
    return {
        "contracts": count,
        "events": events,
        "taken back": taken_back,
        "prices changed": corrections,
        "adjustments": figures["adjustments"],
        "ignored": figures["ignored"],
        "billed twice": figures["twice"],
        "changed postings": changed,
        "difference": f"{difference:.2f}",
        "holds": not (difference or figures["ignored"] or figures["twice"] or changed) and figures["adjustments"] > 0,
    }


def _prepare(env, count):
    """{contract line id: [(first day, price)]}; own prices, so that each contract has its history."""
    contracts = world.contracts(env, count, START)
    for number, contract in enumerate(contracts):
        contract.usage_adjustment_policy = POLICIES[number % len(POLICIES)]
        contract.usage_write_off_below = number % 2
    return {line.id: [(date(2000, 1, 1), Decimal("0.01"))] for line in contracts.contract_line_ids}


def _plan(dice, count, events, months):
    """{month of arrival: [record]}: each event arrives in a random month after it occurred, or in time."""
    from odoo.addons.odoo_usage_billing.store import UsageRecord

    plan, span = defaultdict(list), (START + relativedelta(months=months) - START).days
    for number in range(events):
        day = dice.randrange(span)
        occurred = datetime.combine(START + timedelta(days=day), datetime.min.time(), timezone.utc) + timedelta(hours=9)
        soonest = min(months, day // 31 + 1)
        arrival = dice.randint(soonest, min(months, soonest + 13)) if dice.random() < 0.5 else soonest
        subject, quantity = f"A-{dice.randrange(count):05d}", Decimal(dice.randint(1, 500))
        plan[arrival].append(UsageRecord(number, f"e-{number}", subject, "units", occurred, quantity))
        if dice.random() < 0.1:
            void = UsageRecord(number, f"v-{number}", subject, "units", occurred, Decimal(0), voids=f"e-{number}")
            plan[dice.randint(arrival, months)].append(void)
    for records in plan.values():
        dice.shuffle(records)
    return plan


def _send(env, records):
    source = env["usage.source"].search([("code", "=", "attack")])
    batch = env["usage.batch"].create({"name": "late", "source_id": source.id})
    batch._store(records)
    return sum(bool(record.voids) for record in records)


def _reprice(database, dice, prices, month):
    """Give some contracts another price from a day on that may be billed already; returns how many."""
    chosen = dice.sample(sorted(prices), max(1, len(prices) // 5))
    changes = []
    for line_id in chosen:
        first = START + timedelta(days=dice.randrange(31 * month))
        if first > prices[line_id][-1][0]:
            prices[line_id].append((first, Decimal(dice.randint(1, 9)) / 100))
            changes.append(line_id)

    def put(env):
        for line_id in changes:
            (first, price), overrides = prices[line_id][-1], env["usage.price.override"]
            open_ = overrides.search([("contract_line_id", "=", line_id), ("date_end", "=", False)])
            open_.date_end = first
            open_.flush_recordset()
            vals = {"contract_line_id": line_id, "target": "unit_price", "value": float(price), "date_start": first}
            overrides.create(vals)

    transaction(database, put)
    return len(changes)


def _look(database):
    """A pass of the scheduled look; contention is retried as it is there."""
    with database.env() as env:
        ids = env["contract.contract"].search([("has_usage", "=", True)], order="id").ids
    for start in range(0, len(ids), 5):
        chunk = ids[start : start + 5]
        transaction(database, lambda env, chunk=chunk: bool(env["contract.contract"].browse(chunk)._usage_adjust()))


def _bill(database, day):
    def run(env):
        made = env["usage.billing.run"].create({"date_ref": day, "contract_ids": [Command.set(_all(env))]})
        made.action_start()
        return made.id

    run_id = transaction(database, run)
    with database.env() as env:
        made = env["usage.billing.run"].browse(run_id)
        for _turn in range(TURNS):
            if made.state != "running":
                break
            # It met the lookers, and goes on as the scheduled job has it.
            made._cron_process()
            time.sleep(0.5)
        undone = made.line_ids.filtered(lambda line: line.state in ("failed", "pending"))
        if undone:
            raise AssertionError(undone[0].message or "the run was not finished")


def _all(env):
    return env["contract.contract"].search([("has_usage", "=", True)]).ids


def _decide(env, dice):
    """A person accepts, rejects or leaves what is to decide."""
    for adjustment in env["usage.adjustment"].search([("state", "=", "draft")], order="id"):
        choice = dice.random()
        if choice < 0.5:
            adjustment.action_accept()
        elif choice < 0.7:
            adjustment.reason = "Not worth it"
            adjustment.action_reject()


def _bill_rest(database):
    transaction(
        database, lambda env: bool(env["usage.adjustment"].search([("state", "=", "accepted")]).action_bill_now())
    )


def _posted(database):
    """{id: name, date and items} of what is posted."""
    with database.env() as env:
        env.cr.execute(
            "SELECT m.id, m.name, m.date, string_agg(concat_ws(' ', l.id, l.account_id, l.balance, l.quantity,"
            " l.price_unit, l.name), ';' ORDER BY l.id) FROM account_move m"
            " JOIN account_move_line l ON l.move_id = m.id AND l.display_type IN ('product', 'tax', 'payment_term')"
            " WHERE m.state = 'posted' GROUP BY 1, 2, 3"
        )
        return {id_: rest for id_, *rest in env.cr.fetchall()}


def _by_hand(database, prices):
    """{contract line id: what its billed days cost}, from the events that stand, at the price of their day."""
    with database.env() as env:
        env.cr.execute(
            """
            SELECT e.contract_line_id, e.usage_date, SUM(e.quantity)::text
              FROM usage_event e
             WHERE EXISTS (SELECT FROM usage_billing_period p
                            WHERE p.contract_line_id = e.contract_line_id AND p.state = 'invoiced'
                              AND e.usage_date >= p.date_start AND e.usage_date < p.date_end)
             GROUP BY 1, 2
            """
        )
        used = env.cr.fetchall()
    result = dict.fromkeys(prices, Decimal(0))
    for line_id, day, quantity in used:
        price = next(price for first, price in reversed(prices[line_id]) if first <= day)
        result[line_id] += Decimal(quantity) * price
    return result


def _booked(database):
    """What charges and adjustments come to, which events are in none, which components are billed twice."""
    with database.env() as env:
        env.cr.execute(
            """
            SELECT c.contract_line_id, SUM(c.amount + COALESCE(a.amount, 0))::text,
                   SUM(c.event_count + COALESCE(a.events, 0))::bigint, SUM(COALESCE(a.found, 0))::bigint
              FROM usage_charge c
              LEFT JOIN LATERAL (SELECT SUM(amount) AS amount, SUM(event_count) AS events, COUNT(*) AS found
                                   FROM usage_adjustment WHERE charge_id = c.id AND state <> 'superseded') a ON TRUE
             WHERE c.state = 'invoiced'
             GROUP BY 1
            """
        )
        rows = env.cr.fetchall()
        env.cr.execute(
            """
            SELECT COUNT(*) FROM usage_event e
             WHERE EXISTS (SELECT FROM usage_billing_period p
                            WHERE p.contract_line_id = e.contract_line_id AND p.state = 'invoiced'
                              AND e.usage_date >= p.date_start AND e.usage_date < p.date_end)
            """
        )
        (stored,) = env.cr.fetchone()
        env.cr.execute(
            "SELECT COUNT(*) FROM (SELECT 1 FROM account_move_line WHERE usage_adjustment_component_id IS NOT NULL"
            " AND parent_state <> 'cancel' GROUP BY usage_adjustment_component_id HAVING COUNT(*) > 1) twice"
        )
        (twice,) = env.cr.fetchone()
    return {
        "amounts": {line_id: Decimal(amount) for line_id, amount, _events, _found in rows},
        "ignored": stored - sum(events for _line, _amount, events, _found in rows),
        "adjustments": sum(found for *_rest, found in rows),
        "twice": twice,
    }

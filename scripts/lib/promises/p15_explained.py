"""Promise 15: every amount explains itself.

Random contracts are billed for months; then each invoice is rebuilt from nothing but the traces of its
charges, and each charge from its stored terms and usage, its events counted.
"""

import random
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from odoo import Command

from . import world

NUMBER = 15
PROMISE = "Every amount explains itself"
TARGET = "lines unexplained 0; event counts equal 100 %; rate card version pinned 100 %"
SIZES = {"full": (75, 6), "medium": (40, 5), "small": (8, 3)}
FIRST = date(2025, 1, 1)


def attack(database, size, seed):
    """Return {figures..., "holds": bool}."""
    count, months = SIZES[size]
    dice = random.Random(seed)
    with database.env() as env:
        _metric, source, _card, product = world.prepare(env)
        cards = [_card_of(env, dice, number) for number in range(12)]
        contracts = [_contract(env, dice, number, cards, product) for number in range(count)]
        env.cr.commit()
        _use(env, dice, source, count, months)
        env.cr.commit()
        run = env["usage.billing.run"].create({"date_ref": _month(months)})
        run._list_contracts()
        while pending := run.line_ids.filtered(lambda line: line.state == "pending")[:20]:
            run._process(pending)
            env.cr.commit()
        moves = run.line_ids.move_ids
        figures = _rebuild(env, moves)
        figures["failed contracts"] = run.failed_count
        figures["contracts"] = len(contracts)
    wrong = ("lines unexplained", "traces wrong", "invoices wrong", "event counts wrong", "without version")
    right = not any(figures[name] for name in (*wrong, "failed contracts"))
    return {**figures, "holds": right and figures["invoices"] > count}


def _card_of(env, dice, number):
    """A card with two versions of a random charge model."""
    card = env["usage.rate.card"].create({"name": f"Random {number}"})
    model = ("per_unit", "graduated", "volume", "package", "stair_step", "flat")[number % 6]
    for start in (date(2000, 1, 1), date(2025, dice.randint(2, 4), dice.randint(2, 27))):
        bounds = sorted(dice.sample(range(10, 2000), 3))
        tiers = [
            Command.create(
                {"up_to": bound, "unit_price": dice.randint(1, 999) / 1000, "flat_amount": dice.randint(0, 9)}
            )
            for bound in [*bounds, 0]
        ]
        env["usage.rate.card.version"].create(
            {
                "card_id": card.id,
                "date_start": start,
                "charge_model": model,
                "unit_price": dice.randint(1, 10**6) / 10**6,
                "package_size": dice.randint(2, 90),
                "flat_amount": dice.choice([0, 0, 12.34]),
                "discount_percent": dice.choice([0, 0, 7.5]),
                "minimum_amount": dice.choice([0, 0, 40]),
                "maximum_amount": dice.choice([0, 0, 900]),
                "quantity_included": dice.choice([0, 25]),
                "tier_ids": tiers if model in ("graduated", "volume", "stair_step") else [],
            }
        ).action_activate()
    return card


def _contract(env, dice, number, cards, product):
    """A contract of one to three usage lines with random terms, perhaps under a commitment."""
    metric = env["usage.metric"].search([("code", "=", "units")])
    lines = [_line(dice, metric, dice.choice(cards), product) for _n in range(dice.randint(1, 3))]
    contract = env["contract.contract"].create(
        {
            "name": f"Random {number}",
            "partner_id": env["res.partner"].create({"name": f"Customer {number}"}).id,
            "contract_type": "sale",
            "line_recurrence": True,
            "usage_tz": dice.choice(["UTC", "Europe/Brussels", "Asia/Tokyo"]),
            "usage_proration": dice.choice(["actual", "thirty"]),
            "contract_line_ids": [Command.create(line) for line in lines],
        }
    )
    for place, line in enumerate(contract.contract_line_ids):
        subject = env["usage.subject"].create({"code": f"R-{number}-{place}"})
        vals = {"subject_id": subject.id, "contract_line_id": line.id, "start_at": datetime(2000, 1, 1)}
        env["usage.assignment"].create(vals)
    if dice.random() < 0.3:
        vals = {"contract_id": contract.id, "date_start": FIRST, "term": dice.choice(["monthly", "quarterly"])}
        env["usage.commitment"].create({**vals, "amount": dice.randint(10, 900), "overage_factor": 1.25})
    return contract


def _line(dice, metric, card, product):
    line = {
        "name": "Units",
        "product_id": product.id,
        "usage_metric_id": metric.id,
        "usage_rate_card_id": card.id,
        "recurring_invoicing_type": "post-paid",
        "recurring_rule_type": dice.choice(["monthly", "monthly", "weekly"]),
        "usage_rating_term": dice.choice(["period", "monthly", "quarterly"]),
        "date_start": FIRST,
    }
    if dice.random() < 0.5:
        below = dice.choice(["none", "credit", "carry_forward"])
        agreed = {"date_start": FIRST, "quantity": dice.randint(50, 900), "fixed_amount": 20, "below": below}
        agreed |= {"below_unit_price": 0.01, "tolerance_percent": dice.choice([0, 5])}
        line["usage_baseline_ids"] = [Command.create(agreed)]
    if dice.random() < 0.3:
        own = {"target": "discount_percent", "value": 5, "date_start": date(2025, 2, dice.randint(2, 27))}
        line["usage_override_ids"] = [Command.create(own)]
    return line


def _use(env, dice, source, count, months):
    """Store random usage of every subject."""
    from odoo.addons.odoo_usage_billing.store import UsageRecord

    subjects = env["usage.subject"].search([("code", "=like", "R-%")]).mapped("code")
    days = (_month(months) - FIRST).days
    records = [
        UsageRecord(
            row_number=number,
            external_id=f"{subject}/{number}",
            subject=subject,
            metric="units",
            occurred_at=datetime(2025, 1, 1, 9, tzinfo=timezone.utc) + timedelta(days=dice.randrange(days)),
            quantity=Decimal(dice.randint(1, 90000)) / 1000,
        )
        for subject in subjects
        for number in range(10 * months)
    ]
    batch = env["usage.batch"].create({"name": "random", "source_id": source.id})
    batch._store(records)


def _month(number):
    return date(2025 + number // 12, number % 12 + 1, 1)


def _rebuild(env, moves):
    """Count what cannot be rebuilt; nothing but stored traces, terms and usage is looked at."""
    from odoo.addons.odoo_usage_billing.rating import Terms, TraceStep, Usage, rate, recompute

    found = Counter({"lines": 0, "invoices": len(moves)})
    for name in ("lines unexplained", "traces wrong", "invoices wrong", "event counts wrong", "without version"):
        found[name] = 0
    for move in moves:
        charges = move.usage_period_ids.charge_ids.filtered(lambda charge: charge.state == "invoiced")
        proved = Decimal(0)
        for charge in charges:
            amount = recompute([TraceStep.from_dict(step) for step in charge.trace])
            again = rate(Usage.from_dict(charge.usage), Terms.from_dict(charge.terms))
            exact = Decimal(repr(charge.amount))
            found["traces wrong"] += not amount == again.amount == exact
            found["without version"] += not (charge.version_id or charge.commitment_id)
            events = env["usage.event"].search_count(charge.action_view_events()["domain"])
            found["event counts wrong"] += bool(events != charge.event_count and not charge.commitment_id)
            proved += amount
        lines = move.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        for line in lines:
            part = line.usage_component_id
            found["lines unexplained"] += not part or line.price_subtotal != abs(part.amount) * _sign(move, part)
        found["lines"] += len(lines)
        sign = -1 if move.move_type == "out_refund" else 1
        found["invoices wrong"] += Decimal(repr(move.amount_untaxed)) * sign != proved
    return dict(found)


def _sign(move, part):
    """What a component's amount is multiplied by on its document."""
    positive = part.amount >= 0
    return (1 if positive else -1) * (-1 if move.move_type == "out_refund" else 1)

"""Contracts, subjects and records that an attack works on."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from simulate.devices import devices

from odoo import Command

#: Attacks bill what they please; that on the bounds takes those that a company begins with.
NO_BOUNDS = {
    "usage_hold_negative": False,
    "usage_hold_factor": 0,
    "usage_hold_lines": 0,
    "usage_hold_suspense_percent": 0,
}


def prepare(env, code="units"):
    """Chart of accounts, metric, source, card, product; returns (metric, source, card, product)."""
    env.company.write(NO_BOUNDS)
    if not env["account.journal"].search([("type", "=", "sale")], limit=1):
        env["account.chart.template"].try_loading("generic_coa", env.company)
    metric = env["usage.metric"].create({"name": "Units", "code": code, "uom_id": env.ref("uom.product_uom_unit").id})
    source = env["usage.source"].create({"name": "Attack", "code": "attack", "tz": "UTC", "max_age_days": 40000})
    card = env["usage.rate.card"].create({"name": "Attack"})
    env["usage.rate.card.version"].create(
        {
            "card_id": card.id,
            "date_start": date(2000, 1, 1),
            "charge_model": "per_unit",
            "unit_price": 0.01,
        }
    ).action_activate()
    product = env["product.product"].create({"name": "Units", "type": "service"})
    return metric, source, card, product


def contracts(env, count, start, code="units", serials=()):
    """`count` monthly contracts with one usage line and one subject each, of one metric."""
    metric, _source, card, product = prepare(env, code)
    partner = env["res.partner"].create({"name": "Attacked"})
    made = env["contract.contract"].create(
        [
            {
                "name": f"Attacked {number}",
                "partner_id": partner.id,
                "contract_type": "sale",
                "line_recurrence": True,
                "usage_tz": "UTC",
                "contract_line_ids": [
                    Command.create(
                        {
                            "name": "Units",
                            "product_id": product.id,
                            "usage_metric_id": metric.id,
                            "usage_rate_card_id": card.id,
                            "recurring_invoicing_type": "post-paid",
                            "date_start": start,
                        }
                    )
                ],
            }
            for number in range(count)
        ]
    )
    serials = serials or [f"A-{number:05d}" for number in range(count)]
    subjects = env["usage.subject"].create([{"code": serial} for serial in serials])
    env["usage.assignment"].create(
        [
            {
                "subject_id": subject.id,
                "contract_line_id": line.id,
                "start_at": datetime(2000, 1, 1),
            }
            for subject, line in zip(subjects, made.contract_line_ids, strict=True)
        ]
    )
    return made


def simulated(env, plan):
    """A contract for each device of a plan whose devices are of one kind."""
    found = list(devices(plan))
    return contracts(env, len(found), plan.start.date(), found[0].metric, [device.serial for device in found])


def record(number, subjects, quantity=None):
    """The `number`-th record of a fixed sequence; another quantity makes it contradict itself."""
    from odoo.addons.odoo_usage_billing.store import UsageRecord

    return UsageRecord(
        row_number=number,
        external_id=f"id-{number}",
        subject=f"A-{number % subjects:05d}",
        metric="units",
        occurred_at=datetime(2024, 1, 1, tzinfo=timezone.utc) + timedelta(minutes=number),
        quantity=Decimal(number % 97 + 1 if quantity is None else quantity),
    )

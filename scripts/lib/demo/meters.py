"""Metered electricity: simulated meters with the faults that meters have, and some that may be sent live."""

import io
from datetime import datetime, time, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from bench.door import make_key
from simulate import outputs
from simulate.devices import devices
from simulate.faults import arriving
from simulate.plan import COUNTER, METRICS, Plan
from simulate.truth import Truth

from odoo import Command

ZONE = "Europe/Brussels"
METERS, LIVE_METERS = 6, 3
FAULTS = {
    "duplicate": 5,
    "altered": 1,
    "drop": 5,
    "corrupt": 1,
    "absurd": 1,
    "reorder": 50,
    "delay": 10,
    "silence": 2,
    "replace": 1,
    "estimate": 10,
}
METRIC = METRICS[COUNTER][0]


def plan(seed, first, days, prefix="MET", count=METERS, faults=FAULTS):
    """Readings of meters every two hours, from a local day on."""
    start = datetime.combine(first, time(), ZoneInfo(ZONE)).astimezone(timezone.utc)
    return Plan(seed, {COUNTER: count}, start, 120, 12 * days, faults, ZONE, prefix)


def contract(env, partner, start):
    """The contract from `start` (a date), invoiced each quarter: electricity of all meters."""
    uom = env.ref("uom.product_uom_unit").id
    metric = env["usage.metric"].create({"name": "Electricity (kWh)", "code": METRIC, "uom_id": uom})
    product = env["product.product"].create({"name": "Electricity", "type": "service"})
    card = env["usage.rate.card"].create({"name": "Electricity"})
    price = {"charge_model": "per_unit", "unit_price": 0.28}
    version = {"card_id": card.id, "date_start": "2020-01-01", **price}
    env["usage.rate.card.version"].create(version).action_activate()
    line = {
        "name": "Electricity",
        "product_id": product.id,
        "usage_metric_id": metric.id,
        "usage_rate_card_id": card.id,
        "recurring_rule_type": "quarterly",
        "recurring_invoicing_type": "post-paid",
        "recurring_interval": 1,
        "date_start": start,
    }
    found = env["contract.contract"].create(
        {
            "name": "Electricity of the premises",
            "partner_id": partner.id,
            "contract_type": "sale",
            "line_recurrence": True,
            "usage_tz": ZONE,
            "contract_line_ids": [Command.create(line)],
        }
    )
    meters(env, found.contract_line_ids, partner, start)
    return found


def meters(env, line, partner, start):
    """The meters, assigned since the contract's start; those that send live among them."""
    serials = [device.serial for device in devices(plan(0, start, 1))]
    serials += [device.serial for device in devices(plan(0, start, 1, "LIVE", LIVE_METERS))]
    subjects = env["usage.subject"].create([{"code": serial, "partner_id": partner.id} for serial in serials])
    began = datetime.combine(start, time(), ZoneInfo(ZONE)).astimezone(timezone.utc).replace(tzinfo=None)
    env["usage.assignment"].create(
        [{"subject_id": subject.id, "contract_line_id": line.id, "start_at": began} for subject in subjects]
    )


def source(env, contract_, code, **values):
    """A source of cumulative readings of the contract's metric."""
    metric = contract_.contract_line_ids.usage_metric_id
    return env["usage.source"].create(
        {
            "name": code.capitalize(),
            "code": code,
            "tz": ZONE,
            "register_metric_ids": [Command.link(metric.id)],
            "register_max_per_day": 2_000,
            **values,
        }
    )


def file_source(env, contract_):
    """Readings as CSV files."""
    definition = outputs.profile("csv")
    profile = {"name": "Meter readings", "format": "csv", "is_advanced": True, "definition": definition}
    made = env["usage.profile"].create(profile)
    return source(env, contract_, "meters", transport="file", profile_id=made.id)


def live_key(env, contract_):
    """The key of a source that takes readings over HTTP."""
    return make_key(env, source(env, contract_, "live", transport="http"))


def readings(seed, first, days):
    """(bytes of a CSV file, what a perfect world would bill of it, what the books can hold)."""
    made, text = plan(seed, first, days), io.StringIO()
    truth = Truth(made)
    outputs.write_csv(arriving(made, truth), text)
    used, booked = (truth.totals(days).get(METRIC, Decimal(0)) for days in (truth.usage, truth.booked))
    return text.getvalue().encode(), used, booked

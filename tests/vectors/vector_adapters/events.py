"""Vectors whose price looks at events: percentage, dynamic, prorated ladders, capacity, calls."""

from __future__ import annotations

from .common import FINE, NotApplicable, adapter, amount, number, tiers
from .ladders import rounding, surroundings


def percentage_terms(names, params):
    """Return the terms of a percentage price; `names` maps kernel fields to the source's names."""
    terms = {"charge_model": "percentage", "currency_rounding": FINE}
    for ours, theirs in names.items():
        value = params.get(theirs)
        if value is not None:
            terms[ours] = int(value) if ours == "free_events" else number(value)
    return terms


@adapter("vector", "percentage")
def percentage(case):
    """Rate and amount per event after free events and free amount; minimum and maximum per event."""
    names = {
        "rate_percent": "rate",
        "event_amount": "fixed",
        "free_events": "free_events",
        "free_amount": "free_amount",
        "event_minimum": "per_event_min",
        "event_maximum": "per_event_max",
    }
    terms = percentage_terms(names, case.params) | surroundings(case)
    parts = [{"amount": number(event)} for event in case.raw["events"]]
    return amount(terms, None if parts else "0", parts=parts)


@adapter("vector", "dynamic")
def dynamic(case):
    """The sum of the amounts the events carry, times a multiplier."""
    multiplier = number(case.params.get("multiplier", default="1"))
    terms = {"charge_model": "dynamic", "multiplier": multiplier, "currency_rounding": FINE}
    parts = [{"amount": number(e["amount"]), "quantity": number(e.get("units", 1))} for e in case.raw["events"]]
    return amount(terms | surroundings(case), None if parts else "0", parts=parts)


@adapter("vector", "prorated_graduated")
def prorated_graduated(case):
    """A ladder climbed in full units and priced in prorated ones; the first flat amount is always billed."""
    step = number(case.params.get("round", default=FINE))
    parts = [(number(event["units"]), number(event["prorated"])) for event in case.raw["events"]]
    return prorated_amount(case.params.get("tiers"), parts, step)


def prorated_amount(rows, parts, step):
    """Return the amount of (units, prorated units) under a ladder, rounded as a whole to `step`."""
    from usage_rating.money import round_money

    terms = {"charge_model": "prorated_graduated", "tiers": tiers(rows), "currency_rounding": FINE}
    terms["bill_flat_on_zero"] = True
    parts = [{"quantity": units, "quantity_prorated": share} for units, share in parts]
    return round_money(amount(terms, None if parts else "0", parts=parts), step)


@adapter("vector", "capacity")
def capacity(case):
    """The price of the lowest tier that allows every unit."""
    used = {name: case.usage.get(name) for name in case.raw["usage"]}
    return capacity_amount(case.params.get("tiers"), used)


def capacity_amount(rows, used):
    """Return the amount of usage by unit under tiers {limits, price}; null or -1 is no limit."""
    result = []
    for row in rows:
        limits = {k: None if v is None or str(v) == "-1" else number(v) for k, v in row["limits"].items()}
        result.append({"limits": limits, "flat_amount": number(row["price"])})
    terms = {"charge_model": "capacity", "tiers": result, "currency_rounding": FINE}
    parts = [{"quantity": number(units), "dimensions": {"unit": name}} for name, units in used.items()]
    return amount(terms, parts=parts)


@adapter("vector", "time_rated")
def time_rated(case):
    """Seconds by started increments, a connect amount, and one rounding of the call."""
    params = case.params
    slots = [_slot(rate) for rate in params.get("rates")]
    terms = {"charge_model": "time_increment", "slots": slots, "currency_rounding": FINE}
    if params.get("connect_fee") is not None:
        terms["connect_amount"] = number(params.get("connect_fee"))
    if params.get("round") is not None:
        terms["event_rounding_step"] = number(params.get("round"))
    terms["event_rounding"] = rounding(params.get("round_mode", default="nearest"))
    for ours, theirs in (("minimum", "min_cost"), ("maximum", "max_cost")):
        if params.get(theirs) is not None:
            terms[ours] = number(params.get(theirs))
    return amount(terms, parts=[{"quantity": number(case.raw["usage"])}])


def _slot(rate):
    """Return a kernel slot of a rate {start, value, unit, increment}."""
    unknown = set(rate) - {"start", "value", "unit", "increment"}
    if unknown:
        raise NotApplicable("not understood in a rate: " + ", ".join(sorted(unknown)))
    return {
        "start": number(rate.get("start", "0")),
        "unit_price": number(rate["value"]),
        "per": number(rate.get("unit", "1")),
        "increment": number(rate.get("increment", "1")),
    }

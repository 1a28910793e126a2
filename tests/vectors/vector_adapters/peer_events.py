"""Peer cases whose price looks at events: percentages, prorated ladders, calls, charging sessions."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

from usage_rating import aggregate

from .common import FINE, NotApplicable, adapter, amount, number
from .events import percentage_terms, prorated_amount
from .ladders import rounding
from .quantities import instant

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@adapter("peer", "percentage")
def percentage(case):
    """Rate and amount per event; min and max per event only where the peer's licence enables them."""
    names = {
        "rate_percent": "rate_pct",
        "event_amount": "fixed_per_event",
        "free_events": "free_events",
        "free_amount": "free_amount",
        "event_minimum": "min_per_txn",
        "event_maximum": "max_per_txn",
    }
    terms = percentage_terms(names, case.params)
    if not case.params.get("feature_enabled", default=True):
        terms.pop("event_minimum", None), terms.pop("event_maximum", None)
    parts = [{"amount": number(item)} for item in _events(case.usage, terms)]
    return amount(terms, None if parts else "0", parts=parts)


def _events(usage, terms):
    """Return the amounts of the events: listed, or told by running totals of the first ones."""
    listed = usage.get("transactions")
    totals = usage.get("running_totals_of_first_events", default=[])
    whole, count = usage.get("amount"), usage.get("events")
    if listed is not None:
        return listed
    if not totals and ("free_events" in terms or "free_amount" in terms) and count:
        raise NotApplicable("the amounts of the single events are not told")
    count = int(count if count is not None else len(totals))
    totals = [Fraction(str(item)) for item in totals[:count]]
    singles = [later - earlier for earlier, later in pairwise([Fraction(0), *totals])]
    rest = Fraction(str(whole or 0)) - (totals[-1] if totals else 0)
    missing = count - len(singles)
    if missing:
        singles += [Fraction(0)] * (missing - 1) + [rest]
    return [_decimal(item) for item in singles]


def _decimal(fraction):
    from usage_rating.exact import to_text

    return to_text(fraction)


@adapter("peer", "prorated_graduated")
def prorated_graduated(case):
    """A ladder climbed in full units, priced in prorated ones."""
    units, shares = case.usage.get("event_units"), case.usage.get("event_prorated_units")
    parts = [(number(unit), number(share)) for unit, share in zip(units, shares, strict=True)]
    return prorated_amount(case.params.get("tiers"), parts, FINE)


@adapter("peer", "weighted_sum")
def weighted_sum(case):
    """Level changes weighted over an inclusive calendar period, times a unit price."""
    first, last = case.usage.get("period").split("..")
    case.params.get("period_days")
    start, end = instant(first), instant(last).replace(hour=23, minute=59, second=59, microsecond=999999)
    end = end.fromtimestamp(round(end.timestamp()), end.tzinfo)
    changes = [(instant(stamp), number(value)) for stamp, value in case.usage.get("events")]
    initial = number(case.usage.get("initial", default="0"))
    quantity = aggregate.time_weighted_sum(changes, start, end, initial)
    terms = {"charge_model": "per_unit", "unit_price": number(case.params.get("unit"))}
    return amount(terms, str(quantity))


def call_terms(case):
    """Return the terms of a call price given as slots."""
    slots = case.params.get("slots")
    terms = {
        "charge_model": "time_increment",
        "currency_rounding": FINE,
        "connect_amount": number(slots[0].get("fee", 0)),
    }
    terms["slots"] = [
        {
            "start": number(s["start"]),
            "unit_price": number(s["rate"]),
            "per": number(s["unit"]),
            "increment": number(s["increment"]),
        }
        for s in slots
    ]
    return terms


def call_rounding(words, terms):
    """Add the rounding of one call, written as "up 2", "middle, 4 decimals" or "none ..."."""
    found = re.match(r"(up|down|middle|none)\D*(\d+)?", words or "none")
    if not found:
        raise NotApplicable(f"rounding {words!r}")
    if found[1] != "none" and found[2]:
        terms["event_rounding_step"] = _decimal(Fraction(1, 10 ** int(found[2])))
        terms["event_rounding"] = rounding(found[1])


@adapter("peer", "call")
def call_increments(case):
    """Seconds by started increments; a maximum limits a finished call only when it is not about cutting it."""
    for name in ("time_band", "plan", "match", "category"):
        case.params.get(name)
    for name in ("start", "destination", "end"):
        case.usage.get(name)
    terms = call_terms(case)
    call_rounding(case.params.get("rounding"), terms)
    limit, strategy = case.params.get("max_cost"), case.params.get("strategy")
    if limit is not None and strategy != "disconnect":
        terms["maximum"] = number(limit)
    return amount(terms, parts=[{"quantity": number(case.usage.get("seconds", "units"))}])


def plan_bands(words):
    """Return time-of-use bands of text such as
    "Mon-Fri 00:00-18:00 fee 1 + 1/s; Mon-Fri 18:00-24:00 and Sat/Sun 0.5/s".
    """
    bands = []
    for number_, clause in enumerate(words.split(";"), 1):
        price = re.search(r"(?:fee ([\d.]+) \+ )?([\d.]+)/s\s*$", clause.strip())
        if not price:
            raise NotApplicable(f"plan {clause.strip()!r}")
        for index, stretch in enumerate(clause[: clause.index(price[0])].split(" and ")):
            clock = re.search(r"(\d\d:\d\d)-(\d\d:\d\d)", stretch)
            bands.append(
                {
                    "code": f"band-{number_}-{index}",
                    "weekdays": _days(stretch),
                    "from_time": clock[1] if clock else "00:00",
                    "to_time": clock[2] if clock else "24:00",
                    "slots": [{"unit_price": price[2]}],
                    "connect_amount": price[1] or "0",
                }
            )
    return bands


def _days(stretch):
    """Return the weekdays named in a stretch of text, all of them when none is."""
    span = re.search(r"([A-Z][a-z]{2})-([A-Z][a-z]{2})", stretch)
    if span:
        return list(range(DAYS.index(span[1]), DAYS.index(span[2]) + 1))
    return [DAYS.index(day) for day in re.findall(r"[A-Z][a-z]{2}", stretch)] or list(range(7))


@adapter("peer", "call_time_of_day")
def call_time_of_day(case):
    """A call that may cross from one time-of-use band into another."""
    for name in ("plan", "match"):
        case.params.get(name)
    case.usage.get("destination")
    start, end = case.usage.get("start"), case.usage.get("end")
    seconds = case.usage.get("seconds")
    if seconds is None:
        seconds = (instant(end) - instant(start)).total_seconds()
        seconds = int(seconds)
    if "slots" in case.raw["params"]:
        terms = call_terms(case)
    else:
        plans = [name for name in case.raw["params"] if name != "rounding"]
        if len(plans) != 1:
            raise NotApplicable("several plans")
        terms = {
            "charge_model": "time_increment",
            "bands": plan_bands(case.params.get(plans[0])),
            "currency_rounding": FINE,
        }
    call_rounding(case.params.get("rounding"), terms)
    continued = bool(case.usage.get("continuation", default=False))
    return amount(terms, parts=[{"quantity": number(seconds), "started_at": start, "continued": continued}])


#: Charging sessions: dimension -> (names of its usage, base units in one priced unit, name of a base unit).
SESSION = {
    "ENERGY": (("kwh",), 1000, "wh"),
    "TIME": (("charging_h", "time_h", "hours"), 3600, "s"),
    "PARKING_TIME": (("parking_h",), 3600, "s"),
    "FLAT": ((), 1, ""),
}


@adapter("peer", "ocpi")
def charging_session(case):
    """Price components of a session, its quantity rounded up by the last step; [without, with] tax."""
    case.usage.get("periods")
    net, gross = Fraction(0), Fraction(0)
    for name in case.raw["params"]:
        words = case.params.get(name)
        if name not in SESSION:
            if name in ("vat", "min_price", "max_price"):
                continue
            raise NotApplicable(f"price component {name}")
        found = _component(name, words, case)
        vat = re.search(r"vat ([\d.]+)", str(words))
        tax = Fraction(vat[1]) if vat else Fraction(str(case.params.get("vat", default=0)))
        net, gross = net + found, gross + found * (1 + tax / 100)
    lowest, highest = case.params.get("min_price"), case.params.get("max_price")
    if lowest:
        net, gross = max(net, Fraction(str(lowest[0]))), max(gross, Fraction(str(lowest[1])))
    if highest:
        net, gross = min(net, Fraction(str(highest[0]))), min(gross, Fraction(str(highest[1])))
    return [net, gross]


def _component(name, words, case):
    """Return the amount of one price component of a session."""
    prices = re.findall(r"(?:^|[^\d.:])(\d+(?:\.\d+)?)(?:/(?:kWh|h))", " " + str(words)) or re.findall(
        r"^[\d.]+", str(words)
    )
    if len(set(prices)) != 1:
        raise NotApplicable(f"{name} {words!r}")
    names, base, _unit = SESSION[name]
    if name == "FLAT":
        return amount({"charge_model": "flat", "fixed_amount": prices[0], "currency_rounding": FINE}, "1")
    used = case.usage.get(*names, default=0)
    used = sum((Fraction(str(item)) for item in (used if isinstance(used, list) else [used])), Fraction(0))
    steps = re.findall(r"step (\d+)", str(words))
    slot = {"unit_price": prices[0], "per": str(base), "increment": steps[-1] if steps else "0.000001"}
    terms = {"charge_model": "time_increment", "slots": [slot], "currency_rounding": FINE}
    return amount(terms, parts=[{"quantity": _decimal(used * base)}])

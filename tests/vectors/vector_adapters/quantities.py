"""Vectors that expect a quantity: aggregations, metric rounding, rollover, registers, ratios."""

from __future__ import annotations

from datetime import datetime, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

from usage_rating import aggregate, allowance
from usage_rating.exact import round_step

from .common import NotApplicable, adapter, charge, number
from .ladders import rounding


def values(case):
    """Return the values of the case's events as text."""
    return [number(event["value"]) for event in case.raw["events"]]


@adapter("vector", "agg_sum")
def agg_sum(case):
    """Sum, with the level of earlier periods when the metric is recurring."""
    return aggregate.total([case.params.get("initial", default="0"), *values(case)])


@adapter("vector", "agg_count")
def agg_count(case):
    """Number of events."""
    return aggregate.count(case.raw["events"])


@adapter("vector", "agg_unique")
def agg_unique(case):
    """Number of different keys; members removed during the period no longer count."""
    key, members = case.params.get("key"), set(case.params.get("initial", default=()) or ())
    for event in case.raw["events"]:
        removed = event.get("operation_type", event.get("op", "add")) == "remove"
        (members.discard if removed else members.add)(event[key])
    return aggregate.unique_count(members)


@adapter("vector", "agg_max")
def agg_max(case):
    """Largest value."""
    carried = case.params.get("initial")
    return aggregate.maximum(values(case) + ([] if carried is None else [carried]))


@adapter("vector", "agg_avg")
def agg_avg(case):
    """Plain mean."""
    return aggregate.average(values(case))


@adapter("vector", "agg_latest")
def agg_latest(case):
    """Value of the last event; one source lifts a negative last value to zero."""
    stamps = [Fraction(str(e["ts"])) if _plain(e["ts"]) else e["ts"] for e in case.raw["events"]]
    found = aggregate.latest(zip(stamps, values(case), strict=True))
    return max(found, 0) if "lago" in case.source else found


def _plain(stamp):
    return str(stamp).replace(".", "").isdigit()


@adapter("vector", "agg_percentile")
def agg_percentile(case):
    """Nearest-rank percentile."""
    return aggregate.percentile(values(case), case.params.get("percent", "percentile", default="95"))


@adapter("vector", "agg_weighted_sum")
def agg_weighted_sum(case):
    """Level changes weighted by the real seconds they last."""
    params = case.params
    zone = ZoneInfo(params.get("time_zone", "timezone", "tz", default="UTC"))
    start, end = instant(params.get("start"), zone), instant(params.get("end"), zone)
    changes = [(instant(event["ts"], zone), number(event["value"])) for event in case.raw["events"]]
    initial = number(params.get("initial", default="0"))
    exact = aggregate.time_weighted_sum(changes, start, end, initial, places=18)
    step = params.get("round")
    return round_step(Fraction(exact), Fraction(str(step))) if step else exact


def instant(stamp, zone=timezone.utc):
    """Return an aware UTC instant of an ISO text; local time of `zone` without an offset."""
    found = datetime.fromisoformat(str(stamp).replace("Z", "+00:00"))
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(timezone.utc)


@adapter("vector", "round_quantity")
def round_quantity(case):
    """Rounding of the aggregated quantity, before pricing."""
    terms = {
        "charge_model": "per_unit",
        "quantity_rounding": rounding(case.params.get("mode")),
        "quantity_precision": case.params.get("precision", default=0),
    }
    return charge(terms, number(case.raw["usage"])).quantity


@adapter("vector", "entitlement_rollover")
def entitlement_rollover(case):
    """The next grant plus what is left of this one."""
    limit = case.params.get("max_rollover")
    limit = None if limit is None else number(limit)
    grant = number(case.params.get("grant"))
    return allowance.next_grant(grant, number(case.usage.get("used")), limit)


@adapter("vector", "register_delta")
def register_delta(case):
    """Difference of two readings; a smaller reading wraps at the register's declared size."""
    previous, current = (Fraction(number(case.usage.get(name))) for name in ("previous", "current"))
    digits, size = case.params.get("digits"), case.params.get("modulus", "rollover_at", "register_max")
    if current < previous and digits is not None:
        size = 10 ** int(digits)
    if current < previous and size is None:
        raise NotApplicable("the reading falls and the size of the register is not declared")
    return current - previous if current >= previous else current + Fraction(str(size)) - previous


@adapter("vector", "ratio")
def ratio(case):
    """One quantity divided by another."""
    return aggregate.ratio(number(case.usage.get("numerator")), number(case.usage.get("denominator")))

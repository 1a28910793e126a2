"""Vectors about periods and promises: proration, minimum, commitment, money rounding."""

from __future__ import annotations

from fractions import Fraction

from usage_rating import money

from .common import CENT, FINE, NotApplicable, adapter, charge, number, numbers
from .ladders import rounding


def ratio(days, period):
    """Return days / days of the period as an exact Fraction."""
    return Fraction(str(days)) / Fraction(str(period))


def leaves(value):
    """Return all numbers in a value, however nested."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in leaves(item)]
    return [number(value)]


def true_up(minimum, charged, step=CENT):
    """Return the line that lifts amounts already charged to a minimum, as the kernel bills it."""
    terms = {"charge_model": "dynamic", "minimum": str(minimum), "currency_rounding": step}
    found = charge(terms, None if charged else "0", parts=[{"amount": item} for item in charged])
    return sum(item.amount for item in found.components if item.code == "minimum"), found.amount


@adapter("vector", "minimum_true_up")
def minimum_true_up(case):
    """A minimum prorated by days and rounded to cents, less what was charged."""
    params = case.params
    share = ratio(params.get("days", default=1), params.get("period_days", default=1))
    minimum = money.prorate(number(params.get("minimum")), share)
    names = list(case.raw["usage"])
    charged = leaves([case.usage.get(name) for name in names])
    lifted, whole = true_up(minimum, charged)
    return whole if params.get("output", default="true_up") == "total" else lifted


@adapter("vector", "prorate")
def prorate(case):
    """An amount by days, rounded to cents, then a tax on the rounded amount."""
    params = case.params
    share = ratio(params.get("days"), params.get("period_days", "period"))
    net = money.prorate(number(params.get("amount")), share)
    tax = params.get("tax_percent")
    return net if tax is None else net + money.percent_of(net, number(tax))


@adapter("vector", "prorate_change")
def prorate_change(case):
    """A new plan by days less the credit for the old one."""
    params = case.params
    params.get("old")
    share = ratio(params.get("new_days"), params.get("period_days"))
    return money.prorate(number(params.get("new")), share) - money.round_money(number(params.get("old_credit")))


@adapter("vector", "prorate_change_two_lines")
def prorate_change_two_lines(case):
    """New plan and old plan as two lines, each rounded to cents."""
    params = case.params
    share = ratio(params.get("remaining"), params.get("period"))
    return money.prorate(number(params.get("new")), share) - money.prorate(number(params.get("old")), share)


AMOUNT_NAMES = ("commit_amount", "commitment_amount", "commitment")
QUANTITY_NAMES = ("commit_qty", "commit_quantity", "commitment_quantity")


def commitment_terms(options):
    """Return per-unit terms with the commitment a window or a period declares, if any."""
    unknown = set(options) - {"q", "unit_price", "overage_factor", "true_up", *AMOUNT_NAMES, *QUANTITY_NAMES}
    if unknown:
        raise NotApplicable("not understood in a commitment: " + ", ".join(sorted(unknown)))
    terms = {
        "charge_model": "per_unit",
        "unit_price": number(options.get("unit_price", "1")),
        "currency_rounding": FINE,
    }
    promise = {"overage_factor": number(options.get("overage_factor", "1")), "true_up": bool(options.get("true_up"))}
    for kind, names in (("amount", AMOUNT_NAMES), ("quantity", QUANTITY_NAMES)):
        for name in names:
            if options.get(name) is not None:
                terms["commitment"] = {"kind": kind, kind: number(options[name]), **promise}
    return terms


@adapter("vector", "commitment_windows")
def commitment_windows(case):
    """Each window is a rating term of its own; the bill is their sum."""
    windows = case.params.get("windows")
    return sum(charge(commitment_terms(window), number(window["q"])).amount for window in windows)


@adapter("vector", "commitment")
def commitment(case):
    """One term with a commitment."""
    options = {name: case.params.get(name) for name in list(case.raw["params"])}
    used = case.raw["usage"]
    used = case.usage.get("q", "quantity", "units") if isinstance(used, dict) else used
    return charge(commitment_terms(options), number(used)).amount


@adapter("vector", "round_money")
def round_money(case):
    """An amount rounded to a step."""
    mode = rounding(case.params.get("mode", default="nearest"))
    return money.round_money(number(case.raw["usage"]), number(case.params.get("precision")), mode)


__all__ = ["leaves", "numbers", "ratio", "true_up"]

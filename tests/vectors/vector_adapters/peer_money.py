"""Peer cases about money and promises: rounding, proration, minimum, credit limits, commitment windows."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from usage_rating import money
from usage_rating.interval import Interval, proration

from .common import CENT, FINE, NotApplicable, adapter, amount, charge, number, numbers
from .ladders import rounding
from .periods import ratio, true_up

#: Peers whose period end is the last day that counts; the others give the day after.
LAST_DAY_COUNTS = ("flexprice", "lago")


@adapter("peer", "currency_rounding")
def currency_rounding(case):
    """One amount rounded half away from zero."""
    case.params.get("mode")
    step = Fraction(1, 10 ** case.params.get("decimals", default=2))
    return money.round_money(number(case.usage.get("amount")), _text(step))


@adapter("peer", "sum_of_rounded_lines")
def sum_of_rounded_lines(case):
    """Each line is rounded, the total is their sum."""
    step = _text(Fraction(1, 10 ** case.params.get("decimals", default=2)))
    lines = case.usage.get("lines")
    if isinstance(lines, dict):
        lines = [lines["repeat"]] * lines["times"]
    return sum(money.round_money(number(line), step) for line in lines)


@adapter("peer", "unit_conversion")
def unit_conversion(case):
    """A converted and rounded quantity."""
    factor, operation = number(case.params.get("factor")), case.params.get("op")
    terms = {"charge_model": "per_unit", "quantity_rounding": rounding(case.params.get("round"))}
    terms["unit_factor" if operation in ("x", "*") else "unit_divisor"] = factor
    terms["quantity_precision"] = case.params.get("precision", default=0)
    return charge(terms, number(case.usage.get("units"))).quantity


@adapter("peer", "minimum_true_up")
def minimum_true_up(case):
    """A minimum, prorated and rounded first, less what was charged and rounded."""
    days, period = case.params.get("prorate_days"), case.params.get("period_days")
    share = ratio(days, period) if days is not None else Fraction(1)
    minimum = money.prorate(number(case.params.get("minimum")), share)
    charged = numbers(case.usage.get("usage_fees", "used", default=[]))
    return true_up(minimum, [str(money.round_money(item)) for item in charged])[0]


@adapter("peer", "proration")
def prorated_lines(case):
    """Lines prorated by days and rounded one by one."""
    params = case.params
    share = _share(case)
    if params.get("lines") is not None:
        return sum(money.prorate(number(line), share) for line in params.get("lines"))
    return money.prorate(number(params.get("fee", "amount")), share)


def _share(case):
    """Return the share of days, from dates or from counted days."""
    params = case.params
    nominal, left = params.get("nominal_days"), params.get("days_remaining")
    first, last, change = params.get("period_start"), params.get("period_end"), params.get("change")
    if nominal is not None:
        return ratio(left, nominal)
    if first is None:
        days = case.usage.get("days")
        begin, end = params.get("from"), params.get("terminated")
        words = str(params.get("period") or "")
        whole = [int(word) for word in words.replace("(", " ").split() if word.isdecimal()]
        if days is None or not whole:
            raise NotApplicable("the days of the period are not told")
        if begin and end:
            found = (date.fromisoformat(end) - date.fromisoformat(begin)).days + 1
            assert found == int(days), "both ends count"
        return ratio(days, whole[-1])
    basis = "both_ends" if case.raw["peer"] in LAST_DAY_COUNTS else "actual"
    period = Interval(date.fromisoformat(first), date.fromisoformat(last))
    if left is not None:
        return ratio(left, (period.end - period.start).days + (basis == "both_ends"))
    return proration(Interval(date.fromisoformat(change), period.end), period, basis)


@adapter("peer", "termination_credit")
def termination_credit(case):
    """The unused days of a prepaid amount, rounded, with its tax."""
    params = case.params
    share = ratio(params.get("unused_days"), params.get("period_days"))
    net = money.prorate(number(params.get("fee")), share)
    return net + money.percent_of(net, number(params.get("tax_pct", default="0")))


@adapter("peer", "invoice_total")
def invoice_total(case):
    """Rounded lines and a tax on their sum."""
    net = sum(money.round_money(number(fee)) for fee in case.params.get("fees"))
    return net + money.percent_of(net, number(case.params.get("tax_pct", default="0")))


@adapter("peer", "invoice_coupon_tax")
def invoice_coupon_tax(case):
    """A coupon shared over the lines in proportion to their amounts, before each line's tax."""
    lines = case.params.get("fees_amount_taxpct")
    amounts = [number(line[0]) for line in lines]
    shares = money.allocate(number(case.params.get("coupon_fixed", default="0")), amounts)
    nets = [money.round_money(amount_) - share for amount_, share in zip(amounts, shares, strict=True)]
    return sum(net + money.percent_of(net, number(line[1])) for net, line in zip(nets, lines, strict=True))


@adapter("peer", "credit_cap")
def credit_cap(case):
    """A credit never above what is left of the original amount, never below zero."""
    original, before = number(case.params.get("original")), number(case.params.get("previous_credits"))
    return money.credit_within(number(case.usage.get("potential_credit")), original, before)


@adapter("peer", "windowed_commitment")
def windowed_commitment(case):
    """Each window settles its own committed amount."""
    params = case.params
    promise = {
        "kind": "amount",
        "amount": number(params.get("commit_per_window")),
        "overage_factor": number(params.get("overage_factor", default="1")),
        "true_up": bool(params.get("true_up", default=False)),
    }
    terms = {"charge_model": "per_unit", "unit_price": number(params.get("unit")), "commitment": promise}
    terms["currency_rounding"] = FINE
    return sum(amount(terms, number(units)) for units in case.usage.get("windows"))


@adapter("peer", "windowed_commitment_tou")
def windowed_commitment_tou(case):
    """Windows named by hours, each with its own price and committed units; the rest is "other"."""
    buckets = {name: case.params.get(name) for name in case.raw["params"]}
    used = {}
    for clock in case.raw["usage"]:
        name = next((n for n in buckets if n != "other" and _covers(n, clock)), "other")
        used[name] = used.get(name, Fraction(0)) + Fraction(number(case.usage.get(clock)))
    result = Fraction(0)
    for name, options in buckets.items():
        terms = {"charge_model": "per_unit", "unit_price": number(options["unit"]), "currency_rounding": CENT}
        if "commit_units" in options:
            terms["commitment"] = {
                "kind": "quantity",
                "quantity": number(options["commit_units"]),
                "overage_factor": number(options.get("overage", "1")),
                "true_up": bool(options.get("true_up", False)),
            }
        result += amount(terms, _text(used.get(name, Fraction(0))))
    return result


def _covers(name, clock):
    """Return whether a bucket named "bucket 00-06" holds a clock time "HH:MM"."""
    first, last = name.split(" ")[-1].split("-")
    return int(first) <= int(clock[:2]) < int(last)


def _text(fraction):
    from usage_rating.exact import to_text

    return to_text(fraction)

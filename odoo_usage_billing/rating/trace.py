"""The trace read back: recompute the amount from it alone, and say it in words.

`recompute` shares no code with the charge models. It multiplies, rounds and adds what the trace states,
checks every stated result and every limit against its own running sums, and refuses when one differs.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from .errors import refuse
from .exact import round_step, to_text
from .messages import LIMITS, LINES, template_for
from .money import as_money

ZERO = Fraction(0)
EXCLUDED = {"covered": ("baseline",)}


def explain(trace):
    """Return [(template, params)]: one English template with named values per step, in order."""
    return [(template_for(step.code, step.params), dict(step.params)) for step in trace]


def describe(component):
    """Return (template, params) for the line of one component, its own quantity and amount filled in."""
    params = {
        **component.labels,
        "component": component.code,
        "quantity": to_text(component.quantity),
        "price": to_text(component.unit_price),
        "per": to_text(component.per),
        "amount": str(component.amount),
    }
    code = params.pop("message", "adjusted")
    return template_for(code, params), params


def recompute(trace):
    """Return the amount (Decimal, currency step) that the trace proves; RatingError when it does not."""
    opening, closing = trace[0].params, trace[-1].params
    step = Fraction(opening["currency_rounding"])
    amounts = {}
    for item in trace:
        if item.code in LINES or item.code in LIMITS:
            amounts[item.params["component"]] = (item.params["kind"], _line(item, step, amounts))
        elif item.code in ("convert", "round-quantity", "included"):
            _check(item, _MEASURES[item.code](item.params), item.params["result"])
    billed = [Fraction(item.params["amount"]) for item in trace if item.code == "billed-before"]
    amount = sum((value for _kind, value in amounts.values()), ZERO) - sum(billed, ZERO)
    _check(trace[-1], amount, closing["amount"])
    return as_money(amount, Decimal(opening["currency_rounding"]))


def _line(item, step, amounts):
    """Return the rounded amount of a line, checked against what the step and its limit state."""
    values = item.params
    exact = Fraction(values["quantity"]) * Fraction(values["price"]) / Fraction(values["per"])
    amount = round_step(exact, step)
    _check(item, amount, values["amount"])
    if item.code in LIMITS:
        _check(item, _limit(item, amounts), to_text(exact))
    return amount


def _limit(item, amounts):
    """Return what the limit of a step demands, from the step's limit and the amounts before it."""
    params = item.params
    value = Fraction(params["value"])
    if "counts_all" in params:
        kinds = EXCLUDED.get(item.code, ())
        found = sum((amount for kind, amount in amounts.values() if kind not in kinds), ZERO)
        _check(item, found, params["value"])
    if item.code == "covered":
        return -(min(value, Fraction(params["edge"])) if params["above"] == "terms" else value)
    if item.code == "overage":
        return (value - Fraction(params["committed"])) * (Fraction(params["factor"]) - 1)
    if item.code == "true-up":
        return Fraction(params["committed"]) - value
    limit = Fraction(params["limit"])
    return (-limit if item.code == "cap" and value < 0 else limit) - value


def _converted(params):
    return Fraction(params["quantity"]) * Fraction(params["factor"]) / Fraction(params["divisor"])


def _rounded(params):
    return round_step(Fraction(params["quantity"]), Fraction(params["step"]), params["mode"])


def _included(params):
    quantity, used = Fraction(params["quantity"]), Fraction(params["used"])
    return quantity + used if quantity < 0 else quantity - used


_MEASURES = {"convert": _converted, "round-quantity": _rounded, "included": _included}


def _check(item, found, stated):
    """Refuse a trace whose stated number is not the one its own numbers give."""
    if found != Fraction(stated):
        words = f"{item.code}: states {stated}, its numbers give {to_text(found)}."
        refuse("trace_mismatch", item.params.get("component", item.code), words)

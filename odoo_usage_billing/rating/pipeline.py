"""rate(): the whole algorithm on one screen, in the order that is promised.

    convert unit -> round quantity -> included quantity -> price (charge model) -> percentage discount
    -> baseline / commitment / minimum / cap -> round money -> less what was billed before

All of it works on the usage of the rating term so far, and only the last step looks at the past:
amount of a billing period = charge(cumulative) - already billed. That is why daily, weekly and monthly
billing give the same total to the cent, whatever the model.
"""

from __future__ import annotations

from . import limits
from .baseline import amount_baseline, excess_of, quantity_baseline
from .exact import ZERO, exactly
from .measure import Measured
from .pricing import usage_lines
from .settle import settle
from .stretches import measured_at_changes, priced


@exactly
def rate(usage, terms):
    """Return the Charge of one billing period for `usage` under `terms`; RatingError when it cannot be.

    A pure function: same arguments, same result, to the byte. Nothing is read but the arguments.
    """
    steps = []
    measures = measured_at_changes(usage, terms, steps)
    quantity = measures[-1].quantity
    if terms.bill_at_term_end and not usage.final:
        return settle([], ZERO, quantity, usage, terms, steps)
    lines, carried = _priced(measures, terms, usage.final)
    if terms.commitment is not None:
        lines = lines + _commitment(lines, terms, usage.final)
    if terms.minimum is not None and usage.final:
        lines = lines + limits.minimum(limits.subtotal(lines, terms), terms)
    if terms.maximum is not None:
        lines = lines + limits.cap(limits.subtotal(lines, terms), terms)
    return settle(lines, carried, quantity, usage, terms, steps)


def _priced(measures, terms, final):
    """Return (lines, carried): the usage priced and discounted, seen against the baseline if any."""
    baseline = terms.baseline
    if baseline is not None and baseline.kind == "quantity":
        return _above_quantity(measures, terms, final)

    lines = priced(measures, terms, _charged(terms))
    if baseline is None:
        return lines, ZERO
    facts, carried = amount_baseline(limits.subtotal(lines, terms), terms, final)
    return facts[:3] + lines + facts[3:], carried


def _charged(terms):
    """Return what a price of the terms charges for usage, as a function (measured, price) -> lines."""
    step = terms.currency_rounding
    return lambda measured, price: usage_lines(measured.quantity, measured.parts, price, terms.time_zone, step)


def _above_quantity(measures, terms, final):
    """Return (lines, carried) of an agreed quantity: only what lies beyond it is priced."""
    actual = measures[-1].quantity
    facts, excess, below, carried = quantity_baseline(actual, terms, final)
    above = excess_of(actual, terms) if terms.baseline.above == "terms" else lambda measured, price: excess
    return facts + priced(measures, terms, above) + below, carried


def _commitment(lines, terms, final):
    """Return the lines that bring the value of the usage to the promise.

    A promised quantity is worth what would count of it towards the promise, had just that been used.
    """
    promise = terms.commitment
    if promise.kind == "amount":
        committed = promise.amount
    else:
        nothing = Measured(ZERO, ())
        used = [nothing] * len(terms.stretches) + [Measured(promise.quantity, ())]
        committed = limits.subtotal(priced(used, terms, _charged(terms)), terms)
    return limits.commitment(limits.subtotal(lines, terms), committed, terms, final)

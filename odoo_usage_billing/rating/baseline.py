"""An agreed quantity or amount against the actual one: three facts for the invoice, then the money.

The band of tolerance is free on both sides (mode "free"), or a threshold that, once passed, makes the
whole variance count (mode "threshold"). What is below is settled only when the rating term ends.
"""

from __future__ import annotations

from typing import NamedTuple

from .exact import ZERO, as_exact
from .lines import information, line, prefixed
from .pricing import fixed_lines, price_above


class Edges(NamedTuple):
    """Where the excess begins, and how much is missing below; all in units, or in money."""

    upper: object
    shortfall: object


def edges(baseline, agreed, actual):
    """Return the Edges of an agreed figure, what was carried in, and the band around it."""
    band = agreed * as_exact(baseline.tolerance_ratio)
    carried = as_exact(baseline.carried_in)
    top, bottom = agreed + carried, agreed
    if baseline.below == "carry_forward":
        bottom += carried
    if baseline.tolerance_mode == "threshold":
        outside = actual < bottom - band
        return Edges(top if actual > top + band else top + band, bottom - max(actual, ZERO) if outside else ZERO)
    return Edges(top + band, max(ZERO, bottom - band - max(actual, ZERO)))


def quantity_baseline(actual, terms, final):
    """Return (facts, excess, below, carried): what is agreed and used, its own price's excess, the shortfall.

    The excess is priced here when the baseline has a price of its own; `excess_of` tells what the terms' own
    prices charge.
    """
    baseline = terms.baseline
    agreed = as_exact(baseline.quantity)
    edge = edges(baseline, agreed, actual)
    facts = _facts(baseline, agreed, actual, as_exact(baseline.fixed_amount or 0))
    excess = []
    if baseline.above not in ("terms", "none"):
        excess = price_above(edge.upper, actual, baseline.above, baseline.above_ladder)
        excess += prefixed(fixed_lines(baseline.above), "above-") if actual > edge.upper else []
    below, carried = _below(baseline, edge, final, as_exact(baseline.below_price))
    return facts, excess, below, carried


def excess_of(actual, terms):
    """Return a function (measured, price) -> lines of what lies above the baseline of the whole term.

    Where the excess begins is decided by the `actual` quantity, which a threshold looks at.
    """
    baseline = terms.baseline
    upper = edges(baseline, as_exact(baseline.quantity), actual).upper
    return lambda measured, price: price_above(upper, measured.quantity, price, baseline.above_ladder)


def amount_baseline(value, terms, final):
    """Return (lines, carried) for usage worth `value`: what the agreed amount covers comes off it.

    The result is the fixed amount (the agreed amount unless another is given) plus what lies above.
    """
    baseline = terms.baseline
    agreed = as_exact(baseline.amount)
    edge = edges(baseline, agreed, value)
    fixed = agreed if baseline.fixed_amount is None else as_exact(baseline.fixed_amount)
    lines = _facts(baseline, agreed, value, fixed)
    covered = min(value, edge.upper) if baseline.above == "terms" else value
    words = {"value": value, "edge": edge.upper, "above": "terms" if baseline.above == "terms" else "other"}
    words |= {"counts_all": "yes"} if terms.limits_include_fixed else {}
    lines.append(line("covered", "covered", 1, -covered, kind="baseline", **words))
    if baseline.above not in ("terms", "none"):
        lines += price_above(edge.upper, value, baseline.above, baseline.above_ladder)
        lines += prefixed(fixed_lines(baseline.above), "above-") if value > edge.upper else []
    below, carried = _below(baseline, edge, final, as_exact(baseline.below_price))
    return lines + below, carried


def _facts(baseline, agreed, actual, fixed):
    """Return baseline, actual and variance as lines; only a fixed amount carries money."""
    words = {"measure": baseline.kind, "baseline": agreed, "carried_in": baseline.carried_in}
    if baseline.days_used is not None and baseline.days_total is not None:
        words["days_used"], words["days_total"] = str(baseline.days_used), str(baseline.days_total)
    if fixed:
        first = line("baseline", "baseline", 1, fixed, kind="baseline", **words)
    else:
        first = information("baseline", "baseline-fact", agreed, **words)
    return [
        first,
        information("actual", "actual", actual),
        information("variance", "variance", actual - agreed, baseline=agreed, actual=actual),
    ]


def _below(baseline, edge, final, price):
    """Return (lines, carried) of what is missing below the band, once the rating term ends."""
    short = edge.shortfall
    if not final or not short or baseline.below == "none":
        return [], ZERO
    if baseline.below == "credit":
        return [line("credit-below", "credit-below", -short, price, kind="credit")], ZERO
    limit = baseline.carried_maximum
    carried = short if limit is None else min(short, as_exact(limit))
    return [information("carried-forward", "carried-forward", carried)], carried

"""Discount, commitment, minimum and cap: lines that bring a subtotal to what was agreed.

Limits look at amounts already rounded to the currency, so that the lines of an invoice add up to the
agreed figure to the last cent; the agreed figure itself is rounded first.
"""

from __future__ import annotations

from .commitment import settlement
from .exact import ZERO, as_exact, round_step
from .lines import information, line, total

DISCOUNTED = ("usage", "fixed", "excess")
FIXED = ("fixed", "baseline")


def discount(lines, percent):
    """Return the percentage discount on all priced lines as one line, or nothing."""
    if not percent:
        return []
    base = total(item for item in lines if item.kind in DISCOUNTED)
    percent = -as_exact(percent)
    return [line("discount", "discount", base, percent, 100, kind="discount")] if base else []


def subtotal(lines, terms):
    """Return the sum of the lines rounded one by one; without fixed amounts where the terms say so."""
    step = as_exact(terms.currency_rounding)
    kept = (item for item in lines if terms.limits_include_fixed or item.kind not in FIXED)
    return sum((round_step(item.exact, step) for item in kept), ZERO)


def commitment(value, committed, terms, final):
    """Return where the promise stands, and overage above it or the one true-up below it at term end."""
    promise = terms.commitment
    committed = round_step(committed, as_exact(terms.currency_rounding))
    drawn = min(max(value, ZERO), committed)
    left = committed - drawn
    lines = [information("commitment", "commitment-fact", committed, drawn=drawn, remaining=left)]
    words = {"value": value, "committed": committed, "factor": promise.overage_factor, **_scope(terms)}
    surcharge, missing = settlement(value, committed, promise.overage_factor, promise.true_up, final)
    if surcharge:
        factor = as_exact(promise.overage_factor) - 1
        lines.append(line("overage", "overage", value - committed, factor, kind="commitment", **words))
    if missing:
        lines.append(line("true-up", "true-up", 1, missing, kind="commitment", **words))
    return lines


def minimum(amount, terms):
    """Return the line that lifts `amount` to the minimum, or nothing. It settles when the rating term ends."""
    floor = round_step(as_exact(terms.minimum), as_exact(terms.currency_rounding))
    if amount >= floor:
        return []
    words = {"value": amount, "limit": floor, **_scope(terms)}
    return [line("minimum", "minimum", 1, floor - amount, kind="minimum", **words)]


def cap(amount, terms):
    """Return the line that lowers `amount` to the maximum; a reversal is held at minus the maximum."""
    ceiling = round_step(as_exact(terms.maximum), as_exact(terms.currency_rounding))
    if abs(amount) <= ceiling:
        return []
    target = -ceiling if amount < 0 else ceiling
    words = {"value": amount, "limit": ceiling, **_scope(terms)}
    return [line("cap", "cap", 1, target - amount, kind="cap", **words)]


def _scope(terms):
    """Return the label that tells a reader of the trace that the limit looked at all lines."""
    return {"counts_all": "yes"} if terms.limits_include_fixed else {}

"""Money: one rounding rule, and ways to share or prorate an amount without losing a cent.

All amounts are Decimals in one currency; `step` is the currency's rounding step ("0.01", "1", "0.001").
"""

from __future__ import annotations

from fractions import Fraction

from .errors import refuse
from .exact import ROUNDING, as_exact, floor_towards, grain, round_step, to_decimal, to_fraction


def as_money(value, step):
    """Return `value`, already a multiple of `step`, as a Decimal with the step's decimals."""
    amount = as_exact(value).quantize(grain(step), context=ROUNDING)
    return amount if amount else amount.copy_abs()


def round_money(amount, step="0.01", mode="nearest"):
    """Return `amount` rounded to the currency step; nearest is half away from zero (DIN 1333)."""
    return as_money(round_step(to_fraction(amount), to_fraction(step), mode), step)


def prorate(amount, ratio, step="0.01"):
    """Return `amount` x `ratio` (a Fraction, as `interval` gives it), rounded once to `step`."""
    return round_money(to_fraction(amount) * to_fraction(ratio), step)


def percent_of(amount, percent, step="0.01"):
    """Return `percent` per cent of `amount`, rounded once to `step`."""
    return round_money(to_fraction(amount) * to_fraction(percent) / 100, step)


def allocate(amount, weights, step="0.01"):
    """Return `amount` shared in proportion to `weights`; the shares add up to it to the last step.

    Each share is first cut towards zero; the steps left over go one by one to the largest remainders,
    earlier shares first among equals. Refuses weights that are negative or all zero.
    """
    total, unit = to_fraction(amount), to_fraction(step)
    parts = [to_fraction(weight) for weight in weights]
    if not parts or min(parts) < 0 or not sum(parts):
        refuse("out_of_range", "weights", "Weights must be positive or zero and not all zero.")
    if (total / unit).denominator != 1:
        refuse("out_of_range", "amount", f"The amount must be a multiple of {step}; round it first.")
    exact = [total / unit * part / sum(parts) for part in parts]
    counts = [floor_towards(share) for share in exact]
    left = int(total / unit) - sum(counts)
    order = sorted(range(len(parts)), key=lambda i: (-abs(exact[i] - counts[i]), i))
    for index in order[: abs(left)]:
        counts[index] += 1 if left > 0 else -1
    return [as_money(count * unit, step) for count in counts]


def credit_within(potential, original, credited_before):
    """Return how much of a `potential` credit may be given: never below zero, never more than is left.

    `original` is the amount once charged, `credited_before` what was already given back of it.
    """
    left = max(Fraction(0), to_fraction(original) - to_fraction(credited_before))
    return to_decimal(min(max(Fraction(0), to_fraction(potential)), left))

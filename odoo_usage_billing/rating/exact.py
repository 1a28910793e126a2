"""Exact numbers: decimals come in and go out, fractions in between, so no step can lose a digit.

A Decimal division rounds at the context's precision and a Decimal context belongs to the thread; a
Fraction does neither. Money is rounded in one place only, `round_step`.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

#: Decimals shown for a number that has no finite decimal form, such as a third.
PLACES_ENDLESS = 18
#: Most decimals a finite number may need before it is shown like an endless one.
PLACES_MAX = 60

ROUNDING_MODES = ("nearest", "up", "down", "none")


def to_fraction(value):
    """Return the exact Fraction of a Decimal, an int, a Fraction, or text such as "1.5" or "1/3"."""
    return value if type(value) is Fraction else _fraction(value)


#: The numbers of terms come again with each charge.
_fraction = lru_cache(maxsize=10000, typed=True)(Fraction)


def places_needed(value):
    """Return how many decimals write the Fraction `value` exactly, or None when none do."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    return places if rest == 1 and places <= PLACES_MAX else None


def fixed_text(value, places):
    """Return `value` as plain decimal text with `places` decimals, half away from zero."""
    count = nearest(value.numerator * 10**places, value.denominator)
    digits = str(abs(count)).zfill(places + 1)
    sign = "-" if count < 0 else ""
    if not places:
        return sign + digits
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def to_text(value):
    """Return the exact text of a number: "12.5" when finite, else "p/q"; never an exponent."""
    value = to_fraction(value)
    if value.denominator == 1:
        return str(value.numerator)
    places = places_needed(value)
    if places is None:
        return f"{value.numerator}/{value.denominator}"
    return fixed_text(value, places)


def to_decimal(value):
    """Return the Decimal of a Fraction: exact when finite, else to 18 decimals, half away from zero."""
    if value.denominator == 1:
        return Decimal(value.numerator)
    places = places_needed(value)
    return Decimal(fixed_text(value, PLACES_ENDLESS if places is None else places))


def nearest(numerator, denominator):
    """Return the integer nearest to a quotient (denominator > 0), half away from zero."""
    size = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -size if numerator < 0 else size


def ceil_away(value):
    """Return the integer next to `value` away from zero: 1.2 -> 2, -1.2 -> -2, so reversals mirror."""
    size = -(-abs(value.numerator) // value.denominator)
    return -size if value < 0 else size


def floor_towards(value):
    """Return the integer next to `value` towards zero: 1.8 -> 1, -1.8 -> -1."""
    size = abs(value.numerator) // value.denominator
    return -size if value < 0 else size


def round_step(value, step, mode="nearest"):
    """Return `value` as a multiple of `step` (both Fractions).

    nearest = half away from zero, up = away from zero, down = towards zero, none = unchanged.
    Each mode mirrors negative numbers, so that a credit undoes its charge exactly.
    """
    if mode == "none":
        return value
    top, bottom = value.numerator * step.denominator, value.denominator * step.numerator
    if mode == "nearest":
        count = nearest(top, bottom)
    else:
        size = abs(top) // bottom if mode == "down" else -(-abs(top) // bottom)
        count = -size if top < 0 else size
    return Fraction(count * step.numerator, step.denominator)

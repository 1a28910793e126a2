"""Exact numbers: decimals that may not round, and fractions for what no decimal can write, such as a third.

Rating computes in the context `EXACT`, in which a step that would lose a digit is an error and never a rounded
number. Only a division can leave the decimals; `quotient` gives an `Endless` fraction then, which mixes with
decimals. Money is rounded in one place only, `round_step`.
"""

from __future__ import annotations

from decimal import (
    ROUND_DOWN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)
from fractions import Fraction
from functools import lru_cache, wraps

#: Decimals shown for a number that has no finite decimal form, such as a third.
PLACES_ENDLESS = 18
#: Most decimals a finite number may need before it is shown like an endless one.
PLACES_MAX = 60

ROUNDING_MODES = ("nearest", "up", "down", "none")
#: The same three for decimals: nearest is half away from zero, up is away from zero, down is towards it.
_DECIMAL_MODES = {"nearest": ROUND_HALF_UP, "up": ROUND_UP, "down": ROUND_DOWN}

#: Enough digits for any product of what is read (200 digits at most on either side); needing more is an error.
EXACT = Context(prec=5000, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
#: The same for the steps whose purpose is to round.
ROUNDING = Context(prec=5000, traps=[InvalidOperation, DivisionByZero, Overflow])
ZERO, ONE, HUNDRED = Decimal(0), Decimal(1), Decimal(100)


def exactly(function):
    """Return the function run in the context EXACT, whatever the caller's decimal context is."""

    @wraps(function)
    def run(*args, **kwargs):
        with localcontext(EXACT):
            return function(*args, **kwargs)

    return run


class Endless(Fraction):
    """A number without a finite decimal form; with a Decimal it gives a Decimal where that is exact again."""

    __slots__ = ()

    def __add__(self, other):
        return as_exact(Fraction(self) + to_fraction(other))

    def __sub__(self, other):
        return as_exact(Fraction(self) - to_fraction(other))

    def __rsub__(self, other):
        return as_exact(to_fraction(other) - Fraction(self))

    def __mul__(self, other):
        return as_exact(Fraction(self) * to_fraction(other))

    def __neg__(self):
        return Endless(-Fraction(self))

    def __abs__(self):
        return Endless(abs(Fraction(self)))

    __radd__, __rmul__ = __add__, __mul__


def as_exact(value):
    """Return the number that Decimal, int, Fraction, or text such as "1.5" or "1/3" means: Decimal or Endless."""
    kind = type(value)
    if kind is Decimal or kind is Endless:
        return value
    if kind is int or kind is str and "/" not in value:
        return Decimal(value)
    value = Fraction(value)
    places = places_needed(value)
    return Endless(value) if places is None else Decimal(fixed_text(value, places))


def quotient(value, divisor):
    """Return `value` / `divisor` exactly: a Decimal, or an Endless where no decimal writes it."""
    if divisor == ONE:
        return value
    if divisor == HUNDRED and type(value) is Decimal:
        return value.scaleb(-2)
    return as_exact(to_fraction(value) / to_fraction(divisor))


def percent(value, rate):
    """Return `rate` per cent of `value`."""
    return quotient(value * rate, HUNDRED)


def to_fraction(value):
    """Return the exact Fraction of a Decimal, an int, a Fraction, or text such as "1.5" or "1/3"."""
    return value if type(value) is Fraction else Fraction(value)


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
    """Return the Fraction `value` as plain decimal text with `places` decimals, half away from zero."""
    count = nearest(value.numerator * 10**places, value.denominator)
    digits = str(abs(count)).zfill(places + 1)
    sign = "-" if count < 0 else ""
    if not places:
        return sign + digits
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def to_text(value):
    """Return the exact text of a number: "12.5" when finite, else "p/q"; never an exponent."""
    if type(value) is not Decimal:
        if type(value) is int:
            return str(value)
        value = as_exact(value)
        if type(value) is Endless:
            return f"{value.numerator}/{value.denominator}"
    text = str(value)
    if "E" in text:
        text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
        if len(text.partition(".")[2]) > PLACES_MAX:
            return "{}/{}".format(*value.as_integer_ratio())
    return text if value else "0"


def to_decimal(value):
    """Return the shortest Decimal of a number: exact when finite, else to 18 decimals, half away from zero."""
    return written(value)[1]


def written(value):
    """Return (text, Decimal) of a number, as `to_text` and `to_decimal` give them."""
    text = to_text(value)
    if type(value) is Decimal and str(value) == text:
        return text, value
    return text, Decimal(text if "/" not in text else fixed_text(Fraction(text), PLACES_ENDLESS))


#: The same for numbers that come again with every charge: prices, bounds.
shown = lru_cache(maxsize=10000)(written)


def nearest(numerator, denominator):
    """Return the integer nearest to a quotient (denominator > 0), half away from zero."""
    size = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -size if numerator < 0 else size


def floor_towards(value):
    """Return the integer next to `value` towards zero: 1.8 -> 1, -1.8 -> -1."""
    size = abs(value.numerator) // value.denominator
    return -size if value < 0 else size


def round_step(value, step, mode="nearest"):
    """Return `value` as a multiple of `step`: a Fraction of Fractions, else exact like them.

    nearest = half away from zero, up = away from zero, down = towards zero, none = unchanged.
    Each mode mirrors negative numbers, so that a credit undoes its charge exactly.
    """
    if mode == "none":
        return value
    if type(value) is Decimal and type(step) is Decimal:
        unit = grain(step)
        if unit == step:
            return value.quantize(unit, _DECIMAL_MODES[mode], ROUNDING)
    (top, below), (high, low) = value.as_integer_ratio(), step.as_integer_ratio()
    top, bottom = top * low, below * high
    if mode == "nearest":
        count = nearest(top, bottom)
    else:
        size = abs(top) // bottom if mode == "down" else -(-abs(top) // bottom)
        count = -size if top < 0 else size
    result = Fraction(count * high, low)
    return result if type(step) is Fraction else as_exact(result)


@lru_cache(maxsize=1000)
def grain(step):
    """Return the power of ten with the decimals that a step such as "0.05" or "1" needs to be written."""
    return ONE.scaleb(-(places_needed(to_fraction(step)) or 0))

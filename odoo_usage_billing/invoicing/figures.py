"""How numbers of records become the exact texts and choices that calculations take."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

QUANTUM = Decimal("0.000000001")


def figure(value):
    """A Fraction as decimal text, exact when it ends within nine decimals, else rounded to them."""
    number = Decimal(value.numerator) / Decimal(value.denominator)
    if Fraction(number) != value:
        number = number.quantize(QUANTUM, ROUND_HALF_UP)
    return format(number, "f")


def digits(value):
    """The shortest decimal text that means a number of a form."""
    return format(Decimal(repr(value or 0)), "f")


def money_step(currency):
    """The rounding step of a currency as text: '0.01', '1', '0.001'."""
    return format(currency.rounding, f".{currency.decimal_places}f")


def day_basis(proration):
    """How the kernel counts days under a contract's way of counting part periods."""
    return "thirty" if proration == "thirty" else "actual"

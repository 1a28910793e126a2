"""A line while it is computed: exact numbers, before money is rounded and before the past is deducted."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from .exact import ONE, ZERO, as_exact, quotient, to_text


class Part(NamedTuple):
    """A part of the usage in billed units; the same names as `UsagePart`, numbers as exact ones."""

    quantity: object = ONE
    amount: object = ZERO
    quantity_prorated: object = None
    dimensions: dict = {}
    started_at: object = None
    continued: bool = False


class Line(NamedTuple):
    """quantity x unit_price / per = exact amount; `message` names the sentence that explains it."""

    code: str
    message: str
    quantity: object
    unit_price: object
    per: object = ONE
    kind: str = "usage"
    lower: object = None
    up_to: object = None
    labels: tuple = ()

    @property
    def exact(self):
        """Return the unrounded amount of the rating term so far."""
        return quotient(self.quantity * self.unit_price, self.per)


def line(code, message, quantity, unit_price, per=1, kind="usage", tier=None, **labels):
    """Return a Line from any numbers; `tier` is (lower, up_to) and labels are numbers or texts."""
    lower, up_to = tier or (None, None)
    words = tuple((key, item if isinstance(item, str) else to_text(item)) for key, item in labels.items())
    return Line(
        code,
        message,
        as_exact(quantity),
        as_exact(unit_price),
        as_exact(per),
        kind,
        lower,
        up_to,
        words,
    )


def information(code, message, quantity, **labels):
    """Return a line that carries no money: a fact the invoice shows."""
    return line(code, message, quantity, 0, kind="information", **labels)


def total(lines):
    """Return the exact sum of the lines' amounts."""
    return sum((item.exact for item in lines), ZERO)


def mirrored(lines):
    """Return the lines with quantities negated: a reversal of the same usage at the same prices."""
    return [item._replace(quantity=-item.quantity) for item in lines]


def prefixed(lines, prefix, kind=None):
    """Return the lines under codes that begin with `prefix`, as another `kind` when one is given."""
    return [
        item._replace(code=f"{prefix}{item.code}", kind=kind if kind and item.kind == "usage" else item.kind)
        for item in lines
    ]


def subtracted(lines, earlier):
    """Return `lines` less the `earlier` ones, code by code; what comes out as nothing drops out."""
    before = {item.code: item for item in earlier}
    kept = [combined(item, before.pop(item.code), -1) if item.code in before else item for item in lines]
    return [item for item in kept + mirrored(before.values()) if item.quantity]


def combined(one, other, sign=1):
    """Return the sum (sign 1) or difference (sign -1) of two lines of one code.

    Quantities combine where the prices agree; else the amounts do, as quantity 1.
    """
    labels = _added(dict(one.labels), dict(other.labels), sign)
    if (one.unit_price, one.per) == (other.unit_price, other.per):
        return one._replace(quantity=one.quantity + sign * other.quantity, labels=labels)
    exact = one.exact + sign * other.exact
    return one._replace(quantity=ONE, unit_price=exact, per=ONE, labels=labels)


def _added(labels, others, sign):
    """Return the labels with those that count something added up."""
    for key in ("units", "best"):
        if key in labels and key in others:
            labels[key] = to_text(Fraction(labels[key]) + sign * Fraction(others[key]))
    return tuple(labels.items())


def merged(lines):
    """Return one line per code, in order of first appearance, its quantities or amounts added up."""
    result = {}
    for item in lines:
        known = result.get(item.code)
        result[item.code] = item if known is None else combined(known, item)
    return list(result.values())

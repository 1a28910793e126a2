"""Entitlements: which grant is used first, what rolls over, what expires. Nothing is ever lost on the way.

Quantities are Decimals in the unit of the metric, or amounts of money for prepaid balances. For any
series of calls: granted = consumed + left + expired.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .exact import to_decimal, to_fraction
from .schema import Record, bad, column, number, text, whole

ZERO = Fraction(0)


def _day(value):
    """Read a date or its ISO text; None means never."""
    if value is None or type(value) is date:
        return value, ()
    try:
        return date.fromisoformat(value), ()
    except (TypeError, ValueError):
        return bad("not_instant", f"{value!r} is not a date; give YYYY-MM-DD.")


@dataclass(frozen=True)
class Grant(Record):
    """A right to use `quantity` more units, until the day before `expires_on`."""

    code: str = column(text)
    quantity: Decimal = column(number(low=0), Decimal(0))
    expires_on: date = column(_day, None)
    priority: int = column(whole(), 0)  # the lowest is used first


@dataclass(frozen=True)
class Use(Record):
    """What one grant gave: `quantity` of grant `code`."""

    code: str = column(text)
    quantity: Decimal = column(number(low=0), Decimal(0))


def burn_order(grants):
    """Return the grants in the order of use: priority, then the earliest expiry, then as given."""
    return sorted(grants, key=lambda grant: (grant.priority, grant.expires_on or date.max))


def burn(quantity, grants, on=None):
    """Return (uses, left, uncovered): `quantity` taken from grants valid on date `on`.

    `left` are all grants with what remains of them, in burn order; `uncovered` is what no grant covers.
    """
    rest, uses, left = to_fraction(quantity), [], []
    for grant in burn_order(grants):
        valid = on is None or grant.expires_on is None or on < grant.expires_on
        taken = min(max(rest, ZERO), to_fraction(grant.quantity)) if valid else ZERO
        rest -= taken
        if taken:
            uses.append(Use(grant.code, to_decimal(taken)))
        remains = to_decimal(to_fraction(grant.quantity) - taken)
        left.append(Grant(grant.code, remains, grant.expires_on, grant.priority))
    return tuple(uses), tuple(left), to_decimal(rest)


def expire(grants, on):
    """Return (kept, expired): the grants still valid on date `on`, and the quantity that lapsed."""
    kept = tuple(g for g in grants if g.expires_on is None or on < g.expires_on)
    lapsed = sum((to_fraction(g.quantity) for g in grants if g not in kept), ZERO)
    return kept, to_decimal(lapsed)


def roll_over(unused, maximum=None, percent=100):
    """Return (carried, expired) of what a period leaves: a share of it, at most `maximum`."""
    left = max(ZERO, to_fraction(unused))
    carried = left * to_fraction(percent) / 100
    if maximum is not None:
        carried = min(carried, to_fraction(maximum))
    return to_decimal(carried), to_decimal(left - carried)


def next_grant(grant, used, maximum=None, percent=100):
    """Return the quantity available next period: the grant anew plus what rolls over of this one."""
    carried, _expired = roll_over(to_fraction(grant) - to_fraction(used), maximum, percent)
    return to_decimal(to_fraction(grant) + to_fraction(carried))

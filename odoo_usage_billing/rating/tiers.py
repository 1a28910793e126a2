"""One tier convention: (previous up_to, up_to], the last tier open; quantities are never lost between."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from .exact import to_fraction
from .price import Tier


class Step(NamedTuple):
    """The part of a quantity that falls into tier number `number` (1 is the first)."""

    number: int
    tier: Tier
    lower: Fraction
    up_to: Fraction  # None = open
    units: Fraction


def split(quantity, tiers, start=Fraction(0)):
    """Return the Steps that hold the units of (start, quantity]; their units add up to the difference.

    Units at or below zero belong to the first tier. `quantity` must not be below `start`.
    """
    steps, lower = [], Fraction(0)
    for number, tier in enumerate(tiers, 1):
        up_to = None if tier.up_to is None else to_fraction(tier.up_to)
        bottom = start if number == 1 else max(lower, start)
        top = quantity if up_to is None else min(up_to, quantity)
        if top > bottom:
            steps.append(Step(number, tier, lower, up_to, top - bottom))
        lower = up_to
    return steps


def reached(quantity, tiers):
    """Return the Step of the tier that holds `quantity`, with all of it as its units."""
    lower = Fraction(0)
    for number, tier in enumerate(tiers, 1):
        up_to = None if tier.up_to is None else to_fraction(tier.up_to)
        if up_to is None or quantity <= up_to:
            return Step(number, tier, lower, up_to, quantity)
        lower = up_to
    raise AssertionError("a ladder ends with an open tier")


def starts_after(number, tiers):
    """Yield (tier, start) of every tier beyond tier `number`: the quantity at which it begins."""
    for index in range(number, len(tiers)):
        yield tiers[index], to_fraction(tiers[index - 1].up_to)

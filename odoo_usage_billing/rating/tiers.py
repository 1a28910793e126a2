"""One tier convention: (previous up_to, up_to], the last tier open; quantities are never lost between."""

from __future__ import annotations

from typing import NamedTuple

from .exact import ZERO
from .price import Tier


class Step(NamedTuple):
    """The part of a quantity that falls into tier number `number` (1 is the first)."""

    number: int
    tier: Tier
    lower: object  # exact numbers
    up_to: object  # None = open
    units: object


def split(quantity, tiers, start=ZERO):
    """Return the Steps that hold the units of (start, quantity]; their units add up to the difference.

    Units at or below zero belong to the first tier. `quantity` must not be below `start`.
    """
    steps, lower = [], ZERO
    for number, tier in enumerate(tiers, 1):
        up_to = tier.up_to
        bottom = start if number == 1 else max(lower, start)
        top = quantity if up_to is None else min(up_to, quantity)
        if top > bottom:
            steps.append(Step(number, tier, lower, up_to, top - bottom))
        lower = up_to
    return steps


def reached(quantity, tiers):
    """Return the Step of the tier that holds `quantity`, with all of it as its units."""
    lower = ZERO
    for number, tier in enumerate(tiers, 1):
        up_to = tier.up_to
        if up_to is None or quantity <= up_to:
            return Step(number, tier, lower, up_to, quantity)
        lower = up_to
    raise AssertionError("a ladder ends with an open tier")


def starts_after(number, tiers):
    """Yield (tier, start) of every tier beyond tier `number`: the quantity at which it begins."""
    for index in range(number, len(tiers)):
        yield tiers[index], tiers[index - 1].up_to

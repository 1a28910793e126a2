"""Commitments over a term: how much is drawn down, what lies above, and exactly one true-up at the end.

Amounts are Decimals in one currency; `step` is its rounding step. A commitment may be shared by several
contract lines: `value` is then the sum of what they charge.
"""

from __future__ import annotations

from typing import NamedTuple

from .exact import ZERO, as_exact, exactly, round_step, to_fraction
from .interval import proration
from .money import as_money


class Position(NamedTuple):
    """Where a commitment stands: all amounts in money, none negative."""

    committed: object  # Decimal
    drawn: object  # Decimal: of the commitment, used so far
    remaining: object  # Decimal: of the commitment, still to use
    overage: object  # Decimal: value above the commitment, at its normal price
    surcharge: object  # Decimal: what the overage costs on top of its normal price
    true_up: object  # Decimal: billed once, at the end


def settlement(value, committed, overage_factor, true_up, ended):
    """Return (surcharge, true-up) for exact money `value` against `committed`.

    Above: value + (value - committed) x (factor - 1). Below: nothing until the term has ended, then what
    is missing, if the commitment asks for it. Never both.
    """
    if value > committed:
        return (value - committed) * (as_exact(overage_factor) - 1), ZERO
    return ZERO, committed - value if ended and true_up else ZERO


@exactly
def position(value, committed, overage_factor=1, true_up=True, ended=False, step="0.01"):
    """Return the Position of a commitment after usage worth `value` in the term so far."""
    unit = as_exact(step)
    value, committed = as_exact(value), round_step(as_exact(committed), unit)
    surcharge, missing = settlement(value, committed, overage_factor, true_up, ended)
    drawn = min(max(value, ZERO), committed)
    over = max(ZERO, value - committed)
    shown = (committed, drawn, committed - drawn, over, surcharge, missing)
    return Position(*(as_money(round_step(amount, unit), step) for amount in shown))


def prorated(committed, lived, term, basis="actual", step="0.01"):
    """Return the commitment of a term that ended early: by days lived (an Interval of dates) over its days."""
    exact = to_fraction(committed) * proration(lived, term, basis)
    return as_money(round_step(exact, to_fraction(step)), step)


def true_up_once(value, committed, billed_true_up, overage_factor=1, step="0.01"):
    """Return the true-up still to bill at term end, given what was billed of it before (0 if none).

    Calling it again after billing gives zero; usage that arrives late gives a negative difference.
    """
    whole = position(value, committed, overage_factor, True, True, step).true_up
    return as_money(to_fraction(whole) - to_fraction(billed_true_up), step)

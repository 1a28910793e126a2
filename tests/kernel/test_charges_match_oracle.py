"""The kernel and an independent oracle, written from the definitions, agree on every line of every random charge."""

from __future__ import annotations

import random
from fractions import Fraction

import kernel_soak_events
import kernel_strategies as own
import kernel_trials
import oracle
from hypothesis import example, given
from hypothesis import strategies as st
from kernel_helpers import charged


@given(own.terms(negative=True), own.signed, st.booleans())
@example({"charge_model": "per_unit", "unit_price": "0.005"}, "1", True)
@example({"charge_model": "per_unit", "unit_price": "0.005"}, "-1", True)
def test_every_line_is_the_oracles(terms, quantity, final):
    kernel_trials.compare({"quantity": quantity, "final": final}, terms)


@given(st.integers(0, 2**32), st.booleans())
def test_every_line_of_events_is_the_oracles(chance, final):
    terms, parts = kernel_soak_events.case(random.Random(chance))
    kernel_trials.compare({"parts": parts, "final": final}, terms)


@given(own.terms(baseline=False), own.quantities)
def test_the_unrounded_amount_is_the_oracles_at_a_fine_step(terms, quantity):
    terms = {**terms, "currency_rounding": "0." + "0" * 25 + "1"}
    bill, _carried = oracle.charge({"quantity": quantity}, terms)
    assert Fraction(charged(terms, quantity=quantity).amount) == sum(bill.values())


@given(own.ladders(), own.quantities, st.sampled_from(["3", "60", "7"]))
def test_a_unit_conversion_that_never_ends_loses_nothing(tiers, quantity, divisor):
    terms = {"charge_model": "graduated", "tiers": tiers, "unit_divisor": divisor, "unit_factor": divisor}
    plain = {"charge_model": "graduated", "tiers": tiers}
    assert charged(terms, quantity=quantity).amount == charged(plain, quantity=quantity).amount


def one_by_one(tiers, count):
    """Return what single units cost, each looked up on its own, plus the flat amounts of the tiers they entered."""
    total, entered = Fraction(0), set()
    for unit in range(1, count + 1):
        index = next(i for i, tier in enumerate(tiers) if "up_to" not in tier or unit <= Fraction(tier["up_to"]))
        total += Fraction(tiers[index]["unit_price"])
        entered.add(index)
    return total + sum(Fraction(tiers[index].get("flat_amount", "0")) for index in entered)


@given(own.ladders(packages=False), st.integers(0, 500))
def test_a_graduated_ladder_is_climbed_unit_by_unit(tiers, count):
    tiers = [
        tier | ({"up_to": str(int(Fraction(tier["up_to"])) + i)} if "up_to" in tier else {})
        for i, tier in enumerate(tiers)
    ]
    tiers = [tier for i, tier in enumerate(tiers) if "up_to" not in tier or int(tier["up_to"]) > 0]
    terms = {"charge_model": "graduated", "tiers": tiers, "currency_rounding": "0." + "0" * 12 + "1"}
    assert Fraction(charged(terms, quantity=str(count)).amount) == one_by_one(tiers, count)

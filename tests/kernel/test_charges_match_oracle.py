"""The kernel and an independent oracle, written from the definitions, agree on every random charge."""

from __future__ import annotations

from fractions import Fraction

import kernel_strategies as own
import oracle
from hypothesis import example, given
from hypothesis import strategies as st
from kernel_helpers import charged


@given(own.terms(negative=True), own.signed, st.booleans())
@example({"charge_model": "per_unit", "unit_price": "0.005"}, "1", True)
@example({"charge_model": "per_unit", "unit_price": "0.005"}, "-1", True)
def test_the_amount_is_the_oracles(terms, quantity, final):
    found = charged(terms, quantity=quantity, final=final)
    amount, carried = oracle.charge(quantity, terms, final)
    assert Fraction(found.amount) == amount
    assert abs(Fraction(found.quantity_carried) - carried) <= Fraction(1, 10**18)


@given(own.terms(baseline=False), own.quantities)
def test_the_unrounded_amount_is_the_oracles_at_a_fine_step(terms, quantity):
    terms = {**terms, "currency_rounding": "0." + "0" * 25 + "1"}
    amount, _carried = oracle.charge(quantity, terms)
    assert Fraction(charged(terms, quantity=quantity).amount) == amount


@given(own.ladders(), own.quantities, st.sampled_from(["3", "60", "7"]))
def test_a_unit_conversion_that_never_ends_loses_nothing(tiers, quantity, divisor):
    terms = {"charge_model": "graduated", "tiers": tiers, "unit_divisor": divisor, "unit_factor": divisor}
    plain = {"charge_model": "graduated", "tiers": tiers}
    assert charged(terms, quantity=quantity).amount == charged(plain, quantity=quantity).amount

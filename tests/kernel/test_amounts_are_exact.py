"""Large quantities, tiny prices, other currencies, hostile contexts: not one digit is lost."""

from __future__ import annotations

import decimal
from decimal import Decimal
from fractions import Fraction

import kernel_strategies as own
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_helpers import charged, rated
from usage_rating import money
from usage_rating.exact import to_decimal, to_fraction, to_text


def test_a_quadrillion_units_with_nine_decimals_at_a_price_with_twelve():
    found = rated("999999999999999.999999999", charge_model="per_unit", unit_price="0.123456789012")
    exact = Fraction("999999999999999.999999999") * Fraction("0.123456789012")
    assert found.components[0].amount_exact == Decimal(to_text(exact))
    assert str(found.amount) == "123456789012000.00"


@pytest.mark.parametrize(
    "step, quantity, amount",
    [
        ("1", "0.5", "1"),
        ("1", "-0.5", "-1"),
        ("0.001", "0.0005", "0.001"),
        ("0.05", "0.025", "0.05"),
        ("0.01", "0.0049999999", "0.00"),
    ],
)
def test_money_rounds_half_away_from_zero_to_the_step_of_the_currency(step, quantity, amount):
    found = rated(quantity, charge_model="per_unit", unit_price="1", currency_rounding=step)
    assert str(found.amount) == amount


def test_a_third_that_is_taken_three_times_is_whole_again():
    found = rated("0.005", charge_model="per_unit", unit_price="3", unit_divisor="3")
    assert str(found.amount) == "0.01"  # 0.005 exactly: a tie, which a rounded third would miss


def test_the_context_of_the_thread_does_not_matter():
    terms = {"charge_model": "per_unit", "unit_price": "0.123456789012", "discount_percent": "33.3"}
    wanted = charged(terms, quantity="123456789012345.123456789").to_dict()
    with decimal.localcontext() as context:
        context.prec, context.rounding = 2, decimal.ROUND_UP
        context.traps[decimal.Inexact] = True
        assert charged(terms, quantity="123456789012345.123456789").to_dict() == wanted


@given(own.terms(negative=True), own.signed)
def test_no_result_is_a_binary_number(terms, quantity):
    def walk(value):
        assert not isinstance(value, float), value
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ():
            walk(item)

    found = charged(terms, quantity=quantity)
    walk(found.to_dict())
    walk([(item.amount, item.quantity, item.unit_price, item.amount_exact) for item in found.components])


@given(st.fractions(), st.sampled_from(["0.01", "1", "0.001", "0.05"]), st.sampled_from(["nearest", "up", "down"]))
def test_rounding_moves_by_less_than_a_step_and_mirrors(value, step, mode):
    value, unit = to_decimal(value), Fraction(step)
    rounded = Fraction(money.round_money(value, step, mode))
    off = rounded - Fraction(value)
    assert (rounded / unit).denominator == 1
    assert abs(off) <= unit / 2 if mode == "nearest" else abs(off) < unit
    assert Fraction(money.round_money(value.copy_negate(), step, mode)) == -rounded


@given(st.integers(-(10**6), 10**6), st.lists(st.integers(0, 1000), min_size=1, max_size=20).filter(any))
def test_an_allocation_loses_no_cent_and_is_fair(cents, weights):
    amount = own.spelled(cents, 2)
    shares = money.allocate(amount, weights)
    assert sum(map(Fraction, shares)) == Fraction(amount)
    for share, weight in zip(shares, weights, strict=True):
        fair = Fraction(amount) * weight / sum(weights)
        assert abs(Fraction(share) - fair) < Fraction(1, 100)


@given(st.fractions())
def test_text_of_a_number_reads_back_to_it(value):
    assert to_fraction(to_text(value)) == value


def test_a_credit_never_exceeds_what_is_left_of_the_charge():
    cases = [("100", "200", "50", 100), ("100", "200", "180", 20), ("-50", "200", "50", 0), ("100", "0", "0", 0)]
    assert all(money.credit_within(*case[:3]) == case[3] for case in cases)


def test_two_prorated_lines_are_rounded_one_by_one():
    share = Fraction(20, 30)
    assert money.prorate("100", share) - money.prorate("50", share) == Decimal("33.34")

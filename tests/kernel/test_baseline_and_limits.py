"""Baselines, commitments, minimum and cap: the figures of the definitions, and their algebra."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import kernel_strategies as own
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_helpers import billed_in_periods, by_code, charged, rated

PAGES = {
    "charge_model": "graduated",
    "tiers": [{"up_to": "70000", "unit_price": "0.012"}, {"unit_price": "0.009"}],
    "baseline": {"quantity": "50000", "fixed_amount": "500", "above_ladder": "absolute"},
}


def facts(charge):
    """Return (baseline, actual, variance) as the invoice shows them."""
    found = {item.code: item for item in charge.components}
    return found["baseline"].labels["baseline"], str(found["actual"].quantity), str(found["variance"].quantity)


@pytest.mark.parametrize(
    "used, lines",
    [
        ("40000", {"baseline": "500.00"}),
        ("50000", {"baseline": "500.00"}),
        ("50001", {"baseline": "500.00", "above-tier-1": "0.01"}),  # 0.012 rounds to a cent
        ("70000", {"baseline": "500.00", "above-tier-1": "240.00"}),
        ("75500", {"baseline": "500.00", "above-tier-1": "240.00", "above-tier-2": "49.50"}),
    ],
)
def test_tiers_above_a_baseline_may_bound_the_whole_quantity(used, lines):
    found = charged(PAGES, quantity=used)
    money = {code: amount for code, amount in by_code(found).items() if code not in ("actual", "variance")}
    assert money == lines
    assert facts(found) == ("50000", used, str(int(used) - 50000))


def test_tiers_above_a_baseline_may_count_from_the_baseline():
    terms = {**PAGES, "baseline": {**PAGES["baseline"], "above_ladder": "excess"}}
    assert charged(terms, quantity="75500").amount == Decimal("806.00")  # 500 + 25,500 x 0.012


def test_a_band_of_tolerance_is_free_or_a_threshold():
    base = {"quantity": "1000", "tolerance_ratio": "0.05"}
    terms = {"charge_model": "per_unit", "unit_price": "1"}
    for mode, amounts in {"free": (0, 0, 50), "threshold": (0, 0, 100)}.items():
        band = {**base, "tolerance_mode": mode}
        assert tuple(rated(q, **terms, baseline=band).amount for q in ("1000", "1050", "1100")) == amounts


@pytest.mark.parametrize("used, amount", [("1000", "0"), ("950", "0"), ("900", "-25"), ("0", "-475")])
def test_usage_below_the_band_is_credited_at_its_own_price(used, amount):
    baseline = {"quantity": "1000", "tolerance_ratio": "0.05", "below": "credit", "below_price": "0.5"}
    assert rated(used, charge_model="per_unit", unit_price="1", baseline=baseline).amount == Decimal(amount)


def test_a_credit_below_waits_for_the_end_of_the_term():
    baseline = {"quantity": "100", "below": "credit", "below_price": "1"}
    terms = {"charge_model": "per_unit", "unit_price": "2", "baseline": baseline}
    assert [charge.amount for charge in billed_in_periods(["30", "30", "30"], terms)] == [0, 0, -10]


def test_an_unused_baseline_is_carried_forward_and_raises_the_next_edge():
    baseline = {"quantity": "100", "below": "carry_forward", "carried_maximum": "25"}
    terms = {"charge_model": "per_unit", "unit_price": "1", "baseline": baseline}
    first = charged(terms, quantity="60")
    assert first.quantity_carried == 25  # 40 unused, 25 at most
    second = charged({**terms, "baseline": {**baseline, "carried_in": str(first.quantity_carried)}}, quantity="130")
    assert second.amount == 5


@pytest.mark.parametrize("used, amount", [("800", 1000), ("1000", 1000), ("1050", 1000), ("1300", 1250)])
def test_an_agreed_amount_covers_usage_up_to_its_band(used, amount):
    baseline = {"kind": "amount", "amount": "1000", "tolerance_ratio": "0.05"}
    assert rated(used, charge_model="per_unit", unit_price="1", baseline=baseline).amount == amount


def test_an_agreed_amount_billed_elsewhere_leaves_only_the_excess():
    baseline = {"kind": "amount", "amount": "1000", "fixed_amount": "0"}
    terms = {"charge_model": "per_unit", "unit_price": "2", "baseline": baseline}
    assert [charged(terms, quantity=q).amount for q in ("400", "600")] == [0, 200]


def test_nothing_above_a_baseline_is_billed_where_the_terms_say_none():
    baseline = {"quantity": "10", "fixed_amount": "7", "above": "none"}
    assert rated("1000", charge_model="per_unit", unit_price="9", baseline=baseline).amount == 7


def test_the_excess_may_have_a_whole_price_of_its_own():
    above = {"charge_model": "package", "package_size": "100", "unit_price": "4", "fixed_amount": "1"}
    found = rated("1150", charge_model="flat", fixed_amount="50", baseline={"quantity": "1000", "above": above})
    assert found.amount == 59  # 50 + 2 packages x 4 + 1


def test_the_discount_comes_before_minimum_and_cap():
    terms = {"charge_model": "per_unit", "unit_price": "10", "discount_percent": "50", "maximum": "100"}
    assert by_code(rated("27", **terms)) == {"unit": "270.00", "discount": "-135.00", "cap": "-35.00"}


def test_the_minimum_is_billed_once_at_the_end_of_the_term():
    terms = {"charge_model": "per_unit", "unit_price": "10", "minimum": "100"}
    amounts = [charge.amount for charge in billed_in_periods(["1", "2", "0"], terms)]
    assert amounts == [10, 20, 70]


def test_fixed_amounts_count_towards_the_minimum_unless_told_otherwise():
    terms = {"charge_model": "per_unit", "unit_price": "1", "fixed_amount": "30", "minimum": "100"}
    assert rated("20", **terms).amount == 100
    assert rated("20", **terms, limits_include_fixed=False).amount == 130


@pytest.mark.parametrize(
    "used, true_up, amount", [("700", True, 1600), ("300", True, 1000), ("300", False, 600), ("500", True, 1000)]
)
def test_a_committed_quantity_is_worth_what_the_terms_charge_for_it(used, true_up, amount):
    promise = {"kind": "quantity", "quantity": "500", "overage_factor": "1.5", "true_up": true_up}
    assert rated(used, charge_model="per_unit", unit_price="2", commitment=promise).amount == amount


@given(st.lists(own.quantities, min_size=1, max_size=6), own.decimals(0, 500, (0, 2)))
def test_a_term_bills_the_larger_of_rated_and_committed_with_one_true_up_at_most(periods, committed):
    terms = {"charge_model": "per_unit", "unit_price": "0.37", "commitment": {"amount": committed}}
    charges = billed_in_periods(periods, terms)
    total = sum((Fraction(item) for item in periods), Fraction(0))
    worth = Fraction(rated(format_of(total), charge_model="per_unit", unit_price="0.37").amount)
    assert sum(Fraction(charge.amount) for charge in charges) == max(worth, Fraction(committed))
    true_ups = [item for charge in charges for item in charge.components if item.code == "true-up"]
    assert len(true_ups) == (1 if worth < Fraction(committed) else 0)
    assert not true_ups or true_ups[0] in charges[-1].components


def format_of(value):
    from usage_rating.exact import to_text

    return to_text(value)


@given(own.terms(), own.quantities)
def test_a_maximum_is_never_passed_and_a_minimum_always_reached(terms, quantity):
    terms["limits_include_fixed"] = True
    found = charged(terms, quantity=quantity)
    if "maximum" in terms:
        highest = Fraction(
            charged(
                {
                    "charge_model": "flat",
                    "fixed_amount": terms["maximum"],
                    "currency_rounding": terms["currency_rounding"],
                }
            ).amount
        )
        assert abs(Fraction(found.amount)) <= highest
    elif "minimum" in terms:
        lowest = Fraction(
            charged(
                {
                    "charge_model": "flat",
                    "fixed_amount": terms["minimum"],
                    "currency_rounding": terms["currency_rounding"],
                }
            ).amount
        )
        assert Fraction(found.amount) >= lowest

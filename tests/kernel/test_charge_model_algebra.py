"""What must hold for every ladder: units conserved, amounts that do not fall, reversals that mirror."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import kernel_strategies as own
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_helpers import by_code, charged, rated
from usage_rating import RatingError

LADDER = [
    {"up_to": "10", "unit_price": "10", "flat_amount": "2"},
    {"up_to": "20", "unit_price": "5"},
    {"unit_price": "1"},
]
FINE = "0." + "0" * 25 + "1"


@given(own.ladders(flats=False, packages=False), own.quantities)
def test_the_units_of_all_tiers_add_up_to_the_quantity(tiers, quantity):
    found = charged({"charge_model": "graduated", "tiers": tiers}, quantity=quantity)
    assert sum(Fraction(item.quantity) for item in found.components) == Fraction(quantity)


@given(own.ladders(), own.quantities, own.quantities, st.sampled_from(["graduated", "guarded"]))
def test_more_usage_never_costs_less_on_a_graduated_or_guarded_ladder(tiers, one, other, kind):
    terms = {"charge_model": "graduated" if kind == "graduated" else "volume", "tiers": tiers}
    terms |= {"best_price_guard": kind == "guarded", "currency_rounding": FINE}
    low, high = sorted([one, other], key=Fraction)
    assert charged(terms, quantity=low).amount <= charged(terms, quantity=high).amount


@given(own.terms(baseline=False), own.quantities)
def test_a_reversal_mirrors_its_charge(terms, quantity):
    for name in ("minimum", "commitment", "fixed_amount"):
        terms.pop(name, None)
    forth, back = charged(terms, quantity=quantity), charged(terms, quantity="-" + quantity)
    if forth.quantity:  # nothing left to bill has no sign: a flat amount without usage stays what it is
        assert forth.amount == -back.amount


@given(own.quantities, own.sizes)
def test_packages_are_counted_exactly(quantity, size):
    found = rated(quantity, charge_model="package", package_size=size, unit_price="1", currency_rounding="1")
    count = Fraction(found.amount)
    assert (count - 1) * Fraction(size) < Fraction(quantity) <= count * Fraction(size)


@pytest.mark.parametrize(
    "quantity, size, count", [("2.1", "0.3", 7), ("2.7", "0.3", 9), ("2.2", "1.1", 2), ("0", "5", 0)]
)
def test_packages_that_binary_division_gets_wrong_come_out_right(quantity, size, count):
    assert rated(quantity, charge_model="package", package_size=size, unit_price="1").amount == count


@pytest.mark.parametrize(
    "quantity, amount",
    [
        ("0", "0"),
        ("0.5", "7"),  # 0.5 x 10 + 2
        ("10", "102"),  # the bound belongs to the lower tier
        ("10.001", "102.01"),  # 102 + 0.001 x 5, half a cent rounds up
        ("21", "153"),  # 100 + 2 + 50 + 1
    ],
)
def test_a_tier_holds_its_upper_bound_and_not_its_lower_one(quantity, amount):
    assert rated(quantity, charge_model="graduated", tiers=LADDER).amount == Decimal(amount)


def test_volume_prices_all_units_at_the_tier_reached_and_may_dip():
    tiers = [{"up_to": "15", "unit_price": "10"}, {"unit_price": "5"}]
    assert rated("15", charge_model="volume", tiers=tiers).amount == 150
    assert rated("16", charge_model="volume", tiers=tiers).amount == 80


def test_the_best_price_guard_bills_the_start_of_the_next_tier_instead():
    tiers = [{"up_to": "15", "unit_price": "10"}, {"unit_price": "5"}]
    found = rated("14", charge_model="volume", tiers=tiers, best_price_guard=True)
    assert by_code(found) == {"tier-1": "140.00", "best-price": "-65.00"}  # 15 x 5 = 75


def test_a_stair_costs_its_flat_amount_whatever_the_units():
    tiers = [{"up_to": "250", "flat_amount": "10"}, {"up_to": "500", "flat_amount": "20"}, {"flat_amount": "30"}]
    amounts = [rated(q, charge_model="stair_step", tiers=tiers).amount for q in ("0", "1", "250", "250.1", "9999")]
    assert amounts == [0, 10, 10, 20, 30]


def test_the_flat_amount_without_usage_is_an_option_that_is_off_by_default():
    assert rated("0", charge_model="graduated", tiers=LADDER).amount == 0
    assert rated("0", charge_model="graduated", tiers=LADDER, bill_flat_on_zero=True).amount == 2


def test_a_capped_tier_stops_at_its_maximum():
    found = rated("5", charge_model="graduated", tiers=[{"unit_price": "1", "maximum": "3"}])
    assert by_code(found) == {"tier-1": "5.00", "tier-1-cap": "-2.00"}


def test_one_package_may_be_due_without_usage():
    assert rated("0", charge_model="package", package_size="10", unit_price="7", packages_minimum=1).amount == 7


def test_negative_usage_is_refused_where_the_terms_say_so():
    with pytest.raises(RatingError) as caught:
        rated("-1", charge_model="per_unit", unit_price="1", negative_usage="refuse")
    assert caught.value.code == "negative_usage"


def test_parts_priced_one_by_one_each_climb_their_own_ladder():
    tiers = [{"up_to": "10", "unit_price": "1"}, {"unit_price": "2"}]
    parts = [{"quantity": "3"}, {"quantity": "12"}]
    terms = {"charge_model": "graduated", "tiers": tiers}
    assert charged({**terms, "price_per_part": True}, parts=parts).amount == 17  # 3 + 10 + 2 x 2
    assert charged(terms, parts=parts).amount == 20  # 10 + 5 x 2


@given(st.lists(own.quantities, max_size=6), own.ladders(), st.sampled_from(["graduated", "volume"]))
def test_pricing_by_part_is_the_sum_of_its_parts(quantities, tiers, model):
    terms = {"charge_model": model, "tiers": tiers, "currency_rounding": FINE}
    single = sum(Fraction(charged(terms, quantity=quantity).amount) for quantity in quantities)
    parts = [{"quantity": quantity} for quantity in quantities]
    together = charged({**terms, "price_per_part": True}, parts=parts, quantity=None if parts else "0")
    assert Fraction(together.amount) == single

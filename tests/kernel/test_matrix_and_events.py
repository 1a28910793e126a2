"""The price matrix and the models that look at events."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import kernel_strategies as own
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_helpers import by_code, charged
from usage_rating import RatingError, Row
from usage_rating.matrix import find_row

ROWS = [
    {"match": {"to": "32"}, "unit_price": "0.10"},
    {"match": {"to": "324"}, "unit_price": "0.25"},
    {"match": {"to": "32", "class": "gold"}, "unit_price": "0.05"},
    {"match": {}, "unit_price": "1"},
]


@pytest.mark.parametrize(
    "dimensions, row",
    [
        ({"to": "3299"}, 1),
        ({"to": "32475"}, 2),  # the longest prefix
        ({"to": "32475", "class": "gold"}, 3),  # more dimensions named
        ({"to": "49"}, 4),  # the row for all other usage
        ({}, 4),
    ],
)
def test_usage_finds_the_most_specific_row(dimensions, row):
    assert find_row(dimensions, [Row.from_dict(item) for item in ROWS], ("to",)) == row


def test_a_row_may_carry_a_whole_price():
    price = {
        "charge_model": "graduated",
        "tiers": [{"up_to": "10", "unit_price": "2"}, {"unit_price": "1"}],
        "fixed_amount": "5",
    }
    terms = {"charge_model": "matrix", "rows": [{"match": {"region": "EU"}, "price": price}, {"unit_price": "3"}]}
    parts = [{"quantity": "8", "dimensions": {"region": "EU"}}, {"quantity": "4", "dimensions": {"region": "EU"}}]
    found = charged(terms, parts=[*parts, {"quantity": "1", "dimensions": {"region": "US"}}])
    assert by_code(found) == {"row-1-tier-1": "20.00", "row-1-tier-2": "2.00", "row-1-fixed": "5.00", "row-2": "3.00"}


def test_a_matrix_finds_the_time_of_use_band_itself():
    bands = [{"code": "day", "from_time": "07:00", "to_time": "22:00"}, {"code": "night"}]
    rows = [{"match": {"band": "day"}, "unit_price": "2"}, {"match": {"band": "night"}, "unit_price": "1"}]
    terms = {"charge_model": "matrix", "rows": rows, "bands": bands, "time_zone": "Europe/Brussels"}
    parts = [{"quantity": "10", "started_at": f"2026-07-01T{hour}:30:00Z"} for hour in ("04", "05", "20")]
    assert by_code(charged(terms, parts=parts)) == {"row-1": "20.00", "row-2": "20.00"}  # 06:30, 07:30, 22:30


@given(
    st.lists(st.tuples(own.decimals(0, 90, (0, 3)), st.sampled_from(["321", "3244", "5"])), max_size=8), st.randoms()
)
def test_the_order_of_matrix_usage_does_not_change_a_byte(found, chance):
    terms = {"charge_model": "matrix", "rows": ROWS, "prefix_dimensions": ["to"]}
    parts = [{"quantity": quantity, "dimensions": {"to": to}} for quantity, to in found]
    shuffled = list(parts)
    chance.shuffle(shuffled)
    assert charged(terms, parts=parts).to_dict() == charged(terms, parts=shuffled).to_dict()


def test_usage_without_a_row_is_refused_by_name():
    terms = {"charge_model": "matrix", "rows": ROWS[:1], "prefix_dimensions": ["to"]}
    with pytest.raises(RatingError, match="to=49"):
        charged(terms, parts=[{"dimensions": {"to": "49"}}])


def test_a_row_cannot_be_priced_by_events():
    with pytest.raises(RatingError) as caught:
        charged({"charge_model": "matrix", "rows": [{"price": {"charge_model": "dynamic"}}]}, quantity="1")
    assert caught.value.code == "contradiction"


PERCENT = {
    "charge_model": "percentage",
    "rate_percent": "1.3",
    "event_amount": "2",
    "free_events": 3,
    "free_amount": "250",
}


def events(*amounts):
    return [{"amount": str(amount)} for amount in amounts]


@pytest.mark.parametrize(
    "amounts, amount",
    [
        ((50, 100, 250, 400), "11.15"),  # 150 beyond 250, then 400: 550 x 1.3 % + 2 x 2
        ((50, 100, 100), "0"),  # exactly used up
        ((50, 100, 100, 10), "2.13"),
        ((1, 1, 1, 100), "3.30"),  # the free events are used up first
        ((100, -100), "-3.30"),  # a refund mirrors a charge and eats no allowance
    ],
)
def test_events_are_free_while_both_allowances_last(amounts, amount):
    assert charged(PERCENT, parts=events(*amounts)).amount == Decimal(amount)


def test_a_percentage_of_revenue_needs_no_events():
    assert charged({"charge_model": "percentage", "rate_percent": "7.5"}, quantity="1234.50").amount == Decimal("92.59")


def test_minimum_and_maximum_hold_per_event():
    terms = {"charge_model": "percentage", "rate_percent": "2.99", "event_minimum": "1.75", "event_maximum": "12"}
    found = charged({**terms, "currency_rounding": "0.001"}, parts=events(10, 80, 10000))
    assert by_code(found) == {"percentage": "2.392", "event-minimum": "1.750", "event-maximum": "12.000"}


@given(st.lists(own.decimals(0, 999, (0, 2)), max_size=8), own.prices)
def test_cost_plus_is_the_carried_amounts_times_the_multiplier(amounts, multiplier):
    terms = {"charge_model": "dynamic", "multiplier": multiplier, "currency_rounding": "0." + "0" * 19 + "1"}
    found = charged(terms, parts=events(*amounts))
    assert Fraction(found.amount) == sum(map(Fraction, amounts)) * Fraction(multiplier)


def test_included_units_are_used_up_by_parts_in_their_order():
    terms = {"charge_model": "matrix", "rows": ROWS, "prefix_dimensions": ["to"], "quantity_included": "10"}
    parts = [{"quantity": "8", "dimensions": {"to": "32"}}, {"quantity": "8", "dimensions": {"to": "324"}}]
    assert charged(terms, parts=parts).amount == Decimal("1.50")  # 6 left of the second at 0.25


def test_a_prorated_ladder_keeps_flat_amounts_and_never_goes_below_zero():
    terms = {"charge_model": "prorated_graduated", "bill_flat_on_zero": True}
    terms["tiers"] = [
        {"up_to": "5", "unit_price": "10", "flat_amount": "100"},
        {"unit_price": "5", "flat_amount": "50"},
    ]
    parts = [
        {"quantity": "4", "quantity_prorated": "2.8"},
        {"quantity": "2", "quantity_prorated": "1"},
        {"quantity": "-3", "quantity_prorated": "-0.6"},
    ]
    assert charged(terms, parts=parts).amount == Decimal("180.5")
    below = [{"quantity": "5", "quantity_prorated": "2"}, {"quantity": "-100", "quantity_prorated": "-33.33"}]
    assert by_code(charged(terms, parts=below))["lift-to-zero"] == "213.30"
    assert charged(terms, quantity="0").amount == 100

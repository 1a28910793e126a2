"""A price change within a rating term: usage keeps climbing, each price charges what came while it held."""

from __future__ import annotations

import pytest
from kernel_helpers import by_code, charged
from usage_rating import RatingError

LADDER = [
    {"up_to": "10", "unit_price": "5"},
    {"up_to": "30", "unit_price": "3", "flat_amount": "2"},
    {"unit_price": "1"},
]
PRICES = [
    {"charge_model": "per_unit", "unit_price": "0.37"},
    {"charge_model": "graduated", "tiers": LADDER},
    {"charge_model": "volume", "tiers": LADDER},
    {"charge_model": "volume", "tiers": LADDER, "best_price_guard": True},
    {"charge_model": "stair_step", "tiers": [{"up_to": "20", "flat_amount": "7"}, {"flat_amount": "9"}]},
    {"charge_model": "package", "package_size": "7", "unit_price": "4", "packages_minimum": 1},
    {"charge_model": "flat", "fixed_amount": "12.5"},
]


def test_each_price_charges_what_came_while_it_held():
    terms = {"charge_model": "per_unit", "unit_price": "0.02", "days": 16, "days_total": 31}
    terms["stretches"] = [{"price": {"charge_model": "per_unit", "unit_price": "0.01"}, "days": 15}]
    found = charged(terms, quantity="1000", quantities_at_changes=["400"])
    assert by_code(found) == {"unit": "4.00", "change-1-unit": "12.00"}


def test_the_ladder_goes_on_at_the_new_prices():
    new = [{"up_to": "10", "unit_price": "4"}, {"unit_price": "2"}]
    terms = {"charge_model": "graduated", "tiers": new, "days": 1, "days_total": 2}
    old = [{"up_to": "10", "unit_price": "5"}, {"unit_price": "3"}]
    terms["stretches"] = [{"price": {"charge_model": "graduated", "tiers": old}, "days": 1}]
    found = charged(terms, quantity="14", quantities_at_changes=["8"])
    assert by_code(found) == {"tier-1": "40.00", "change-1-tier-1": "8.00", "change-1-tier-2": "8.00"}


def test_a_fixed_amount_counts_for_the_days_it_held():
    terms = {"charge_model": "flat", "fixed_amount": "62", "days": 16, "days_total": 31}
    terms["stretches"] = [{"price": {"charge_model": "flat", "fixed_amount": "31"}, "days": 15}]
    found = charged(terms, quantity="0", quantities_at_changes=["0"])
    assert by_code(found) == {"fixed": "15.00", "change-1-fixed": "32.00"}


def test_the_excess_is_priced_by_the_price_that_held_when_it_was_used():
    terms = {"charge_model": "per_unit", "unit_price": "2", "days": 10, "days_total": 30}
    terms["stretches"] = [{"price": {"charge_model": "per_unit", "unit_price": "1"}, "days": 20}]
    terms["baseline"] = {"quantity": "100"}
    found = charged(terms, quantity="130", quantities_at_changes=["110"])
    assert {k: v for k, v in by_code(found).items() if "above" in k} == {
        "above-unit": "10.00",
        "change-1-above-unit": "40.00",
    }


def test_parts_belong_to_their_stretch():
    slots = [{"increment": "60", "per": "60", "unit_price": "0.10"}]
    dearer = [{"increment": "60", "per": "60", "unit_price": "0.30"}]
    terms = {"charge_model": "time_increment", "slots": dearer, "days": 1, "days_total": 2}
    terms["stretches"] = [{"price": {"charge_model": "time_increment", "slots": slots}, "days": 1}]
    parts = [{"quantity": "61"}, {"quantity": "1", "stretch": 1}, {"quantity": "120", "stretch": 1}]
    assert by_code(charged(terms, parts=parts)) == {"slot-1": "0.20", "change-1-slot-1": "0.90"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"stretches": [{"price": PRICES[0], "days": 3}]}, "missing"),
        ({"days": 20, "days_total": 10}, "out_of_range"),
        ({"days_total": 10}, "out_of_range"),
        (
            {"stretches": [{"price": {"charge_model": "dynamic"}, "days": 1}], "days": 1, "days_total": 2},
            "contradiction",
        ),
    ],
)
def test_changes_that_do_not_fit_are_refused(fields, code):
    with pytest.raises(RatingError) as caught:
        charged({"charge_model": "per_unit", "unit_price": "1", **fields}, quantity="1")
    assert code in [problem.code for problem in caught.value.problems]


def test_usage_must_tell_the_quantity_at_each_change():
    terms = {"charge_model": "per_unit", "unit_price": "1", "days": 1, "days_total": 2}
    terms["stretches"] = [{"price": PRICES[0], "days": 1}]
    with pytest.raises(RatingError):
        charged(terms, quantity="1")


def test_a_flat_amount_without_usage_gives_way_to_a_stair():
    stairs = {"charge_model": "stair_step", "bill_flat_on_zero": True, "tiers": [{"flat_amount": "7"}]}
    terms = {**stairs, "tiers": [{"flat_amount": "9"}], "days": 1, "days_total": 2}
    terms["stretches"] = [{"price": stairs, "days": 1}]
    assert by_code(charged(terms, quantity="3", quantities_at_changes=["0"])) == {"tier-1": "7.00"}

"""A price change within a rating term: usage keeps climbing, each price charges what came while it held."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_helpers import by_code, charged, decimal_text
from usage_rating import RatingError, recompute

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
AROUND = [
    {},
    {"discount_percent": "12.5"},
    {"fixed_amount": "31", "quantity_included": "4"},
    {"baseline": {"quantity": "15", "fixed_amount": "9", "below": "credit", "below_price": "0.2"}},
    {"baseline": {"quantity": "15", "above_ladder": "absolute", "tolerance_ratio": "0.1"}},
    {"baseline": {"kind": "amount", "amount": "40"}},
    {"minimum": "25", "maximum": "60"},
    {"commitment": {"amount": "50", "overage_factor": "1.5"}},
]


def changed(price, marks, days=31):
    """Return the fields that hold the same price in every stretch before `marks`' last."""
    discount = price.pop("discount_percent", "0")
    each = days // (len(marks) + 1)
    stretches = [{"price": price, "discount_percent": discount, "days": each} for _mark in marks]
    return {"stretches": stretches, "days": days - each * len(marks), "days_total": days}


@pytest.mark.parametrize("around", AROUND, ids=lambda item: "-".join(item) or "plain")
@pytest.mark.parametrize("price", PRICES, ids=lambda item: item["charge_model"])
@given(data=st.data())
def test_a_change_to_the_same_price_changes_nothing(price, around, data):
    marks = sorted(data.draw(st.lists(st.integers(0, 60), min_size=1, max_size=3)))
    quantity = marks[-1] + data.draw(st.integers(0, 20))
    whole = charged({**price, **around}, quantity=quantity)
    inner = {**price, **{key: around[key] for key in ("fixed_amount", "discount_percent") if key in around}}
    fields = changed(inner, marks)
    found = charged({**price, **around, **fields}, quantity=quantity, quantities_at_changes=marks)
    assert abs(found.amount - whole.amount) <= Fraction(len(found.components), 100)
    if "discount_percent" not in around and "fixed_amount" not in {**price, **around}:
        assert found.amount == whole.amount
    assert recompute(found.trace) == found.amount


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


@given(
    st.lists(st.integers(0, 40), min_size=2, max_size=6),
    st.integers(0, 5),
)
def test_any_cut_bills_the_same_when_the_price_changes(quantities, where):
    """Billing each part alone, with the change falling between two of them, adds up to billing once."""
    where = min(where, len(quantities) - 1)
    old = {"charge_model": "graduated", "tiers": LADDER, "fixed_amount": "10"}
    new = {"charge_model": "package", "package_size": "6", "unit_price": "11", "fixed_amount": "20"}
    before_change = {**old, "days": 15, "days_total": 30}
    after = {**new, "days": 15, "days_total": 30, "stretches": [{"price": old, "days": 15}]}
    mark = sum(quantities[: where + 1])
    billed, total, used = {}, Fraction(0), 0
    for index, quantity in enumerate(quantities):
        is_changed = index > where
        usage = {"quantity": quantity, "quantity_before": used, "billed_before": billed}
        usage["final"] = index == len(quantities) - 1
        usage |= {"quantities_at_changes": [mark]} if is_changed else {}
        found = charged(after if is_changed else before_change, **usage)
        billed, total, used = found.to_dict().get("billed_after", {}), total + Fraction(found.amount), used + quantity
    terms, marks = (after, [mark]) if where < len(quantities) - 1 else (before_change, None)
    once = charged(terms, quantity=decimal_text(Fraction(used)), quantities_at_changes=marks)
    assert total == Fraction(once.amount)


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

"""A price change within a rating term, wherever it falls: the same price changes nothing, any cut bills the same."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_helpers import charged, decimal_text
from test_price_changes import LADDER, PRICES
from usage_rating import recompute

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

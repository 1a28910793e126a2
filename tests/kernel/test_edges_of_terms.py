"""Edges of what may be agreed and of what is read: one more or less, and another amount or another answer."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import date, timedelta
from decimal import Decimal

import pytest
from kernel_helpers import by_code, charged, rated
from usage_rating import Price, Problem, RatingError, Terms, Usage, UsagePart, rate, recompute
from usage_rating.commitment import position
from usage_rating.exact import quotient
from usage_rating.interval import PERIODS_MAX, Interval, billing_periods

UNIT = {"charge_model": "per_unit", "unit_price": "1"}
DAY = date(2026, 1, 1)


def codes(call):
    with pytest.raises(RatingError) as caught:
        call()
    return [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize("quantity", ["10", "9.5"])
def test_what_is_not_above_a_baseline_has_no_line(quantity):
    found = rated(quantity, **UNIT, baseline={"quantity": "10"})
    assert list(found.billed_after) == [] and found.amount == 0


@pytest.mark.parametrize(
    "quantity, amounts", [("10", {}), ("9", {}), ("11", {"above-unit": "2.00", "above-fixed": "5.00"})]
)
def test_the_fixed_amount_of_a_price_above_needs_an_excess(quantity, amounts):
    above = {"charge_model": "per_unit", "unit_price": "2", "fixed_amount": "5"}
    found = by_code(rated(quantity, **UNIT, baseline={"quantity": "10", "above": above}))
    assert {code: amount for code, amount in found.items() if code.startswith("above")} == amounts


@pytest.mark.parametrize("quantity, credit", [("90", "0.00"), ("95", "0.00"), ("89", "-11.00")])
def test_a_threshold_below_counts_all_once_it_is_passed(quantity, credit):
    agreed = {"quantity": "100", "tolerance_ratio": "0.1", "tolerance_mode": "threshold"}
    agreed |= {"below": "credit", "below_price": "1"}
    assert str(rated(quantity, **UNIT, baseline=agreed).amount) == credit


def test_days_of_a_baseline_are_told_together_or_not_at_all():
    lines = rated("1", **UNIT, baseline={"quantity": "10", "days_used": 5}).components
    assert "days_used" not in lines[0].labels


def test_parts_that_share_tiers_stay_in_the_order_of_the_tiers():
    tiers = [{"up_to": str(bound), "unit_price": "1"} for bound in range(1, 11)] + [{"unit_price": "1"}]
    terms = {"charge_model": "graduated", "tiers": tiers, "price_per_part": True}
    found = charged(terms, parts=[{"quantity": "12"}, {"quantity": "3"}])
    assert [item.code for item in found.components] == [f"tier-{number}" for number in range(1, 12)]


@pytest.mark.parametrize("days, amount", [(0, None), (1, "1.00"), (2, "2.00")])
def test_a_price_bills_its_fixed_amount_for_its_days(days, amount):
    price = {**UNIT, "fixed_amount": "10"}
    terms = {**UNIT, "days": 10 - days, "days_total": 10, "stretches": [{"price": price, "days": days}]}
    found = charged(terms, quantity="0", quantities_at_changes=["0"])
    assert by_code(found).get("fixed") == amount
    assert ("fixed" in found.billed_after) == bool(amount)


def test_parts_of_all_earlier_stretches_count():
    price = {"charge_model": "matrix", "rows": [{"match": {}, "unit_price": "1"}]}
    dear = {"charge_model": "matrix", "rows": [{"match": {}, "unit_price": "5"}]}
    terms = {**dear, "days": 1, "days_total": 3}
    terms["stretches"] = [{"price": price, "days": 1}, {"price": price, "days": 1}]
    parts = [{"quantity": "3"}, {"quantity": "2", "stretch": 1}, {"quantity": "1", "stretch": 2}]
    assert by_code(charged(terms, parts=parts)) == {"row-1": "3.00", "change-1-row-1": "2.00", "change-2-row-1": "5.00"}


@pytest.mark.parametrize("own, earlier, total, refused", [(0, 2, 2, False), (0, 3, 2, True), (1, 2, 2, True)])
def test_prices_hold_no_more_days_than_there_are(own, earlier, total, refused):
    terms = {**UNIT, "days": own, "days_total": total, "stretches": [{"price": UNIT, "days": earlier}]}
    if refused:
        assert codes(lambda: Terms.from_dict(terms)) == ["out_of_range"]
    else:
        assert Terms.from_dict(terms).days == own


def test_usage_before_needs_the_usage_of_now():
    assert codes(lambda: Usage.from_dict({"quantity_before": "5"})) == ["missing"]
    assert Usage.from_dict({"quantity_before": "5", "parts": [{}]}).quantity is None


def test_a_position_of_any_size_is_exact():
    promised = "12345678901234567890123456789.25"
    assert str(position("0.05", promised).remaining) == "12345678901234567890123456789.20"


def test_findings_cannot_be_changed_and_the_first_is_told_first():
    with pytest.raises(FrozenInstanceError):
        Problem("a", "b", "c").code = "d"
    error = RatingError([Problem("one", "first", "The first."), Problem("two", "second", "The second.")])
    assert (error.code, error.field) == ("one", "first")


def test_a_unit_that_a_capacity_tier_does_not_name_has_no_room():
    tiers = [
        {"flat_amount": "5", "limits": {"seats": "10"}},
        {"flat_amount": "9", "limits": {"seats": None, "gb": None}},
    ]
    terms = {"charge_model": "capacity", "tiers": tiers}

    def amount(gigabytes):
        parts = [{"quantity": "3", "dimensions": {"unit": "seats"}}]
        parts.append({"quantity": gigabytes, "dimensions": {"unit": "gb"}})
        return str(charged(terms, parts=parts).amount)

    assert (amount("0"), amount("0.5")) == ("5.00", "9.00")


@pytest.mark.parametrize("value, divisor, result", [("202", "101", 2), ("198", "99", 2), ("250", "100", "2.5")])
def test_only_a_hundredth_is_a_shift(value, divisor, result):
    assert quotient(Decimal(value), Decimal(divisor)) == Decimal(result)


def test_rate_is_known_by_its_name():
    assert (rate.__name__, bool(rate.__doc__)) == ("rate", True)


@pytest.mark.parametrize("seconds, amount", [("0.5", "1.00"), ("-0.5", "-1.00"), ("1", "1.00"), ("-1", "-1.00")])
def test_part_of_a_second_is_a_second(seconds, amount):
    terms = {"charge_model": "time_increment", "slots": [{"increment": "1", "unit_price": "1"}]}
    assert str(charged(terms, parts=[{"quantity": seconds}]).amount) == amount


def test_an_increment_may_run_past_a_whole_slot():
    slots = [{"increment": "120", "unit_price": "1"}, {"start": "60", "increment": "60", "unit_price": "10"}]
    slots.append({"start": "120", "increment": "60", "unit_price": "100"})
    found = charged({"charge_model": "time_increment", "slots": slots}, parts=[{"quantity": "180"}])
    assert by_code(found) == {"slot-1": "120.00", "slot-3": "6000.00"}


def test_a_total_of_seconds_is_a_call_with_its_connect_amount():
    terms = {"charge_model": "time_increment", "slots": [{"unit_price": "1"}], "connect_amount": "7"}
    assert by_code(rated("10", **terms)) == {"connect": "7.00", "slot-1": "10.00"}


def test_an_interval_ends_before_its_end():
    span = Interval(DAY, DAY + timedelta(days=3))
    assert [span.contains(DAY + timedelta(days=number)) for number in (-1, 0, 2, 3, 4)] == [
        False,
        True,
        True,
        False,
        False,
    ]
    assert span.overlap(Interval(DAY + timedelta(days=5), DAY + timedelta(days=6))) is None


def test_so_many_periods_and_no_more():
    most = Interval(DAY, DAY + timedelta(days=PERIODS_MAX))
    assert len(billing_periods(most, "daily")) == PERIODS_MAX
    assert codes(lambda: billing_periods(most._replace(end=most.end + timedelta(days=1)), "daily")) == ["too_many"]


def test_half_a_unit_back_is_within_the_included_units():
    found = rated("-0.5", **UNIT, quantity_included="1")
    assert found.amount == 0 and recompute(found.trace) == 0


@pytest.mark.parametrize("bounds", [("10", "5"), ("10", "10")])
def test_bounds_that_do_not_rise_are_named(bounds):
    tiers = [{"up_to": "1"}, *({"up_to": bound} for bound in bounds), {}]
    with pytest.raises(RatingError) as caught:
        Price.from_dict({"charge_model": "graduated", "tiers": tiers})
    (problem,) = caught.value.problems
    assert problem.code == "tier_order" and problem.message.startswith(f"{bounds[1]} does not rise above {bounds[0]};")


@pytest.mark.parametrize("starts", [("0", "60", "30"), ("0", "60", "60")])
def test_slots_begin_one_after_the_other(starts):
    price = {"charge_model": "time_increment", "slots": [{"start": start} for start in starts]}
    assert codes(lambda: Price.from_dict(price)) == ["tier_order"]


def test_the_price_of_a_row_has_no_rows():
    row = {"match": {}, "price": {**UNIT, "rows": [{"match": {}}]}}
    assert codes(lambda: Price.from_dict({"charge_model": "matrix", "rows": [row]})) == ["contradiction"]


def test_what_is_read_is_bounded_and_of_its_kind():
    assert len(Usage.from_dict({"quantity": "1", "quantities_at_changes": ["1"] * 400}).quantities_at_changes) == 400
    assert codes(lambda: UsagePart.from_dict({"dimensions": {"region": 5}})) == ["not_text"]
    assert codes(lambda: UsagePart.from_dict({"started_at": "yesterday"})) == ["not_instant"]
    assert Usage.from_dict({"quantity": "1", "quantities_at_changes": ["1.50"]}).to_dict()["quantities_at_changes"] == [
        "1.5"
    ]


def test_a_later_billing_period_shows_numbers_too():
    first = rated("10", **UNIT)
    later = charged(UNIT, quantity="5", quantity_before="10", billed_before=first.to_dict()["billed_after"])
    (line,) = later.components
    assert [type(number) for number in (line.quantity, line.unit_price, line.per)] == [Decimal] * 3

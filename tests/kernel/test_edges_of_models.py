"""Edges at which one comparison more or less would bill another amount."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from kernel_helpers import by_code, charged, rated
from usage_rating import RatingError, Terms, Usage, aggregate, messages
from usage_rating.exact import round_step, to_decimal, to_text
from usage_rating.interval import Interval, proration
from usage_rating.money import allocate, as_money


def test_a_slot_that_is_used_up_opens_no_other():
    slots = [{"start": "0", "increment": "60", "unit_price": "1"}, {"start": "60", "increment": "6", "unit_price": "2"}]
    found = charged({"charge_model": "time_increment", "slots": slots}, parts=[{"quantity": "60"}])
    assert list(found.billed_after) == ["slot-1"]


@pytest.mark.parametrize("maximum, amount", [("9.5", "9.50"), ("10", "10.00"), ("10.5", "10.00")])
def test_the_cap_of_a_tier_takes_off_half_a_unit_too(maximum, amount):
    tiers = [{"unit_price": "1", "maximum": maximum}]
    assert str(rated("10", charge_model="graduated", tiers=tiers).amount) == amount


ROUNDINGS = [("none", "up", "7.50"), ("", "up", "8.00"), ("up", "none", "8.00")]


@pytest.mark.parametrize("of_tier, of_price, amount", ROUNDINGS)
def test_the_start_of_a_later_tier_is_packed_as_that_tier_says(of_tier, of_price, amount):
    last = {"unit_price": "1", "package_size": "10", "package_rounding": of_tier}
    terms = {"charge_model": "volume", "tiers": [{"up_to": "75", "unit_price": "1"}, last]}
    terms |= {"best_price_guard": True, "package_rounding": of_price}
    # 60 at 1 is dearer than what the later tier begins with: 7.5 packages at 1, or 8
    assert str(rated("60", **terms).amount) == amount


def test_a_refund_of_less_than_one_is_a_refund():
    terms = {"charge_model": "percentage", "rate_percent": "10", "event_amount": "1", "free_events": 1}
    found = charged(terms, parts=[{"amount": "0.90"}, {"amount": "-0.50"}])
    # the first event is free; the refund is no event that could be
    assert by_code(found) == {"percentage": "-0.05", "per-event": "-1.00"}


def test_numbers_are_shown_with_up_to_sixty_decimals():
    finest = Fraction(1, 10**60)
    assert to_text(finest) == "0." + "0" * 59 + "1"
    assert to_text(to_decimal(finest)) == "0." + "0" * 59 + "1"
    assert to_text(to_decimal(finest).scaleb(-1)) == f"1/{10**61}"


def test_nothing_has_no_sign():
    assert aggregate.text("0", 2) == "0.00"
    assert aggregate.text("-0.001", 2) == "0.00"
    assert str(as_money(to_decimal(Fraction(0)) * -1, "0.01")) == "0.00"
    assert str(rated("0", charge_model="per_unit", unit_price="-3").amount) == "0.00"


def test_a_debt_of_two_cents_is_shared():
    assert [str(item) for item in allocate("-0.02", [1, 1])] == ["-0.01", "-0.01"]
    assert [str(item) for item in allocate("-0.03", [1, 1])] == ["-0.02", "-0.01"]


def test_a_period_without_days_shares_nothing():
    day = datetime(2026, 1, 5).date()
    with pytest.raises(RatingError) as caught:
        proration(Interval(day, day), Interval(day, day))
    assert [problem.field for problem in caught.value.problems] == ["period"]


def test_a_clock_that_goes_back_at_midnight_repeats_a_band():
    """Nuuk, 26 October 2024: at 24:00 it was 23:00 again, so the half hour before 23:30 came twice."""
    slots = [{"increment": "1", "unit_price": "1"}]
    bands = [
        {"code": "late", "from_time": "23:30", "to_time": "00:00", "slots": slots},
        {"code": "day", "slots": slots},
    ]
    terms = {"charge_model": "time_increment", "bands": bands, "time_zone": "America/Nuuk"}
    start = datetime(2024, 10, 27, 0, 30, tzinfo=timezone.utc)  # 23:30, an hour behind
    found = charged(terms, parts=[{"quantity": "7200", "started_at": start.isoformat()}])
    assert by_code(found) == {"late-slot-1": "3600.00", "day-slot-1": "3600.00"}


def test_sentences_of_lines_limits_and_differences_are_of_different_codes():
    assert not set(messages.LINES) & (set(messages.LIMITS) | set(messages.DIFFERENCES))


def test_none_says_that_nothing_is_agreed():
    terms = {"charge_model": "per_unit", "unit_price": "1", "minimum": None, "maximum": None, "baseline": None}
    assert Terms.from_dict(terms) == Terms.from_dict({"charge_model": "per_unit", "unit_price": "1"})


def test_numbers_of_a_trace_are_texts():
    tiers = [{"up_to": "5", "unit_price": "1"}, {"unit_price": "2"}]
    found = rated("7", charge_model="graduated", tiers=tiers, maximum="3")
    assert all(type(item) is str for step in found.trace for item in step.params.values())


@pytest.mark.parametrize("marks", ["12", 5, ["1"] * 401])
def test_quantities_at_changes_are_a_list_of_bounded_length(marks):
    with pytest.raises(RatingError) as caught:
        Usage.from_dict({"quantity": "1", "quantities_at_changes": marks})
    assert [problem.code for problem in caught.value.problems] == ["not_list"]


def test_an_event_may_cost_one_amount_whatever_it_carries():
    terms = {"charge_model": "percentage", "rate_percent": "1", "event_minimum": "2", "event_maximum": "2"}
    assert str(charged(terms, parts=[{"amount": "10"}, {"amount": "900"}]).amount) == "4.00"


def test_steps_that_are_no_power_of_ten_round_away_from_zero_too():
    assert round_step(Decimal(-1), Decimal(5), "up") == -5
    assert round_step(Decimal("-2.5"), Decimal(5)) == -5
    assert round_step(Decimal("-0.024"), Decimal("0.05")) == 0


def banded(bands, zone, start, seconds):
    """Return {band: seconds} of one event priced at one a second in every band."""
    slots = [{"increment": "1", "unit_price": "1"}]
    terms = {"charge_model": "time_increment", "bands": [{**band, "slots": slots} for band in bands], "time_zone": zone}
    found = charged(terms, parts=[{"quantity": str(seconds), "started_at": start}])
    return {item.code.removesuffix("-slot-1"): int(item.amount) for item in found.components}


def test_a_band_of_weekdays_begins_at_midnight_to_the_second():
    bands = [{"code": "work", "weekdays": [0, 1, 2, 3, 4]}, {"code": "weekend", "weekdays": [5, 6]}]
    assert banded(bands, "UTC", "2026-01-09T23:59:30+00:00", 80) == {"work": 30, "weekend": 50}
    assert banded(bands, "UTC", "2026-01-11T23:58:30+00:00", 100) == {"weekend": 90, "work": 10}


def test_a_clock_time_that_comes_twice_changes_the_band_twice():
    bands = [{"code": "early", "to_time": "02:40"}, {"code": "late", "from_time": "02:40"}]
    # 26 October 2025 in Brussels: 02:00 to 03:00 comes twice
    found = banded(bands, "Europe/Brussels", "2025-10-26T00:00:00+00:00", 7200)
    assert found == {"early": 2 * 2400, "late": 2 * 1200}


def test_where_the_excess_begins_is_decided_by_all_usage_of_the_term():
    agreed = {"quantity": "100", "tolerance_ratio": "0.1", "tolerance_mode": "threshold"}
    price = {"charge_model": "per_unit", "unit_price": "1"}
    terms = {**price, "baseline": agreed, "days": 1, "days_total": 2, "stretches": [{"price": price, "days": 1}]}
    # 105 at the change is within the band, 120 in all is beyond it: all twenty count
    assert charged(terms, quantity="120", quantities_at_changes=["105"]).amount == 20
    assert charged(terms, quantity="108", quantities_at_changes=["105"]).amount == 0

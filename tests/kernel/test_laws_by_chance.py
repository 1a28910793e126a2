"""The laws of charge models and of rating terms, on a few random cases; `scripts/promises 13 14` tries very many."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from fractions import Fraction

import kernel_algebra
import kernel_terms
import pytest
from kernel_helpers import by_code, charged, rated
from kernel_settings import CASES, SEED
from usage_rating import Band, RatingError, aggregate, allowance, commitment, interval, money, recompute
from usage_rating.allowance import Grant
from usage_rating.bands import band_at, band_runs
from usage_rating.interval import Interval, date


def test_units_are_conserved_and_more_usage_costs_no_less():
    assert kernel_algebra.run(SEED, 2 * CASES)["pairs compared"] == 2 * CASES


def test_a_term_bills_what_is_due_and_nothing_of_a_grant_is_lost():
    found = kernel_terms.run(SEED, 2 * CASES)
    wrong = (
        "imbalance in cents",
        "true-ups too many or missing",
        "allowance imbalance",
        "days outside billing periods",
    )
    assert not any(found[name] for name in wrong), found


def test_an_event_exactly_at_its_minimum_or_maximum_is_billed_as_it_is():
    terms = {"charge_model": "percentage", "rate_percent": "10", "event_minimum": "2", "event_maximum": "5"}
    parts = [{"amount": "20"}, {"amount": "50"}, {"amount": "19"}, {"amount": "51"}]
    assert by_code(charged(terms, parts=parts)) == {
        "percentage": "7.00",
        "event-minimum": "2.00",
        "event-maximum": "5.00",
    }


def test_a_decrease_enters_no_tier():
    terms = {"charge_model": "prorated_graduated", "tiers": [{"unit_price": "10", "flat_amount": "100"}]}
    found = charged(terms, parts=[{"quantity": "-0.5", "quantity_prorated": "-0.5"}])
    assert by_code(found) == {"tier-1": "-5.00", "lift-to-zero": "5.00"}


def test_pieces_of_a_baseline_may_leave_days_out():
    april = Interval(date(2026, 4, 1), date(2026, 5, 1))
    pieces = [
        (Interval(date(2026, 4, 21), date(2026, 5, 9)), "900"),
        (Interval(date(2026, 4, 1), date(2026, 4, 11)), "600"),
    ]
    assert interval.blended(pieces, april) == 500  # 10 days of 600, none of the next ten, 10 days of 900
    assert interval.blended([], april) == 0


@pytest.mark.parametrize(
    "potential, original, before, given",
    [("0", "100", "0", 0), ("-5", "100", "0", 0), ("10", "100", "100", 0), ("10", "100", "150", 0), ("7", "9", "0", 7)],
)
def test_a_credit_is_never_below_zero_nor_above_what_is_left(potential, original, before, given):
    assert money.credit_within(potential, original, before) == given


def test_shares_left_over_go_to_the_largest_remainders_and_then_to_the_first():
    assert [str(share) for share in money.allocate("1", [1, 1, 1])] == ["0.34", "0.33", "0.33"]
    assert [str(share) for share in money.allocate("-1", [1, 1, 1])] == ["-0.34", "-0.33", "-0.33"]
    assert [str(share) for share in money.allocate("0.05", [1, 2, 0])] == ["0.02", "0.03", "0.00"]
    assert [str(share) for share in money.allocate("5", [1, 1, 1], "1")] == ["2", "2", "1"]
    assert money.percent_of("10.05", "50") == Fraction("5.03")
    with pytest.raises(RatingError):
        money.allocate("1", [])


def test_what_rolls_over_is_a_share_and_what_expires_is_the_rest():
    assert [str(part) for part in allowance.roll_over("100", "30", 50)] == ["30", "70"]
    assert [str(part) for part in allowance.roll_over("100", "60", 50)] == ["50", "50"]
    assert [str(part) for part in allowance.roll_over("-3")] == ["0", "0"]
    assert allowance.next_grant("100", "40", "10", 50) == 110


def test_no_grant_is_used_for_less_than_nothing():
    uses, left, uncovered = allowance.burn("-5", [Grant("a", "5")])
    assert (uses, left[0].quantity, uncovered) == ((), 5, -5)
    uses, left, uncovered = allowance.burn("3", [Grant("a", "1", None, 2), Grant("b", "0"), Grant("c", "9", None, 1)])
    assert [(use.code, use.quantity) for use in uses] == [("c", 3)]
    assert [(grant.code, grant.quantity, grant.priority) for grant in left] == [("b", 0, 0), ("c", 6, 1), ("a", 1, 2)]


def test_the_position_of_a_commitment_in_full():
    above = commitment.position("150.005", "100.004", "1.5")
    assert [str(item) for item in above] == ["100.00", "100.00", "0.00", "50.01", "25.00", "0.00"]
    open_ = commitment.position("60", "100")
    assert [str(item) for item in open_] == ["100.00", "60.00", "40.00", "0.00", "0.00", "0.00"]
    ended = commitment.position("60", "100", ended=True)
    assert [str(item) for item in ended] == ["100.00", "60.00", "40.00", "0.00", "0.00", "40.00"]
    credit = commitment.position("-5", "100", ended=True, true_up=False)
    assert [str(item) for item in credit] == ["100.00", "0.00", "100.00", "0.00", "0.00", "0.00"]


def test_a_tier_tells_where_it_begins_and_ends():
    tiers = [{"up_to": "10", "unit_price": "1"}, {"up_to": "20", "unit_price": "1"}, {"unit_price": "1"}]
    for model, bounds in (("graduated", [(0, 10), (10, 20), (20, None)]), ("volume", [(20, None)])):
        found = rated("30", charge_model=model, tiers=tiers)
        assert [(item.tier_from, item.tier_up_to) for item in found.components] == bounds
    first = rated("5", charge_model="stair_step", tiers=[{"up_to": "9", "flat_amount": "3"}, {}])
    assert [(item.tier_from, item.tier_up_to) for item in first.components] == [(0, 9)]
    flat = [{"up_to": "9", "flat_amount": "3"}, {}]
    nothing = rated("0", charge_model="volume", tiers=flat, bill_flat_on_zero=True)
    assert [(item.tier_from, item.tier_up_to) for item in nothing.components] == [(0, 9)]


@pytest.mark.parametrize(
    "start, end, basis, count",
    [
        ("2026-01-31", "2026-02-28", "thirty", 28),
        ("2026-01-30", "2026-01-31", "thirty", 0),
        ("2025-12-15", "2026-01-15", "thirty", 30),
        ("2026-01-01", "2027-01-01", "thirty", 360),
        ("2026-01-05", "2026-03-20", "thirty", 75),
        ("2026-01-01", "2026-01-31", "both_ends", 31),
        ("2026-01-01", "2026-01-31", "actual", 30),
    ],
)
def test_days_of_an_interval_by_basis(start, end, basis, count):
    assert interval.days(Interval(date.fromisoformat(start), date.fromisoformat(end)), basis) == count


def test_a_month_that_lacks_the_day_ends_on_its_last():
    start = date(2024, 1, 31)
    moved = [str(interval.add_months(start, months)) for months in (-2, -1, 0, 1, 2, 3, 11, 12, 13, 24)]
    assert moved[:5] == ["2023-11-30", "2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31"]
    assert moved[5:] == ["2024-04-30", "2024-12-31", "2025-01-31", "2025-02-28", "2026-01-31"]


def test_periods_of_an_anchor_that_lies_ahead():
    day = date(2026, 3, 10)
    found = {cadence: interval.period_containing(day, cadence, date(2026, 5, 15))[:] for cadence in interval.CADENCES}
    shown = {cadence: [str(end) for end in period] for cadence, period in found.items()}
    assert shown == {
        "daily": ["2026-03-10", "2026-03-11"],
        "weekly": ["2026-03-06", "2026-03-13"],
        "monthly": ["2026-02-15", "2026-03-15"],
        "quarterly": ["2026-02-15", "2026-05-15"],
        "yearly": ["2025-05-15", "2026-05-15"],
    }


def test_a_commitment_costs_no_surcharge_unless_a_factor_says_so():
    assert commitment.position("150", "100").surcharge == 0
    assert commitment.true_up_once("150", "100", "0") == 0
    assert commitment.true_up_once("60", "100", "15") == 25


def test_an_amount_exactly_at_its_minimum_or_maximum_needs_no_line():
    terms = {"charge_model": "per_unit", "unit_price": "1", "minimum": "5", "maximum": "9"}
    assert by_code(rated("5", **terms)) == {"unit": "5.00"}
    assert by_code(rated("9", **terms)) == {"unit": "9.00"}
    exact = {"charge_model": "per_unit", "unit_price": "1", "commitment": {"amount": "5", "overage_factor": "2"}}
    assert by_code(rated("5", **exact)) == {"unit": "5.00", "commitment": "0.00"}


def test_a_small_amount_is_held_at_a_small_maximum_on_both_sides_of_zero():
    for quantity, capped in (("-0.5", "0.30"), ("0.5", "-0.30")):
        found = rated(quantity, charge_model="per_unit", unit_price="1", maximum="0.2")
        assert by_code(found)["cap"] == capped
        assert recompute(found.trace) == found.amount


def test_an_event_of_four_hundred_days_is_divided_and_a_longer_one_is_not():
    bands = [Band.from_dict({"code": "all"})]
    start = datetime(2025, 1, 1, tzinfo=timezone.utc)
    assert band_runs(start, Fraction(400 * 86400), bands, "UTC") == [(bands[0], 0, 400 * 86400)]
    with pytest.raises(RatingError):
        band_runs(start, Fraction(400 * 86400) + Fraction(1, 10), bands, "UTC")


def test_an_event_that_ends_where_a_band_does_has_one_run():
    bands = [Band.from_dict({"code": "a", "to_time": "12:00"}), Band.from_dict({"code": "b"})]
    start = datetime(2026, 1, 1, 11, tzinfo=timezone.utc)
    assert band_runs(start, Fraction(3600), bands, "UTC") == [(bands[0], 0, 3600)]


@pytest.mark.parametrize("second", [0, 30, 59])
def test_a_band_begins_with_its_minute(second):
    bands = [Band.from_dict({"code": "a", "to_time": "12:00"}), Band.from_dict({"code": "b"})]
    assert band_at(datetime(2026, 1, 1, 11, 59, second, tzinfo=timezone.utc), bands, "UTC").code == "a"
    assert band_at(datetime(2026, 1, 1, 12, 0, second, tzinfo=timezone.utc), bands, "UTC").code == "b"


def test_readings_count_from_the_first_instant_to_the_one_before_the_end():
    start, end = datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(2026, 1, 3, tzinfo=timezone.utc)
    assert aggregate.time_weighted_average([(start, "4")], start, end, carried_in="9") == 4
    for outside in (end, end + timedelta(days=1), start - timedelta(days=1)):
        with pytest.raises(RatingError):
            aggregate.time_weighted_average([(outside, "4")], start, end)


def test_a_grant_lapses_on_its_day_and_not_a_day_sooner_or_later():
    days = [date(2026, 1, day) for day in (9, 10, 11)]
    held = [Grant(str(day.day), "5", day) for day in days] + [Grant("never", "5")]
    kept, lapsed = allowance.expire(held, days[1])
    assert [grant.code for grant in kept] == ["11", "never"] and lapsed == 10
    uses, _left, uncovered = allowance.burn("99", held, days[1])
    assert [use.code for use in uses] == ["11", "never"] and uncovered == 89
    assert allowance.roll_over("200") == (200, 0)


def test_a_sunday_night_reaches_into_monday():
    bands = [Band.from_dict({"code": "n", "weekdays": [6], "from_time": "22:00", "to_time": "06:00"})]
    bands.append(Band.from_dict({"code": "rest"}))
    sunday = datetime(2026, 2, 8, 0, 0, tzinfo=timezone.utc)
    codes = [band_at(sunday + timedelta(hours=hour), bands, "UTC").code for hour in (4, 21, 22, 28, 29, 30, 46, 52)]
    assert codes == ["rest", "rest", "n", "n", "n", "rest", "rest", "rest"]


def test_a_band_from_a_time_to_the_same_time_is_a_whole_day():
    bands = [Band.from_dict({"code": "d", "weekdays": [2], "from_time": "07:00", "to_time": "07:00"})]
    bands.append(Band.from_dict({"code": "rest"}))
    wednesday = datetime(2026, 2, 4, 0, 0, tzinfo=timezone.utc)
    codes = [band_at(wednesday + timedelta(hours=hour), bands, "UTC").code for hour in (6, 7, 12, 30, 31)]
    assert codes == ["rest", "d", "d", "d", "rest"]


def test_a_gauge_begins_at_nothing_unless_a_level_is_carried_in():
    start, end = datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(2026, 1, 3, tzinfo=timezone.utc)
    noon = start + timedelta(days=1)
    assert aggregate.time_weighted_average([(noon, "4")], start, end) == 2
    assert aggregate.time_weighted_sum([(noon, "4")], start, end) == 2


def test_the_lowest_percentile_is_the_lowest_value():
    assert aggregate.percentile(["5", "1", "9"], 0) == 1
    assert aggregate.percentile(["5", "1", "9"], 100) == 9
    assert aggregate.percentile(range(1, 101)) == 95


def test_a_date_that_is_none_of_ours_is_refused():
    for wrong in ("2026-02-30", 5, ["2026-01-01"]):
        with pytest.raises(RatingError) as caught:
            Grant("a", "1", wrong)
        assert (caught.value.code, caught.value.field) == ("not_instant", "expires_on")


def test_an_excess_of_money_has_a_fixed_amount_of_its_own_only_above_the_edge():
    above = {"charge_model": "per_unit", "unit_price": "0.5", "fixed_amount": "3"}
    terms = {"charge_model": "per_unit", "unit_price": "1"}
    terms["baseline"] = {"kind": "amount", "amount": "10", "tolerance_ratio": "0.1", "above": above}
    amounts = [rated(quantity, **terms).amount for quantity in ("9", "11", "12")]
    assert amounts == [10, 10, Fraction("13.5")]  # at 12: 10 + 3 + half of what lies above 11


def test_what_is_taken_back_is_one_of_its_amount():
    found = charged({"charge_model": "flat"}, quantity="0", billed_before={"gone": "2.50"}).components[0]
    shown = (found.code, found.kind, found.quantity, found.unit_price, found.per, found.amount_exact, found.amount)
    assert [str(item) for item in shown] == ["gone", "adjustment", "1", "-2.50", "1", "-2.50", "-2.50"]


def test_a_fraction_of_a_microsecond_is_not_lost_at_the_end_of_an_event():
    bands = [Band.from_dict({"code": "a"})]
    seconds = Fraction("1.0000005")
    assert band_runs(datetime(2026, 1, 1, tzinfo=timezone.utc), seconds, bands, "UTC") == [(bands[0], 0, seconds)]


def test_many_calls_cost_what_each_of_them_costs():
    slots = [{"unit_price": "0.07", "increment": "30"}, {"start": "60", "unit_price": "0.03"}]
    terms = {"charge_model": "time_increment", "slots": slots, "connect_amount": "0.5"}
    parts = [{"quantity": str(seconds)} for seconds in range(1, 701)]
    seconds = sum(30 if length <= 30 else 60 for length in range(1, 701))
    later = sum(length - 60 for length in range(61, 701))
    assert {item.code: item.quantity for item in charged(terms, parts=parts).components} == {
        "connect": 700,
        "slot-1": seconds,
        "slot-2": later,
    }


def test_february_of_a_leap_year_before_a_century_that_is_none():
    assert interval.add_months(date(2076, 1, 31), 1) == date(2076, 2, 29)


def test_a_period_that_ends_before_it_begins_has_no_share():
    with pytest.raises(RatingError):
        interval.proration(Interval(date(2026, 1, 1), date(2026, 1, 2)), Interval(date(2026, 1, 3), date(2026, 1, 1)))

"""Billing periods: half-open, without gap or overlap, in local time, also when clocks change."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from usage_rating import RatingError, interval
from usage_rating.bands import seconds_between
from usage_rating.interval import Interval

ZONES = (
    "Europe/Brussels",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "UTC",
    "America/Havana",
)
days = st.dates(date(1990, 1, 1), date(2060, 1, 1))
anchors = st.none() | days
cadences = st.sampled_from(interval.CADENCES)


@given(days, cadences, anchors)
def test_each_day_lies_in_exactly_one_period(day, cadence, anchor):
    period = interval.period_containing(day, cadence, anchor)
    assert period.contains(day)
    before = interval.period_containing(period.start - timedelta(days=1), cadence, anchor)
    after = interval.period_containing(period.end, cadence, anchor)
    assert before.end == period.start and after.start == period.end


@given(days, st.integers(1, 800), cadences, anchors)
def test_the_periods_of_a_span_cover_it_without_gap_or_overlap(start, length, cadence, anchor):
    span = Interval(start, start + timedelta(days=length))
    periods = interval.billing_periods(span, cadence, anchor)
    assert periods[0].start == span.start and periods[-1].end == span.end
    assert all(one.end == other.start for one, other in pairwise(periods))
    assert all(period.start < period.end for period in periods)


@given(days, st.sampled_from(ZONES))
def test_each_instant_of_a_day_has_its_local_date(day, zone):
    start, end = interval.instants(Interval(day, day + timedelta(days=1)), zone)
    assert interval.local_date(start, zone) == day
    assert interval.local_date(end - timedelta(microseconds=1), zone) == day
    assert interval.local_date(start - timedelta(microseconds=1), zone) == day - timedelta(days=1)
    assert 22 * 3600 < seconds_between(start, end) < 26 * 3600


@pytest.mark.parametrize(
    "day, zone, hours",
    [
        (date(2026, 3, 29), "Europe/Brussels", Fraction(23)),
        (date(2026, 10, 25), "Europe/Brussels", Fraction(25)),
        (date(2026, 4, 5), "Australia/Lord_Howe", Fraction(49, 2)),  # a shift of thirty minutes
        (date(2018, 11, 4), "America/Sao_Paulo", Fraction(23)),  # the clock jumps at midnight
        (date(2024, 2, 29), "Europe/Brussels", Fraction(24)),
    ],
)
def test_days_have_the_hours_their_zone_gives_them(day, zone, hours):
    start, end = interval.instants(Interval(day, day + timedelta(days=1)), zone)
    assert seconds_between(start, end) == hours * 3600


def test_an_anniversary_on_the_31st_does_not_drift():
    span = Interval(date(2024, 1, 31), date(2024, 7, 1))
    starts = [period.start for period in interval.billing_periods(span, "monthly", date(2024, 1, 31))]
    assert [start.day for start in starts] == [31, 29, 31, 30, 31, 30]


def test_calendar_periods_begin_on_mondays_firsts_and_quarters():
    day = date(2026, 2, 18)
    starts = {cadence: interval.period_containing(day, cadence).start for cadence in interval.CADENCES}
    assert starts["weekly"] == date(2026, 2, 16) and starts["weekly"].weekday() == 0
    assert starts["monthly"] == date(2026, 2, 1) and starts["quarterly"] == starts["yearly"] == date(2026, 1, 1)


@pytest.mark.parametrize(
    "used, basis, ratio",
    [
        ((date(2024, 3, 15), date(2024, 4, 1)), "actual", Fraction(17, 31)),
        ((date(2024, 3, 15), date(2024, 3, 31)), "both_ends", Fraction(17, 31)),
        ((date(2024, 3, 16), date(2024, 4, 1)), "thirty", Fraction(15, 30)),
        ((date(2024, 2, 1), date(2024, 5, 1)), "actual", Fraction(1)),
        ((date(2024, 5, 1), date(2024, 6, 1)), "actual", Fraction(0)),
    ],
)
def test_proration_counts_days_under_its_basis(used, basis, ratio):
    end = date(2024, 3, 31) if basis == "both_ends" else date(2024, 4, 1)
    assert interval.proration(Interval(*used), Interval(date(2024, 3, 1), end), basis) == ratio


@given(days, st.integers(1, 400), st.integers(0, 400))
def test_the_shares_of_a_period_cut_in_two_add_up_to_one(start, length, cut):
    period = Interval(start, start + timedelta(days=length))
    middle = min(start + timedelta(days=cut), period.end)
    shares = [interval.proration(part, period) for part in (Interval(start, middle), Interval(middle, period.end))]
    assert sum(shares) == 1


def test_half_open_means_the_end_belongs_to_the_next():
    one, other = Interval(1, 5), Interval(5, 9)
    assert one.contains(1) and not one.contains(5) and one.overlap(other) is None
    assert one.overlap(Interval(3, 9)) == Interval(3, 5)


@pytest.mark.parametrize(
    "refused",
    [
        lambda: interval.local_date(datetime(2026, 1, 1), "UTC"),
        lambda: interval.proration(Interval(1, 2), Interval(date(2026, 1, 1), date(2026, 1, 1))),
        lambda: interval.days(Interval(date(2026, 1, 1), date(2026, 1, 2)), "bankers"),
        lambda: interval.billing_periods(Interval(date(1, 1, 1), date(9000, 1, 1)), "daily"),
    ],
)
def test_what_has_no_answer_is_refused(refused):
    with pytest.raises((RatingError, TypeError)):
        refused()


def test_an_aware_instant_is_dated_in_the_zone_of_the_contract():
    late = datetime(2026, 3, 31, 22, 30, tzinfo=timezone.utc)
    assert interval.local_date(late, "Europe/Brussels") == date(2026, 4, 1)


def test_a_baseline_amended_within_a_period_counts_each_piece_by_its_days():
    april = Interval(date(2026, 4, 1), date(2026, 5, 1))
    pieces = [(Interval(date(2020, 1, 1), date(2026, 4, 11)), "3000"), (Interval(date(2026, 4, 11), date.max), "6000")]
    assert interval.blended(pieces, april) == 5000  # 10 days of 3000, 20 of 6000
    with pytest.raises(RatingError):
        interval.blended([*pieces, (Interval(date(2026, 4, 1), date(2026, 4, 2)), "1")], april)

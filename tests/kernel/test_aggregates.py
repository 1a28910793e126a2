"""Aggregations: the published values, and the definitions on random events."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import kernel_strategies as own
import pytest
from hypothesis import given
from hypothesis import strategies as st
from usage_rating import RatingError, aggregate

START = datetime(2023, 8, 1, tzinfo=timezone.utc)
END = datetime(2023, 9, 1, tzinfo=timezone.utc)
values = st.lists(own.signed, max_size=20)


def at(seconds):
    return START + timedelta(seconds=seconds)


@given(values)
def test_sum_count_maximum_and_average_say_what_they_mean(found):
    numbers = [Fraction(item) for item in found]
    assert Fraction(aggregate.total(found)) == sum(numbers)
    assert aggregate.count(found) == len(found)
    assert Fraction(aggregate.maximum(found)) == max(numbers, default=0)
    mean = sum(numbers) / len(numbers) if numbers else Fraction(0)
    assert abs(Fraction(aggregate.average(found)) - mean) <= Fraction(1, 2 * 10**9)


def test_no_events_are_zero():
    empty = (
        aggregate.total([]),
        aggregate.maximum([]),
        aggregate.latest([]),
        aggregate.average([]),
        aggregate.percentile([]),
    )
    assert empty == (0, 0, 0, 0, 0)
    assert aggregate.ratio("15", "0") == 0


def test_unique_counts_keys_and_not_events():
    assert aggregate.unique_count(["a", "b", "a"]) == 2


def test_the_latest_of_two_at_one_instant_is_the_later_given():
    assert aggregate.latest([(at(5), "1"), (at(9), "2"), (at(9), "3"), (at(1), "4")]) == 3


def test_an_average_is_rounded_to_the_decimals_of_a_stored_quantity():
    assert str(aggregate.average(["1", "1", "0"])) == "0.666666667"


@given(values.filter(bool), st.integers(1, 100))
def test_a_percentile_is_a_measured_value_at_the_nearest_rank(found, percent):
    result = Fraction(aggregate.percentile(found, percent))
    numbers = sorted(Fraction(item) for item in found)
    assert result in numbers
    at_or_below = sum(number <= result for number in numbers)
    below = sum(number < result for number in numbers)
    assert Fraction(at_or_below * 100, len(numbers)) >= percent
    assert Fraction(below * 100, len(numbers)) < percent


@pytest.mark.parametrize("count, rank", [(1, 1), (19, 19), (20, 19), (21, 20), (100, 95), (8928, 8482)])
def test_the_95th_of_five_minute_samples_drops_the_top_twentieth(count, rank):
    assert aggregate.percentile(range(1, count + 1)) == rank


def test_a_gauge_is_averaged_over_real_seconds_with_the_level_carried_in():
    half = at(31 * 86400 // 2)
    assert aggregate.time_weighted_average([(half, "30")], START, END, carried_in="10") == 20
    assert aggregate.time_weighted_average([], START, END, carried_in="7") == 7


@given(
    st.lists(st.tuples(st.integers(0, 31 * 86400 - 1), own.decimals(-50, 50, (0, 2))), max_size=8),
    own.decimals(0, 9, (1,)),
)
def test_changes_and_levels_give_the_same_average(changes, carried_in):
    changes.sort(key=lambda pair: pair[0])
    level, naive, since = Fraction(carried_in), Fraction(0), 0
    for second, change in changes:
        naive += level * (second - since)
        level, since = level + Fraction(change), second
    naive += level * (31 * 86400 - since)
    found = aggregate.time_weighted_sum([(at(s), c) for s, c in changes], START, END, carried_in)
    assert abs(Fraction(found) - naive / (31 * 86400)) <= Fraction(1, 2 * 10**9)


def test_a_reading_outside_the_period_is_refused():
    with pytest.raises(RatingError):
        aggregate.time_weighted_average([(END, "1")], START, END)


def test_a_quantity_is_shown_with_nine_decimals():
    assert aggregate.text(Decimal("1.5")) == "1.500000000"

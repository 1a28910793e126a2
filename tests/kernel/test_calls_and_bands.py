"""Calls and sessions: increments, connect amounts, and bands that survive the change of clocks."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from fractions import Fraction
from itertools import pairwise

import kernel_strategies as own
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_helpers import by_code, charged
from usage_rating import Band, RatingError
from usage_rating.bands import band_at, band_runs

SIXTY_ONE = [{"unit_price": "1", "increment": "60"}, {"start": "60", "unit_price": "1", "increment": "1"}]
PEAK = {
    "code": "peak",
    "weekdays": [0, 1, 2, 3, 4],
    "from_time": "08:00",
    "to_time": "18:00",
    "slots": [{"unit_price": "2"}],
}
NIGHT = {"code": "night", "from_time": "22:00", "to_time": "06:00", "slots": [{"unit_price": "0.5"}]}
REST = {"code": "rest", "slots": [{"unit_price": "1"}]}
BANDS = [PEAK, NIGHT, REST]


def call(seconds, started_at=None, **terms):
    part = {"quantity": str(seconds)} | ({"started_at": started_at} if started_at else {})
    return charged({"charge_model": "time_increment", **terms}, parts=[part])


@pytest.mark.parametrize("seconds, billed", [(0, 0), (1, 60), (45, 60), (60, 60), (60.5, 61), (65, 65), (132, 132)])
def test_sixty_one_bills_a_minute_and_then_seconds(seconds, billed):
    assert call(seconds, slots=SIXTY_ONE).amount == billed


def test_thirty_six_bills_half_a_minute_and_then_steps_of_six():
    slots = [{"unit_price": "1", "increment": "30"}, {"start": "30", "unit_price": "1", "increment": "6"}]
    assert [call(s, slots=slots).amount for s in (1, 30, 31, 36, 37)] == [30, 30, 36, 36, 42]


def test_the_connect_amount_is_billed_once_per_call_and_not_on_a_continuation():
    terms = {"charge_model": "time_increment", "slots": [{"unit_price": "1"}], "connect_amount": "3"}
    parts = [{"quantity": "10"}, {"quantity": "10", "continued": True}, {"quantity": "0"}]
    assert by_code(charged(terms, parts=parts)) == {"connect": "3.00", "slot-1": "20.00"}


def test_one_rounding_per_call_when_the_terms_ask_for_it():
    terms = {"charge_model": "time_increment", "slots": [{"unit_price": "0.05", "per": "60"}], "connect_amount": "0.15"}
    rounding = {"event_rounding_step": "0.01", "event_rounding": "up"}
    parts = [{"quantity": "24"}, {"quantity": "25"}]  # 0.17 and 0.17083..., up to 0.18
    assert charged({**terms, **rounding}, parts=parts).amount * 100 == 35
    assert charged({**terms, "currency_rounding": "0.001"}, parts=parts).amount * 1000 == 341


def test_a_call_across_a_boundary_pays_each_band_for_its_seconds():
    found = call(3600, "2026-02-05T17:30:00+01:00", bands=BANDS, time_zone="Europe/Brussels")
    assert by_code(found) == {"peak-slot-1": "3600.00", "rest-slot-1": "1800.00"}


def test_a_band_past_midnight_belongs_to_the_day_it_begins():
    bands = [Band.from_dict({**NIGHT, "weekdays": [4]}), Band.from_dict(REST)]
    friday_night = datetime(2026, 2, 6, 23, 0, tzinfo=timezone.utc)
    assert band_at(friday_night, bands, "UTC").code == "night"
    assert band_at(friday_night + timedelta(hours=5), bands, "UTC").code == "night"  # Saturday 04:00
    assert band_at(friday_night + timedelta(hours=24), bands, "UTC").code == "rest"


@pytest.mark.parametrize(
    "start, night, rest",
    [
        ("2026-03-28T22:00:00+01:00", 7 * 3600, 3600),  # the night of 23:00 hours is an hour shorter
        ("2026-10-24T22:00:00+02:00", 9 * 3600, -3600),  # and in October an hour longer
    ],
)
def test_the_night_of_a_clock_change_has_seven_or_nine_hours(start, night, rest):
    found = call(8 * 3600 if rest > 0 else 8 * 3600, start, bands=BANDS, time_zone="Europe/Brussels")
    seconds = {item.code: item.quantity for item in found.components}
    assert seconds["night-slot-1"] == min(night, 8 * 3600)
    assert seconds.get("rest-slot-1", 0) == max(rest, 0)


def test_a_boundary_inside_the_skipped_hour_falls_on_the_change_itself():
    bands = [Band.from_dict({"code": "early", "to_time": "02:30", "slots": [{}]}), Band.from_dict(REST)]
    start = datetime(2026, 3, 29, 0, 0, tzinfo=timezone.utc)  # 01:00 local; 02:00 becomes 03:00 at 01:00 UTC
    runs = band_runs(start, Fraction(7200), bands, "Europe/Brussels")
    assert [(band.code, int(end)) for band, _begin, end in runs] == [("early", 3600), ("rest", 7200)]


def test_a_boundary_inside_the_repeated_hour_counts_both_times():
    bands = [Band.from_dict({"code": "early", "to_time": "02:30", "slots": [{}]}), Band.from_dict(REST)]
    start = datetime(2026, 10, 24, 23, 0, tzinfo=timezone.utc)  # 01:00 local, 03:00 becomes 02:00 at 01:00 UTC
    runs = band_runs(start, Fraction(4 * 3600), bands, "Europe/Brussels")
    assert [(band.code, int(end)) for band, _begin, end in runs] == [
        ("early", 5400),
        ("rest", 7200),
        ("early", 9000),
        ("rest", 14400),
    ]


@given(
    st.integers(0, 370 * 86400),
    st.integers(1, 3 * 86400),
    st.sampled_from(["Europe/Brussels", "Australia/Lord_Howe", "UTC", "America/Sao_Paulo"]),
)
def test_the_bands_of_an_event_cover_it_minute_by_minute(offset, seconds, zone):
    bands = [Band.from_dict(band) for band in BANDS]
    start = datetime(2018, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=offset)
    runs = band_runs(start, Fraction(seconds), bands, zone)
    assert runs[0][1] == 0 and runs[-1][2] == seconds
    assert all(one[2] == other[1] for one, other in pairwise(runs))
    for minute in range(0, seconds, 977):
        expected = band_at(start + timedelta(seconds=minute), bands, zone)
        assert next(band for band, begin, end in runs if begin <= minute < end) is expected


@given(st.lists(own.decimals(0, 900, (0, 1)), max_size=8), st.randoms())
def test_the_order_of_events_does_not_change_a_byte(lengths, chance):
    terms = {"charge_model": "time_increment", "bands": BANDS, "connect_amount": "1"}
    parts = [{"quantity": s, "started_at": f"2026-02-05T{i % 24:02}:50:00Z"} for i, s in enumerate(lengths)]
    shuffled = list(parts)
    chance.shuffle(shuffled)
    assert charged(terms, parts=parts).to_dict() == charged(terms, parts=shuffled).to_dict()


@given(st.lists(own.decimals(1, 900, (0, 1)), max_size=8))
def test_a_reversed_call_takes_back_exactly_what_it_cost(lengths):
    terms = {"charge_model": "time_increment", "slots": SIXTY_ONE, "connect_amount": "0.3"}
    parts = [{"quantity": length} for length in lengths] + [{"quantity": "-" + length} for length in lengths]
    assert charged(terms, parts=parts).amount == 0


def test_a_call_without_a_start_or_a_band_is_refused():
    for start, bands in ((None, BANDS), ("2026-02-05T20:00:00Z", [PEAK])):
        with pytest.raises(RatingError):
            call(60, start, bands=bands)
    with pytest.raises(RatingError):
        call(500 * 86400, "2026-02-05T20:00:00Z", bands=BANDS)

"""Times: one instant per stamp, whatever its form; never a guess at the clock change."""

import pytest
from parsing_helpers import codes, plain, read, records, rows


def moment(text, **changes):
    items = rows(f"e,s,{text},1", **changes)
    return records(items)[0].occurred_at.isoformat() if records(items) else codes(items)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-07-01", "2025-07-01T00:00:00+00:00"),
        ("2025-07-01 12:30", "2025-07-01T12:30:00+00:00"),
        ("2025-07-01T12:30:15Z", "2025-07-01T12:30:15+00:00"),
        ("2025-07-01T12:30:15.5Z", "2025-07-01T12:30:15.500000+00:00"),
        ("2025-07-01 12:30:15.1234567", "2025-07-01T12:30:15.123456+00:00"),  # cut off, not rounded
        ("2025-07-01T12:30:15+02:00", "2025-07-01T10:30:15+00:00"),
        ("2025-07-01T12:30:15-0330", "2025-07-01T16:00:15+00:00"),
        ("2025-07-01 12:30:15 UTC", "2025-07-01T12:30:15+00:00"),
        ("2025-07-01T24:00:00", "2025-07-02T00:00:00+00:00"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"),
        ("2025-02-29", "bad_time"),
        ("2025-07-01T12:30:60", "bad_time"),
        ("2025-07-01T1230", "bad_time"),
        ("20250701", "bad_time"),
        ("2025-W27-2", "bad_time"),
        ("٢٠٢٥-07-01", "bad_time"),
        ("soon", "bad_time"),
        ("", "missing_time"),
    ],
)
def test_iso_8601_in_all_its_spellings(text, expected):
    assert moment(text) == expected


@pytest.mark.parametrize(
    ("zone", "text", "expected"),
    [
        ("Europe/Berlin", "2025-01-15 12:00:00", "2025-01-15T11:00:00+00:00"),
        ("Europe/Berlin", "2025-07-15 00:30:00", "2025-07-14T22:30:00+00:00"),
        ("Asia/Kolkata", "2025-07-15 12:00:00", "2025-07-15T06:30:00+00:00"),
        ("America/St_Johns", "2025-01-15 12:00:00", "2025-01-15T15:30:00+00:00"),
        # clocks go forward at 02:00 on 30 March, back at 03:00 on 26 October
        ("Europe/Berlin", "2025-03-30 01:59:59", "2025-03-30T00:59:59+00:00"),
        ("Europe/Berlin", "2025-03-30 02:30:00", "nonexistent_local_time"),
        ("Europe/Berlin", "2025-03-30 03:00:00", "2025-03-30T01:00:00+00:00"),
        ("Europe/Berlin", "2025-10-26 02:30:00", "ambiguous_local_time"),
        ("Europe/Berlin", "2025-10-26 02:30:00+02:00", "2025-10-26T00:30:00+00:00"),
        # a shift of thirty minutes, forward at 02:00 on 5 October
        ("Australia/Lord_Howe", "2025-10-05 02:15:00", "nonexistent_local_time"),
        ("Australia/Lord_Howe", "2025-10-05 02:30:00", "2025-10-04T15:30:00+00:00"),
        ("Australia/Lord_Howe", "2025-04-06 01:45:00", "ambiguous_local_time"),
        ("Australia/Lord_Howe", "2025-04-06 01:15:00", "2025-04-05T14:15:00+00:00"),
        # midnight does not exist: 7 September, clocks go forward at 00:00
        ("America/Santiago", "2025-09-07", "nonexistent_local_time"),
    ],
)
def test_local_times_follow_their_zone_through_the_clock_change(zone, text, expected):
    assert moment(text, time_zone=zone) == expected


@pytest.mark.parametrize(("policy", "hour"), [("first", "00"), ("second", "01")])
def test_the_repeated_hour_is_decided_only_by_the_profile(policy, hour):
    found = moment("2025-10-26 02:30:00", time_zone="Europe/Berlin", ambiguous_time=policy)
    assert found == f"2025-10-26T{hour}:30:00+00:00"


def test_a_day_of_25_hours_gives_25_distinct_hours_when_offsets_are_sent():
    lines = [f"e{n},s,2025-10-26T{n % 24:02d}:00:00+0{2 if n < 3 else 1}:00,1" for n in range(24)]
    found = {
        item.occurred_at for item in records(rows(*lines, "e,s,2025-10-26T02:00:00+01:00,1", time_zone="Europe/Berlin"))
    }
    assert len(found) == 25


@pytest.mark.parametrize(
    ("formats", "text", "expected"),
    [
        (["%Y%m%d %H%M"], "20060601 0008", "2006-06-01T00:08:00+00:00"),
        (["%d/%m/%Y"], "1/2/2007", "2007-02-01T00:00:00+00:00"),
        (["%m/%d/%Y"], "1/2/2007", "2007-01-02T00:00:00+00:00"),
        (["%d-%b-%y %I:%M %p"], "05-Mar-25 12:05 AM", "2025-03-05T00:05:00+00:00"),
        (["%d.%m.%Y %H:%M:%S.%f"], "5.3.2025 07:08:09.25", "2025-03-05T07:08:09.250000+00:00"),
        (["%Y-%m-%d %H:%M:%S %z"], "2025-03-05 07:08:09 +0530", "2025-03-05T01:38:09+00:00"),
        (["epoch_seconds"], "1336101842", "2012-05-04T03:24:02+00:00"),
        (["epoch_millis"], "1336101842123", "2012-05-04T03:24:02.123000+00:00"),
        (["epoch_nanos"], "1544712660300000000", "2018-12-13T14:51:00.300000+00:00"),
        (["excel_serial"], "45658.5", "2025-01-01T12:00:00+00:00"),
        (["iso", "epoch_seconds"], "1336101842", "2012-05-04T03:24:02+00:00"),
        (["%d/%m/%Y"], "31/02/2007", "bad_time"),
        (["%d/%m/%Y %I:%M %p"], "1/1/2007 13:00 PM", "bad_time"),
        (["epoch_seconds"], "99999999999999999999", "bad_time"),
    ],
)
def test_declared_formats(formats, text, expected):
    assert moment(text, time_formats=formats) == expected


def test_years_written_with_two_zeros_in_front_are_mended_by_declaration_only():
    assert moment("0014-11-18 15:40:26", year_offset=2000) == "2014-11-18T15:40:26+00:00"
    assert moment("2014-11-18 15:40:26", year_offset=2000) == "2014-11-18T15:40:26+00:00"
    assert moment("0014-11-18 15:40:26") == "0014-11-18T15:40:26+00:00"


def test_a_stamp_at_the_end_of_the_interval_belongs_to_the_interval_before():
    time = {"column": "at", "is": "end", "interval_seconds": 1800}
    (record,) = rows("e,s,2025-01-01 00:00:00,1", time=time)
    assert record.occurred_at.isoformat() == "2024-12-31T23:30:00+00:00"
    assert record.occurred_until.isoformat() == "2025-01-01T00:00:00+00:00"


def test_date_and_clock_in_two_columns_are_joined():
    profile = plain(time={"columns": ["day", "clock"]}, time_formats=["%d/%m/%Y %H:%M:%S"])
    (record,) = read("id,subject,day,clock,qty\ne,s,1/2/2007,00:01:00,1\n", profile)
    assert record.occurred_at.isoformat() == "2007-02-01T00:01:00+00:00"


def test_length_and_end_columns_give_half_open_intervals():
    text = "id,subject,at,end,secs,qty\ne,s,2025-01-01T00:00:00,2025-01-01T01:00:00,90,1\n"
    (until,) = read(text, plain(time={"column": "at", "until": "end"}))
    (length,) = read(text, plain(time={"column": "at", "duration": "secs"}))
    (back,) = read(text, plain(time={"column": "at", "duration": "secs", "is": "end"}))
    assert until.occurred_until.isoformat() == "2025-01-01T01:00:00+00:00"
    assert length.occurred_until.isoformat() == "2025-01-01T00:01:30+00:00"
    assert back.occurred_at.isoformat() == "2024-12-31T23:58:30+00:00"

"""Shipped profiles on files as another tenant, maker or year of the same publisher has them."""

from parsing_helpers import codes, records
from test_parsing_foreign import in_zone
from test_parsing_shipped import read, totals


def moments(items):
    return [item.occurred_at.isoformat()[:16] for item in records(items)]


def minutes(*clocks, day):
    lines = [f"{day};{clock}:00;6;{number}" for number, clock in enumerate(clocks)]
    return "Date;Time;Global_active_power;Sub_metering_1\n" + "\n".join(lines) + "\n"


def test_minutes_of_the_hour_that_the_clocks_repeat_are_all_counted():
    text = minutes("02:59", "01:58", "02:00", "02:59", "02:00", "02:59", "03:00", "03:00", day="26/10/2008")
    items = records(in_zone("household_power", text, "Europe/Paris"))
    kitchen = [item for item in items if item.metric == "kitchen"]
    assert [item.occurred_at.isoformat()[11:16] for item in kitchen] == (
        ["00:59", "23:58", "00:00", "01:59", "01:00", "01:59", "02:00", "02:00"]
    )


def test_only_the_second_pass_has_an_id_of_its_own():
    once = minutes("02:00", "02:30", "03:00", day="26/10/2008")
    twice = minutes("02:00", "02:30", "02:00", "02:30", "03:00", "03:00", day="26/10/2008")
    first, both = (records(in_zone("household_power", text, "Europe/Paris")) for text in (once, twice))
    ids = {item.external_id for item in both}
    assert {item.external_id for item in first} < ids and len(ids) == 2 * 5
    # Without such an hour, what comes twice is the same usage.
    plain_days = records(in_zone("household_power", twice, "UTC"))
    assert len({item.external_id for item in plain_days}) == 2 * 3


def test_half_hours_with_an_offset_are_never_moved():
    rows = "".join(f"2025-10-26T02:00:00+0{offset}:00,1\n" for offset in (2, 1, 1))
    items = records(in_zone("half_hour_intervals", "Start,kWh\n" + rows, "Europe/Berlin"))
    assert [item.occurred_at.hour for item in items] == [0, 1, 1]
    assert len({item.external_id for item in items}) == 2


def test_a_session_is_in_the_zone_that_its_row_names():
    head = "Station Name,Plug In Event Id,Start Date,Start Time Zone,End Date,End Time Zone,Energy (kWh)\n"
    zones = ("PDT", "America/New_York", "UTC-05:00", "", "ET")
    text = head + "".join(f"S,{zone},7/29/2025 20:17,{zone},7/29/2025 21:17,{zone},6.2\n" for zone in zones)
    items = in_zone("charging_sessions", text, "Europe/Berlin")
    assert moments(items)[::3] == [
        f"2025-07-{day}" for day in ("30T03:17", "30T00:17", "30T01:17", "29T18:17", "30T00:17")
    ]
    assert totals(items)["charging_time"] == str(5 * 3600)
    assert set(codes(in_zone("charging_sessions", text.replace("PDT", "XYZ"), "UTC"))) == {"bad_time"}


def test_a_printer_without_a_date_waits_where_others_have_one():
    text = "Serial Number,Reading Date,Total Pages\nA,2025-03-31,5\nB,,7\n"
    items = read("printer_counters", text)
    assert totals(items) == {"pages": "5"} and codes(items) == ["missing_time"]
    assert totals(read("printer_counters", "Serial Number,Total Pages\nA,5\n")) == {"pages": "5"}


def feed(*subscriptions):
    """Hours of a usage point 01 of some subscriptions, and the days of the last one."""
    entries = [
        '<entry><link rel="self" href="/ReadingType/1"/><content><ReadingType xmlns="http://naesb.org/espi">'
        "<uom>72</uom></ReadingType></content></entry>"
    ]
    for number, (subscription, length) in enumerate(subscriptions):
        entries.append(
            f'<entry><link rel="up" href="/Subscription/{subscription}/UsagePoint/01/MeterReading/1/IntervalBlock"/>'
            '<content><IntervalBlock xmlns="http://naesb.org/espi"><IntervalReading><timePeriod>'
            f"<duration>{length}</duration><start>1735689600</start></timePeriod><value>{number + 1}</value>"
            "</IntervalReading></IntervalBlock></content></entry>"
        )
    return '<feed xmlns="http://www.w3.org/2005/Atom">' + "".join(entries) + "</feed>"


def test_usage_points_of_one_name_below_two_subscriptions_are_told_apart():
    items = records(read("green_button", feed((5, 3600), (9, 86400))))
    assert [(item.subject, item.quantity) for item in items] == [("5/01", 1), ("9/01", 2)]
    assert [item.subject for item in records(read("green_button", feed((5, 3600))))] == ["01"]

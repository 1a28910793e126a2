"""Shipped profiles on files of makers that were met later: what would be read wrong without a word."""

from test_parsing_shipped import codes, read, totals


def test_the_time_that_a_call_rang_is_not_the_time_they_talked():
    text = "caller_id_number,destination_number,start_stamp,duration,billsec,uuid\n"
    text += "100,200,2025-03-01 10:00:00,30,,u1\n100,200,2025-03-01 11:00:00,65,60,u2\n"
    items = read("call_records", text)
    assert totals(items) == {"call_seconds": "60"} and codes(items) == ["missing_quantity"]
    (item,) = read("call_records", "caller,called,start,Call Duration (mins)\n1,2,2025-03-01T10:00:00Z,1.5\n")
    assert item.quantity == 90


def days(heads, value="1"):
    """A table of one meter and day with a column per interval."""
    return "Meter,Date," + ",".join(heads) + "\nm,2024-02-01," + ",".join([value] * len(heads)) + "\n"


def test_the_names_of_intervals_say_in_what_unit_they_are():
    clock = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(0, 1440, 30)]
    assert totals(read("half_hour_days", days([f"{name} (Wh)" for name in clock]))) == {"electricity_wh": "48"}
    assert totals(read("half_hour_days", days([f"{name} kWh" for name in clock]))) == {"electricity": "48"}
    assert set(codes(read("half_hour_days", days([f"kW {name}" for name in clock])))) == {"unknown_metric"}


def test_intervals_are_named_by_halves_of_the_day_or_counted_from_0():
    halves = [
        f"{hour % 12 or 12}:{minute} {half}" for half in ("AM", "PM") for hour in range(12) for minute in ("00", "30")
    ]
    for heads, step in ((halves, 30), ([f"H{hour}" for hour in range(24)], 60)):
        starts = [item.occurred_at for item in read("half_hour_days", days(heads))]
        minutes = [start.hour * 60 + start.minute for start in starts]
        assert minutes == list(range(0, 1440, step))

"""Meters by the interval: tables with a column per half hour, and NEM12."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
import usage_parsing as up
from parsing_helpers import codes, read, records, refused, workbook
from test_parsing_shipped import SHIPPED

CLOCKS = [f"{place // 2:02d}:{place % 2 * 30:02d}" for place in range(48)]


def days(**changes):
    definition = json.loads((SHIPPED / "half_hour_days.json").read_text(encoding="utf-8"))["definition"]
    return {**definition, "time_zone": "Europe/London", **changes}


def table(head, *rows, sign=","):
    return "".join(sign.join(map(str, row)) + "\n" for row in (head, *rows))


@pytest.mark.parametrize(
    ("head", "count", "first"),
    [
        (CLOCKS, 48, "00:00"),
        ([*CLOCKS[1:], "24:00"], 48, "00:00"),
        ([f"{a} - {b}" for a, b in zip(CLOCKS, [*CLOCKS[1:], "00:00"], strict=True)], 48, "00:00"),
        ([f"kWh_{clock.replace(':', '')}" for clock in CLOCKS], 48, "00:00"),
        ([f"HH{place:02d}" for place in range(1, 49)], 48, "00:00"),
        ([str(place) for place in range(1, 25)], 24, "00:00"),
        ([f"Q{place}" for place in range(1, 97)], 96, "00:00"),
    ],
)
def test_columns_of_intervals_are_told_by_their_names(head, count, first):
    text = table(["MPAN", "Date", *head, "Total"], ["M1", "2025-01-15", *range(1, count + 1), 9_999])
    items = read(text, days())
    assert len(records(items)) == len(items) == count
    assert sum(item.quantity for item in items) == sum(range(1, count + 1))
    assert f"{items[0].occurred_at:%H:%M}" == first and str(items[0].quantity) == "1"
    assert items[0].occurred_until - items[0].occurred_at == timedelta(days=1) / count
    assert items[-1].occurred_until.isoformat() == "2025-01-16T00:00:00+00:00"
    assert len({item.external_id for item in items}) == count


@pytest.mark.parametrize(("day", "count"), [("2025-03-30", 46), ("2025-10-26", 50), ("2025-06-01", 48)])
def test_numbered_intervals_fill_the_local_day_however_long(day, count):
    values = [1] * count + [""] * (50 - count)
    items = read(table(["MPAN", "Date", *range(1, 51)], ["M1", day, *values]), days())
    assert len(records(items)) == count and codes(items) == ["filtered"] * (50 - count)
    length = records(items)[-1].occurred_until - records(items)[0].occurred_at
    assert length == timedelta(minutes=30 * count)
    # A value where the day has no such interval belongs to no day; a gap within it is for a person.
    items = read(table(["MPAN", "Date", *range(1, 51)], ["M1", day, "", *[1] * 49]), days())
    assert codes(items) == ["missing_quantity"] + ["bad_time"] * (50 - count)


def test_a_half_hour_that_the_clocks_skip_waits():
    items = read(table(["MPAN", "Date", *CLOCKS], ["M1", "2025-03-30", *[1] * 48]), days())
    assert codes(items) == ["nonexistent_local_time"] * 2 and len(records(items)) == 46


def test_units_of_a_column_are_metrics_and_others_wait():
    rows = [[f"M{place}", "2025-01-15", unit, *["1,5"] * 48] for place, unit in enumerate(("kWh", "Wh", "kVArh"))]
    items = read(table(["MPAN", "Date", "Units", *CLOCKS], *rows, sign=";"), days())
    assert {item.metric for item in records(items)} == {"electricity", "electricity_wh"}
    assert codes(items) == ["unknown_metric"] * 48
    assert {item.quantity for item in records(items)} == {Decimal("1.5")}


def test_a_wide_workbook_is_read_and_a_table_without_intervals_is_refused():
    def fill(sheet, _book):
        sheet.write(0, 0, "Half hours")
        sheet.write_row(2, 0, ["MPAN", "Date", *CLOCKS])
        sheet.write_row(3, 0, ["M1", "2025-01-15", *[0.25] * 48])

    assert sum(item.quantity for item in read(workbook(fill), days())) == 12
    assert refused(table(["MPAN", "Date", "00:00", "00:30"], ["M1", "2025-01-15", 1, 2]), days()) == "missing_columns"


def test_a_row_corrected_from_suspense_is_one_interval():
    text = table(["MPAN", "Date", *CLOCKS], ["M1", "2025-01-15", "x", *[1] * 47])
    profile = up.Profile.from_dict(days())
    from parsing_helpers import DIGEST, LIMITS, deadline

    parsed = up.parse(text.encode(), profile, LIMITS, deadline(), file_digest=DIGEST)
    items = list(parsed)
    (refused_one,) = [item for item in items if type(item) is up.Rejection]
    raw = list(refused_one.raw)
    raw[parsed.columns.index("value")] = up.Canonical("7")
    from usage_parsing.object_readers import parse_rows

    (mended,) = parse_rows([(2, raw)], profile, columns=parsed.columns)
    assert (str(mended.quantity), f"{mended.occurred_at:%H:%M}") == ("7", "00:00")


NEM = (
    "100,NEM12,202503021000,MDA1,RET1",
    "200,6203123456,E1B1,1,{suffix},N1,MTR1,{unit},30,20250601",
    "300,20250301,{values},V,,,20250302101010,",
    "400,1,2,S14,,",
    "400,3,48,A,,",
    "500,O,S01,20250302,1",
    "900",
)


def nem(suffix="E1", unit="KWH", values=None):
    values = ",".join(map(str, values or range(48)))
    return "\r\n".join(NEM).format(suffix=suffix, unit=unit, values=values)


def nem12(content):
    return read(content, json.loads((SHIPPED / "nem12.json").read_text(encoding="utf-8"))["definition"])


def test_intervals_of_nem12_are_market_time_with_their_quality():
    items = nem12(nem())
    assert len(records(items)) == len(items) == 48 and sum(item.quantity for item in items) == sum(range(48))
    assert items[0].occurred_at.isoformat() == "2025-02-28T14:00:00+00:00" and items[0].subject == "6203123456"
    assert [item.dimensions["quality"] for item in items[:3]] == ["S", "S", "A"]
    assert {item.metric for item in nem12(nem("B1"))} == {"electricity_fed_in"}


@pytest.mark.parametrize(("unit", "total"), [("KWH", "1128"), ("WH", "1.128"), ("MWh", "1128000")])
def test_energy_of_nem12_is_kilowatt_hours_whatever_its_unit(unit, total):
    assert sum(item.quantity for item in nem12(nem(unit=unit))) == Decimal(total)


def test_rows_of_nem12_come_in_the_order_of_their_lines():
    numbers = [item.row_number for item in nem12(nem().replace("\r\n400,1", '\r\n"open\r\n400,1'))]
    assert numbers == sorted(numbers) and len(set(numbers)) == 2


def test_what_is_wrong_in_nem12_waits_and_costs_no_other_record():
    assert set(codes(nem12(nem("E1", "KVARH")))) == {"unknown_metric"}
    assert codes(nem12(nem(values=range(40)))) == ["bad_row_shape"]
    assert codes(nem12(nem().replace("20250301", "20251301"))) == ["bad_time"]
    assert codes(nem12(nem().replace("\r\n200", "\r\n250"))) == ["bad_structure", "bad_structure"]
    assert codes(nem12(nem(values=["", *range(47)]))) == ["missing_quantity"]
    assert refused("<a/>", json.loads((SHIPPED / "nem12.json").read_text())["definition"]) == "wrong_file_type"

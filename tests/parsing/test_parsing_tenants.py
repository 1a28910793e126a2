"""Shipped profiles on files as another tenant, maker or year of the same publisher has them."""

import io
import json
import zipfile
from datetime import datetime
from decimal import Decimal

from parsing_helpers import codes, filled, records
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


def test_a_recording_has_a_tab_or_a_blank_between_topic_and_message():
    message = '{"Time": "2025-01-01T00:00:00", "ENERGY": {"Total": 1.5}}'
    for topic in ("tele/plug a/SENSOR", "tele/plug/SENSOR", "tele/plug/STATE"):
        (tab,), (blank,) = (read("energy_plugs_file", f"{topic}{sign}{message}\n") for sign in "\t ")
        assert tab == blank and tab.quantity == Decimal("1.5")


def test_usage_reports_of_model_providers_have_results_inside_intervals():
    result = {"object": "usage", "input_tokens": 9, "output_tokens": 4, "project_id": "p1", "model": None}
    bucket = {"object": "bucket", "start_time": 1735689600, "end_time": 1735776000}
    page = {"object": "page", "data": [{**bucket, "results": [result, {**result, "project_id": None}]}]}
    page["data"].append({**bucket, "start_time": 1735776000, "end_time": 1735862400, "results": []})
    items = read("language_model_intervals_json", json.dumps(page))
    assert totals(items) == {"tokens_in": "18", "tokens_out": "8"} and set(codes(items)) == {"filtered"}
    assert len({item.external_id for item in records(items)}) == 4
    other = {"uncached_input_tokens": 5, "cache_creation": {"ephemeral_5m_input_tokens": 3}, "output_tokens": 1}
    other = {**other, "cache_read_input_tokens": 7, "workspace_id": "w"}
    day = {"starting_at": "2025-08-01T00:00:00Z", "ending_at": "2025-08-02T00:00:00Z", "results": [other]}
    items = read("language_model_intervals_json", json.dumps({"data": [day], "has_more": False}))
    kinds = {"tokens_in": "5", "tokens_out": "1", "tokens_cache_write": "3", "tokens_cache_read": "7"}
    assert totals(items) == kinds and codes(items) == []
    assert codes(read("language_model_intervals_json", '{"data": [{"start_time": 1}]}')) == ["bad_structure"]


def test_lines_of_station_message_detail_recording_are_calls():
    line = "2025/03/01 10:00:00,00:01:05,7,201,O,0049151,0049151,,{},1000013,0,E201,Ann,T9001,Line 1.1,0,0"
    text = "\n".join((line.format(0), line.format(1), line.format(0).replace("1000013", "1000014") + ",,,,,,,")) + "\n"
    items = read("call_records_avaya", text)
    assert totals(items) == {"call_seconds": "130"} and codes(items) == ["filtered"]
    assert {(item.subject, item.dimensions["to"]) for item in records(items)} == {("201", "0049151")}


def test_text_and_a_workbook_made_of_it_give_the_same_ids():
    head = ["Meter", "Start", "kWh"]
    rows = [["m1", datetime(2025, 3, day, hour), 1.5] for day in (9, 10, 30) for hour in (0, 13)]
    spellings = ("%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M", "%Y-%m-%dT%H:%M")
    texts = [
        "\n".join([",".join(head), *[f"m1,{at.strftime(form)},1.50" for _m, at, _q in rows]]) for form in spellings
    ]
    files = [*texts, filled(rows, head)]
    found = [read("half_hour_intervals", file) for file in files]
    assert len({tuple(item.external_id for item in items) for items in found}) == 1 and codes(found[-1]) == []
    calls = [["100", "200", datetime(2025, 3, 30, 10, 0), 65.0]]
    text = "caller,called,start,billsec\n100,200,30/03/2025 10:00,65.0\n"
    book = filled(calls, ["caller", "called", "start", "billsec"])
    assert [item.external_id for item in read("call_records", text)] == [
        item.external_id for item in read("call_records", book)
    ]


def test_an_offset_and_its_absence_are_not_the_same_key():
    rows = "Start,kWh\n2025-10-26T02:00:00+02:00,1\n2025-10-26T02:00:00+01:00,1\n2025-10-26T02:00:00,1\n"
    items = records(in_zone("half_hour_intervals", rows, "Europe/Berlin"))
    assert len({item.external_id for item in items}) == 3


def test_words_for_nothing_of_other_programs_are_no_counters():
    words = ("nan", "None", "null", "#N/A", "-", "")
    text = "Serial Number,Total Pages,Mono Count\n" + "".join(
        f"P{place},5,{word}\n" for place, word in enumerate(words)
    )
    items = read("printer_counters", text)
    assert totals(items) == {"pages": "30"} and set(codes(items)) == {"filtered"}


def test_papers_beside_a_file_in_an_archive_are_no_usage():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("export/usage.csv", "Serial Number,Total Pages\nA,5\n")
        archive.writestr("export/README.txt", "see the manual")
    assert totals(read("printer_counters", out.getvalue())) == {"pages": "5"}


def test_a_word_for_nothing_is_no_app_that_was_used():
    rows = "".join(f"2025-03-10,{number}@x,{word}\n" for number, word in enumerate(("Yes", "N/A", "nan", "-", "")))
    text = "Report Refresh Date,User Principal Name,Mail For Mac\n" + rows
    assert totals(read("m365_mail_apps", text)) == {"mail_app_mail_for_mac": "1"}


def test_seconds_since_a_start_that_the_file_does_not_say_are_no_moments():
    head = "Timestamp,Model,Request tokens,Response tokens\n"
    items = read("language_model_tokens", head + "5,m,472,18\n45.5,m,1087,230\n1735689600,m,1,1\n")
    assert codes(items) == ["bad_time", "bad_time"] and totals(items) == {"tokens_in": "1", "tokens_out": "1"}

"""Shipped profiles on files of makers that were met later: what would be read wrong without a word."""

import json
from decimal import Decimal

import pytest
import usage_parsing as up
from parsing_helpers import LIMITS, codes, deadline, plain, records
from parsing_helpers import read as read_by
from test_parsing_shipped import SHIPPED, read, totals


def in_zone(name, content, zone):
    """The items of a file of a source in some time zone."""
    data = json.loads((SHIPPED / f"{name}.json").read_text(encoding="utf-8"))["definition"]
    profile = up.Profile.from_dict({**data, "time_zone": zone})
    return list(up.parse(content.encode(), profile, LIMITS, deadline()))


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


def test_a_column_of_begins_that_says_utc_is_not_in_the_zone_of_the_source():
    text = "timestamp (UTC),energyConsumption (kWh)\n" + "".join(f"2023-07-01 0{hour}:30,1\n" for hour in range(10))
    local = text.replace("timestamp (UTC)", "Start")
    said, unsaid = (in_zone("half_hour_intervals", each, "Europe/London")[0] for each in (text, local))
    assert said.occurred_at.isoformat() == "2023-07-01T00:30:00+00:00"
    assert unsaid.occurred_at.isoformat() == "2023-06-30T23:30:00+00:00"


def test_half_hours_that_were_fed_in_are_not_counted_as_used():
    rows = "".join(
        f"m,2024-02-01T00:00:00Z,{flow},{value}\n" for flow, value in (("Import", 1), ("EXPORT", 2), ("RI", 4))
    )
    items = read("half_hour_intervals", "Meter,Start,Direction,kWh\n" + rows)
    assert totals(items) == {"electricity": "1", "electricity_fed_in": "2"}
    assert sorted(set(codes(items))) == ["filtered", "unknown_metric"]
    assert len({item.external_id for item in records(items)}) == 2
    assert codes(read("half_hour_intervals", "Meter,Start,kWh\nm,2024-02-01T00:00:00Z,1\n")) == []


def test_times_in_utc_are_the_same_read_by_columns_and_row_by_row():
    lines = [f"i{hour},s,2025-07-01 {hour:02d}:00,1" for hour in range(12)]
    for count in (1, 12):
        text = "id,subject,at (UTC),qty\n" + "\n".join(lines[:count])
        items = read_by(text, plain(time="at (UTC)", time_zone="Europe/Berlin"))
        assert [item.occurred_at.hour for item in items] == list(range(count))


def request(service, *points):
    """An export request with one delta sum."""
    metric = {"name": "requests", "sum": {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": points}}
    names = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return {"resourceMetrics": [{"resource": names, "scopeMetrics": [{"metrics": [metric]}]}]}


def test_a_delta_counts_in_the_month_in_which_it_began():
    point = {"timeUnixNano": "1740787200000000000", "asInt": "7"}
    starts = ({"startTimeUnixNano": "1740700800000000000"}, {"startTimeUnixNano": "0"}, {})
    text = json.dumps(request("shop", *({**point, **start} for start in starts)))
    found = [
        (item.occurred_at.isoformat()[:10], item.occurred_until.isoformat()[:10]) for item in read("otlp_delta", text)
    ]
    assert found == [("2025-02-28", "2025-03-01"), ("2025-03-01", "2025-03-01"), ("2025-03-01", "2025-03-01")]


def test_a_list_of_export_requests_says_what_its_lines_say():
    requests = [request(name, {"timeUnixNano": "1740787200000000000", "asInt": "7"}) for name in "ab"]
    lines = read("otlp_delta", "\n".join(map(json.dumps, requests)))
    assert read("otlp_delta", json.dumps(requests)) == lines and totals(lines) == {"requests": "14"}


def test_channels_of_a_plug_and_plugs_of_one_name_are_not_one_register():
    def recording(*messages):
        return "".join(f"{topic}\t{json.dumps(message)}\n" for topic, message in messages)

    def status(number):
        return f"pro2/status/switch:{number}", {"aenergy": {"total": 1000 * number + 5, "minute_ts": 1740787200}}

    notice = {"params": {"ts": 1740787200.1, "switch:1": {"aenergy": {"total": 1006}}}}
    items = read("energy_plugs_shelly_file", recording(status(0), status(1), status(7), ("pro2/events/rpc", notice)))
    found = [(item.metric, str(item.quantity)) for item in records(items)]
    assert found == [("energy", "0.005"), ("energy_1", "1.005"), ("energy_1", "1.006")]
    assert "unknown_metric" in codes(items)
    rooms = [(f"zigbee2mqtt/{room}/plug", {"energy": 1, "last_seen": 1740787200000}) for room in ("kitchen", "bath")]
    items = read("energy_plugs_zigbee_file", recording(*rooms))
    assert [item.subject for item in records(items)] == ["kitchen/plug", "bath/plug"]


def test_what_was_bought_or_given_back_is_no_usage():
    head = "Date,SubscriptionId,MeterId,ResourceId,Quantity,CostInBillingCurrency,BillingCurrency,ChargeType\n"
    kinds = (("Usage", 24, 2), ("Refund", -1, -100), ("Purchase", 1, 300), ("UnusedReservation", 5, 9))
    text = head + "".join(f"2025-03-04,s,m,/r,{count},{cost},EUR,{kind}\n" for kind, count, cost in kinds)
    assert totals(read("azure_cost", text)) == {"azure_cost": "211", "azure_usage": "24"}


def test_two_resources_of_a_partner_export_keep_their_ids_in_any_order():
    head = "SubscriptionId,UsageDate,MeterId,ResourceURI,ChargeType,Quantity,BillingPreTaxTotal,BillingCurrency\n"
    rows = [f"s,2025-03-02T00:00:00,m,/{name},new,{count},1,GBP\n" for name, count in (("a", 1), ("b", 2))]
    found = [
        {(item.external_id, item.quantity) for item in records(read("azure_cost", head + "".join(order)))}
        for order in (rows, rows[::-1])
    ]
    assert found[0] == found[1] and len(found[0]) == 4


def test_lines_of_a_newer_switch_have_three_columns_more():
    line = '"acme","100","200","ctx","","SIP/1","SIP/2","Dial","x","2025-01-01 10:00:00","2025-01-01 10:00:05",'
    line += '"2025-01-01 10:01:05",65,60,"ANSWERED","DOC","1.1","","","1.1","55"\n'
    assert totals(read("call_records_asterisk", line)) == {"call_seconds": "60"}


def test_stations_that_number_their_sessions_each_by_itself_are_told_apart():
    text = "EVSE ID,Start Date,End Date,Energy (kWh),Plug In Event Id\n"
    text += "".join(f"{name},7/29/2011 20:17,7/29/2011 23:20,6.2,3\n" for name in "AB")
    items = records(read("charging_sessions", text))
    assert len({item.external_id for item in items}) == len(items) == 6


def test_seconds_of_meetings_are_read_in_both_spellings():
    for name, value in (("Audio Duration", "PT1H2M3S"), ("Audio Duration In Seconds", "3723")):
        text = f"Report Refresh Date,User Principal Name,Team Chat Message Count,{name}\n2025-03-10,a@x,0,{value}\n"
        assert totals(read("m365_teams_activity", text))["teams_audio_seconds"] == "3723"


def test_a_credit_record_takes_back_the_session_that_it_repeats():
    session = {"id": "1", "start_date_time": "2025-03-01T10:00:00Z", "end_date_time": "2025-03-01T11:00:00Z"}
    session |= {
        "cdr_location": {"evse_uid": "C1"},
        "total_energy": 7.5,
        "total_cost": {"excl_vat": 4},
        "currency": "EUR",
    }
    credit = {**session, "id": "1-C", "credit": True, "credit_reference_id": "1", "total_cost": {"excl_vat": -4}}
    items = read("charging_sessions_json", json.dumps({"data": [session, credit]}))
    assert {metric: Decimal(total) for metric, total in totals(items).items()} == dict.fromkeys(
        ("charging_energy", "charging_time", "charging_sessions"), 0
    )
    assert sum(item.amount for item in records(items)) == 0
    assert len({item.external_id for item in records(items)}) == len(records(items)) == 6


def test_a_serial_number_shown_as_bytes_is_its_text():
    walk = "SNMPv2-SMI::mib-2.43.5.1.1.17.1 = Hex-STRING: 43 4E 42 31 32 33 00 \n"
    walk += "SNMPv2-SMI::mib-2.43.10.2.1.4.1.1 = Counter32: 54321\n"
    assert [(item.subject, item.quantity) for item in records(read("printer_counters_snmp", walk))] == [
        ("CNB123", 54321)
    ]


def test_counted_pages_have_no_decimals_between_commas_either():
    text = "Serial Number,Reading Date,Total Pages,Color Pages\nX1,2025-03-31,12.345,7\nX2,2025-03-31,999,1.000\n"
    assert totals(read("printer_counters", text)) == {"pages": "13344", "pages_colour": "1007"}
    items = read("printer_counters", text.replace("12.345", "12.5"))
    assert totals(items)["pages"] == "999" and codes(items) == ["bad_quantity"]


def test_tokens_of_thoughts_are_written_tokens():
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 5, "thoughtsTokenCount": 7}
    text = json.dumps({"responseId": "x", "createTime": "2025-03-01T00:00:00Z", "usageMetadata": usage})
    items = read("language_model_tokens_json", text)
    assert totals(items) == {"tokens_in": "10", "tokens_out": "12"}
    assert len({item.external_id for item in records(items)}) == 3


def test_yes_and_no_of_a_translated_spreadsheet_count_and_other_words_wait():
    head = "Report Refresh Date,User Principal Name,Has Exchange License,Has Teams License\n"
    items = read("m365_licenses", head + "2025-03-10,a@x,WAHR,FALSCH\n2025-03-10,b@x,True,maybe\n")
    assert totals(items) == {"licensed_exchange": "2"}
    assert [code for code in codes(items) if code != "filtered"] == ["bad_structure"]


def test_a_price_per_unit_is_no_quantity_under_another_spelling():
    text = "sessionId,stationId,created,ended,Energy (€/kWh)\n1,C,2025-03-01 10:00,2025-03-01 11:00,0.3\n"
    with pytest.raises(up.FileRefused):
        read("charging_sessions", text)


def test_a_called_number_that_a_spreadsheet_rounded_waits():
    text = "Date,Source,Destination,Seconds\n2025-03-01 10:00:00,100,4.91512E+11,60\n2025-03-01 10:00:00,100,491512,7\n"
    items = read("call_records", text)
    assert totals(items) == {"call_seconds": "7"} and codes(items) == ["rounded_identity"]

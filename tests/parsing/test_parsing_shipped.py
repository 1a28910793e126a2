"""Profiles that come with the addon, on small files: formats without a public sample, headers of other spellings."""

import json
import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
import usage_parsing as up
from parsing_helpers import DIGEST, LIMITS, codes, deadline, records

SHIPPED = Path(__file__).parents[2] / "odoo_usage_mediation" / "data" / "profiles"


def profile(name):
    return up.Profile.from_dict(json.loads((SHIPPED / f"{name}.json").read_text(encoding="utf-8"))["definition"])


def read(name, content, **context):
    content = content if isinstance(content, bytes) else content.encode()
    context.setdefault("received_at", "1735689600")
    return list(up.parse(content, profile(name), LIMITS, deadline(), file_digest=DIGEST, context=context))


def totals(items):
    found = defaultdict(Decimal)
    for item in records(items):
        found[item.metric] += item.quantity
    return {metric: str(total) for metric, total in found.items()}


AZURE_HEAD = "{0},{1},{2},MeterId,MeterCategory,{3},UnitOfMeasure,{4},{5},ChargeType"
AZURE_NAMES = {
    "customer agreement": (
        *("Date", "SubscriptionId", "ResourceId", "Quantity"),
        *("CostInBillingCurrency", "BillingCurrency"),
    ),
    "enterprise agreement": (
        *("Date", "SubscriptionId", "ResourceId", "Quantity"),
        *("CostInBillingCurrency", "BillingCurrencyCode"),
    ),
    "subscription": ("UsageDateTime", "SubscriptionGuid", "InstanceId", "UsageQuantity", "PreTaxCost", "Currency"),
}


@pytest.mark.parametrize("names", AZURE_NAMES.values(), ids=AZURE_NAMES)
def test_azure_costs_of_each_agreement_add_up_refunds_included(names):
    rows = (
        "01/31/2025,s1,/r/1,m,Storage,744,1 Hour,12.5,EUR,Usage",
        "2025-01-31,s1,/r/1,m,Storage,,1 Hour,-2.25,EUR,Refund",
    )
    items = read("azure_cost", "\ufeff" + AZURE_HEAD.format(*names) + "\n" + "\n".join(rows) + "\n")
    assert totals(items) == {"azure_cost": "10.25", "azure_usage": "744"} and codes(items) == ["filtered"]
    assert {item.occurred_at.date().isoformat() for item in records(items)} == {"2025-01-31"}


CUR = (
    ("identity/TimeInterval", "identity_time_interval", "2025-01-01T00:00:00Z/2025-01-01T01:00:00Z"),
    ("lineItem/UsageAccountId", "line_item_usage_account_id", "123456789012"),
    ("lineItem/LineItemType", "line_item_line_item_type", "{kind}"),
    ("lineItem/UsageStartDate", "line_item_usage_start_date", "2025-01-01T00:00:00.000Z"),
    ("lineItem/UsageEndDate", "line_item_usage_end_date", "2025-01-01T01:00:00.000Z"),
    ("lineItem/ProductCode", "line_item_product_code", "AmazonS3"),
    ("lineItem/UsageAmount", "line_item_usage_amount", "{usage}"),
    ("lineItem/UnblendedCost", "line_item_unblended_cost", "{cost}"),
    ("lineItem/CurrencyCode", "line_item_currency_code", "USD"),
)


@pytest.mark.parametrize("generation", [0, 1], ids=["legacy", "2.0"])
def test_both_generations_of_the_cost_and_usage_report_give_the_same(generation):
    rows = (("Usage", "5", "1.81E-8"), ("Usage", "5", "1.81E-8"), ("Credit", "0", "-0.5"), ("Tax", "1", "9"))
    lines = [",".join(column[generation] for column in CUR)]
    for kind, usage, cost in rows:
        lines.append(",".join(column[2].format(kind=kind, usage=usage, cost=cost) for column in CUR))
    items = read("aws_cost_and_usage", "\n".join(lines))
    assert totals(items) == {"aws_cost": "-0.4999999638", "aws_usage": "10"}
    # Two equal lines are two lines; the ids of both generations are the same.
    assert len({item.external_id for item in records(items)}) == len(records(items)) == 5
    assert codes(items) == ["filtered", "filtered"]


def test_a_focus_file_may_lack_what_a_later_version_added_and_order_its_columns_otherwise():
    names = "ChargePeriodEnd,BilledCost,BillingCurrency,ChargeCategory,BillingAccountId,ChargePeriodStart"
    names += ",ServiceProviderName"
    text = f"{names}\n2025-01-02T00:00:00Z,-1.5,EUR,Credit,a1,2025-01-01T00:00:00Z,Cloud\n"
    (item,) = read("focus", text)
    assert (item.subject, str(item.quantity), item.unit, item.dimensions["provider"]) == ("a1", "-1.5", "EUR", "Cloud")


TOKEN_FILES = (
    "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-12 00:00:00.003680+00:00,2162,5\n",
    '"time";"model";"prompt_tokens";"completion_tokens";"project"\n"2024-05-12T00:00:00Z";"m";"2162";"5";"p1"\n',
    "arrived_at,num_prefill_tokens,num_decode_tokens\n1715472000,2162,5\n",
)


@pytest.mark.parametrize("text", TOKEN_FILES)
def test_tokens_are_found_under_the_names_of_several_traces(text):
    items = read("language_model_tokens", text)
    assert totals(items) == {"tokens_in": "2162", "tokens_out": "5"}
    assert {item.subject for item in records(items)} == {"p1" if "project" in text else "inference-endpoint"}
    assert {item.occurred_at.date().isoformat() for item in records(items)} == {"2024-05-12"}


def test_calls_of_an_asterisk_switch_count_when_they_were_answered():
    line = '"{code}","100","200","ctx","""A"" <100>","SIP/1","SIP/2","Dial","x","2025-01-01 10:00:00",'
    answered = line.format(code="acme") + '"2025-01-01 10:00:05","2025-01-01 10:01:05",65,60,"ANSWERED","DOC","1.1"\n'
    missed = line.format(code="") + ',"2025-01-01 10:00:30",30,0,"NO ANSWER","DOC","1.2",""\n'
    items = read("call_records_asterisk", answered + missed)
    assert totals(items) == {"call_seconds": "60"} and codes(items) == ["filtered"]
    assert records(items)[0].subject == "acme"


def test_sensors_tell_their_metric_by_unit_and_a_sum_is_a_register():
    pack = [
        {"bn": "urn:dev:meter1:", "bt": 1735689600, "bu": "Wh", "v": 5},
        {"n": "t", "u": "Cel", "v": 20.5},
        {"n": "total", "s": 1000.5, "t": 1},
    ]
    items = read("senml", json.dumps(pack))
    assert totals(items) == {"energy_wh": "5", "energy_wh_register": "1000.5"}
    assert set(codes(items)) == {"filtered"}


def test_a_cumulative_sum_of_a_service_is_read_by_its_own_profile_and_left_out_by_the_other():
    points = [{"asInt": str(value), "timeUnixNano": f"17356896{value}000000000"} for value in (10, 25)]
    metric = {"name": "requests", "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": points}}
    names = [{"key": "service.name", "value": {"stringValue": "shop"}}]
    text = json.dumps(
        {"resourceMetrics": [{"resource": {"attributes": names}, "scopeMetrics": [{"metrics": [metric]}]}]}
    )
    assert totals(read("otlp_cumulative", text)) == {"requests": "35"}
    assert codes(read("otlp_delta", text)) == ["filtered", "filtered"]


def test_a_plug_message_and_its_recording_are_the_same_reading():
    message = '{"Time":"2024-10-03T12:49:13","ENERGY":{"TotalStartTime":"2023-01-29T20:23:40","Total":381.701}}'
    (one,) = read("energy_plugs", message, topic="tele/t2/SENSOR")
    (other,) = read("energy_plugs_file", f"tele/t2/SENSOR\t{message}\n")
    assert one[1:12] == other[1:12] and one.subject == "t2" and str(one.quantity) == "381.701"


def test_printers_of_another_program_are_read_and_their_pages_dated():
    text = "Serial Number;Total Pages;Color Pages;Reading Date\nX1;1000;200;31.01.2025 08:00\nX2;50;N/A;31.01.2025\n"
    items = read("printer_counters", text)
    assert totals(items) == {"pages": "1050", "pages_colour": "200"} and codes(items) == ["filtered"]
    assert {item.occurred_at.date().isoformat() for item in records(items)} == {"2025-01-31"}


def test_green_button_tells_what_was_fed_into_the_grid_from_what_was_used():
    def feed(flow):
        place = "/UsagePoint/9/MeterReading/1"
        return f"""<feed xmlns="http://www.w3.org/2005/Atom">
        <entry><link rel="self" href="{place}"/><link rel="related" href="/ReadingType/1"/><content>
        <MeterReading/></content></entry><entry><link rel="self" href="/ReadingType/1"/><content><ReadingType>
        <flowDirection>{flow}</flowDirection><powerOfTenMultiplier>3</powerOfTenMultiplier><uom>72</uom></ReadingType>
        </content></entry><entry><link rel="up" href="{place}/IntervalBlock"/><content><IntervalBlock><IntervalReading>
        <timePeriod><duration>900</duration><start>1735689600</start></timePeriod><value>2</value></IntervalReading>
        </IntervalBlock></content></entry></feed>"""

    assert totals(read("green_button", feed(1))) == {"energy_wh": "2000"}
    assert totals(read("green_button", feed(19))) == {"energy_received_wh": "2000"}
    assert codes(read("green_button", feed(7))) == ["unknown_metric"]


def test_office_reports_of_users_keep_concealed_and_deleted_users_apart():
    head = "\ufeffReport Refresh Date,User Principal Name,Is Deleted,Deleted Date,Send Count,Report Period,Read Count"
    lines = (head, "2023-01-24,ABC0,True,2023-01-20,5,30,", '"2023-01-24","a@b.example",False,,"7",30,"0"')
    items = read("m365_mail_activity", "\r\n".join(lines))
    assert totals(items) == {"mail_sent": "12", "mail_read": "0"} and codes(items) == ["filtered"]
    assert [item.dimensions["deleted"] for item in records(items)] == ["true", "false", "false"]


def green_button(*series):
    """A feed of one usage point: a meter reading per (interval, readings, begin)."""
    entries = []
    for number, (length, count, begin) in enumerate(series):
        place = f"/UsagePoint/9/MeterReading/{number}"
        readings = "".join(
            f"<IntervalReading><timePeriod><duration>{length}</duration><start>{begin + length * step}</start>"
            "</timePeriod><value>1</value></IntervalReading>"
            for step in range(count)
        )
        entries.append(
            f'<entry><link rel="self" href="{place}"/><link rel="related" href="/ReadingType/1"/><content>'
            f'<MeterReading/></content></entry><entry><link rel="up" href="{place}/IntervalBlock"/><content>'
            f"<IntervalBlock>{readings}</IntervalBlock></content></entry>"
        )
    kind = "<ReadingType><flowDirection>1</flowDirection><uom>72</uom></ReadingType>"
    entries.append(f'<entry><link rel="self" href="/ReadingType/1"/><content>{kind}</content></entry>')
    return '<feed xmlns="http://www.w3.org/2005/Atom">' + "".join(entries) + "</feed>"


def test_green_button_counts_hours_and_their_days_once():
    items = read("green_button", green_button((86400, 1, 1735689600), (3600, 24, 1735689600)))
    assert totals(items) == {"energy_wh": "24"} and codes(items) == ["filtered"]
    # One after the other they are two parts of the same use.
    items = read("green_button", green_button((86400, 1, 1735689600), (3600, 24, 1735776000)))
    assert totals(items) == {"energy_wh": "25"} and codes(items) == []


def test_green_button_in_milliseconds_says_what_it_says_in_seconds():
    in_seconds = green_button((86400, 1, 1735689600), (3600, 24, 1735689600))
    in_millis = re.sub("<start>([0-9]+)</start>", r"<start>\g<1>000</start>", in_seconds)
    assert in_millis != in_seconds and read("green_button", in_millis) == read("green_button", in_seconds)


def test_fuel_in_gallons_is_no_fuel_in_litres():
    def machine(serial, unit):
        return (
            f"<Equipment><EquipmentHeader><SerialNumber>{serial}</SerialNumber></EquipmentHeader>"
            f'<FuelUsed datetime="2025-01-31T10:00:00Z"><FuelUnits>{unit}</FuelUnits><FuelConsumed>5</FuelConsumed>'
            "</FuelUsed></Equipment>"
        )

    fleet = "<Fleet>" + machine("A", "Litre") + machine("B", "gallon") + machine("C", "") + machine("D", "bushel")
    items = read("fleet_snapshot", fleet + "</Fleet>")
    assert totals(items) == {"fuel": "10", "fuel_gallon": "5"} and codes(items) == ["unknown_metric"]


def test_a_fleet_in_json_says_what_it_says_in_xml():
    reading = {"datetime": "2025-01-31T10:00:00Z", "Hour": 12.5}
    machine = {"EquipmentHeader": {"OEMName": "Acme", "SerialNumber": "A"}, "CumulativeOperatingHours": reading}
    snapshot = {"Fleet": {"Equipment": [machine, {"EquipmentHeader": {"SerialNumber": "B"}}]}}
    items = read("fleet_snapshot", json.dumps(snapshot))
    assert totals(items) == {"operating_hours": "12.5"} and codes(items) == ["filtered"]
    xml = "<Fleet><Equipment><EquipmentHeader><OEMName>Acme</OEMName><SerialNumber>A</SerialNumber></EquipmentHeader>"
    xml += '<CumulativeOperatingHours datetime="2025-01-31T10:00:00Z"><Hour>PT12H30M</Hour></CumulativeOperatingHours>'
    (other,) = read("fleet_snapshot", xml + "</Equipment></Fleet>")
    assert records(items)[0][1:12] == other[1:12]


def test_charging_sessions_of_cities_and_networks_are_read_under_their_names():
    council = "CP ID,Start Date,Start Time,End Date,End Time,Total kWh\nC1,26/10/2024,23:30,27/10/2024,00:30,7.5\n"
    squeezed = "Station_Name,Start_Date___Time,End_Date___Time,Energy__Wh_\nC1,10/26/2024 23:30,10/27/2024 0:30,7500\n"
    for text in (council, squeezed):
        items = read("charging_sessions", text)
        energy, length, count = (item.quantity for item in items)
        assert (energy, length, count) == (Decimal("7.5"), 3600, 1)
        assert items[0].occurred_at.isoformat() == "2024-10-26T23:30:00+00:00"


def test_sessions_as_json_stand_in_a_list_or_a_document():
    network = {"sessionID": "s", "stationID": "C1", "kWhDelivered": 7.5}
    network |= {"connectionTime": "Sat, 26 Oct 2024 23:30:00 GMT", "disconnectTime": "Sun, 27 Oct 2024 00:30:00 GMT"}
    record = {"id": "s", "cdr_location": {"evse_uid": "C1"}, "total_energy": 7.5, "total_cost": {"excl_vat": 2}}
    record |= {"start_date_time": "2024-10-26T23:30:00Z", "end_date_time": "2024-10-27T00:30:00Z", "currency": "EUR"}
    for document in ({"_meta": {}, "_items": [network]}, {"status_code": 1000, "data": [record]}, [record], record):
        items = read("charging_sessions_json", json.dumps(document))
        assert totals(items) == {"charging_energy": "7.5", "charging_time": "3600", "charging_sessions": "1"}
        assert items[0].occurred_at.isoformat() == "2024-10-26T23:30:00+00:00"


def test_calls_have_their_date_and_time_apart_and_their_length_in_several_forms():
    heads = ("called_number;start_date;start_time;call_duration", "dst;calldate;x;Duration (min)")
    for head, stamp, length in zip(
        heads, ("26.10.2024;23:30:05", "2024-10-26 23:30:05;"), ("0:01:30", "1,5"), strict=True
    ):
        items = read(
            "call_records", f"served_msisdn;{head}\n4930;4940;{stamp};{length}\n".replace("\nserved", "served")
        )
        assert [str(item.quantity.normalize()) for item in records(items)] == ["9E+1"]
        assert items[0].occurred_at.isoformat() == "2024-10-26T23:30:05+00:00"


CALLS = (
    "Type,From,To,Date,Time,Duration\nVoice,100,200,Mon 03/17/2025,2:05 PM,0:01:30\n",
    "Call Time;Caller ID;Destination;Status;Ringing;Talking\n2025-03-17T14:05:00;100;200;Answered;0:00:30;0:01:30\n"
    "2025-03-17T14:05:00;100;200;Missed;0:00:30;\n",
    "callingPartyNumber,finalCalledPartyNumber,dateTimeOrigination,duration,pkid\n100,200,1742220300,90,p1\n",
    "a_number,b_number,call_start,duration\n100,200,20250317140500,90\n",
)


@pytest.mark.parametrize("text", CALLS)
def test_calls_of_other_switches_are_read_under_their_names(text):
    items = read("call_records", text)
    assert [(item.subject, item.quantity, item.dimensions["to"]) for item in records(items)] == [("100", 90, "200")]
    assert records(items)[0].occurred_at.isoformat() == "2025-03-17T14:05:00+00:00"
    assert codes(items) in ([], ["filtered"])


def test_calls_of_the_office_count_for_the_user_and_failed_ones_do_not():
    direct = "Correlation ID,SIP Address,Invite time,Duration (seconds),Success,Caller Number\n"
    direct += "1,a@x.example,2024-10-26 23:30:05.1,60,Yes,+49\n2,a@x.example,2024-10-26 23:31:05.1,0,No,+49\n"
    items = read("call_records_teams", direct)
    assert totals(items) == {"call_seconds": "60"} and codes(items) == ["filtered"]
    assert records(items)[0].subject == "a@x.example"


def test_tokens_of_responses_and_logs_in_json():
    response = {"id": "r", "created": 1735689600, "usage": {"prompt_tokens": 5, "completion_tokens": 2}}
    cached = {"id": "r", "created_at": "2025-01-01T00:00:00Z", "usage": {"input_tokens": 5, "output_tokens": 2}}
    cached["usage"]["cache_read_input_tokens"] = 9
    log = {"requestId": "r", "timestamp": "2025-01-01T00:00:00Z", "input": {"inputTokenCount": 5}}
    log["output"] = {"outputTokenCount": 2}
    plain = {"tokens_in": "5", "tokens_out": "2"}
    for item, expected in ((response, plain), (cached, {**plain, "tokens_cache_read": "9"}), (log, plain)):
        assert totals(read("language_model_tokens_json", json.dumps(item) + "\n")) == expected
    lines = "\n".join(json.dumps({**response, "id": str(number)}) for number in range(3))
    assert totals(read("language_model_tokens_json", lines)) == {"tokens_in": "15", "tokens_out": "6"}


def test_token_histograms_and_older_spellings_of_metrics_are_read():
    point = {"timeUnixNano": "1735689600000000000", "count": "2", "sum": 7}
    point["attributes"] = [{"key": "gen_ai.token.type", "value": {"stringValue": "input"}}]
    metric = {"name": "gen_ai.client.token.usage", "histogram": {"aggregationTemporality": 1, "dataPoints": [point]}}
    names = {"attributes": [{"key": "service.name", "value": {"stringValue": "bot"}}]}
    request = {"resourceMetrics": [{"resource": names, "scopeMetrics": [{"metrics": [metric]}]}]}
    assert totals(read("otlp_tokens", json.dumps(request))) == {"tokens_in": "7"}
    old = {"resourceMetrics": [{"resource": names, "instrumentationLibraryMetrics": [{"metrics": [metric]}]}]}
    assert totals(read("otlp_tokens", json.dumps(old))) == {"tokens_in": "7"}
    snake = json.dumps(request)
    for camel, other in (("resourceMetrics", "resource_metrics"), ("scopeMetrics", "scope_metrics")):
        snake = snake.replace(camel, other)
    for camel, other in (("dataPoints", "data_points"), ("timeUnixNano", "time_unix_nano")):
        snake = snake.replace(camel, other)
    snake = snake.replace("aggregationTemporality", "aggregation_temporality").replace("stringValue", "string_value")
    assert totals(read("otlp_tokens", snake)) == {"tokens_in": "7"}
    wrong = {"resourceMetrics": [{"resource": names, "metrics": [metric]}]}
    assert codes(read("otlp_tokens", json.dumps(wrong))) == ["bad_structure"]


PLUGS = {
    "energy_plugs_shelly": (
        "plug-aa/status/switch:0",
        {"aenergy": {"total": 1234.5, "minute_ts": 1735689600}},
        "1.2345",
    ),
    "energy_plugs_zigbee": ("zigbee2mqtt/plug-aa", {"energy": 1.25, "last_seen": "2025-01-01T00:00:00Z"}, "1.25"),
}


@pytest.mark.parametrize("name", PLUGS)
def test_plugs_of_other_makers_say_the_same_live_and_recorded(name):
    topic, message, total = PLUGS[name]
    (one,) = records(read(name, json.dumps(message), topic=topic))
    (other,) = records(read(f"{name}_file", f"{topic}\t{json.dumps(message)}\n"))
    assert one[1:12] == other[1:12] and (one.subject, str(one.quantity)) == ("plug-aa", total)
    assert one.occurred_at.isoformat() == "2025-01-01T00:00:00+00:00"
    assert set(codes(read(name, '{"state": "ON"}', topic=topic))) == {"filtered"}


def test_leases_have_their_area_in_feet_or_metres_and_rent_with_its_sign():
    text = "Lease Number,Location,Effective Date,Square Feet,Annual Rent\n"
    (item,) = read("lease_register", text + 'L1,"Main St, 5",01/31/2025,"12,345","$1,234.50"\n')
    assert (item.metric, str(item.quantity), str(item.amount)) == ("area", "12345", "1234.50")
    text = "Vertrag;Standort;Beginn;Fläche (m²);Jahresmiete\nL1;Ulm;31.01.2025;1.234;1.234,50 €\n"
    (item,) = read("lease_register", text)
    assert (item.metric, str(item.quantity), str(item.amount)) == ("area_m2", "1234", "1234.50")


def test_a_minute_of_a_household_is_energy_and_what_was_not_measured_waits():
    head = "Date;Time;Global_active_power;Sub_metering_1\n"
    items = read(
        "household_power", head + "16/12/2006;17:24:00;4,216;1,000\n16/12/2006;17:25:00;?;?\n17/12/2006;0:00:00;0,5;0\n"
    )
    assert totals(items) == {"kitchen": "1.000", "household_energy": "78.600000"}
    assert codes(items) == ["missing_quantity", "missing_quantity"]

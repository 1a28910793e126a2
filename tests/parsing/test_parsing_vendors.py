"""Shipped profiles on files of more providers and makers, each with the sums made by hand."""

import json

import pytest
from parsing_helpers import codes, records, refused
from test_parsing_foreign import in_zone
from test_parsing_known import NAMES
from test_parsing_shipped import profile, read, totals

HEADS = "Session ID;Charger Name;Start;End;Energy (kWh);RFID\n"
SESSIONS = HEADS + "1;A;01.03.2025 10:00;01.03.2025 11:00;7,5;x\n2;B;01.03.2025 10:00;01.03.2025 10:30;2,25;y\n"


def test_sessions_of_two_chargers_that_begin_together_are_no_half_hours_of_one_meter():
    assert totals(read("charging_sessions", SESSIONS)) == {
        "charging_energy": "9.75",
        "charging_time": str(3600 + 1800),
        "charging_sessions": "2",
    }
    assert set(codes(read("half_hour_intervals", SESSIONS))) == {"filtered"}


def test_registers_of_a_charge_box_are_what_they_differ_by():
    head = "transactionId,chargeBoxId,idTag,startTimestamp,startValue,stopTimestamp,stopValue\n"
    items = read("charging_sessions", head + "1,CB1,T,2025-03-01T10:00:00Z,1000,2025-03-01T11:00:00Z,8500\n")
    # (8500 - 1000) Wh
    assert totals(items) == {"charging_energy": "7.500", "charging_time": "3600", "charging_sessions": "1"}


APART = {
    "half_hour_intervals": (
        "ESIID,USAGE_DATE,USAGE_START_TIME,USAGE_KWH,CONSUMPTION_SURPLUSGENERATION\n"
        '="10400512345678901",01/13/2025,00:00,.12,Consumption\n="10400512345678901",01/13/2025, 00:15,.2,Consumption\n'
        '="10400512345678901",01/13/2025, 00:15,.5,Surplus Generation\n'
    ),
    "interval_readings_units": (
        "Van (datum);Van (tijdstip);EAN-code;Register;Volume;Eenheid\n"
        '13-01-2025;00:00:00;="10400512345678901";Afname Dag;0,12;kWh\n'
        '13-01-2025;00:15:00;="10400512345678901";Afname Nacht;0,2;kWh\n'
        '13-01-2025;00:15:00;="10400512345678901";Injectie Dag;0,5;kWh\n'
    ),
}


@pytest.mark.parametrize("name", APART)
def test_a_date_and_its_time_of_day_apart_with_a_direction_or_register(name):
    items = records(in_zone(name, APART[name], "UTC"))
    assert totals(items) == {"electricity": "0.32", "electricity_fed_in": "0.5"}
    assert {item.subject for item in items} == {"10400512345678901"}
    assert sorted({item.occurred_at.isoformat() for item in items}) == [
        "2025-01-13T00:00:00+00:00",
        "2025-01-13T00:15:00+00:00",
    ]
    assert len({item.external_id for item in items}) == 3


@pytest.mark.parametrize(
    ("name", "head"), [("half_hour_intervals", "Date,kWh"), ("interval_readings_units", "Date,Usage,Unit")]
)
def test_parts_of_a_day_whose_time_is_not_found_are_not_all_at_midnight(name, head):
    rows = "".join(f"2025-01-13,{hour}.5{',kWh' if 'Unit' in head else ''},{hour}\n" for hour in range(3))
    assert codes(read(name, f"{head},Hour\n{rows}")) == ["bad_time"] * 3
    whole = rows.replace("2025-01-13,", "2025-01-13 00:00,")
    assert records(read(name, f"{head},Hour\n{whole}"))[0].occurred_at.isoformat() == "2025-01-13T00:00:00+00:00"


def test_energy_fed_in_may_have_a_column_of_its_own():
    text = "Start,Import (kWh),Export (kWh)\n2025-01-13T00:00:00Z,1.5,0.25\n2025-01-13T00:30:00Z,1,\n"
    items = read("half_hour_intervals", text)
    assert totals(items) == {"electricity": "2.5", "electricity_fed_in": "0.25"} and codes(items) == ["filtered"]


def test_what_has_another_unit_than_energy_waits():
    text = "Meter,Start,Usage,Unit\nm,2025-01-13T00:00:00Z,1,kWh\nm,2025-01-13T00:15:00Z,2,Wh\n"
    text += "m,2025-01-13T00:30:00Z,3,kW\n"
    items = read("interval_readings_units", text)
    assert totals(items) == {"electricity": "1", "electricity_wh": "2"} and codes(items) == ["unknown_metric"]


def test_a_printer_list_with_an_unknown_date_is_not_dated_when_it_came():
    text = "Serial Number,Total Pages,{}\nX,5,2025-03-13\n"
    assert refused(
        text.format("Polled at"), profile("printer_counters").to_dict(), context={"received_at": "1735689600"}
    ) == ("missing_columns")
    for other in ("Installation date", "Warranty until", "Contract End", "uptime", "Last boot"):
        assert totals(read("printer_counters", text.format(other))) == {"pages": "5"}
    (item,) = read("printer_counters", text.format("Last Status Update"))
    assert item.occurred_at.isoformat() == "2025-03-13T00:00:00+00:00"


BILLED = {
    "project": {"id": "p1"},
    "sku": {"id": "s"},
    "usage_start_time": "2025-03-01 00:00:00 UTC",
    "usage_end_time": "2025-03-01 01:00:00 UTC",
    "currency": "EUR",
    "cost_type": "regular",
    "usage": {"amount": 3600, "unit": "seconds"},
}


def test_credits_inside_a_row_of_a_billing_export_lower_its_cost():
    rows = [
        {**BILLED, "cost": 0.5, "credits": [{"amount": -0.1}, {"amount": -0.025}]},
        {**BILLED, "cost": 0.25, "credits": []},
        {**BILLED, "cost": 9, "cost_type": "tax"},
        {**BILLED, "cost": 1, "credits": [{"name": "no amount"}]},
    ]
    for text in (json.dumps(rows), "\n".join(map(json.dumps, rows))):
        items = read("gcp_export_json", text)
        # 0.5 - 0.1 - 0.025 + 0.25; 3 x 3600
        assert totals(items) == {"gcp_cost": "0.625", "gcp_usage": "10800"}
        assert sorted(codes(items)) == ["bad_quantity", "filtered"]
        assert len({item.external_id for item in records(items)}) == len(records(items))


def test_a_cost_table_counts_days_of_its_provider_and_an_export_hours_in_utc():
    text = (
        "Billing account ID,Project ID,Service description,SKU ID,Credit type,Cost type,Usage start date,Usage amount,"
    )
    text += "Usage unit,Unrounded cost ($),Cost ($)\n"
    text += '01,p1,CE,s1,,Usage,2025-03-01,"1,234.5",hour,12.345678,12.35\n'
    text += "01,p1,CE,s1,Discount,Usage,2025-03-01,0,,-2.345678,-2.35\n"
    text += "01,,,,,Tax,2025-03-01,,,1.9,1.9\n01,,,,,Total,,,,10,10\n"
    items = read("gcp_cost", text)
    assert totals(items) == {"gcp_cost": "10.000000", "gcp_usage": "1234.5"} and set(codes(items)) == {"filtered"}
    assert items[0].occurred_at.isoformat() == "2025-03-01T08:00:00+00:00"
    flat = "billing_account_id,project_id,service_description,usage_start_time,cost,usage_amount\n"
    flat += "01,p1,CE,2025-03-01 00:00:00,0.5,9\n"
    items = read("gcp_export", flat)
    assert totals(items) == {"gcp_cost": "0.5", "gcp_usage": "9"}
    assert items[0].occurred_at.isoformat() == "2025-03-01T00:00:00+00:00"


def test_a_corrected_line_of_a_cost_report_takes_back_what_it_corrects():
    head = (
        "lineItem/referenceNo,lineItem/tenantId,lineItem/intervalUsageStart,product/compartmentId,usage/billedQuantity,"
    )
    head += "cost/myCost,cost/currencyCode,lineItem/isCorrection\n"
    rows = "a,t,2025-03-01T00:00Z,c,2,0.1,EUR,false\nb,t,2025-03-01T00:00Z,c,-2,-0.1,EUR,true\n"
    rows += "c,t,2025-03-01T00:00Z,,1,,EUR,false\n"
    items = read("oci_cost", head + rows)
    assert totals(items) == {"oci_cost": "0.0", "oci_usage": "1"} and codes(items) == ["filtered"]
    assert [item.subject for item in records(items)][-1] == "t"


def test_machines_in_a_table_have_units_in_their_headers_or_are_not_read():
    text = "VIN;Make;Engine Hours;Odometer (km);Odometer;Date\n"
    text += "1FT;Acme;1.234,5;12.345,25;7;13.03.2025 10:00\n1FU;Acme;;1;7;13.03.2025\n"
    items = read("fleet_table", text)
    assert totals(items) == {"operating_hours": "1234.5", "distance": "12346.25"} and codes(items) == ["filtered"]


CALLS = (
    "Originating Number,Terminating Number,Start Timestamp (UTC),Call Duration (sec),Billable Time (sec),Call UUID\n"
    "100,200,2025-03-01 10:00:00,65,60,u1\n",
    'From,To,Direction,Status,StartTime,Duration,Sid\n100,200,out,completed,"Sat, 01 Mar 2025 10:00:00 +0000",60,CA1\n',
    "Datum;Uhrzeit;Rufnummer;Ziel;Dauer (hh:mm:ss)\n01.03.2025;10:00:00;100;200;00:01:00\n",
    "Call UUID,From Number,To Number,Call Duration,Bill Duration,Initiation Time\n"
    "u,100,200,55,60,2025-03-01 10:00:00+00:00\n",
)


@pytest.mark.parametrize("text", CALLS)
def test_billed_seconds_of_more_carriers_are_found(text):
    (item,) = read("call_records", text)
    assert (item.subject, item.quantity, item.dimensions["to"]) == ("100", 60, "200")
    assert item.occurred_at.isoformat() == "2025-03-01T10:00:00+00:00"


def test_every_shipped_profile_is_sound_and_says_what_it_does():
    for name in NAMES:
        assert profile(name).measures, name


def cumulative(*points):
    """An export request with one cumulative sum: (attribute, value, nanoseconds)."""
    points = [
        {
            "attributes": [{"key": "code", "value": {"stringValue": code}}],
            **({} if value is None else {"asInt": str(value)}),
            "timeUnixNano": str(1740787200 * 10**9 + nanos),
        }
        for code, value, nanos in points
    ]
    metric = {"name": "requests", "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": points}}
    names = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    return json.dumps({"resourceMetrics": [{"resource": names, "scopeMetrics": [{"metrics": [metric]}]}]})


SERIES = (
    ((("200", 15, 0), ("500", 7, 0)), [("22", 0)], ["filtered"]),
    ((("200", 15, 1000), ("500", 7, 9000), ("404", 1, 5000)), [("23", 9)], ["filtered", "filtered"]),
    ((("200", 15, 0), ("500", 7, 0), ("200", 16, 5000), ("500", 7, 5000)), [("22", 0), ("23", 5)], ["filtered"] * 2),
    ((("200", 15, 0), ("500", None, 0)), [], ["missing_quantity", "filtered"]),
    ((("200", 15, 0), ("200", 16, 5000), ("500", 7, 5000)), [], ["missing_quantity", "missing_quantity", "filtered"]),
)


@pytest.mark.parametrize(("points", "totalled", "refusals"), SERIES)
def test_series_of_one_cumulative_metric_are_one_register_of_their_resource(points, totalled, refusals):
    items = read("otlp_cumulative", cumulative(*points))
    # 15 + 7; 15 + 7 + 1 at the latest of their times; 16 + 7
    assert [(str(item.quantity), item.occurred_at.microsecond) for item in records(items)] == totalled
    assert codes(items) == refusals


@pytest.mark.parametrize(
    ("head", "seconds"), [("Duration (ms)", "90.000"), ("Duration (hours)", "324000000"), ("Duration (min)", "5400000")]
)
def test_lengths_of_calls_are_in_the_unit_of_their_header(head, seconds):
    assert totals(read("call_records", f"caller,called,start,{head}\n1,2,2025-03-01T00:00:00Z,90000\n")) == {
        "call_seconds": seconds
    }


@pytest.mark.parametrize(("head", "energy"), [("Wh", "0.0075"), ("kWh", "7.5"), ("MWh", "7500.0")])
def test_energy_is_in_the_unit_of_its_header_and_without_one_refused(head, energy):
    session = f"Session ID,Station ID,Start Date,End Date,Energy ({head})\n"
    session += "1,C,2025-03-01T00:00:00Z,2025-03-01T01:00:00Z,7.5\n"
    assert totals(read("charging_sessions", session))["charging_energy"] == energy
    interval = f"Meter,Start,Energy ({head})\nm,2025-03-01T00:00:00Z,7.5\n"
    assert totals(read("half_hour_intervals", interval)) == {"electricity": energy}
    for name, text in (("charging_sessions", session), ("half_hour_intervals", interval)):
        for other in ("", " (kW)", " (per kWh)"):
            text = text.replace(f" ({head})", other)
            assert refused(text, profile(name).to_dict(), context={}) == "missing_columns"


def test_costs_as_json_are_those_of_the_table():
    names = "BillingAccountId,SubAccountId,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,BilledCost,BillingCurrency"
    row = ["a", "s", "2025-03-01T00:00:00Z", "2025-03-02T00:00:00Z", "Usage", "1.2e-05", "EUR"]
    table = f"{names},ConsumedQuantity\n{','.join(row)},nan\n"
    item = dict(zip(names.split(","), [*row[:5], float(row[5]), row[6]], strict=True))
    (first,), (second,) = (
        records(items) for items in (read("focus", table), read("focus_json", json.dumps({"data": [item]})))
    )
    assert first[2:12] == second[2:12] and str(first.quantity) == "0.000012"


def test_a_fleet_in_json_may_write_its_names_small():
    machine = {"equipmentHeader": {"oemName": "Acme", "serialNumber": "A"}}
    machine |= {"cumulativeOperatingHours": {"datetime": "2025-01-31T10:00:00Z", "hour": 12.5}}
    machine |= {"fuelUsed": {"datetime": "2025-01-31T10:00:00Z", "fuelUnits": "litre", "fuelConsumed": 7}}
    items = read("fleet_snapshot", json.dumps({"fleet": {"equipment": [machine]}}))
    assert totals(items) == {"operating_hours": "12.5", "fuel": "7"} and {item.subject for item in items} == {"A"}


def test_pages_of_print_jobs_are_those_of_the_document_times_its_copies():
    text = "Print Logger - a title\nTime,User,Pages,Copies,Printer,Document Name,Duplex,Grayscale\n"
    job = '2025-03-13 10:00:00,ann,3,2,HP,"a, b",DUPLEX,NOT GRAYSCALE\n'
    items = read("print_jobs", text + job * 2 + job.replace("NOT GRAY", "GRAY") + job.replace(",NOT GRAYSCALE", ","))
    # Three pages, two copies: 6 a job
    assert totals(items) == {"printed_pages_colour": "12", "printed_pages_mono": "6", "printed_pages": "6"}
    assert len({item.external_id for item in records(items)}) == 4 and records(items)[0].end_user == "ann"


@pytest.mark.parametrize("head", ["billable_seconds", "Billable Seconds", "BillableSeconds", "Billed Duration"])
def test_seconds_that_are_billed_come_before_those_that_it_lasted_in_any_spelling(head):
    text = f"Caller,Called,Start,Duration,{head}\n100,200,2025-03-01 10:00:00,65,60\n"
    assert totals(read("call_records", text)) == {"call_seconds": "60"}


def test_what_was_drawn_from_the_grid_comes_before_what_is_left_of_it():
    text = "Start,kWh,Import (kWh),Export (kWh)\n2025-03-01T00:00:00Z,3,5,2\n"
    assert totals(read("half_hour_intervals", text)) == {"electricity": "5", "electricity_fed_in": "2"}

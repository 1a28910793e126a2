"""Public usage files by profiles that are pure data. The files stay outside the repository: ``../shared/data``."""

import csv
import json
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
import usage_parsing as up
from parsing_helpers import DIGEST, LIMITS, deadline

HERE = Path(__file__).parent
DATA = HERE.parents[2] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the public usage files are not at {DATA}")


def profile(name):
    path = HERE / "profiles" / f"{name}.json"
    if not path.is_file():
        path = HERE.parents[1] / "odoo_usage_mediation" / "data" / "profiles" / f"{name}.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    return up.Profile.from_dict(data.get("definition", data))


def parsed(path, by, **options):
    file = DATA / path
    if not file.is_file():
        pytest.skip(f"{path} is not among the public usage files")
    with file.open("rb") as stream:
        reader = up.parse(stream, by, LIMITS, deadline(), file_digest=DIGEST, **options)
        items = list(reader)
    totals, counts = defaultdict(Decimal), Counter()
    for item in items:
        if type(item) is up.Record:
            totals[item.metric] += item.quantity
            counts["records"] += 1
        else:
            counts[item.code] += 1
    assert sum(counts.values()) == len(items) >= reader.row_count
    return items, dict(totals), dict(counts), reader.row_count


# file, profile, rows, totals per metric, counts per outcome
CASES = [
    (
        "ev_workplace_sessions/station_data_dataverse.csv",
        "ev_charging_sessions",
        3395,
        {"charging_energy": "19723.69", "idle_time": "0"},
        {"records": 6790},
    ),
    (
        "uk_smart_meter_halfhour/MAC000002.csv",
        "smart_meter_half_hourly",
        24141,
        {"electricity": "6095.6720007"},
        {"records": 24140, "missing_quantity": 1},
    ),
    (
        "cdr_vast2008/cdr.csv",
        "call_records_seconds",
        9834,
        {"voice_seconds": "10475982"},
        {"records": 9830, "bad_interval": 4},
    ),
    (
        "azure_llm_tokens_code/AzureLLMInferenceTrace_code.csv",
        "language_model_tokens",
        8819,
        {"tokens_in": "18059974", "tokens_out": "245896"},
        {"records": 17638},
    ),
    ("household_power_1min/household_power_consumption.txt", "household_submeters", 2880, None, {"records": 11520}),
    (
        "aws_cur_anonymous/sample-anonymous-aws-export-dataset.csv",
        "aws_cost_and_usage",
        1281,
        {"cloud_cost": "1.6023086974"},
        {"records": 1269, "filtered": 12},
    ),
    (
        "voip_cdr_and_rates/import_cdr_100.txt",
        "switch_call_records_without_header",
        100,
        {"voice_seconds": "13842"},
        {"records": 99, "bad_interval": 1},
    ),
    ("federal_lease_terminations/leases.csv", "leased_space", 384, None, {"records": 384}),
    (
        "green_button_xml/espi_test_usage_data.xml",
        "interval_energy_espi",
        1340,
        {"energy": "1391666"},
        {"records": 1340},
    ),
    (
        "green_button_xml/espi_test_usage_data_2.xml",
        "interval_energy_espi",
        860,
        {"energy": "879978"},
        {"records": 860},
    ),
    (
        "green_button_xml/sample_greenbutton_data.xml",
        "interval_energy_espi",
        362,
        {"energy": "291018"},
        {"records": 362},
    ),
    (
        "aemp_fleet_snapshot/takeuchi_fleet_snapshot.xml",
        "equipment_hours_aemp",
        32,
        {"operating_hours": "6017.10", "fuel": "35757", "FuelRemaining": "563.60"},
        {"records": 27, "filtered": 2, "missing_subject": 3},
    ),
    (
        "otel_otlp_examples/metrics.json",
        "telemetry_metrics_otlp",
        4,
        {"my.counter": "5"},
        {"records": 1, "filtered": 3},
    ),
]


@pytest.mark.parametrize(("path", "name", "count", "totals", "outcomes"), CASES, ids=[case[0] for case in CASES])
def test_a_public_file_gives_its_known_totals(path, name, count, totals, outcomes):
    _items, found, counts, row_count = parsed(path, profile(name))
    assert (row_count, counts) == (count, outcomes)
    if totals is not None:
        assert found == {metric: Decimal(total) for metric, total in totals.items()}


def test_leases_sum_to_their_published_value():
    items, *_ = parsed("federal_lease_terminations/leases.csv", profile("leased_space"))
    assert sum(item.amount for item in items) == 147_729_410


def test_a_focus_file_sums_to_its_bill():
    items, totals, _counts, rows = parsed("focus_v1_sample/focus_sample.csv", profile("focus"))
    assert rows == 1000 and totals["cloud_cost"].quantize(Decimal("0.01")) == Decimal("20.52")
    assert sum(item.amount for item in items if type(item) is up.Record) == totals["cloud_cost"]


def test_the_half_hour_before_a_stamp_is_the_one_that_is_billed():
    items, *_ = parsed("uk_smart_meter_halfhour/MAC000002.csv", profile("smart_meter_half_hourly"))
    assert items[0].occurred_at.isoformat() == "2012-10-12T00:00:00+00:00"
    assert items[0].occurred_until.isoformat() == "2012-10-12T00:30:00+00:00"
    (missing,) = [item for item in items if type(item) is up.Rejection]
    assert (missing.row_number, missing.params["value"]) == (3240, "Null")


def test_printer_counters_without_a_value_are_left_out_and_counted():
    context = {"received_at": "2025-01-31T12:00:00Z"}
    _items, totals, counts, rows = parsed(
        "printer_counters_snmp/decoded_counters.csv", profile("printer_counters"), context=context
    )
    assert rows == 12 and sum(counts.values()) == 36 and counts["records"] == 19
    assert totals["pages_mono"] + totals["pages_colour"] == 1762 + 3177 + 709 + 902 + 461 + 491 + 185 + 3199


def test_dumps_of_printers_say_what_was_decoded_from_them():
    folder = DATA / "printer_counters_snmp"
    context = {"received_at": "2025-01-31T12:00:00Z"}
    found = {}
    for path in sorted(folder.glob("*.json")):
        _items, totals, _counts, _rows = parsed(
            f"printer_counters_snmp/{path.name}", profile("printer_counters_snmp"), context=context
        )
        found[path.stem] = tuple(
            totals.get(metric) for metric in ("pages", "pages_mono", "pages_colour", "pages_duplex")
        )
    if not found:
        pytest.skip("the dumps are not among the public usage files")
    with (folder / "decoded_counters.csv").open(encoding="utf-8", newline="") as stream:
        columns = ("page_counter", "bw_counter", "color_counter", "duplex_unit_pages_counter")
        expected = [
            tuple(row[name] and Decimal(row[name]) or None for name in columns) for row in csv.DictReader(stream)
        ]
    assert sorted(filter(any, found.values()), key=str) == sorted(expected, key=str)


def test_messages_of_energy_plugs_are_read_in_all_their_shapes():
    file = DATA / "mqtt_energy_plugs" / "payloads.tsv"
    if not file.is_file():
        pytest.skip("the messages are not among the public usage files")
    reader = up.MessageReader(profile("energy_plugs"), LIMITS)
    items = []
    for line in file.read_text(encoding="utf-8").splitlines():
        topic, _, payload = line.partition("\t")
        items += reader.read(payload.encode(), deadline(), {"topic": topic, "received_at": "2025-02-01T00:00:00Z"})
    assert len(items) == 12 and all(type(item) is up.Record for item in items)
    assert items[7].subject == "sonoff" and items[7].occurred_at.isoformat() == "2025-02-01T00:00:00+00:00"


@pytest.mark.parametrize("path", sorted(DATA.glob("m365_usage_reports/*.csv")), ids=lambda path: path.stem)
def test_office_reports_give_an_item_per_row_or_a_reason(path):
    content = path.read_bytes()
    found = up.sniff(content, LIMITS, deadline())
    # One report is a list of names and values with colons: no table at all.
    if "meeting-attendancereport" in path.name:
        return
    assert found.header_row == 1 and found.columns[0]["type"] != "empty"
    by = up.Profile.from_dict(
        {
            "format": "csv",
            "subject": {
                "column": "User Principal Name",
                "or": ["User ID", "Site Id", "Report Refresh Date", "Product Type", "id"],
            },
            "external_id": {"row": True},
            "time": {"column": "Report Refresh Date", "or": ["Report Date", "@received_at"]},
            "measures": [{"metric": "rows", "quantity": {"constant": "1"}}],
        }
    )
    items = list(up.parse(content, by, LIMITS, deadline(), file_digest=DIGEST, context={"received_at": "2025-01-01"}))
    assert items and all(type(item) is up.Record for item in items)

"""Every kind of public file through the product: read by its profile, previewed, confirmed, and come again."""

import csv
import io
import os
import random
import re
import tempfile
import unittest
from collections import Counter, defaultdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import real_facts as facts
import xlsxwriter
from real_case import LONG_AGO, SHARED, RealCase

from odoo.tests import tagged

SWITCH_SHORT = ("called", "name", "caller", "duration", "billsec", "cause", "uuid", "started")
SWITCH_REPORT = ("caller", "called", "disposition", "duration", "billsec", "trunk", "started")
SWITCH_LONG = (*SWITCH_SHORT[:6], "direction", "uuid", *("address", "started", "answered", "ended", "m", "b", "r", "w"))


class Kind(NamedTuple):
    """A file, the profile that reads it, and what is in it.

    `profile`: a file of `profiles/`, or one that ships with the addon. `registers`: the quantities are readings.
    `most`: rows taken of a long file, so that a test stays quick; REAL_FILES_WHOLE=1 takes them all.
    """

    profile: str
    path: str
    facts: object
    registers: bool = False
    zone: str = "UTC"
    most: int = 0


KINDS = (
    Kind("focus", "focus_v1_sample/focus_sample.csv", facts.focus),
    Kind("aws_cost_and_usage", "aws_cur_anonymous/sample-anonymous-aws-export-dataset.csv", facts.aws),
    Kind("language_model_tokens", "azure_llm_tokens_code/AzureLLMInferenceTrace_code.csv", facts.tokens, most=3000),
    Kind("call_records", "cdr_vast2008/cdr.csv", facts.calls, zone="America/New_York", most=3000),
    Kind("call_records", "voip_cdr_and_rates/CDRImport-2015-10-26.csv", facts.switch_calls),
    Kind(
        "switch_calls_short",
        "voip_cdr_and_rates/import_cdr_100.txt",
        facts.header_less(SWITCH_SHORT, "caller", "billsec"),
    ),
    Kind("switch_calls_long", "voip_cdr_and_rates/import_cdr.txt", facts.header_less(SWITCH_LONG, "caller", "billsec")),
    Kind(
        "switch_report",
        "voip_cdr_and_rates/import_voipcall_report.txt",
        facts.header_less(SWITCH_REPORT, "caller", "billsec"),
    ),
    Kind("half_hour_readings", "uk_smart_meter_halfhour/MAC000002.csv", facts.half_hours, most=4000),
    Kind("household_submeters", "household_power_1min/household_power_consumption.txt", facts.household, most=1440),
    Kind("green_button", "green_button_xml/espi_test_usage_data.xml", facts.green_button),
    Kind("green_button", "green_button_xml/espi_test_usage_data_2.xml", facts.green_button),
    Kind("green_button", "green_button_xml/sample_greenbutton_data.xml", facts.green_button),
    Kind(
        "charging_sessions",
        "ev_workplace_sessions/station_data_dataverse.csv",
        facts.sessions,
        zone="America/New_York",
        most=1500,
    ),
    Kind("leased_space", "federal_lease_terminations/leases.csv", facts.leases),
    Kind("otlp_delta", "otel_otlp_examples/metrics.json", facts.otlp),
    Kind("printer_counters", "printer_counters_snmp/decoded_counters.csv", facts.printers, registers=True),
    Kind("fleet_snapshot", "aemp_fleet_snapshot/takeuchi_fleet_snapshot.xml", facts.fleet, registers=True),
    Kind("energy_plugs_file", "mqtt_energy_plugs/payloads.tsv", facts.plugs, registers=True),
)
#: A list of names and values with colons, as a shell prints it: no table.
NO_TABLE = ("teams__meeting-attendancereport-get",)


def office_kinds():
    """A Kind per Microsoft 365 report that is there."""
    return [
        Kind(f"m365_{facts.M365_DETAIL.get(path.stem, 'totals')}", str(path.relative_to(SHARED)), facts.m365)
        for path in sorted(SHARED.glob("m365_usage_reports/*.csv"))
        if path.stem not in NO_TABLE
    ]


def by_profile(kinds):
    found = defaultdict(list)
    for kind in kinds:
        found[kind.profile].append(kind)
    return found


def first_rows(content, most):
    """A long text's head: its header and so many lines."""
    whole = not most or os.environ.get("REAL_FILES_WHOLE")
    return content if whole else b"".join(content.splitlines(keepends=True)[: most + 1])


def rewritten(content, dice):
    """The same table as another program writes it: byte order mark, quotes, columns in another order."""
    table = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    places = list(range(len(table[0])))
    dice.shuffle(places)
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([[row[place] for place in places] for row in table if len(row) == len(places)])
    return out.getvalue().encode("utf-8-sig")


def as_workbook(content):
    """The same table as a person saves it from a spreadsheet: dates and numbers are cells of their kind."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet, stamp = book.add_worksheet("Export"), book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"})
    for number, row in enumerate(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))):
        for place, cell in enumerate(text.strip() for text in row):
            if re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9:]{8}(\.0+)?", cell):
                sheet.write_datetime(number, place, datetime.fromisoformat(cell[:19]), stamp)
            elif re.fullmatch(r"(0|[1-9][0-9]{0,9})(\.[0-9]{0,5}[1-9])?", cell):
                sheet.write_number(number, place, Decimal(cell))
            else:
                sheet.write_string(number, place, cell)
    book.close()
    return out.getvalue()


def office_report(content, dice):
    """A report of many users, sites or days made from one of a single row: concealed names, deleted users, blanks."""
    head, first, *_more = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    for number in range(dice.randrange(20, 40)):
        writer.writerow([office_cell(name, cell, number, dice) for name, cell in zip(head, first, strict=True)])
    return out.getvalue().encode("utf-8-sig")


def office_cell(name, cell, number, dice):
    if name in ("Report Period", "Product Type", "Site Type"):
        return cell
    if name in ("Report Refresh Date", "Report Date", "startDateTime"):
        return f"2023-{number // 28 + 1:02d}-{number % 28 + 1:02d}"
    if name in ("User Principal Name", "Owner Principal Name", "Site URL", "Group Display Name", "id", "callerNumber"):
        return dice.choice((f"{number:032X}", f"user{number}@contoso.example"))
    if name in ("User Id", "Site Id", "Group Id"):
        return facts.ZERO_ID
    if name.startswith("Is ") or name.startswith("Has ") or name.startswith("Used "):
        return dice.choice(("Yes", "No", "True", "False", ""))
    if name.endswith("Duration"):
        return dice.choice(("", "PT0S", "PT1H2M3S", "PT59S", "PT12M"))
    if "Date" in name or not (cell.isdigit() or cell == ""):
        return cell
    return dice.choice(("", "0", str(dice.randrange(10**6)), str(dice.randrange(10**13))))


@tagged("post_install", "-at_install")
class TestRealKinds(RealCase):
    """Counts and sums are the file's, per metric and subject; the same usage written anew adds nothing."""

    @classmethod
    def setUpClass(cls):
        if not SHARED.is_dir():
            raise unittest.SkipTest(f"the public files are not in {SHARED}; USAGE_SHARED_DATA names another folder")
        super(RealCase, cls).setUpClass()
        cls.scratch = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.flat = cls.make_price("per_unit", unit_price=0.01)

    def assert_kinds(self, kinds, change=None):
        """Each file of one profile, as it is or changed, against its facts."""
        known = {kind: self.known(kind, change) for kind in kinds if (SHARED / kind.path).is_file()}
        if not known:
            self.skipTest(f"{kinds[0].path} is not among the public files")
        everything = [fact for found, _content in known.values() for fact in found]
        metrics = [self.metric_of(code) for code in sorted({metric for _who, metric, _quantity in everything} - {None})]
        contract = self.make_agreement(kinds[0].profile, LONG_AGO.date(), dict.fromkeys(metrics, self.flat))
        self.make_subjects_of(sorted({subject for subject, _metric, _quantity in everything} - {None}), contract)
        for number, (kind, (found, content)) in enumerate(known.items()):
            with self.subTest(path=kind.path):
                self.assert_kind(kind, found, content, number)

    def metric_of(self, code):
        known = self.env["usage.metric"].search([("code", "=", code)])
        return known or self.make_metric(code, accept_negative=True)

    def known(self, kind, change):
        """(facts, content) of the part of a file that is taken."""
        content = first_rows((SHARED / kind.path).read_bytes(), kind.most)
        part = self.scratch / Path(kind.path).name
        part.write_bytes(change(content, random.Random(kind.path)) if change else content)
        return list(kind.facts(part)), part.read_bytes()

    def assert_kind(self, kind, found, content, number):
        source = self.source_of(kind, number)
        outcome = Counter(quantity if isinstance(quantity, str) else "good" for _subject, _metric, quantity in found)
        previewed, batch = self.upload(source, content, kind.path)
        expected = {
            "received_count": len(found),
            "accepted_count": outcome["good"],
            "filtered_count": outcome[facts.LEFT_OUT],
            "suspended_count": outcome[facts.REFUSED],
        }
        self.assert_counts(previewed, batch, **expected)
        self.assertEqual(self.stored_of(kind, source), self.sums(found))
        expected["duplicate_count"] = expected.pop("accepted_count")
        again = [content]
        if kind.path.endswith(".csv"):
            again.append(rewritten(content, random.Random(number)))
            if not kind.profile.startswith("m365"):
                again.append(as_workbook(content))
        for copy in again:
            previewed, batch = self.upload(source, copy, kind.path)
            if copy is not content and not self.is_same_whatever_its_bytes(kind):
                continue
            self.assert_counts(previewed, batch, **expected)
            self.assertEqual(self.stored_of(kind, source), self.sums(found))

    def is_same_whatever_its_bytes(self, kind):
        """A file without times is dated by its bytes: written anew it is a reading of another moment."""
        return kind.profile != "printer_counters"

    def sums(self, found):
        total = defaultdict(lambda: [0, Decimal(0)])
        for subject, metric, quantity in found:
            if not isinstance(quantity, str):
                entry = total[metric, subject]
                entry[0] += 1
                entry[1] += quantity
        return {key: tuple(entry) for key, entry in total.items()}

    def stored_of(self, kind, source):
        """{(metric, subject): (how many, their sum)} of the events or readings of a source, exactly."""
        events = """
            SELECT m.code, s.code, count(*), sum(e.quantity)::text FROM usage_event e
              JOIN usage_metric m ON m.id = e.metric_id JOIN usage_subject s ON s.id = e.subject_id
             WHERE e.source_id = %s GROUP BY 1, 2
        """
        readings = """
            SELECT m.code, s.code, count(*), sum(r.value)::text FROM usage_reading r
              JOIN usage_register g ON g.id = r.register_id
              JOIN usage_metric m ON m.id = g.metric_id JOIN usage_subject s ON s.id = g.subject_id
             WHERE r.source_id = %s GROUP BY 1, 2
        """
        self.env.cr.execute(readings if kind.registers else events, (source.id,))
        return {(code, subject): (count, Decimal(total)) for code, subject, count, total in self.env.cr.fetchall()}

    def source_of(self, kind, number):
        profile = self.env.ref(f"odoo_usage_mediation.usage_profile_{kind.profile}", raise_if_not_found=False)
        if not profile:
            source = self.make_source(f"{kind.profile}.json")
        else:
            source = self.env["usage.source"].create(
                {
                    "name": kind.path,
                    "code": f"{kind.profile}-{number}",
                    "company_id": self.company.id,
                    "transport": "file",
                    "profile_id": profile.id,
                    "max_age_days": 20_000,
                }
            )
        source.tz = kind.zone
        return source


def _add_test(name, kinds, change=None):
    def test(self):
        self.assert_kinds(kinds, change)

    test.__name__ = f"test_{name}"
    setattr(TestRealKinds, test.__name__, test)


for _profile, _kinds in by_profile([*KINDS, *office_kinds()]).items():
    _add_test(f"{_profile}_gives_what_its_files_hold", _kinds)
for _profile, _kinds in by_profile(office_kinds()).items():
    _add_test(f"{_profile}_gives_what_larger_reports_hold", _kinds[:12], office_report)

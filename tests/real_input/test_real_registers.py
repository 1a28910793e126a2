"""Snapshots of registers a month apart: usage is exactly what the counters moved, per device and counter."""

import csv
import io
import json
import re
import unittest
from collections import defaultdict
from decimal import Decimal

import real_facts as facts
from lxml import etree
from real_case import LONG_AGO, SHARED, RealCase

from odoo.tests import tagged

STEP = Decimal("10.25")


def printers_at(content, day, turn):
    """The table of counters with a date; each device printed more than the one above it."""
    table = list(csv.DictReader(io.StringIO(content.decode())))
    out = io.StringIO()
    writer = csv.DictWriter(out, ["Reading Date", *table[0]])
    writer.writeheader()
    for number, row in enumerate(table, start=1):
        moved = {
            name: str(int(row[name]) + turn * number * 7) for name in row if row[name].isdigit() and "counter" in name
        }
        writer.writerow({**row, **moved, "Reading Date": f"{day} 08:00:00"})
    return out.getvalue().encode()


def fleet_at(content, day, turn):
    """The snapshot of another day: each register moved on."""
    tree = etree.fromstring(content)
    for name in ("Hour", "FuelConsumed"):
        for value in tree.iter(f"{{*}}{name}"):
            value.text = str(Decimal(value.text) + STEP * turn)
    text = etree.tostring(tree).decode()
    return re.sub(r"20\d\d-\d\d-\d\dT", f"{day}T", text).encode()


def plugs_at(content, day, turn):
    """The recording of another day, without the message that has no time."""
    lines = []
    for line in content.decode().splitlines():
        line = re.sub(r'("Total":) ?([\d.]+)', lambda m: f"{m[1]}{Decimal(m[2]) + STEP * turn}", line)
        if '"Time"' in line:
            lines.append(re.sub(r'("Time":")\d{4}-\d\d-\d\dT', rf"\g<1>{day}T", line))
    return "\n".join(lines).encode()


@tagged("post_install", "-at_install")
class TestRealRegisters(RealCase):
    """Two snapshots of one file, uploaded in order, and the first one again."""

    @classmethod
    def setUpClass(cls):
        if not SHARED.is_dir():
            raise unittest.SkipTest(f"the public files are not in {SHARED}; USAGE_SHARED_DATA names another folder")
        super(RealCase, cls).setUpClass()
        cls.flat = cls.make_price("per_unit", unit_price=0.01)

    def read_twice(self, profile, path, written, codes):
        """{(metric, subject): usage} of two snapshots."""
        content = (SHARED / path).read_bytes()
        metrics = [
            self.env["usage.metric"].search([("code", "=", code)]) or self.make_metric(code) for code in sorted(codes)
        ]
        contract = self.make_agreement(profile, LONG_AGO.date(), dict.fromkeys(metrics, self.flat))
        self.make_subjects_of(sorted({who for who, _metric in self.devices(path)}), contract)
        source = self.env["usage.source"].create(
            {
                "name": profile,
                "code": profile,
                "company_id": self.company.id,
                "transport": "file",
                "profile_id": self.env.ref(f"odoo_usage_mediation.usage_profile_{profile}").id,
                "tz": "UTC",
                "max_age_days": 20_000,
            }
        )
        first, second = (written(content, day, turn) for turn, day in enumerate(("2025-01-31", "2025-02-28")))
        previewed, batch = self.upload(source, first, "first")
        self.assertEqual(previewed, self.counts(batch))
        self.assertEqual((batch.suspended_count, batch.duplicate_count), (0, 0))
        previewed, batch = self.upload(source, second, "second")
        self.assertEqual(previewed, self.counts(batch))
        self.assertEqual((batch.suspended_count, batch.duplicate_count), (0, 0))
        used = self.used(source)
        for again in (first, second):
            previewed, repeated = self.upload(source, again, "again")
            self.assertEqual(previewed, self.counts(repeated))
            self.assertEqual(repeated.accepted_count, 0)
            self.assertEqual(repeated.duplicate_count, batch.accepted_count)
        self.assertEqual(self.used(source), used)
        return used

    def devices(self, path):
        reader = {"csv": facts.printers, "xml": facts.fleet, "tsv": facts.plugs}[path.rpartition(".")[2]]
        return {
            (who, metric): quantity
            for who, metric, quantity in reader(SHARED / path)
            if who and not isinstance(quantity, str)
        }

    def used(self, source):
        self.env.cr.execute(
            """
            SELECT m.code, s.code, sum(e.quantity)::text FROM usage_event e
              JOIN usage_metric m ON m.id = e.metric_id JOIN usage_subject s ON s.id = e.subject_id
             WHERE e.source_id = %s GROUP BY 1, 2
            """,
            (source.id,),
        )
        return {(code, subject): Decimal(total) for code, subject, total in self.env.cr.fetchall()}

    def test_printed_pages_are_what_the_counters_moved(self):
        path = "printer_counters_snmp/decoded_counters.csv"
        codes = {"pages", "pages_mono", "pages_colour", "pages_duplex"}
        models = [row["model"] for row in facts.rows(SHARED / path)]
        expected = {(metric, who): Decimal((models.index(who) + 1) * 7) for who, metric in self.devices(path)}
        self.assertEqual(self.read_twice("printer_counters", path, printers_at, codes), expected)

    def test_hours_and_fuel_of_machines_are_what_the_registers_moved(self):
        path = "aemp_fleet_snapshot/takeuchi_fleet_snapshot.xml"
        expected = {(metric, who): STEP for who, metric in self.devices(path)}
        self.assertEqual(self.read_twice("fleet_snapshot", path, fleet_at, {"operating_hours", "fuel"}), expected)

    def test_energy_of_plugs_is_what_the_registers_moved(self):
        path = "mqtt_energy_plugs/payloads.tsv"
        shown = defaultdict(list)
        for line in (SHARED / path).read_text().splitlines():
            topic, _tab, text = line.partition("\t")
            message = json.loads(text, parse_float=Decimal)
            message = message.get("StatusSNS", message)
            if "Time" in message:
                shown[topic.split("/")[-2]].append((message["Time"][11:], message["ENERGY"]["Total"]))
        # From the first message of the first day to the last one of the second.
        expected = {("energy", who): max(day)[1] + STEP - min(day)[1] for who, day in shown.items()}
        self.assertEqual(self.read_twice("energy_plugs_file", path, plugs_at, {"energy"}), expected)

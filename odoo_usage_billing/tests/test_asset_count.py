"""Installed subjects counted from assignments: in SQL, by the kernel's reference, and by hand."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise

import psycopg2

from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..invoicing.measures import Need, measure
from ..rating import aggregate
from ..rating.interval import Interval, instants
from ..store.records import plain
from .common import UsageCommon
from .reference import stored_stays

ZONE = "Europe/Brussels"
AGGREGATIONS = ("time_weighted_average", "max", "latest", "unique_count")
SEEDS = (1, 2, 3)


@tagged("post_install", "-at_install")
class TestAssetCount(UsageCommon):
    """A contract with a line for pages, one for scans, and one for what is installed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.scans = cls.metric.copy({"name": "Scans", "code": "scans"})
        cls.devices = cls.metric.copy(
            {
                "name": "Devices",
                "code": "devices",
                "measured_from": "assignments",
                "aggregation": "time_weighted_average",
            }
        )
        card = cls.make_card(charge_model="per_unit", unit_price=1)
        lines = [cls.usage_line(card, usage_metric_id=m.id) for m in (cls.metric, cls.scans, cls.devices)]
        cls.contract = cls.make_contract(lines)
        cls.pages_line, cls.scans_line, cls.devices_line = cls.contract.contract_line_ids
        cls.elsewhere = cls.make_contract(lines).contract_line_ids[0]

    def assign(self, subject, line, start_at, end_at=None):
        return self.env["usage.assignment"].create(
            {"subject_id": subject.id, "contract_line_id": line.id, "start_at": start_at, "end_at": end_at}
        )

    def subject(self, code):
        return self.env["usage.subject"].create({"code": code, "company_id": self.company.id})

    def count(self, aggregation, date_start=date(2026, 6, 1), date_end=date(2026, 7, 1), scope="contract"):
        self.devices.write({"aggregation": aggregation, "asset_scope": scope})
        need = Need(1, self.devices_line.ids, self.devices, date_start, date_end, ZONE)
        return measure(self.env, [need])[1]

    def test_added_and_removed_in_the_middle_of_june(self):
        # June in Brussels runs from 31 May 22:00 to 30 June 22:00 UTC.
        before, middle, after = datetime(2026, 1, 1), datetime(2026, 6, 15, 22), datetime(2026, 8, 1)
        self.assign(self.subject("STAYS"), self.pages_line, before)
        self.assign(self.subject("LEAVES"), self.pages_line, before, middle)
        self.assign(self.subject("COMES"), self.scans_line, middle, after)
        self.assign(self.subject("LATER"), self.scans_line, after)
        self.assign(self.subject("OTHER"), self.elsewhere, before)
        # one all the time + half of June + half of June = 2
        for aggregation, quantity in zip(AGGREGATIONS, (2, 2, 2, 3), strict=True):
            with self.subTest(aggregation=aggregation):
                self.assertEqual(self.count(aggregation), (quantity, 0, 0, ()))

    def test_a_subject_on_several_lines_counts_once_at_a_time(self):
        subject = self.subject("BOTH")
        self.assign(subject, self.pages_line, datetime(2026, 1, 1), datetime(2026, 6, 20, 22))
        self.assign(subject, self.scans_line, datetime(2026, 6, 15, 22))
        for aggregation in AGGREGATIONS:
            self.assertEqual(self.count(aggregation).quantity, 1)

    def test_one_line_counts_its_own_subjects_only(self):
        self.assign(self.subject("PAGES"), self.pages_line, datetime(2026, 1, 1))
        self.assign(self.subject("DEVICE"), self.devices_line, datetime(2026, 1, 1))
        self.assertEqual(self.count("latest", scope="line").quantity, 1)
        self.assertEqual(self.count("latest", scope="contract").quantity, 2)

    def test_an_archived_subject_still_counts_for_its_past(self):
        subject = self.subject("GONE")
        self.assign(subject, self.pages_line, datetime(2026, 1, 1), datetime(2026, 6, 15, 22))
        subject.active = False
        self.assertEqual(self.count("time_weighted_average").quantity, Decimal("0.5"))

    def test_the_day_of_25_hours_is_divided_by_25(self):
        self.assign(self.subject("A"), self.pages_line, datetime(2026, 1, 1), datetime(2026, 10, 25, 3))
        # 25 October begins at 24 October 22:00 UTC: 5 of 25 hours
        self.assertEqual(
            self.count("time_weighted_average", date(2026, 10, 25), date(2026, 10, 26)).quantity, Decimal("0.2")
        )

    def test_leaving_as_another_comes_is_never_two(self):
        noon = datetime(2026, 6, 10, 12)
        self.assign(self.subject("A"), self.pages_line, datetime(2026, 1, 1), noon)
        self.assign(self.subject("B"), self.pages_line, noon)
        self.assertEqual(self.count("max").quantity, 1)

    def test_nothing_installed_is_zero(self):
        for aggregation in AGGREGATIONS:
            self.assertEqual(self.count(aggregation).quantity, 0)

    def test_random_assignments_equal_the_reference(self):
        for seed in SEEDS:
            with self.env.cr.savepoint() as savepoint:
                self.scatter(random.Random(seed), seed)
                for scope in ("contract", "line"):
                    for start, end in (("2026-03-28", "2026-03-30"), ("2026-03-01", "2026-04-01")):
                        self.compare(seed, scope, date.fromisoformat(start), date.fromisoformat(end))
                savepoint.rollback()
                self.env.invalidate_all()

    def scatter(self, rng, seed):
        """Stays of some subjects on every line, one after the other on each."""
        lines = (self.pages_line, self.scans_line, self.devices_line, self.elsewhere)
        for number in range(12):
            subject = self.subject(f"S{seed}{number}")
            for metric, owners in ((1, lines[:1] + lines[3:]), (2, lines[1:2]), (3, lines[2:3])):
                moment = datetime(2026, 2, 20) + timedelta(minutes=rng.randrange(40000))
                for _ in range(rng.randrange(metric + 2)):
                    stay = timedelta(seconds=rng.randrange(1, 3 * 10**6))
                    self.assign(subject, rng.choice(owners), moment, moment + stay)
                    moment += stay + rng.choice((timedelta(0), timedelta(minutes=rng.randrange(5000))))

    def compare(self, seed, scope, date_start, date_end):
        start, end = instants(Interval(date_start, date_end), ZONE)
        lines = self.devices_line if scope == "line" else self.contract.contract_line_ids
        stays = [
            (s.subject_id, max(s.start_at, start), min(s.end_at or end, end))
            for s in stored_stays(self.env)
            if s.line_id in lines.ids and s.start_at < end and (not s.end_at or s.end_at > start)
        ]
        # Who is there between two moments at which anything changes at all.
        moments = sorted({start, end}.union(*[span[1:] for span in stays]))
        there = {m: {who for who, since, until in stays if since <= m < until} for m in moments[:-1]}
        steps = [len(there[m]) for m in moments[:-1]]
        changes = [(m, after - before) for m, (before, after) in zip(moments, pairwise([0, *steps]), strict=False)]
        wanted = {
            "time_weighted_average": aggregate.time_weighted_sum(changes, start, end),
            "max": aggregate.maximum(accumulate(change for _m, change in changes)),
            "latest": aggregate.latest(zip(moments, steps, strict=False)),
            "unique_count": aggregate.unique_count(who for who, _since, _until in stays),
        }
        for aggregation, quantity in wanted.items():
            with self.subTest(seed=seed, scope=scope, start=date_start, aggregation=aggregation):
                found = self.count(aggregation, date_start, date_end, scope)
                self.assertEqual(plain(found.quantity), plain(quantity))
        self.assertGreater(wanted["unique_count"], 1)


@tagged("post_install", "-at_install")
class TestMetricFields(UsageCommon):
    """What a metric may be, and when it may no longer change."""

    def refused(self, **vals):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.CheckViolation),
            self.env.cr.savepoint(),
        ):
            self.metric.write(vals)
            self.env.flush_all()
        self.metric.invalidate_recordset()

    def test_combinations_that_mean_nothing_are_refused(self):
        self.refused(percentile=0)
        self.refused(percentile=101)
        self.refused(aggregation="unique_count", unique_by="dimension")
        self.refused(aggregation="unique_count", unique_by="dimension", unique_dimension=" user")
        for aggregation in ("sum", "count", "average", "percentile"):
            self.refused(measured_from="assignments", aggregation=aggregation)
        self.metric.write({"aggregation": "unique_count", "unique_by": "dimension", "unique_dimension": "user"})
        self.metric.write({"measured_from": "assignments", "aggregation": "max"})
        self.env.flush_all()

    def test_the_form_proposes_levels_per_subject(self):
        form = Form(self.env["usage.metric"])
        for aggregation, per_subject in (("latest", True), ("max", False), ("time_weighted_average", True)):
            form.aggregation = aggregation
            self.assertEqual(form.per_subject, per_subject)
        form.measured_from = "assignments"
        self.assertEqual(form.aggregation, "time_weighted_average")

    def test_a_metric_keeps_its_meaning_once_it_was_charged(self):
        line = self.make_contract([self.usage_line(self.make_card(charge_model="per_unit", unit_price=1))])
        self.make_subjects(line.contract_line_ids, 1)
        self.metric.aggregation = "count"
        self.metric.aggregation = "sum"
        self.send([self.record("PRN0001", 5)])
        self.run_billing()
        self.assertTrue(self.env["usage.charge"].search([("metric_id", "=", self.metric.id)]))
        self.metric.write({"aggregation": "sum", "unique_dimension": "", "name": "Prints"})
        for vals in (
            {"aggregation": "max"},
            {"per_subject": True},
            {"percentile": 90},
            {"unique_by": "end_user"},
            {"unique_dimension": "user"},
            {"measured_from": "assignments"},
            {"asset_scope": "line"},
        ):
            with self.subTest(**vals), self.assertRaisesRegex(UserError, "Make a new metric"):
                self.metric.write(vals)

from datetime import date, datetime

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, new_test_user, tagged

from ..invoicing.measures import Need, measure
from .common import UsageCommon, utc


@tagged("post_install", "-at_install")
@freeze_time("2026-02-10 09:00:00")
class TestDiscovery(UsageCommon):
    """Unknown serials are proposed, accepted in bulk, ignored, or created at once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        card = cls.make_card(charge_model="per_unit", unit_price=0.5)
        cls.line, cls.other_line = cls.make_contract([cls.usage_line(card), cls.usage_line(card)]).contract_line_ids
        cls.devices = cls.make_subjects(cls.line, 2)
        cls.source.unknown_subject_policy = "discover"

    def inbox(self, *states):
        return self.env["usage.discovery"].search(
            [("source_id", "=", self.source.id), ("state", "in", states or ("new",))], order="identity"
        )

    def test_an_unknown_serial_waits_once_with_its_first_usage_and_records(self):
        self.send([self.record("PRN0009", 1, utc(2026, 1, 20)), self.record("PRN0009", 2, utc(2026, 1, 10))])
        self.send([self.record("PRN0009", 3, utc(2026, 1, 30))])
        found = self.inbox()
        self.assertEqual((found.identity, found.waiting_count), ("PRN0009", 3))
        self.assertEqual(found.first_occurred_at, datetime(2026, 1, 10))
        self.assertEqual(found.sample["quantity"], "2")

    def test_the_nearest_serial_proposes_type_product_and_line(self):
        self.devices[1].write({"subject_type": "device", "product_id": self.product_service.id})
        self.send([self.record("PRN00025", 1), self.record("XYZ", 1)])
        near, far = self.inbox()
        self.assertEqual(near.like_subject_id, self.devices[1])
        self.assertEqual(
            (near.contract_line_id, near.subject_type, near.product_id), (self.line, "device", self.product_service)
        )
        self.assertFalse(far.contract_line_id or far.like_subject_id)

    def test_the_sources_usual_line_comes_before_the_nearest_serial(self):
        self.source.default_contract_line_id = self.other_line
        self.send([self.record("PRN0009", 1)])
        self.assertEqual(self.inbox().contract_line_id, self.other_line)

    def test_accepting_many_makes_subjects_and_counts_what_waits(self):
        self.send([self.record(f"PRN1{n}", n, utc(2026, 1, n, 8)) for n in range(1, 6)])
        found = self.inbox()
        found.action_accept()
        self.assertEqual(set(found.mapped("state")), {"accepted"})
        events = self.env["usage.event"].search([("subject_id", "in", found.subject_id.ids)])
        self.assertEqual((len(events), sum(events.mapped("quantity"))), (5, 15))
        self.assertEqual(found[0].subject_id.identity_ids.source_id, self.source)
        self.assertEqual(found[0].subject_id.assignment_ids.start_at, datetime(2026, 1, 1, 8))
        self.assertFalse(sum(found.mapped("waiting_count")))

    def test_a_serial_may_become_another_name_of_a_subject(self):
        self.send([self.record("MAC-77", 4)])
        found = self.inbox()
        found.subject_id = self.devices[0]
        found.action_accept()
        self.assertEqual(self.devices[0].identity_ids.identity, "MAC-77")
        self.assertEqual(self.env["usage.event"].search([("subject_id", "=", self.devices[0].id)]).quantity, 4)

    def test_without_a_line_nothing_is_accepted_and_the_advice_names_the_serial(self):
        self.send([self.record("XYZ", 4)])
        with self.assertRaisesRegex(UserError, "XYZ"):
            self.inbox().action_accept()

    def test_an_ignored_serial_is_written_off_now_and_later(self):
        self.send([self.record("TEST-1", 4)])
        found = self.inbox()
        found.action_ignore()
        batch = self.send([self.record("TEST-1", 5, utc(2026, 1, 16))])
        rows = self.env["usage.suspense"].search([("subject_code", "=", "TEST-1")])
        self.assertEqual(rows.mapped("state"), ["written_off", "written_off"])
        self.assertTrue(all(rows.mapped("closed_reason")))
        self.assertEqual((batch.received_count, batch.suspended_count), (1, 1))
        self.assertFalse(self.inbox())

    def test_an_ignored_serial_can_be_taken_back(self):
        self.send([self.record("TEST-1", 4)])
        self.inbox().action_ignore()
        self.inbox("ignored").action_reopen()
        self.send([self.record("TEST-1", 5, utc(2026, 1, 16))])
        self.assertEqual(self.inbox().waiting_count, 1)

    def test_subjects_are_created_at_once_where_the_source_says_so(self):
        self.source.write({"unknown_subject_policy": "create", "default_contract_line_id": self.line.id})
        batch = self.send([self.record("NEW1", 4), self.record("NEW1", 4), self.record("PRN0001", 1)])
        self.assertEqual((batch.received_count, batch.accepted_count, batch.duplicate_count), (3, 2, 1))
        self.assertFalse(batch.suspense_ids)
        self.assertEqual(self.inbox("accepted").subject_id.code, "NEW1")

    def test_an_operator_accepts_and_whoever_sends_usage_discovers(self):
        operator = new_test_user(
            self.env,
            login="discoverer",
            groups="odoo_usage_billing.group_usage_operator",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        batch = self.env["usage.batch"].with_user(operator).create({"name": "op", "source_id": self.source.id})
        batch._store([self.record("PRN0009", 4)])
        self.inbox().with_user(operator).action_accept()
        self.assertEqual(self.env["usage.event"].search([("batch_id.source_id", "=", self.source.id)]).quantity, 4)

    def test_the_asset_count_counts_a_discovered_subject_from_its_first_usage(self):
        devices = self.metric.copy(
            {"name": "Devices", "code": "devices", "measured_from": "assignments", "aggregation": "unique_count"}
        )
        january = Need(1, self.line.ids, devices, date(2026, 1, 1), date(2026, 2, 1), "Europe/Brussels")
        before = measure(self.env, [january])[1].quantity
        self.send([self.record("PRN0009", 4, utc(2026, 1, 11, 8))])
        self.inbox().action_accept()
        self.assertEqual(measure(self.env, [january])[1].quantity, before + 1)

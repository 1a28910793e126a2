from datetime import datetime

import psycopg2

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import UsageCommon, utc


@tagged("post_install", "-at_install")
class TestWriter(UsageCommon):
    """The store: guided, deduplicated, counted; nothing lost, nothing twice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_devices()

    def events(self):
        return self.env["usage.event"].search([("contract_line_id", "=", self.line.id)])

    def buckets(self):
        return self.env["usage.bucket"].search([("contract_line_id", "=", self.line.id)])

    def test_the_same_records_twice_are_stored_once(self):
        records = [self.record(device.code, 100) for device in self.devices]
        first, second = self.send(records), self.send(records)
        self.assertEqual((first.accepted_count, first.duplicate_count), (3, 0))
        self.assertEqual((second.accepted_count, second.duplicate_count), (0, 3))
        self.assertEqual(len(self.events()), 3)
        self.assertEqual(sum(self.buckets().mapped("quantity_sum")), 300)

    def test_known_and_new_records_in_one_batch_are_told_apart(self):
        self.send([self.record("PRN0001", 5)])
        batch = self.send([self.record("PRN0001", 5), self.record("PRN0002", 7)])
        self.assertEqual((batch.accepted_count, batch.duplicate_count), (1, 1))

    def test_one_id_with_two_contents_is_a_conflict_and_waits(self):
        self.send([self.record("PRN0001", 5, external_id="a")])
        batch = self.send([self.record("PRN0001", 6, external_id="a")])
        self.assertEqual(batch.suspended_count, 1)
        self.assertEqual(batch.suspense_ids.reason_code, "conflict")
        self.assertIn("a", batch.suspense_ids.message)
        self.assertEqual(self.events().quantity, 5)

    def test_a_repeat_within_one_batch_counts_as_duplicate_or_conflict(self):
        batch = self.send(
            [
                self.record("PRN0001", 5, external_id="a"),
                self.record("PRN0001", 5, external_id="a"),
                self.record("PRN0001", 9, external_id="a"),
            ]
        )
        self.assertEqual((batch.accepted_count, batch.duplicate_count, batch.suspended_count), (1, 1, 1))

    def test_identity_does_not_contain_time(self):
        self.send([self.record("PRN0001", 5, external_id="a")])
        batch = self.send([self.record("PRN0001", 5, utc(2026, 2, 1), external_id="a")])
        self.assertEqual(batch.suspense_ids.reason_code, "conflict")

    def test_each_refusal_has_its_reason_and_a_sentence(self):
        self.env["usage.assignment"].search([("subject_id.code", "=", "PRN0003")]).end_at = datetime(2025, 1, 1)
        self.source.max_age_days = 100000
        cases = {
            "unknown_subject": self.record("NOPE", 1),
            "unknown_metric": self.record("PRN0001", 1, external_id="m", metric="teapots"),
            "negative_quantity": self.record("PRN0001", -1),
            "time_in_future": self.record("PRN0001", 1, utc(2999, 1, 1)),
            "time_too_old": self.record("PRN0001", 1, utc(1600, 1, 1)),
            "no_assignment": self.record("PRN0003", 1),
        }
        for reason, record in cases.items():
            with self.subTest(reason=reason):
                batch = self.send([record])
                self.assertEqual(batch.suspense_ids.reason_code, reason)
                self.assertNotIn("%(", batch.suspense_ids.message)
                self.assertEqual(batch.suspended_count, 1)

    def test_usage_of_days_that_the_line_is_not_billed_for_waits(self):
        self.line.date_end = "2026-01-31"
        batch = self.send(
            [
                self.record("PRN0001", 1, utc(2025, 12, 31, 22), "before"),
                self.record("PRN0001", 2, utc(2025, 12, 31, 23), "first hour"),
                self.record("PRN0001", 3, utc(2026, 1, 31, 22), "last hour"),
                self.record("PRN0001", 4, utc(2026, 1, 31, 23), "after"),
            ]
        )
        self.assertEqual(sorted(self.events().mapped("quantity")), [2, 3])
        self.assertEqual(batch.suspense_ids.mapped("reason_code"), ["outside_line"] * 2)
        self.assertNotIn("%(", batch.suspense_ids[0].message)
        self.line.date_end = "2026-02-28"
        batch.suspense_ids.action_recycle()
        self.assertEqual(sorted(self.events().mapped("quantity")), [2, 3, 4])
        self.assertEqual(sorted(batch.suspense_ids.mapped("state")), ["open", "recycled"])

    def test_a_level_from_before_the_line_counts_in_it(self):
        self.metric.aggregation = "time_weighted_average"
        batch = self.send([self.record("PRN0001", 1, utc(2025, 12, 30), "before")])
        self.assertEqual(batch.accepted_count, 1)

    def test_a_serial_of_another_company_is_named_only_to_its_users(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.env["usage.subject"].sudo().create({"code": "FAR1", "company_id": other.id})
        self.env.user.company_ids -= other
        batch = self.send([self.record("FAR1", 1)])
        self.assertEqual(batch.suspense_ids.reason_code, "unknown_subject")
        self.env.user.company_ids |= other
        batch = self.send([self.record("FAR1", 2, external_id="second")])
        self.assertEqual(batch.suspense_ids.reason_code, "other_company_subject")

    def test_usage_of_an_invoiced_period_waits_in_suspense_when_the_source_says_so(self):
        self.source.late_policy = "suspend"
        self.send([self.record("PRN0001", 5)])
        self.run_billing()
        batch = self.send([self.record("PRN0002", 5)])
        self.assertEqual(batch.suspense_ids.reason_code, "locked_period")

    def test_a_file_sent_again_after_invoicing_is_a_duplicate_not_late_usage(self):
        records = [self.record("PRN0001", 5), self.record("PRN0002", 6)]
        self.send(records)
        self.run_billing()
        again = self.send(records)
        self.assertEqual((again.duplicate_count, again.suspended_count), (2, 0))
        changed = self.send([self.record("PRN0001", 7)])
        self.assertEqual(changed.suspense_ids.reason_code, "conflict")

    def test_suspense_is_recycled_once_the_serial_is_registered(self):
        batch = self.send([self.record("NEW1", 5)])
        suspense = batch.suspense_ids
        self.make_subjects(self.line, 1, prefix="NEW")
        self.env["usage.subject"].search([("code", "=", "NEW0001")]).code = "NEW1"
        suspense.action_recycle()
        self.assertEqual(suspense.state, "recycled")
        self.assertEqual(sum(self.events().mapped("quantity")), 5)

    def test_buckets_equal_their_events_and_are_put_right_when_not(self):
        from ..store.buckets import rebuild_buckets

        self.send([self.record(device.code, 100) for device in self.devices])
        cr = self.env.cr
        self.assertEqual(rebuild_buckets(cr, self.line.ids), 0)
        cr.execute(
            "UPDATE usage_bucket SET quantity_sum = 7 WHERE contract_line_id = %s AND subject_id = %s",
            (self.line.id, self.devices[0].id),
        )
        self.assertEqual(rebuild_buckets(cr, self.line.ids), 1)
        self.assertEqual(rebuild_buckets(cr, self.line.ids), 0)

    def test_a_corrected_record_closes_its_suspense_when_it_comes_in(self):
        suspense = self.send([self.record("NEW1", 5, external_id="x")]).suspense_ids
        self.make_subjects(self.line, 1, prefix="NEW")
        self.env["usage.subject"].search([("code", "=", "NEW0001")]).code = "NEW1"
        self.send([self.record("NEW1", 5, external_id="x")])
        self.assertEqual(suspense.state, "recycled")

    def test_suspense_needs_a_reason_to_be_written_off_and_is_never_deleted(self):
        suspense = self.send([self.record("NOPE", 1)]).suspense_ids
        with self.assertRaises(UserError):
            suspense.action_write_off()
        suspense.closed_reason = "Test device"
        suspense.action_write_off()
        self.assertEqual(suspense.state, "written_off")
        with self.assertRaises(UserError):
            suspense.unlink()

    def test_events_are_facts(self):
        self.send([self.record("PRN0001", 5)])
        event = self.events()
        with self.assertRaises(UserError):
            event.write({"quantity": 1})
        with self.assertRaises(UserError):
            event.unlink()
        for statement in (
            "UPDATE usage_event SET quantity = 1",
            "DELETE FROM usage_event",
            "TRUNCATE usage_event",
            "UPDATE usage_event_key SET event_id = 1",
        ):
            with (
                self.subTest(statement=statement),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.RestrictViolation),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement)

    def test_the_local_day_follows_the_contract_zone(self):
        self.send([self.record("PRN0001", 5, utc(2026, 1, 31, 23, 30))])
        self.assertEqual(str(self.events().usage_date), "2026-02-01")

    def test_quantities_keep_every_digit(self):
        self.send([self.record("PRN0001", "123456789012345.123456789")])
        self.env.cr.execute(
            "SELECT quantity_sum::text FROM usage_bucket WHERE contract_line_id = %s",
            (self.line.id,),
        )
        self.assertEqual(self.env.cr.fetchone()[0], "123456789012345.123456789")

from datetime import timedelta
from decimal import Decimal
from unittest.mock import ANY

import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..store import UsageWriter
from ..store.buckets import rebuild_buckets
from .common import UsageCommon, utc


@tagged("post_install", "-at_install")
class CorrectionCommon(UsageCommon):
    """One contract line, three devices."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_devices()

    def total(self):
        """The quantity that counts, by buckets; they must agree with their events."""
        self.assertEqual(rebuild_buckets(self.env.cr, self.line.ids), 0)
        self.env.cr.execute(
            "SELECT COALESCE(SUM(quantity_sum), 0)::text FROM usage_bucket WHERE contract_line_id = %s", self.line.ids
        )
        return Decimal(self.env.cr.fetchone()[0])

    def bucket(self):
        """(sum, amount, events, voids, largest, last, last at) of the only bucket."""
        self.env.cr.execute(
            "SELECT quantity_sum, amount_sum, event_count, void_count, quantity_max, quantity_last, last_at"
            " FROM usage_bucket WHERE contract_line_id = %s",
            self.line.ids,
        )
        return self.env.cr.fetchone()

    def counts(self, batch):
        return batch.received_count, batch.accepted_count, batch.duplicate_count, batch.suspended_count

    def void(self, named, external_id=None, **vals):
        return self.record("PRN0001", 0, external_id=external_id or f"void {named}", voids=named, **vals)


@tagged("post_install", "-at_install")
class TestCorrections(CorrectionCommon):
    """A correction is an event of its own that names the one it takes back or replaces."""

    def test_a_void_takes_back_what_it_names_once(self):
        self.send([self.record("PRN0001", 5, external_id="a", amount=Decimal("1.25"), dimensions={"x": "1"})])
        first, second = self.send([self.void("a")]), self.send([self.void("a")])
        self.assertEqual(self.counts(first), (1, 1, 0, 0))
        self.assertEqual(self.counts(second), (1, 0, 1, 0))
        self.assertEqual(self.total(), 0)
        void, event = self.env["usage.event"].search([("contract_line_id", "=", self.line.id)], order="id DESC")
        self.assertEqual((void.quantity, void.amount, void.voids_event_id), (-5, -1.25, event))
        same = ("subject_id", "metric_id", "usage_date", "occurred_at", "dimensions", "usage_slot", "assignment_id")
        self.assertEqual(void.read(same)[0] | {"id": 0}, event.read(same)[0] | {"id": 0})
        self.assertEqual((event.is_voided, void.is_voided), (True, False))
        self.assertEqual(self.bucket(), (0, 0, 2, 1, None, None, None))

    def test_a_replacement_counts_instead(self):
        self.send([self.record("PRN0001", 5, external_id="a")])
        later = self.record("PRN0002", 7, utc(2026, 2, 3), external_id="b", replaces="a")
        first, second = self.send([later]), self.send([later])
        self.assertEqual(self.counts(first), (1, 1, 0, 0))
        self.assertEqual(self.counts(second), (1, 0, 1, 0))
        self.assertEqual(self.total(), 7)

    def test_an_event_and_its_correction_may_come_in_one_batch_in_any_number(self):
        batch = self.send(
            [
                self.record("PRN0001", 5, external_id="a"),
                self.void("a"),
                self.record("PRN0001", 6, external_id="a"),
                self.record("PRN0001", 8, external_id="b", replaces="a"),
                self.record("PRN0002", 1, external_id="c"),
                self.void("b", "v2"),
                self.void("b", "v2"),
            ]
        )
        self.assertEqual(self.counts(batch), (7, 6, 1, 0))
        self.assertEqual(self.total(), 1)

    def test_what_a_correction_names_must_be_there(self):
        self.send([self.record("PRN0001", 5, external_id="a")])
        self.send([self.void("a")])
        other = self.source.copy({"code": "other"})
        foreign = self.env["usage.batch"].create({"name": "other", "source_id": other.id})
        foreign._store([self.record("PRN0001", 9, external_id="elsewhere")])
        cases = {
            "unknown": "unknown_correction",
            "elsewhere": "unknown_correction",
            # A void is not an event that could be taken back.
            "void a": "unknown_correction",
            "a": "voided_already",
        }
        for named, reason in cases.items():
            with self.subTest(named=named):
                batch = self.send([self.void(named, f"again {named}")])
                self.assertEqual(batch.suspense_ids.reason_code, reason)
                self.assertIn(named, batch.suspense_ids.message)
        self.assertEqual(self.total(), 9)

    def test_a_correction_waits_for_its_event_and_is_recycled(self):
        suspense = self.send([self.void("a")]).suspense_ids
        self.send([self.record("PRN0001", 5, external_id="a")])
        suspense.action_recycle()
        self.assertEqual(suspense.state, "recycled")
        self.assertEqual(self.total(), 0)

    def test_a_refused_replacement_takes_nothing_back(self):
        self.send([self.record("PRN0001", 5, external_id="a")])
        batch = self.send([self.record("NOPE", 7, external_id="b", replaces="a")])
        self.assertEqual(batch.suspense_ids.reason_code, "unknown_subject")
        self.assertEqual(self.total(), 5)

    def test_an_id_that_was_taken_back_may_come_again_with_other_content(self):
        self.send([self.record("PRN0001", 5, external_id="a")])
        self.send([self.void("a")])
        redelivered = self.send([self.record("PRN0001", 5, external_id="a")])
        self.assertEqual(self.counts(redelivered), (1, 0, 1, 0))
        revised = self.send([self.record("PRN0001", 6, external_id="a")])
        self.assertEqual(self.counts(revised), (1, 1, 0, 0))
        for quantity, counts in ((5, (1, 0, 1, 0)), (6, (1, 0, 1, 0)), (7, (1, 0, 0, 1))):
            self.assertEqual(self.counts(self.send([self.record("PRN0001", quantity, external_id="a")])), counts)
        self.send([self.void("a", "v2")])
        self.send([self.record("PRN0001", 8, external_id="a")])
        self.assertEqual(self.total(), 8)

    def test_what_is_invoiced_stays_when_the_source_says_so(self):
        self.source.late_policy = "suspend"
        self.send([self.record("PRN0001", 5, external_id="a")])
        self.run_billing()
        batch = self.send([self.void("a"), self.record("PRN0001", 4, utc(2026, 2, 2), external_id="b", replaces="a")])
        self.assertEqual(batch.suspense_ids.mapped("reason_code"), ["locked_period", "locked_period"])
        self.assertEqual(self.total(), 5)

    def test_the_largest_and_the_last_value_are_read_again(self):
        at = utc(2026, 1, 15, 8)
        for number, quantity in enumerate((7, 9, 3)):
            self.send([self.record("PRN0001", quantity, at + timedelta(hours=number), external_id=f"{number}")])
        self.assertEqual(self.bucket(), (19, 0, 3, 0, 9, 3, ANY))
        self.send([self.void("1")])
        self.assertEqual(self.bucket(), (10, 0, 4, 1, 7, 3, ANY))
        self.send([self.void("2")])
        self.assertEqual(self.bucket(), (7, 0, 5, 2, 7, 7, at.replace(tzinfo=None)))
        self.send([self.record("PRN0001", 4, at - timedelta(hours=1), external_id="4", replaces="0")])
        self.assertEqual(self.bucket(), (4, 0, 7, 3, 4, 4, ANY))

    def test_a_preview_says_what_storing_would_do(self):
        self.send([self.record("PRN0001", 5, external_id="a")])
        records = [self.void("a"), self.void("x"), self.record("PRN0001", 2, external_id="n"), self.void("n")]
        writer = UsageWriter(self.env, self.source, self.env["usage.batch"], utc(2026, 2, 1))
        good, refusals, duplicates = writer.check(records)
        self.assertEqual((len(good), [r.reason for r in refusals], duplicates), (3, ["unknown_correction"], []))
        self.assertEqual(self.counts(self.send(records)), (4, 3, 0, 1))

    def test_the_database_lets_nobody_take_an_event_back_twice(self):
        self.send([self.record("PRN0001", 5, external_id="a")])
        self.send([self.void("a")])
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(
                "INSERT INTO usage_event (company_id, source_id, batch_id, external_id, subject_id, assignment_id,"
                " contract_line_id, metric_id, occurred_at, received_at, usage_date, quantity, voids_event_id)"
                " SELECT company_id, source_id, batch_id, 'twice', subject_id, assignment_id, contract_line_id,"
                " metric_id, occurred_at, received_at, usage_date, quantity, voids_event_id"
                " FROM usage_event WHERE voids_event_id IS NOT NULL AND source_id = %s",
                self.source.ids,
            )

    def test_a_conflict_may_be_accepted_as_a_correction(self):
        self.send([self.record("PRN0001", 5, external_id="a")])
        suspense = self.send([self.record("PRN0001", 6, external_id="a")]).suspense_ids
        suspense.action_accept_correction()
        self.assertEqual(suspense.state, "recycled")
        self.assertEqual(self.total(), 6)
        # Neither version counts again, however often it is sent.
        for quantity in (5, 6):
            self.assertEqual(self.counts(self.send([self.record("PRN0001", quantity, external_id="a")])), (1, 0, 1, 0))

    def test_a_conflict_of_an_invoiced_period_is_not_accepted(self):
        self.source.late_policy = "suspend"
        self.send([self.record("PRN0001", 5, external_id="a")])
        suspense = self.send([self.record("PRN0001", 6, external_id="a")]).suspense_ids
        self.run_billing()
        with self.assertRaisesRegex(UserError, "invoiced"), self.env.cr.savepoint():
            suspense.action_accept_correction()
        self.assertEqual(suspense.state, "open")
        self.assertEqual(self.total(), 5)


@tagged("post_install", "-at_install")
class TestVoidBatch(CorrectionCommon):
    """A whole batch is taken back at once, and its file may come again."""

    def file(self, extra=0):
        return [self.record(device.code, 10 + extra) for device in self.devices]

    def test_a_batch_is_taken_back_once(self):
        batch = self.send(self.file())
        void = batch.action_void("Wrong site")
        self.assertEqual(self.counts(void), (3, 3, 0, 0))
        self.assertEqual((void.kind, void.voids_batch_id, void.void_reason), ("void", batch, "Wrong site"))
        self.assertEqual((batch.void_state, batch.void_batch_count), ("voided", 1))
        self.assertEqual(self.total(), 0)
        self.assertFalse(batch.action_void("Again"))
        self.assertEqual(len(batch.void_batch_ids), 1)

    def test_the_corrected_file_counts_under_the_same_ids(self):
        self.send(self.file()).action_void("Wrong quantities")
        rows = [*self.file(1)[:1], *self.file()[1:]]
        again = self.send(rows)
        self.assertEqual(self.counts(again), (3, 3, 0, 0))
        self.assertEqual(self.total(), 31)
        self.assertEqual(self.counts(self.send(rows)), (3, 0, 3, 0))
        again.action_void("Wrong again")
        self.assertEqual(self.counts(self.send(self.file())), (3, 3, 0, 0))
        self.assertEqual(self.total(), 30)

    def test_a_file_of_corrections_counts_again_too(self):
        self.send(self.file())
        rows = [
            record._replace(external_id=f"c{number}", replaces=record.external_id, quantity=Decimal(1))
            for number, record in enumerate(self.file())
        ]
        self.send(rows).action_void("Wrong corrections")
        self.assertEqual(self.total(), 0)
        self.assertEqual(self.counts(self.send(rows)), (3, 3, 0, 0))
        self.assertEqual(self.total(), 3)

    def test_what_was_taken_back_before_is_left_alone(self):
        batch = self.send(self.file())
        self.send([self.void(self.file()[0].external_id)])
        self.assertEqual(batch.action_void("Wrong site").accepted_count, 2)
        self.assertEqual(self.total(), 0)

    def test_what_is_invoiced_is_refused_and_told(self):
        self.source.late_policy = "suspend"
        batch = self.send([*self.file(), self.record("PRN0001", 4, utc(2026, 2, 2))])
        self.run_billing()
        void = batch.action_void("Wrong site")
        self.assertEqual((void.accepted_count, void.locked_count, batch.void_state), (1, 3, "partly"))
        self.assertEqual(self.total(), 30)
        with self.assertRaisesRegex(UserError, "3 events"):
            batch.action_void("Again")

    def test_only_managers_take_a_batch_back_and_they_say_why(self):
        batch = self.send(self.file())
        operator = new_test_user(self.env, login="void_operator", groups="odoo_usage_billing.group_usage_operator")
        with self.assertRaises(AccessError):
            batch.with_user(operator).action_void("Wrong site")
        with self.assertRaises(UserError):
            batch.action_void(" ")
        void = batch.action_void("Wrong site")
        with self.assertRaises(UserError):
            void.action_void("Back again")

    def test_the_dialog_says_how_many_events_are_invoiced(self):
        batch = self.send(self.file())
        wizard = self.env["usage.batch.void"].create({"batch_id": batch.id, "reason": "Wrong site"})
        self.assertEqual((wizard.open_count, wizard.billed_count), (3, 0))
        self.run_billing()
        wizard = self.env["usage.batch.void"].create({"batch_id": batch.id, "reason": "Wrong site"})
        self.assertEqual((wizard.open_count, wizard.billed_count, wizard.locked_count), (3, 3, 0))
        self.contract.usage_late_policy = "refuse"
        wizard = self.env["usage.batch.void"].create({"batch_id": batch.id, "reason": "Wrong site"})
        self.assertEqual((wizard.open_count, wizard.billed_count, wizard.locked_count), (0, 0, 3))

    def test_the_dialog_shows_what_it_does(self):
        batch = self.send(self.file())
        wizard = self.env["usage.batch.void"].create({"batch_id": batch.id, "reason": "Wrong site"})
        self.assertEqual((wizard.open_count, wizard.locked_count, wizard.locked_sentence), (3, 0, False))
        action = wizard.action_confirm()
        self.assertEqual(action["res_id"], batch.void_batch_ids.id)

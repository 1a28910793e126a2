import gzip
import hashlib
import tempfile
from datetime import date
from unittest.mock import patch

import psycopg2

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import config, mute_logger

from ..store.buckets import rebuild_buckets
from .common import UsageCommon, utc

TODAY = date(2026, 6, 15)


@tagged("post_install", "-at_install")
class TestRetirement(UsageCommon):
    """Old months of events are put away once they are invoiced; daily sums and ids stay and everything says so."""

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref("odoo_usage_billing.group_usage_retention")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.card = cls.make_card(charge_model="per_unit", unit_price=0.01)
        cls.contract = cls.make_contract([cls.usage_line(cls.card)])
        cls.line = cls.contract.contract_line_ids
        cls.make_subjects(cls.line, 2)
        # 31 January 23:30 UTC is 1 February in Brussels: its day is charged with February.
        cls.january = cls.send(
            [cls.record("PRN0001", 10, utc(2026, 1, day, 12), f"jan-{day}") for day in range(2, 12)]
            + [cls.record("PRN0002", 7, utc(2026, 1, 31, 23, 30), "edge")]
        )
        cls.send([cls.record("PRN0001", 5, utc(2026, 2, 3, 12), "feb")])
        cls.env["ir.config_parameter"].sudo().set_param("odoo_usage_billing.retention_months", "2")
        cls.env["usage.source"].sudo().with_context(active_test=False).search([]).max_age_days = 60
        cls.startClassPatcher(patch.object(cls.env.registry["usage.retirement"], "_keep", lambda self: None))
        cls.retirements = cls.env["usage.retirement"]

    def invoice(self, *days):
        for day in days:
            self.run_billing(day)
        moves = self.env["account.move"].search([("partner_id", "=", self.customer.id), ("state", "=", "draft")])
        moves.action_post()

    def retire(self):
        return self.retirements._retire(TODAY)

    def months(self, found=None):
        found = found if found is not None else self.retirements._candidates(TODAY)
        return {str(month)[:7]: stopped and stopped[0] for _name, month, stopped in found}

    def test_nothing_goes_unless_the_setting_says_so(self):
        self.invoice(date(2026, 2, 1), date(2026, 3, 1))
        self.env["ir.config_parameter"].sudo().set_param("odoo_usage_billing.retention_months", "0")
        self.assertFalse(self.retire())

    def test_what_may_still_come_late_keeps_its_month(self):
        self.assertEqual(str(self.retirements._keep_from(TODAY)), "2026-04-01")
        self.source.max_age_days = 150
        self.assertEqual(str(self.retirements._keep_from(TODAY)), "2026-01-01")
        self.assertEqual(self.months(), {})

    def test_a_month_stays_until_all_of_it_is_on_posted_invoices(self):
        self.assertEqual(self.months(), {"2026-01": "uncharged", "2026-02": "uncharged"})
        self.run_billing(date(2026, 2, 1))
        self.assertEqual(self.months()["2026-01"], "uncharged", "an invoice that is a draft may be released")
        self.invoice()
        self.assertEqual(self.months()["2026-01"], "uncharged", "its last evening is charged with February")
        self.invoice(date(2026, 3, 1))
        self.assertEqual(self.months(), {"2026-01": None, "2026-02": None})

    def test_a_held_period_keeps_its_month(self):
        self.invoice(date(2026, 2, 1))
        self.contract.write({"usage_bounds_from": "own", "usage_hold_above": 0.01})
        self.run_billing(date(2026, 3, 1))
        self.assertEqual(self.months(), {"2026-01": "held", "2026-02": "held"})
        wizard = self.env["usage.retire"].create({"date": TODAY})
        self.assertIn("held", wizard.line_ids[0].obstacle)
        with self.assertRaises(UserError):
            wizard.action_retire()

    def test_late_usage_that_nobody_looked_at_keeps_its_month(self):
        self.invoice(date(2026, 2, 1), date(2026, 3, 1))
        self.source.max_age_days = 4000
        self.send([self.record("PRN0001", 1, utc(2026, 1, 20), "late")])
        self.source.max_age_days = 60
        self.assertEqual(self.months()["2026-01"], "unseen")
        self.contract._usage_look()
        self.assertEqual(self.months()["2026-01"], None)

    def test_a_term_that_goes_on_and_is_read_from_events_keeps_its_months(self):
        self.line.usage_rating_term = "yearly"
        self.metric.aggregation = "percentile"
        self.invoice(date(2026, 2, 1), date(2026, 3, 1))
        self.assertEqual(self.months(), {"2026-01": "running", "2026-02": "running"})

    def test_a_retired_month_leaves_sums_and_says_who_and_what(self):
        self.invoice(date(2026, 2, 1), date(2026, 3, 1))
        buckets = self.env["usage.bucket"].search_count([])
        done = self.retire()
        self.assertEqual(done.mapped("event_count"), [11, 1])
        january = done[0]
        self.assertEqual(
            [(total.metric_id, total.event_count, total.quantity_text) for total in january.total_ids],
            [(self.metric, 11, "107")],
        )
        self.assertEqual((january.state, january.user_id), ("detached", self.env.user))
        self.assertFalse(self.env["usage.event"].search([("contract_line_id", "=", self.line.id)]))
        self.assertEqual(self.env["usage.bucket"].search_count([]), buckets)
        self.env.cr.execute("SELECT to_regclass('usage_event_202601'), to_regclass(%s)::text", (january.table_name,))
        self.assertEqual(self.env.cr.fetchone(), (None, january.table_name))
        self.assertFalse(self.retire(), "once")

    def test_books_hold_and_screens_say_what_is_gone(self):
        self.invoice(date(2026, 2, 1), date(2026, 3, 1))
        self.assertIs(self.january.retired_note, False)
        self.january.invalidate_recordset()
        self.retire()
        check = self.env["usage.books.check"].create({})
        check.action_check()
        self.assertEqual({line.code: line.broken_count for line in check.line_ids if line.broken_count}, {})
        charges = self.env["usage.charge"].search([("contract_line_id", "=", self.line.id)], order="date_start")
        self.assertIn("10 events were retired", charges[0].retired_note)
        self.assertIn("retired", charges[0].action_view_events()["help"])
        self.assertIn("11 events were retired", self.january.retired_note)
        self.contract._usage_look()
        self.assertFalse(self.env["usage.adjustment"].search([("contract_id", "=", self.contract.id)]))

    def test_a_break_is_still_found_after_a_month_went(self):
        self.invoice(date(2026, 2, 1), date(2026, 3, 1))
        self.retire()
        self.env.cr.execute("UPDATE usage_bucket SET quantity_sum = quantity_sum + 1 WHERE usage_date = '2026-01-05'")
        check = self.env["usage.books.check"].create({})
        check.action_check()
        self.assertEqual({line.code for line in check.line_ids if line.broken_count}, {"bucket_events"})

    def test_usage_sent_again_is_a_duplicate_and_late_usage_finds_room(self):
        self.invoice(date(2026, 2, 1), date(2026, 3, 1))
        self.retire()
        self.source.max_age_days = 4000
        again = self.send(
            [
                self.record("PRN0001", 10, utc(2026, 1, 5, 12), "jan-5"),
                self.record("PRN0001", 4, utc(2026, 1, 6), "new"),
            ]
        )
        self.assertEqual((again.duplicate_count, again.accepted_count), (1, 1))
        conflict = self.send([self.record("PRN0001", 11, utc(2026, 1, 5, 12), "jan-5")])
        self.assertEqual(conflict.suspense_ids.reason_code, "conflict")
        self.contract._usage_look()
        adjustment = self.env["usage.adjustment"].search([("contract_id", "=", self.contract.id)])
        # 4 pages x 0.01
        self.assertEqual((adjustment.amount, adjustment.event_count), (0.04, 1))
        check = self.env["usage.books.check"].create({})
        check.action_check()
        self.assertEqual(sum(check.line_ids.mapped("broken_count")), 0)

    def test_a_retired_event_cannot_be_corrected_nor_its_batch_taken_back(self):
        self.invoice(date(2026, 2, 1), date(2026, 3, 1))
        self.retire()
        self.source.max_age_days = 4000
        batch = self.send([self.record("PRN0001", 0, utc(2026, 1, 5, 12), "x", voids="jan-5")])
        self.assertEqual(batch.suspense_ids.reason_code, "event_retired")
        with self.assertRaisesRegex(UserError, "retired"):
            self.january.action_void("Wrong file")

    def test_what_is_read_from_retired_events_stays_as_it_was_charged(self):
        self.metric.aggregation = "percentile"
        self.invoice(date(2026, 2, 1), date(2026, 3, 1))
        charged = self.env["usage.charge"].search([("contract_line_id", "=", self.line.id)]).mapped("quantity")
        self.assertTrue(any(charged))
        self.retire()
        self.source.max_age_days = 4000
        self.send([self.record("PRN0001", 4000, utc(2026, 1, 6), "new")])
        self.contract._usage_look()
        self.assertFalse(self.env["usage.adjustment"].search([("contract_id", "=", self.contract.id)]))

    def test_what_was_rated_from_retired_events_is_not_given_back(self):
        self.metric.aggregation = "percentile"
        self.invoice(date(2026, 2, 1), date(2026, 3, 1))
        self.retire()
        moves = self.line.usage_period_ids.move_id.sorted("invoice_date", reverse=True)
        moves.button_draft()
        for refused in (moves[0].button_cancel, moves.unlink):
            with self.assertRaisesRegex(UserError, "retired"), self.env.cr.savepoint():
                refused()
        moves.action_post()
        self.assertEqual(set(self.line.usage_period_ids.mapped("state")), {"invoiced"})

    def test_what_was_rated_from_sums_is_billed_again_after_its_events_went(self):
        self.invoice(date(2026, 2, 1), date(2026, 3, 1))
        moves = self.line.usage_period_ids.move_id.sorted("invoice_date", reverse=True)
        amounts = moves.mapped("amount_untaxed")
        self.retire()
        moves.button_draft()
        moves.button_cancel()
        self.invoice(date(2026, 2, 1), date(2026, 3, 1))
        again = self.line.usage_period_ids.filtered(lambda p: p.state == "invoiced").move_id
        self.assertEqual(again.sorted("invoice_date", reverse=True).mapped("amount_untaxed"), amounts)
        check = self.env["usage.books.check"].create({})
        check.action_check()
        self.assertEqual({line.code: line.examples for line in check.line_ids if line.broken_count}, {})

    def test_events_go_into_a_file_and_then_for_good(self):
        self.invoice(date(2026, 2, 1), date(2026, 3, 1))
        january = self.retire()[0]
        table = january.table_name
        with tempfile.TemporaryDirectory() as folder, patch.dict(config.options, {"data_dir": folder}):
            january.action_archive_to_file()
            with open(january.archive_path, "rb") as stream:
                content = stream.read()
        self.assertEqual(hashlib.sha256(content).hexdigest(), january.archive_checksum)
        lines = gzip.decompress(content).decode().splitlines()
        self.assertEqual(len(lines), 12)
        self.assertIn("jan-2", lines[1])
        january.action_drop()
        self.env.cr.execute("SELECT to_regclass(%s)", (table,))
        self.assertEqual(self.env.cr.fetchone(), (None,))
        self.assertEqual((january.state, january.dropped_by_id), ("dropped", self.env.user))
        with self.assertRaises(UserError):
            january.action_drop()
        with self.assertRaises(UserError):
            january.unlink()

    def test_only_who_has_the_right_retires(self):
        self.invoice(date(2026, 2, 1), date(2026, 3, 1))
        manager = new_test_user(self.env, login="no-keeper", groups="odoo_usage_billing.group_usage_manager")
        keeper = new_test_user(self.env, login="keeper", groups="odoo_usage_billing.group_usage_retention")
        with self.assertRaises(AccessError):
            self.retirements.with_user(manager)._retire(TODAY)
        with self.assertRaises(AccessError):
            self.env["usage.retire"].with_user(manager).create({})
        wizard = self.env["usage.retire"].with_user(keeper).create({"date": TODAY})
        wizard.line_ids[1].is_chosen = False
        self.assertEqual(wizard.ready_count, 2)
        action = wizard.action_retire()
        done = self.retirements.browse(action["domain"][0][2])
        self.assertEqual((done.user_id, str(done.month)), (keeper, "2026-01-01"))
        with self.assertRaises(AccessError):
            done.with_user(manager).action_drop()
        self.assertTrue(done.with_user(keeper).total_ids)
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        keeper.write({"company_ids": [Command.set(elsewhere.ids)], "company_id": elsewhere.id})
        self.env.invalidate_all()
        self.assertFalse(self.env["usage.retirement.total"].with_user(keeper).search([]))

    def test_what_was_kept_of_retired_days_is_a_fact(self):
        self.invoice(date(2026, 2, 1), date(2026, 3, 1))
        self.retire()
        with self.assertRaises(ValueError):
            rebuild_buckets(self.env.cr, self.line.ids)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.RestrictViolation),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute("DELETE FROM usage_retired_day")

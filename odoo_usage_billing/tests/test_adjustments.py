"""Deciding about differences, and billing them: on the next invoice, on one of their own, or not at all."""

from datetime import date
from decimal import Decimal
from unittest.mock import patch

import psycopg2

from odoo import Command
from odoo.exceptions import AccessError, ConcurrencyError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.odoo_usage_billing.invoicing import adjustments, positions, rerating

from .common import UsageCommon, utc


@tagged("post_install", "-at_install")
class TestAdjustments(UsageCommon):
    """January of a contract at 0.50 a page is invoiced with 100 pages; 7 more come late."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.make_contract([cls.usage_line(cls.make_card(charge_model="per_unit", unit_price=0.5))])
        cls.line = cls.contract.contract_line_ids
        cls.make_subjects(cls.line, 1)
        cls.send([cls.record("PRN0001", 100, external_id="first")])
        cls.origin = cls.run_billing().line_ids.move_ids

    def late(self, quantity=7, external_id="late"):
        self.send([self.record("PRN0001", quantity, external_id=external_id)])

    def found(self):
        return self.contract._usage_look()

    def bill(self, day):
        run = self.run_billing(day)
        self.assertEqual(run.failed_count, 0, run.line_ids.mapped("message"))
        return run.line_ids.move_ids

    # -- the next invoice --------------------------------------------------

    def test_what_is_accepted_is_on_the_next_invoice_which_names_the_origin(self):
        self.late()
        adjustment = self.found()
        adjustment.action_accept()
        move = self.bill(date(2026, 3, 1))
        self.assertEqual((adjustment.state, adjustment.move_id), ("invoiced", move))
        self.assertEqual(move.amount_untaxed, 3.5)
        lines = move.invoice_line_ids.filtered("usage_adjustment_id")
        self.assertEqual(lines.mapped("display_type"), ["line_section", "line_note", "product"])
        self.assertIn(self.origin.name, lines[0].name)
        self.assertIn("01/01/2026 – 01/31/2026", lines[0].name)
        self.assertIn("+7", lines[1].name)
        self.assertEqual((lines[2].quantity, lines[2].price_unit, lines[2].price_subtotal), (7, 0.5, 3.5))
        component = adjustment.component_ids.filtered("amount")
        self.assertEqual((component.move_line_id, lines[2].usage_adjustment_component_id), (lines[2], component))
        self.assertEqual(move.state, "posted")

    def test_what_nobody_decided_waits_and_no_later_invoice_bills_it(self):
        self.late()
        adjustment = self.found()
        move = self.bill(date(2026, 3, 1))
        self.assertEqual((adjustment.state, move.amount_untaxed), ("draft", 0))

    def test_a_policy_may_let_differences_go_onto_the_next_invoice_unasked(self):
        self.contract.usage_adjustment_policy = "next_invoice"
        self.late()
        self.assertEqual(self.found().state, "accepted")
        self.assertEqual(self.bill(date(2026, 3, 1)).amount_untaxed, 3.5)
        self.assertEqual(self.bill(date(2026, 4, 1)).amount_untaxed, 0)

    def test_a_difference_in_the_customers_favour_makes_a_credit_note_when_nothing_else_is_due(self):
        self.contract.usage_adjustment_policy = "next_invoice"
        self.send([self.record("PRN0001", 0, external_id="v", voids="first")])
        self.found()
        move = self.bill(date(2026, 3, 1))
        self.assertEqual((move.move_type, move.amount_untaxed, move.state), ("out_refund", 50, "posted"))

    def test_a_draft_that_is_cancelled_gives_its_adjustments_back(self):
        self.contract.write({"usage_adjustment_policy": "next_invoice", "usage_invoice_policy": "draft"})
        self.late()
        adjustment = self.found()
        move = self.bill(date(2026, 3, 1))
        move.button_cancel()
        self.assertEqual((adjustment.state, adjustment.move_id), ("accepted", self.env["account.move"]))
        again = self.bill(date(2026, 3, 1))
        self.assertEqual((adjustment.move_id, again.amount_untaxed), (again, 3.5))
        with self.assertRaises(UserError):
            move.button_draft()

    def test_a_draft_that_is_deleted_gives_its_adjustments_back(self):
        self.contract.write({"usage_adjustment_policy": "next_invoice", "usage_invoice_policy": "draft"})
        self.late()
        adjustment = self.found()
        self.bill(date(2026, 3, 1)).unlink()
        self.assertEqual((adjustment.state, adjustment.move_id.ids), ("accepted", []))

    # -- documents of their own --------------------------------------------

    def test_a_policy_may_bill_at_once_on_a_document_of_its_own(self):
        self.contract.usage_adjustment_policy = "own_invoice"
        self.late()
        self.contract._usage_adjust()
        adjustment = self.contract.usage_adjustment_ids
        move = adjustment.move_id
        self.assertEqual((move.move_type, move.state, move.amount_untaxed), ("out_invoice", "posted", 3.5))
        self.assertIn(self.origin.name, move.ref)
        self.assertNotEqual(move, self.origin)
        self.assertEqual(self.origin.amount_untaxed, 50)

    def test_a_credit_note_of_its_own_names_its_origin_and_settles_with_it(self):
        self.contract.usage_adjustment_policy = "own_invoice"
        self.send([self.record("PRN0001", 80, external_id="new", replaces="first")])
        self.contract._usage_adjust()
        move = self.contract.usage_adjustment_ids.move_id
        self.assertEqual((move.move_type, move.amount_untaxed), ("out_refund", 10))
        self.assertEqual(move.reversed_entry_id, self.origin)
        self.assertEqual((move.amount_residual, self.origin.amount_residual), (0, 40))

    def test_a_person_may_bill_a_difference_now(self):
        self.late()
        adjustment = self.found()
        opened = adjustment.action_bill_now()
        self.assertEqual((adjustment.state, adjustment.move_id.amount_untaxed), ("invoiced", 3.5))
        self.assertEqual((opened["view_mode"], opened["res_id"]), ("form", adjustment.move_id.id))
        self.assertEqual(self.bill(date(2026, 3, 1)).amount_untaxed, 0)
        with self.assertRaises(UserError):
            adjustment.action_bill_now()

    def test_a_contract_without_a_next_invoice_bills_what_was_accepted_by_itself(self):
        self.line.date_end = date(2026, 1, 31)
        self.late()
        self.found().action_accept()
        self.assertFalse(self.contract.recurring_next_date)
        self.contract._usage_adjust()
        self.assertEqual(self.contract.usage_adjustment_ids.state, "invoiced")

    def test_locked_months_stay_as_they_are_and_the_difference_is_dated_after_them(self):
        self.company.sudo().write({"fiscalyear_lock_date": date(2026, 2, 28), "sale_lock_date": date(2026, 2, 28)})
        written = self.origin.write_date
        self.late()
        self.found().action_accept()
        self.contract._usage_look()
        move = self.bill(date(2026, 3, 1))
        self.assertEqual((move.state, move.amount_untaxed), ("posted", 3.5))
        self.assertGreater(move.date, date(2026, 2, 28))
        self.assertEqual((self.origin.write_date, self.origin.amount_untaxed), (written, 50))

    # -- not billed --------------------------------------------------------

    def test_rejecting_needs_a_reason_and_lasts(self):
        self.late()
        adjustment = self.found()
        with self.assertRaises(UserError):
            adjustment.action_reject()
        adjustment.reason = "Agreed with the customer"
        adjustment.action_reject()
        self.assertEqual((adjustment.state, adjustment.decided_by_id), ("rejected", self.env.user))
        self.assertFalse(self.found())
        self.assertEqual(self.bill(date(2026, 3, 1)).amount_untaxed, 0)
        with self.assertRaises(UserError):
            adjustment.action_accept()

    def test_writing_off_is_shown_in_the_books_when_the_company_has_an_account_for_it(self):
        account = self.company_data["default_account_expense"]
        self.company.sudo().usage_write_off_account_id = account
        self.late()
        adjustment = self.found()
        adjustment.reason = "Too small"
        adjustment.action_write_off()
        entry = adjustment.write_off_move_id
        self.assertEqual(entry.state, "posted")
        self.assertEqual(entry.line_ids.filtered(lambda item: item.account_id == account).balance, 3.5)
        self.assertEqual(sum(entry.line_ids.mapped("balance")), 0)

    def test_writing_off_books_nothing_without_an_account(self):
        self.late()
        adjustment = self.found()
        adjustment.reason = "Too small"
        adjustment.action_write_off()
        self.assertEqual((adjustment.state, adjustment.write_off_move_id.ids), ("written_off", []))

    # -- once --------------------------------------------------------------

    def test_postgresql_refuses_the_same_difference_on_two_invoices(self):
        self.late()
        adjustment = self.found()
        adjustment.action_accept()
        vals = {**self.contract._prepare_invoice(date(2026, 2, 5))}
        vals["invoice_line_ids"] = self.contract._usage_adjustment_commands(adjustment)
        first = self.env["account.move"].create(vals)
        first._link_usage_charges()
        again = {**self.contract._prepare_invoice(date(2026, 2, 5))}
        again["invoice_line_ids"] = self.contract._usage_adjustment_commands(adjustment)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self.env["account.move"].create(again)

    def test_whoever_finds_the_same_difference_beside_another_is_retried(self):
        self.late()
        adjustment = self.found()
        self.assertEqual(adjustment.number, 1)
        # What a transaction does that did not see the first one: it rates the charge alone and takes number 1.
        charged = positions.read_charged(self.env, self.line.ids)[0]._replace(adjusted=())
        found = rerating._Work(self.env, self.line, [charged]).rate({charged.id}, set())
        self.assertEqual([item.amount for item in found], [Decimal("3.50")])
        with (
            mute_logger("odoo.sql_db"),
            patch.object(adjustments, "NUMBERS", "SELECT 0, 0 WHERE FALSE AND 0 = ANY(%s)"),
            self.assertRaises(ConcurrencyError),
            self.env.cr.savepoint(),
        ):
            decide = self.env["contract.contract"]._decide_adjustment
            adjustments.store(self.env, [charged], found, decide, self.env.cr.now())

    def test_postgresql_keeps_what_was_found(self):
        self.late()
        adjustment = self.found()
        statements = (
            ("UPDATE usage_adjustment SET amount = amount + 1, amount_now = amount_now + 1 WHERE id = %s"),
            ("UPDATE usage_adjustment SET billed_change = '{}' WHERE id = %s"),
            ("DELETE FROM usage_adjustment WHERE id = %s"),
            ("UPDATE usage_adjustment_component SET amount = 9 WHERE adjustment_id = %s"),
            ("DELETE FROM usage_adjustment_component WHERE adjustment_id = %s"),
        )
        for statement in statements:
            with (
                self.subTest(statement=statement),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.RestrictViolation),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement, (adjustment.id,))
        with self.assertRaises(UserError):
            adjustment.unlink()

    def test_a_charge_is_released_with_its_undecided_differences_but_not_with_billed_ones(self):
        self.late()
        adjustment = self.found()
        self.origin.button_draft()
        self.origin.button_cancel()
        self.assertEqual(adjustment.state, "superseded")
        again = self.bill(date(2026, 2, 1))
        self.assertEqual(again.amount_untaxed, 53.5)
        self.late(2, "later")
        self.found().action_bill_now()
        again.button_draft()
        with self.assertRaises(UserError):
            again.button_cancel()

    def test_a_tier_that_is_taken_back_keeps_its_name_and_no_sign_on_the_credit_note(self):
        contract = self.make_contract([self.usage_line(self.make_card([(50, 1, 0), (None, 0.5, 0)]))])
        (device,) = self.make_subjects(contract.contract_line_ids, 1, prefix="TIER")
        sent = [self.record(device.code, 40, external_id="a"), self.record(device.code, 20, external_id="b")]
        self.send(sent)
        self.run_billing()
        # 50 x 1.00 + 10 x 0.50 = 55.00; 40 x 1.00 = 40.00 are left
        self.send([self.record(device.code, 0, external_id="v", voids="b")])
        found = contract._usage_look()
        self.assertEqual((found.amount_before, found.amount), (55, -15))
        charged = found.charge_id.component_ids.filtered(lambda part: part.amount == 5)
        gone = found.component_ids.filtered(lambda part: part.amount == -5)
        self.assertEqual(gone.name, f"{charged.name}: taken back")
        found.action_bill_now()
        move = found.move_id
        self.assertEqual((move.move_type, move.amount_untaxed), ("out_refund", 15))
        lines = move.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        figures = [(line.quantity, line.price_unit, line.price_subtotal) for line in lines]
        # 10 pages of the first tier less; 5.00 of the second one taken back
        self.assertEqual(sorted(figures), [(1, 5, 5), (10, 1, 10)])

    # -- people ------------------------------------------------------------

    def test_only_managers_decide(self):
        self.late()
        adjustment = self.found()
        operator = new_test_user(self.env, login="adjusting", groups="odoo_usage_billing.group_usage_operator")
        adjustment.reason = "x"
        for action in ("action_accept", "action_bill_now", "action_reject", "action_write_off"):
            with self.subTest(action=action), self.assertRaises(AccessError):
                getattr(adjustment.with_user(operator), action)()
        with self.assertRaises(AccessError):
            self.contract.with_user(operator).action_usage_look()
        adjustment.action_accept()
        with self.assertRaises(AccessError):
            adjustment.with_user(operator).action_bill_now()

    def test_the_annex_of_the_invoice_explains_the_difference(self):
        self.late()
        self.found().action_bill_now()
        move = self.contract.usage_adjustment_ids.move_id
        html = self.env["ir.actions.report"]._render_qweb_html("account.report_invoice_with_payments", move.ids)[0]
        text = " ".join(html.decode().split())
        self.assertIn("One event came after the invoice: +7", text)
        self.assertIn(f"billed on {self.origin.name}", text)

    def test_an_invoice_that_is_printed_again_lists_what_it_billed_and_not_what_came_later(self):
        self.late()
        charge = self.origin.usage_period_ids.charge_ids
        self.found()
        (item,) = charge._annex(10)
        # 100 pages were billed; the 7 that came later are not in its list
        self.assertEqual([(row["quantity"], row["event_count"]) for row in item["subjects"]], [("100", "1")])
        self.assertFalse(item["has_late"])
        self.send([self.record("PRN0001", 0, external_id="v", voids="first")])
        self.found()
        (item,) = charge._annex(10)
        self.assertEqual([(row["quantity"], row["event_count"]) for row in item["subjects"]], [("100", "1")])

    def test_buttons_lead_from_the_contract_and_the_invoices_to_the_adjustment(self):
        self.late()
        action = self.contract.action_usage_look()
        adjustment = self.env["usage.adjustment"].search(action["domain"])
        self.assertEqual(adjustment.amount, 3.5)
        self.assertEqual((self.contract.usage_adjustment_count, self.origin.usage_adjustment_count), (1, 1))
        self.assertEqual(adjustment.charge_id.adjustment_count, 1)
        events = self.env["usage.event"].search(adjustment.action_view_events()["domain"])
        self.assertEqual(events.mapped("external_id"), ["late"])
        charged = self.env["usage.event"].search(adjustment.charge_id.action_view_events()["domain"])
        self.assertEqual(charged.mapped("external_id"), ["first"])
        self.assertIn("107", adjustment.explanation)
        # 107 x 0.50 less 100 x 0.50: a difference, not what the period costs
        self.assertEqual(adjustment.explanation.splitlines()[-1], "Difference to what was billed: 3.5.")
        billed = next(text for text in adjustment.explanation.splitlines() if "already billed" in text)
        self.assertIn(adjustment.charge_id.component_ids[:1].name, billed, "as it was named on the invoice")

    def test_the_nightly_look_tells_about_a_contract_that_cannot_be_rated_and_goes_on_with_the_others(self):
        other = self.make_contract(
            [
                self.usage_line(
                    self.make_card(charge_model="per_unit", unit_price=2, name="Other"),
                    usage_override_ids=[
                        Command.create({"target": "unit_price", "value": 1, "date_start": date(2026, 1, 1)})
                    ],
                )
            ]
        )
        self.make_subjects(other.contract_line_ids, 1, prefix="OTH")
        self.run_billing(contracts=other)
        self.send([self.record("OTH0001", 3)])
        self.env.flush_all()
        self.env.cr.execute("UPDATE usage_price_override SET target = 'tier_price', key = '7'")
        self.env.invalidate_all()
        self.late()
        (self.contract | other)._usage_adjust_each()
        self.assertEqual(self.contract.usage_adjustment_ids.amount, 3.5)
        self.assertFalse(other.usage_adjustment_ids)
        self.assertEqual(len(other.activity_ids), 1)
        (self.contract | other)._usage_adjust_each()
        self.assertEqual(len(other.activity_ids), 1)

    def test_usage_of_the_open_month_is_no_adjustment(self):
        self.send([self.record("PRN0001", 5, utc(2026, 2, 10), external_id="open")])
        self.assertFalse(self.found())

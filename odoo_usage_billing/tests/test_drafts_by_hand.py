"""Drafts of usage in the hands of a person: what a charge says stays, the rest may change, and the books hold."""

from datetime import date

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.odoo_usage_billing.audit import verify

from .common import UsageCommon
from .common_prepaid import PrepaidCommon


class Drafts:
    """Mixin: one draft of 50.00."""

    def assertBooks(self):
        self.env.flush_all()
        broken = {f.code: f.examples for f in verify(self.env.cr, self.company.ids, True) if f.broken}
        self.assertEqual(broken, {})

    def billed(self, move):
        return move.invoice_line_ids.filtered(lambda line: line.display_type == "product" and line.usage_component_id)

    def draft(self, day=date(2026, 2, 1)):
        self.contract.usage_invoice_policy = "draft"
        run = self.run_billing(day)
        self.assertEqual([line.message for line in run.line_ids if line.state != "done"], [])
        return run.line_ids.move_ids


@tagged("post_install", "-at_install")
class TestDraftsByHand(Drafts, UsageCommon):
    """100 pages at 0.50."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.make_contract([cls.usage_line(cls.make_card(charge_model="per_unit", unit_price=0.5))])
        cls.make_subjects(cls.contract.contract_line_ids, 1)
        cls.send([cls.record("PRN0001", 100, external_id="first")])

    def test_what_is_billed_cannot_be_typed_over(self):
        move = self.draft()
        other = self.product_service
        for vals in ({"quantity": 90}, {"price_unit": 0.4}, {"discount": 10}, {"product_id": other.id}):
            with self.assertRaises(UserError, msg=vals), self.env.cr.savepoint():
                move.write({"invoice_line_ids": [Command.update(self.billed(move).id, vals)]})
        self.assertEqual((move.amount_untaxed, self.billed(move).quantity), (50, 100))
        self.assertBooks()

    def test_no_context_that_a_client_sends_opens_what_is_billed(self):
        lines = self.billed(self.draft())
        for mark in ("usage_turns_round", "usage_makes_invoices", "usage_rehearsal"):
            with self.subTest(mark), self.assertRaisesRegex(UserError, "charge"):
                lines.with_context(**{mark: True}).write({"price_unit": 3})

    def test_what_is_billed_cannot_be_deleted_from_its_invoice(self):
        move = self.draft()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            move.write({"invoice_line_ids": [Command.delete(self.billed(move).id)]})
        self.assertEqual(move.amount_untaxed, 50)

    def test_a_posted_invoice_that_is_a_draft_again_keeps_what_it_billed(self):
        move = self.draft()
        move.action_post()
        move.button_draft()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.billed(move).quantity = 10
        move.action_post()
        self.assertEqual(move.amount_untaxed, 50)
        self.assertBooks()

    def test_usage_keeps_its_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0)])
        move = self.draft()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            move.currency_id = euro
        self.assertEqual(move.currency_id, self.contract.currency_id)

    def test_an_invoice_of_usage_does_not_become_a_credit_note(self):
        move = self.draft()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            move.action_switch_move_type()
        self.assertEqual(move.move_type, "out_invoice")

    def test_text_tax_account_date_and_lines_of_ones_own_may_change(self):
        move = self.draft()
        line = self.billed(move)
        tax = self.env["account.tax"].create({"name": "Twenty", "amount": 20, "type_tax_use": "sale"})
        line.write({"name": "Pages of January", "tax_ids": [Command.set(tax.ids)]})
        grant = {"product_id": self.product_service.id, "name": "Goodwill", "quantity": 1, "price_unit": -5}
        move.write({"invoice_line_ids": [Command.create(grant)], "invoice_date": date(2026, 2, 9)})
        move.action_post()
        # 50.00 - 5.00 and 20 % of 50.00
        self.assertEqual((move.amount_untaxed, move.amount_tax, move.date), (45, 10, date(2026, 2, 9)))
        self.assertBooks()

    def test_another_fiscal_position_leaves_the_price_of_usage(self):
        self.product_pages.list_price = 77
        position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        move = self.draft()
        move.fiscal_position_id = position
        move.action_update_fpos_values()
        self.assertEqual(move.amount_untaxed, 50)

    def test_a_cancelled_draft_may_be_emptied_and_a_deleted_one_goes(self):
        move = self.draft()
        move.button_cancel()
        again = self.draft()
        again.unlink()
        self.assertEqual(self.draft().amount_untaxed, 50)
        self.assertBooks()

    def test_a_difference_on_a_draft_cannot_be_typed_over_nor_deleted(self):
        self.contract.usage_adjustment_policy = "next_invoice"
        self.draft().action_post()
        self.send([self.record("PRN0001", 7, external_id="late")])
        self.contract._usage_look()
        move = self.draft(date(2026, 3, 1))
        late = move.invoice_line_ids.filtered("usage_adjustment_component_id")
        with self.assertRaises(UserError), self.env.cr.savepoint():
            late.quantity = 1
        with self.assertRaises(UserError), self.env.cr.savepoint():
            late.unlink()
        self.assertEqual(move.amount_untaxed, 3.5)
        self.assertBooks()

    def test_a_draft_below_zero_still_becomes_a_credit_note(self):
        self.contract.usage_adjustment_policy = "next_invoice"
        self.draft().action_post()
        self.send([self.record("PRN0001", 0, external_id="v", voids="first")])
        self.contract._usage_look()
        move = self.draft(date(2026, 3, 1))
        self.assertEqual((move.move_type, move.amount_untaxed), ("out_refund", 50))
        with self.assertRaises(UserError), self.env.cr.savepoint():
            move.action_switch_move_type()
        move.action_post()
        self.assertBooks()


@tagged("post_install", "-at_install")
class TestPaidDraftsByHand(Drafts, PrepaidCommon):
    """5,000 pages at 0.01, of which a balance of 60.00 pays all."""

    def test_nobody_elses_invoice_is_paid_from_a_balance(self):
        self.buy(60)
        self.use(5000)
        move = self.draft()
        other = self.env["res.partner"].create({"name": "Somebody else"})
        with self.assertRaises(UserError), self.env.cr.savepoint():
            move.partner_id = other
        move.invoice_line_ids.filtered("usage_prepaid_balance_id").unlink()
        move.partner_id = other
        move.action_post()
        self.assertEqual((move.amount_total, self.balance_of().amount), (50, 60))
        self.assertBooks()

    def test_an_address_of_the_customer_may_get_the_invoice(self):
        self.buy(60)
        self.use(5000)
        move = self.draft()
        move.partner_id = self.env["res.partner"].create({"name": "Accounts", "parent_id": self.customer.id})
        move.action_post()
        self.assertEqual((move.amount_total, self.balance_of().amount), (0, 10))
        self.assertBooks()

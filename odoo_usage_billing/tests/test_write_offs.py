"""Differences that are given up: how much, where it is booked, and what becomes of it when its invoice goes."""

from datetime import date

from odoo import Command
from odoo.tests import tagged

from odoo.addons.odoo_usage_billing.audit import verify

from .common import UsageCommon


@tagged("post_install", "-at_install")
class TestWriteOffs(UsageCommon):
    """A page costs 1; differences below 5 are written off."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.make_contract(
            [cls.usage_line(cls.make_card(charge_model="per_unit", unit_price=1))],
            usage_write_off_below=5,
            usage_adjustment_policy="next_invoice",
        )
        cls.line = cls.contract.contract_line_ids
        cls.make_subjects(cls.line, 1)
        cls.expense = cls.company_data["default_account_expense"]
        cls.company.sudo().usage_write_off_account_id = cls.expense
        cls.income = cls.product_pages.product_tmpl_id.get_product_accounts()["income"]

    def late(self, quantity, external_id):
        self.send([self.record("PRN0001", quantity, external_id=external_id)])
        return self.contract._usage_look()

    def billed(self, **vals):
        self.contract.write(vals)
        self.send([self.record("PRN0001", 100, external_id="first")])
        return self.run_billing(contracts=self.contract).line_ids.move_ids

    def balance(self, account):
        self.env.flush_all()
        items = self.env["account.move.line"].search([("account_id", "=", account.id), ("parent_state", "=", "posted")])
        return round(sum(items.mapped("balance")), 2)

    def assertBooks(self):
        self.env.flush_all()
        broken = {f.code: f.examples for f in verify(self.env.cr, self.company.ids, True) if f.broken}
        self.assertEqual(broken, {})

    def test_many_small_differences_are_no_small_one(self):
        self.billed()
        found = [self.late(quantity, f"late {quantity}") for quantity in (2, 1, 3, 4)]
        # 2 and 3 in all are below 5; 6 and 10 in all are not: each is billed for itself
        self.assertEqual([each.state for each in found], ["written_off", "written_off", "accepted", "accepted"])
        move = self.run_billing(date(2026, 3, 1), self.contract).line_ids.move_ids
        self.assertEqual(move.amount_untaxed, 3 + 4)
        self.assertEqual(self.balance(self.expense), 3)
        self.assertBooks()

    def test_what_a_person_gave_up_does_not_fill_the_limit(self):
        self.billed(usage_adjustment_policy="ask")
        large = self.late(50, "large")
        large.reason = "A courtesy"
        large.action_write_off()
        self.assertEqual(self.late(2, "small").state, "written_off")

    def test_taxes_included_in_prices_are_not_given_up_as_income(self):
        tax = self.env["account.tax"].create(
            {"name": "Included", "amount": 25, "price_include_override": "tax_included", "type_tax_use": "sale"}
        )
        self.product_pages.taxes_id = [Command.set(tax.ids)]
        self.assertEqual(self.billed().amount_untaxed, 80)
        self.assertEqual(self.late(4, "late").state, "written_off")
        self.assertEqual(self.balance(self.expense), 3.2)
        # 80, with 20 of taxes that have no account of their own, and what was given up
        self.assertEqual(self.balance(self.income), -100 - 3.2)
        self.assertBooks()

    def test_the_fiscal_position_says_which_income_is_given_up(self):
        other = self.income.copy({"code": "499777", "name": "Income abroad"})
        position = self.env["account.fiscal.position"].create(
            {
                "name": "Abroad",
                "account_ids": [Command.create({"account_src_id": self.income.id, "account_dest_id": other.id})],
            }
        )
        self.billed(fiscal_position_id=position.id)
        self.assertEqual(self.balance(other), -100)
        self.late(4, "late")
        self.assertEqual((self.balance(other), self.balance(self.income)), (-104, 0))

    def test_what_was_given_up_of_a_draft_that_goes_is_given_up_no_more(self):
        draft = self.billed(usage_invoice_policy="draft")
        self.assertEqual(self.late(4, "late").state, "written_off")
        self.assertEqual(self.balance(self.expense), 4)
        draft.button_cancel()
        self.assertEqual(self.balance(self.expense), 0)
        self.contract.usage_invoice_policy = "post"
        again = self.run_billing(contracts=self.contract).line_ids.move_ids
        self.assertEqual(again.amount_untaxed, 104)
        self.assertEqual(self.balance(self.income), -104)
        self.assertBooks()

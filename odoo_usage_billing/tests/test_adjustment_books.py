"""What comes late bears the taxes, the account and the customer of the invoice that it differs from."""

from datetime import date

from odoo import Command
from odoo.tests import tagged

from odoo.addons.odoo_usage_billing.audit import verify

from .common import UsageCommon, utc


@tagged("post_install", "-at_install")
class TestAdjustmentBooks(UsageCommon):
    """January at 0.50 a page and 20 % is invoiced with 100 pages: 50.00 + 10.00. Then the world changes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.high, cls.low = cls.env["account.tax"].create(
            [{"name": f"Sales {rate}", "amount": rate, "type_tax_use": "sale"} for rate in (20, 10)]
        )
        cls.income = cls.company_data["default_account_revenue"]
        cls.other_income = cls.income.copy({"name": "Other revenue"})
        cls.product_pages.write({"taxes_id": [Command.set(cls.high.ids)], "property_account_income_id": cls.income.id})

    def january(self, quantity=100, **vals):
        card = self.make_card(charge_model="per_unit", unit_price=0.5)
        vals = {"usage_adjustment_policy": "next_invoice", **vals}
        if "manual_currency_id" in vals:
            card.currency_id = vals["manual_currency_id"]
        self.contract = self.make_contract([self.usage_line(card)], **vals)
        self.make_subjects(self.contract.contract_line_ids, 1)
        if quantity:
            self.use(quantity, 15, external_id="first")
        self.origin = self.bill(date(2026, 2, 1))
        return self.origin

    def use(self, quantity, day, month=1, **vals):
        self.send([self.record("PRN0001", quantity, occurred_at=utc(2026, month, day, 11), **vals)])

    def bill(self, day):
        run = self.run_billing(day, contracts=self.contract)
        self.assertEqual([line.message for line in run.line_ids if line.state != "done"], [])
        return run.line_ids.move_ids

    def late_lines(self, move):
        return move.invoice_line_ids.filtered(lambda line: line.usage_adjustment_id and line.display_type == "product")

    def assertBooks(self):
        self.env.flush_all()
        broken = {f.code: f.examples for f in verify(self.env.cr, self.company.ids, True) if f.broken}
        self.assertEqual(broken, {})

    def test_late_usage_bears_the_tax_of_its_own_period_beside_usage_at_the_new_rate(self):
        self.january()
        self.product_pages.write(
            {"taxes_id": [Command.set(self.low.ids)], "property_account_income_id": self.other_income.id}
        )
        self.use(7, 16)
        self.use(40, 10, month=2)
        self.contract._usage_look()
        move = self.bill(date(2026, 3, 1))
        late = self.late_lines(move)
        self.assertEqual((late.tax_ids, late.account_id), (self.high, self.income))
        # 7 x 0.50 = 3.50 at 20 % = 0.70; 40 x 0.50 = 20.00 at 10 % = 2.00
        self.assertEqual((move.amount_untaxed, move.amount_tax), (23.5, 2.7))
        self.assertBooks()

    def test_a_credit_takes_back_the_tax_that_was_billed_from_the_account_that_had_it(self):
        plan = self.env["account.analytic.plan"].create({"name": "Sites"})
        site, moved = self.env["account.analytic.account"].create(
            [{"name": name, "plan_id": plan.id} for name in ("North", "South")]
        )
        self.january(0, usage_adjustment_policy="own_invoice")
        self.contract.contract_line_ids.analytic_distribution = {str(site.id): 100}
        self.use(100, 15, month=2, external_id="february")
        origin = self.bill(date(2026, 3, 1))
        self.contract.contract_line_ids.analytic_distribution = {str(moved.id): 100}
        self.product_pages.write(
            {"taxes_id": [Command.set(self.low.ids)], "property_account_income_id": self.other_income.id}
        )
        self.use(80, 15, month=2, external_id="corrected", replaces="february")
        self.contract._usage_adjust()
        note = self.contract.usage_adjustment_ids.move_id
        # 20 x 0.50 = 10.00 and 20 %
        self.assertEqual((note.move_type, note.amount_untaxed, note.amount_tax), ("out_refund", 10, 2))
        self.assertEqual(note.reversed_entry_id, origin)
        line = self.late_lines(note)
        self.assertEqual((line.account_id, line.analytic_distribution), (self.income, {str(site.id): 100}))
        self.assertBooks()

    def test_a_tax_that_a_person_set_on_the_draft_is_the_tax_of_its_difference(self):
        self.january(usage_invoice_policy="draft")
        self.origin.invoice_line_ids.filtered("usage_component_id").tax_ids = self.low
        self.origin.action_post()
        self.use(7, 16)
        self.contract._usage_look()
        move = self.bill(date(2026, 3, 1))
        self.assertEqual((self.late_lines(move).tax_ids, move.amount_tax), (self.low, 0.35))

    def abroad(self):
        """A fiscal position without taxes, which books on an account of its own."""
        position = self.env["account.fiscal.position"].create(
            {
                "name": "Reverse charge",
                "account_ids": [
                    Command.create({"account_src_id": self.income.id, "account_dest_id": self.other_income.id})
                ],
            }
        )
        zero = self.env["account.tax"].create(
            {
                "name": "Reverse charge",
                "amount": 0,
                "type_tax_use": "sale",
                "fiscal_position_ids": [Command.set(position.ids)],
                "original_tax_ids": [Command.set(self.high.ids)],
            }
        )
        return position, zero

    def test_the_difference_of_another_fiscal_position_has_a_document_of_its_own(self):
        self.january()
        position, zero = self.abroad()
        self.contract.fiscal_position_id = position
        self.use(7, 16)
        self.use(40, 10, month=2)
        self.contract._usage_look()
        move = self.bill(date(2026, 3, 1))
        self.assertEqual((self.late_lines(move).ids, move.amount_untaxed, move.amount_tax), ([], 20, 0))
        self.assertEqual(move.invoice_line_ids.filtered("usage_component_id").tax_ids, zero)
        self.contract._usage_adjust()
        late = self.contract.usage_adjustment_ids.move_id
        self.assertEqual((late.fiscal_position_id.ids, late.amount_untaxed, late.amount_tax), ([], 3.5, 0.7))
        self.assertEqual((self.late_lines(late).tax_ids, self.late_lines(late).account_id), (self.high, self.income))
        self.assertBooks()

    def test_a_period_without_usage_has_the_taxes_of_its_own_fiscal_position(self):
        position, zero = self.abroad()
        self.january(0, fiscal_position_id=position.id, usage_adjustment_policy="own_invoice")
        self.contract.fiscal_position_id = False
        self.use(7, 16)
        self.contract._usage_adjust()
        late = self.contract.usage_adjustment_ids.move_id
        line = self.late_lines(late)
        self.assertEqual((line.tax_ids, line.account_id, late.amount_total), (zero, self.other_income, 3.5))

    def test_who_got_the_invoice_gets_its_difference_when_the_contract_has_another_customer(self):
        self.january()
        former = self.customer
        successor = self.env["res.partner"].create({"name": "Successor"})
        self.contract.write({"partner_id": successor.id, "invoice_partner_id": successor.id})
        self.use(80, 15, external_id="corrected", replaces="first")
        self.use(40, 10, month=2)
        found = self.contract._usage_look()
        self.assertEqual(found.partner_id, former)
        move = self.bill(date(2026, 3, 1))
        self.assertEqual((move.partner_id.name, move.amount_untaxed, self.late_lines(move).ids), ("Successor", 20, []))
        self.contract._usage_adjust()
        note = found.move_id
        # 20 x 0.50 = 10.00 and 20 % of 60.00
        self.assertEqual((note.partner_id, note.move_type, note.amount_total), (former, "out_refund", 12))
        self.assertEqual((note.amount_residual, self.origin.amount_residual), (0, 48))
        self.assertBooks()

    def test_a_credit_note_takes_back_at_the_rate_at_which_it_was_booked(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0), ("2026-02-02", 4.0)])
        self.product_pages.taxes_id = [Command.clear()]
        self.january(manual_currency_id=euro.id, usage_adjustment_policy="own_invoice")
        self.assertEqual(-sum(self.origin.invoice_line_ids.mapped("balance")), 25)
        self.use(80, 15, external_id="corrected", replaces="first")
        self.contract._usage_adjust()
        note = self.contract.usage_adjustment_ids.move_id
        # 10.00 EUR were 5.00 when they were booked; today's rate would take 2.50 back, and leave 2.50 of revenue
        self.assertEqual((note.amount_untaxed, sum(note.invoice_line_ids.mapped("balance"))), (10, 5))
        self.assertEqual((note.amount_residual, self.origin.amount_residual), (0, 40))
        self.assertBooks()

    def test_what_is_given_up_is_booked_as_its_invoice_was(self):
        expense = self.company_data["default_account_expense"]
        self.company.sudo().usage_write_off_account_id = expense
        included = self.env["account.tax"].create(
            {"name": "In it", "amount": 25, "price_include_override": "tax_included", "type_tax_use": "sale"}
        )
        self.product_pages.taxes_id = [Command.set(included.ids)]
        self.january(usage_adjustment_policy="ask")
        self.product_pages.write(
            {"taxes_id": [Command.set(self.low.ids)], "property_account_income_id": self.other_income.id}
        )
        self.use(10, 16)
        found = self.contract._usage_look()
        found.reason = "Agreed"
        found.action_write_off()
        # 10 x 0.50 = 5.00 with 25 % in it: 4.00
        booked = {item.account_id: item.balance for item in found.write_off_move_id.line_ids}
        self.assertEqual(booked, {expense: 4, self.income: -4})

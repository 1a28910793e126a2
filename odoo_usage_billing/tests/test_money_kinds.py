"""Currencies of other decimals, odd rates, cash rounding, early payment: invoice, ledger and books agree."""

import io
from datetime import date

import openpyxl

from odoo import Command
from odoo.tests import tagged

from odoo.addons.odoo_usage_billing.audit import verify

from .common import UsageCommon, utc
from .common_accrual import Closings


@tagged("post_install", "-at_install")
class TestMoneyKinds(Closings, UsageCommon):
    """Amounts are worked out by hand."""

    def contract(self, currency=None, price=1, name="C", **vals):
        card = self.make_card([(100, price, 0), (None, price / 2, 0)], name=name)
        if currency:
            vals["manual_currency_id"] = currency.id
            card.currency_id = currency
        contract = self.make_contract([self.usage_line(card)], name=name, **vals)
        self.make_subjects(contract.contract_line_ids, 1, prefix=name)
        return contract

    def use(self, quantity, name="C", day=15):
        self.send([self.record(f"{name}0001", quantity, occurred_at=utc(2026, 1, day, 11))])

    def bill(self, contract, day=date(2026, 2, 1)):
        run = self.run_billing(day, contracts=contract)
        self.assertEqual([line.message for line in run.line_ids if line.state != "done"], [])
        return run.line_ids.move_ids

    def assertBooks(self):
        self.env.flush_all()
        broken = {f.code: f.examples for f in verify(self.env.cr, self.company.ids, True) if f.broken}
        self.assertEqual(broken, {})

    def assertRates(self, move):
        """Each journal item is worth what its amount is at the invoice's rate, and all of them nothing."""
        own = move.company_id.currency_id
        for item in move.line_ids.filtered(lambda item: item.display_type == "product"):
            self.assertEqual(own.compare_amounts(item.balance, item.amount_currency / move.invoice_currency_rate), 0)
        self.assertEqual(own.compare_amounts(sum(move.line_ids.mapped("balance")), 0), 0)

    def test_three_decimals_at_an_odd_rate(self):
        dinar = self.setup_other_currency("KWD", rounding=0.001, rates=[("2026-01-01", 0.30769)])
        contract = self.contract(dinar, price=0.0333)
        self.use(137)
        self.accrue()
        move = self.bill(contract)
        # 100 x 0.0333 = 3.330; 37 x 0.01665 = 0.61605
        self.assertEqual(move.currency_id, dinar)
        self.assertEqual(round(move.amount_untaxed, 3), 3.946)
        self.assertRates(move)
        self.use(1, day=16)
        contract._usage_look().action_bill_now()
        self.assertEqual(round(contract.usage_adjustment_ids.move_id.amount_untaxed, 3), 0.017)
        self.assertRates(contract.usage_adjustment_ids.move_id)
        self.assertBooks()

    def test_no_decimals_at_an_odd_rate_with_taxes_included(self):
        yen = self.setup_other_currency("JPY", rounding=1, rates=[("2026-01-01", 151.37)])
        tax = self.env["account.tax"].create(
            {"name": "Included", "amount": 10, "price_include_override": "tax_included", "type_tax_use": "sale"}
        )
        self.product_pages.taxes_id = [Command.set(tax.ids)]
        contract = self.contract(yen, price=7)
        self.use(133)
        self.accrue()
        move = self.bill(contract)
        # 700 and 115.5 -> 116 with their taxes
        self.assertEqual(move.amount_total, 816)
        self.use(1, day=16)
        found = contract._usage_look()
        self.assertEqual(found.amount, 3)
        found.action_bill_now()
        self.assertEqual(found.move_id.amount_total, 3)
        self.assertBooks()

    def test_taxes_of_the_fiscal_position_and_of_another_company_are_worked_out_anew(self):
        """What a run foresees of taxes is those of the product; the invoice has others."""
        abroad = self.env["account.fiscal.position"].create({"name": "Abroad"})
        zero = self.env["account.tax"].create(
            {
                "name": "None",
                "amount": 0,
                "type_tax_use": "sale",
                "fiscal_position_ids": [Command.set(abroad.ids)],
                "original_tax_ids": [Command.set(self.tax_sale_a.ids)],
            }
        )
        self.product_pages.taxes_id = [Command.set(self.tax_sale_a.ids)]
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 0.9173), ("2026-01-31", 0.8999)])
        contract = self.contract(euro, price=0.37, fiscal_position_id=abroad.id)
        self.use(209)
        move = self.bill(contract)
        self.assertEqual((move.amount_untaxed, move.amount_tax, move.amount_total), (57.17, 0, 57.17))
        lines = move.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        self.assertEqual((lines.tax_ids, lines.mapped("price_total")), (zero, lines.mapped("price_subtotal")))
        self.assertRates(move)
        self.assertBooks()

    def test_a_rate_that_changed_meanwhile_is_that_of_the_adjustments_day(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0), ("2026-02-02", 4.0)])
        contract = self.contract(euro, price=1)
        self.use(100)
        origin = self.bill(contract)
        self.assertEqual(-sum(origin.invoice_line_ids.mapped("balance")), 50)
        self.use(8, day=16)
        contract._usage_look().action_bill_now()
        late = contract.usage_adjustment_ids.move_id
        self.assertEqual((late.amount_untaxed, -sum(late.invoice_line_ids.mapped("balance"))), (4, 1))
        self.assertBooks()

    def test_cash_rounding_both_ways_is_no_break(self):
        for number, strategy in enumerate(("add_invoice_line", "biggest_tax")):
            rounding = self.env["account.cash.rounding"].create(
                {
                    "name": strategy,
                    "rounding": 0.05,
                    "strategy": strategy,
                    "profit_account_id": self.company_data["default_account_revenue"].copy().id,
                    "loss_account_id": self.company_data["default_account_expense"].copy().id,
                    "rounding_method": "HALF-UP",
                }
            )
            self.product_pages.taxes_id = [Command.set(self.tax_sale_a.ids)]
            contract = self.contract(name=f"R{number}", usage_invoice_policy="draft", price=0.37)
            self.use(9, f"R{number}")
            move = self.bill(contract)
            move.invoice_cash_rounding_id = rounding
            move.action_post()
            # 3.33 and 15 per cent are 3.83
            self.assertEqual(move.amount_total, 3.85)
            self.assertBooks()

    def test_early_payment_discounts_are_no_break(self):
        for number, when in enumerate(("mixed", "included", "excluded")):
            term = self.env["account.payment.term"].create(
                {
                    "name": when,
                    "early_discount": True,
                    "discount_percentage": 2,
                    "discount_days": 10,
                    "early_pay_discount_computation": when,
                    "line_ids": [Command.create({"value": "percent", "value_amount": 100, "nb_days": 30})],
                }
            )
            self.product_pages.taxes_id = [Command.set(self.tax_sale_a.ids)]
            contract = self.contract(name=f"E{number}", payment_term_id=term.id, price=0.37)
            self.use(209, f"E{number}")
            move = self.bill(contract)
            # 37 + 109 x 0.185 = 20.165
            self.assertEqual(move.amount_untaxed, 57.17)
            self.assertBooks()

    def test_taxes_in_prices_that_are_rounded_over_the_whole_invoice_are_no_break(self):
        tax = self.env["account.tax"].create(
            {"name": "In it", "amount": 20, "price_include_override": "tax_included", "type_tax_use": "sale"}
        )
        self.company.tax_calculation_rounding_method = "round_globally"
        self.product_pages.taxes_id = [Command.set(tax.ids)]
        contract = self.contract(price=0.0333, usage_adjustment_policy="own_invoice")
        self.send([self.record("C0001", 37, external_id="one")])
        move = self.bill(contract)
        # 37 x 0.0333 = 1.2321: 1.23 with 20 % in it are 1.025 and 0.205, by lines 1.03 and 0.21
        self.assertEqual((move.amount_total, contract.contract_line_ids.usage_charge_ids.amount), (1.23, 1.23))
        self.assertBooks()
        self.send([self.record("C0001", 20, external_id="two", replaces="one")])
        contract._usage_adjust()
        # 20 x 0.0333 = 0.666 and so 0.67: 0.56 less
        self.assertEqual(contract.usage_adjustment_ids.move_id.amount_total, 0.56)
        self.assertBooks()

    def test_the_workbook_of_an_invoice_with_taxes_included_adds_up_to_it(self):
        tax = self.env["account.tax"].create(
            {"name": "Included", "amount": 25, "price_include_override": "tax_included", "type_tax_use": "sale"}
        )
        self.product_pages.taxes_id = [Command.set(tax.ids)]
        contract = self.contract(price=1)
        self.use(100)
        move = self.bill(contract)
        self.assertEqual(move.amount_untaxed, 80)
        html = self.env["ir.actions.report"]._render_qweb_html("account.report_invoice_with_payments", move.ids)[0]
        self.assertIn("include taxes", html.decode())
        rows = self.sheet(move)
        self.assertEqual(sum(float(row[7]) for row in rows if row[7] not in ("", None)), 80)

    def sheet(self, move):
        move._make_usage_workbook()
        book = openpyxl.load_workbook(io.BytesIO(move.usage_workbook_id.raw))
        return list(book.worksheets[0].iter_rows(min_row=2, values_only=True))

"""Prepaid money and taxes, currencies, companies: taxed at purchase or at use, the liability at its historic rate."""

from datetime import date

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_prepaid import FIRST, PrepaidCommon


@tagged("post_install", "-at_install")
class TestPrepaidTaxes(PrepaidCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax = cls.env["account.tax"].create({"name": "21 %", "amount": 21, "type_tax_use": "sale"})
        cls.tax_account = cls.env["account.account"].create(
            {"name": "Tax", "code": "245777", "account_type": "liability_current"}
        )
        cls.tax.invoice_repartition_line_ids.filtered(
            lambda line: line.repartition_type == "tax"
        ).account_id = cls.tax_account
        cls.tax.refund_repartition_line_ids.filtered(
            lambda line: line.repartition_type == "tax"
        ).account_id = cls.tax_account
        cls.product_pages.taxes_id = cls.tax

    def test_taxed_when_bought_usage_is_paid_without_taxes(self):
        self.voucher.taxes_id = self.tax
        bought = self.buy(100)
        self.assertEqual((bought.amount_total, self.balance_of().amount), (121, 100))
        self.use(3333)  # 33.33 + 7.00
        move = self.bill()
        self.assertEqual((move.amount_untaxed, move.amount_tax, move.amount_total), (0, 0, 0))
        self.assertEqual(
            (self.balance_of().amount, self.booked(self.owed), self.booked(self.tax_account)), (66.67, 66.67, 21)
        )
        self.use(10000, date(2026, 2, 15))
        move = self.bill(date(2026, 3, 1))  # 100.00 - 66.67 = 33.33, and 7.00
        self.assertEqual((move.amount_untaxed, move.amount_total, self.booked(self.owed)), (33.33, 40.33, 0))
        self.assertBooks()

    def test_taxed_when_used_usage_is_paid_with_its_taxes(self):
        self.company.usage_prepaid_tax_policy = "at_use"
        self.buy(100)
        self.use(3333)  # 33.33 + 7.00 = 40.33
        move = self.bill()
        self.assertEqual((move.amount_tax, move.amount_total, self.balance_of().amount), (7, 0, 59.67))
        self.assertEqual((self.booked(self.owed), self.booked(self.tax_account)), (59.67, 7))
        self.use(10000, date(2026, 2, 15))
        move = self.bill(date(2026, 3, 1))  # 121.00 - 59.67
        self.assertEqual((move.amount_tax, move.amount_total, self.booked(self.owed)), (21, 61.33, 0))
        self.assertBooks()
        self.credit(move)
        self.assertEqual((self.balance_of().amount, self.booked(self.tax_account)), (59.67, 7))
        self.assertBooks()

    def test_taxed_when_used_a_purchase_bears_no_taxes(self):
        self.company.usage_prepaid_tax_policy = "at_use"
        self.voucher.taxes_id = self.tax
        with self.assertRaisesRegex(UserError, "Remove the taxes"):
            self.buy(100)

    def test_taxed_when_used_promotional_money_comes_first_and_lowers_the_tax(self):
        self.company.usage_prepaid_tax_policy = "at_use"
        self.buy(50)
        self.balance_of()._give(20, "Bonus", FIRST, priority=50)
        self.use(10000)  # (100 - 20) x 1.21 = 96.80, of which 50 are paid
        move = self.bill()
        self.assertEqual((move.amount_tax, move.amount_total, self.balance_of().amount), (16.8, 46.8, 0))
        self.assertBooks()

    def test_rounding_line_by_line_leaves_no_cent(self):
        self.company.tax_calculation_rounding_method = "round_per_line"
        line = self.usage_line(self.line.usage_rate_card_id)
        both = self.make_contract([line, {**line, "name": "More"}, {**line, "name": "Most"}])
        for number, each in enumerate(both.contract_line_ids):
            self.make_subjects(each, 1, prefix=f"R{number}")
            self.use(33 + 31 * number, subject=f"R{number}0001")
        self.buy(100)
        move = self.bill(contracts=both)  # 0.33 + 0.07, 0.64 + 0.13, 0.95 + 0.20
        self.assertEqual((move.amount_untaxed, move.amount_tax, move.amount_total), (0, 0, 0))
        self.assertEqual((self.balance_of().amount, move.move_type), (98.08, "out_invoice"))
        self.assertBooks()

    def test_taxes_included_in_prices(self):
        self.tax.price_include_override = "tax_included"
        self.buy(0.5)
        self.use(10000)  # 100.00 with taxes: 82.64 without
        move = self.bill()
        balance = self.balance_of()
        self.assertEqual(self.booked(self.owed), balance.amount)
        self.assertLess(balance.amount, 0.02)
        self.buy(500)
        self.use(10000, date(2026, 2, 15))
        move = self.bill(date(2026, 3, 1))
        self.assertEqual(move.amount_total, 0)
        self.assertBooks()

    def test_taxes_included_in_prices_of_several_lines(self):
        """Rounded over all lines, a line's item may be a cent beside its subtotal: the ledger is what counts."""
        self.tax.price_include_override = "tax_included"
        line = self.usage_line(self.line.usage_rate_card_id)
        many = self.make_contract([{**line, "name": f"Line {number}"} for number in range(4)])
        for number, each in enumerate(many.contract_line_ids):
            self.make_subjects(each, 1, prefix=f"M{number}")
            self.use(333 + 107 * number, subject=f"M{number}0001")
        self.voucher.taxes_id = self.tax
        self.buy(9.99)
        self.bill(contracts=many)
        self.assertEqual(self.booked(self.owed), self.balance_of().amount)
        self.assertLess(self.balance_of().amount, 0.03)
        self.assertBooks()

    def test_lines_with_different_taxes_are_paid_each_with_its_own(self):
        half = self.tax.copy({"name": "6 %", "amount": 6})
        product = self.env["product.product"].create({"name": "Food", "taxes_id": [Command.set(half.ids)]})
        line = self.usage_line(self.line.usage_rate_card_id)
        both = self.make_contract([line, {**line, "name": "Food", "product_id": product.id}])
        one, two = both.contract_line_ids
        self.make_subjects(one, 1, prefix="ONE")
        self.make_subjects(two, 1, prefix="TWO")
        self.use(1000, subject="ONE0001")
        self.use(1000, subject="TWO0001")
        self.buy(15)
        move = self.bill(contracts=both)  # 10 + 10 - 15 = 5 at 6 %
        paid = move.invoice_line_ids.filtered("usage_prepaid_balance_id")
        self.assertEqual(paid.mapped("price_subtotal"), [-10, -5])
        self.assertEqual((move.amount_total, self.balance_of().amount), (5.3, 0))
        self.assertBooks()

    def test_the_fiscal_position_maps_the_taxes_of_what_pays(self):
        position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        free = self.tax.copy({"name": "0 %", "amount": 0})
        free.write(
            {"fiscal_position_ids": [Command.link(position.id)], "original_tax_ids": [Command.link(self.tax.id)]}
        )
        self.customer.property_account_position_id = position
        self.buy(100)
        self.use(1000)
        move = self.bill()
        self.assertEqual(move.invoice_line_ids.filtered("usage_prepaid_balance_id").tax_ids, free)
        self.assertEqual(move.amount_total, 0)

    # -- currencies --------------------------------------------------------

    def test_foreign_money_keeps_the_rate_of_its_purchase(self):
        euro = self.setup_other_currency("EUR", rates=[("2025-01-01", 2.0), ("2026-01-20", 4.0), ("2026-02-20", 8.0)])
        contract = self.make_contract([self.usage_line(self.line.usage_rate_card_id)], manual_currency_id=euro.id)
        self.make_subjects(contract.contract_line_ids, 1, prefix="EUR")
        self.product_pages.taxes_id = False
        self.line.usage_rate_card_id.currency_id = euro
        self.buy(100, currency_id=euro.id)  # 50.00 of the company's currency
        self.assertEqual((self.booked(self.owed), self.booked(self.owed, "amount_currency")), (50, 100))
        self.use(3333, subject="EUR0001")
        move = self.bill(contracts=contract)  # 33.33: 8.33 at the day's rate, 16.67 (16.665) at its own
        self.assertEqual(move.amount_total, 0)
        self.assertEqual(self.booked(self.owed, "amount_currency"), 66.67)
        self.assertEqual(self.booked(self.owed), 33.33)
        self.assertBooks()
        self.use(6667, date(2026, 2, 15), subject="EUR0001")
        last = self.bill(date(2026, 3, 1), contracts=contract)
        self.assertEqual((self.booked(self.owed), self.booked(self.owed, "amount_currency")), (0, 0))
        self.assertBooks()
        self.credit(last)
        self.assertEqual((self.booked(self.owed), self.booked(self.owed, "amount_currency")), (33.33, 66.67))
        self.assertBooks()
        last.reversal_move_ids.button_draft()
        self.assertEqual((self.booked(self.owed), self.booked(self.owed, "amount_currency")), (0, 0))
        self.assertBooks()

    def test_a_balance_pays_in_its_own_currency_only(self):
        euro = self.setup_other_currency("EUR")
        self.buy(100, currency_id=euro.id)
        self.product_pages.taxes_id = False
        self.use(500)
        self.assertEqual(self.bill().amount_total, 5)
        self.assertEqual(self.balance_of().amount, 100)

    def test_another_company_pays_nothing(self):
        other = self.env["res.company"].create({"name": "Elsewhere", "currency_id": self.company.currency_id.id})
        account = self.owed.copy({"code": "215779", "company_ids": [Command.set(other.ids)]})
        balance = self.env["usage.prepaid.balance"].create(
            {"partner_id": self.customer.id, "company_id": other.id, "account_id": account.id}
        )
        balance._give(100, "Elsewhere", FIRST)
        self.product_pages.taxes_id = False
        self.use(500)
        self.assertEqual((self.bill().amount_total, balance.amount), (5, 100))

"""Cards in another currency than the contract: one rate per term, kept with what was charged."""

from datetime import date

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from odoo.addons.odoo_usage_billing.audit import verify

from .common import UsageCommon, utc
from .common_accrual import Closings


@tagged("post_install", "-at_install")
class TestCardCurrency(Closings, UsageCommon):
    """3.00 EUR a page, invoiced in the company's currency; two euros buy one unit of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.euro = cls.setup_other_currency("EUR", rates=[("2026-01-01", 2.0)])
        cls.card = cls.make_card(charge_model="per_unit", unit_price=3)
        cls.card.currency_id = cls.euro

    def contract(self, **line):
        contract = self.make_contract([self.usage_line(self.card, **line)], usage_adjustment_policy="next_invoice")
        self.make_subjects(contract.contract_line_ids, 1)
        return contract

    def use(self, quantity, day, month=1):
        self.send([self.record("PRN0001", quantity, occurred_at=utc(2026, month, day, 11))])

    def bill(self, contract, day):
        run = self.run_billing(day, contracts=contract)
        self.assertEqual([line.message for line in run.line_ids if line.state != "done"], [])
        return run.line_ids.move_ids

    def correct_rate(self):
        self.euro.rate_ids.filtered(lambda rate: str(rate.name) == "2026-01-01").rate = 3.0

    def assertBooks(self):
        self.env.flush_all()
        broken = {f.code: f.examples for f in verify(self.env.cr, self.company.ids, True) if f.broken}
        self.assertEqual(broken, {})

    def test_late_usage_is_priced_at_the_rate_of_its_charge_whatever_the_table_says_now(self):
        contract = self.contract()
        self.use(10, 5)
        self.assertEqual(self.bill(contract, date(2026, 2, 1)).amount_untaxed, 15)
        self.correct_rate()
        self.assertFalse(contract._usage_look(), "a rate of a table is nothing that changed on the contract")
        self.use(2, 6)
        # 2 x 3.00 / 2.0; at 3.0 all twelve were 12.00, and 3.00 would come back without a word
        self.assertEqual(contract._usage_look().amount, 3)
        self.assertEqual(self.bill(contract, date(2026, 3, 1)).amount_untaxed, 3)
        self.assertBooks()

    def test_a_term_goes_on_with_the_rate_that_it_began_with(self):
        contract = self.contract(usage_rating_term="quarterly")
        self.use(10, 5)
        self.assertEqual(self.bill(contract, date(2026, 2, 1)).amount_untaxed, 15)
        self.correct_rate()
        self.use(10, 5, month=2)
        self.assertEqual(self.bill(contract, date(2026, 3, 1)).amount_untaxed, 15)
        # and after a difference in its first month as well: 4 x 1.50 and 2 x 1.50
        self.use(4, 7)
        contract._usage_look()
        self.use(2, 5, month=3)
        self.assertEqual(self.bill(contract, date(2026, 4, 1)).amount_untaxed, 9)
        # a new quarter has the rate of its own first day: 10 x 3.00 / 3.0
        self.use(10, 5, month=4)
        self.assertEqual(self.bill(contract, date(2026, 5, 1)).amount_untaxed, 10)
        self.assertBooks()

    def test_an_accrual_within_a_term_is_worth_what_its_invoice_will_be(self):
        contract = self.contract(usage_rating_term="quarterly")
        self.use(10, 5)
        self.bill(contract, date(2026, 2, 1))
        self.correct_rate()
        self.use(10, 5, month=2)
        accrual = self.accrue(date(2026, 2, 28))
        # January's invoice is of February, so its 15.00 are no part of it; February's are 10 x 3.00 / 2.0
        self.assertEqual(accrual.line_ids.mapped("amount_company"), [15])

    def agree(self, contract, card):
        return self.env["usage.baseline"].create(
            {
                "contract_line_id": contract.contract_line_ids.id,
                "kind": "quantity",
                "quantity": 5,
                "date_start": date(2026, 1, 1),
                "above": "card",
                "above_card_id": card.id,
            }
        )

    def test_an_excess_card_has_its_own_currency(self):
        contract = self.contract()
        self.agree(contract, self.make_card(charge_model="per_unit", unit_price=1, name="Excess"))
        self.use(15, 5)
        # ten pages above five at 1.00 in the contract's own currency
        self.assertEqual(self.bill(contract, date(2026, 2, 1)).amount_untaxed, 10)

    def test_an_excess_card_in_euros_is_converted(self):
        self.card.version_ids.state = "draft"
        self.card.currency_id = self.company.currency_id
        self.card.version_ids.state = "active"
        contract = self.contract()
        excess = self.make_card(charge_model="per_unit", unit_price=1, name="Excess")
        excess.currency_id = self.euro
        self.agree(contract, excess)
        self.use(15, 5)
        # ten pages above five at 1.00 EUR
        self.assertEqual(self.bill(contract, date(2026, 2, 1)).amount_untaxed, 5)

    def test_an_excess_card_is_a_price_and_nothing_else(self):
        """A discount, limits and included usage of it were left out without a word."""
        contract = self.contract()
        for vals in ({"discount_percent": 50}, {"minimum_amount": 7}, {"maximum_amount": 9}, {"quantity_included": 3}):
            excess = self.make_card(charge_model="per_unit", unit_price=2, name="Excess", **vals)
            with self.subTest(vals), self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.agree(contract, excess)
        excess = self.make_card(charge_model="per_unit", unit_price=2, name="Plain")
        self.agree(contract, excess)
        later = {"card_id": excess.id, "date_start": date(2026, 2, 1), "charge_model": "per_unit", "unit_price": 2}
        version = self.env["usage.rate.card.version"].create({**later, "discount_percent": 50})
        with self.assertRaises(ValidationError):
            version.action_activate()

    def test_an_excess_card_is_priced_in_the_unit_of_its_line(self):
        contract = self.contract()
        dozens = self.env["usage.rate.card"].create(
            {"name": "Dozens", "uom_id": self.env.ref("uom.product_uom_dozen").id}
        )
        self.env["usage.rate.card.version"].create(
            {
                "card_id": dozens.id,
                "date_start": date(2020, 1, 1),
                "charge_model": "graduated",
                "tier_ids": [Command.create({"unit_price": 12})],
            }
        ).action_activate()
        with self.assertRaises(ValidationError):
            self.agree(contract, dozens)

"""Customers who pay ahead: an account, a product that fills the balance, purchases, usage and what is left."""

from datetime import date, timedelta
from decimal import Decimal

from odoo import Command
from odoo.tests import tagged

from odoo.addons.odoo_usage_billing.audit import verify

from .common import UsageCommon, utc

FIRST = date(2026, 1, 1)


@tagged("post_install", "-at_install")
class PrepaidCommon(UsageCommon):
    """A page costs 0.01; purchases may be drawn at once unless a test says otherwise."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_devices()
        Account = cls.env["account.account"]
        cls.owed = Account.create({"name": "Prepaid", "code": "215777", "account_type": "liability_current"})
        cls.deferred = Account.create({"name": "Deferred", "code": "215778", "account_type": "liability_current"})
        cls.breakage = Account.create({"name": "Breakage", "code": "415777", "account_type": "income"})
        cls.company.write(
            {
                "usage_prepaid_account_id": cls.owed.id,
                "usage_deferred_account_id": cls.deferred.id,
                "usage_prepaid_income_account_id": cls.breakage.id,
                "usage_prepaid_available": "posted",
            }
        )
        cls.income = cls.product_pages.product_tmpl_id.get_product_accounts()["income"]
        cls.voucher = cls.env["product.product"].create(
            {"name": "Prepaid pages", "type": "service", "usage_prepaid": True, "taxes_id": [Command.clear()]}
        )

    @classmethod
    def buy(cls, amount, day=FIRST, **vals):
        """Post the invoice of a purchase and return it."""
        vals.setdefault("partner_id", cls.customer.id)
        move = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "invoice_date": day,
                "invoice_line_ids": [
                    Command.create({"product_id": cls.voucher.id, "quantity": 1, "price_unit": amount})
                ],
                **vals,
            }
        )
        move.action_post()
        return move

    def promise(self, **vals):
        """A commitment of the year that is billed ahead."""
        return self.env["usage.commitment"].create(
            {
                "name": "Spend 2026",
                "contract_id": self.contract.id,
                "amount": 1200,
                "term": "yearly",
                "date_start": FIRST,
                "date_end": date(2027, 1, 1),
                "in_advance": True,
                "true_up": False,
                "prepaid_product_id": self.voucher.id,
                **vals,
            }
        )

    def balance_of(self, partner=None):
        return self.env["usage.prepaid.balance"].search([("partner_id", "=", (partner or self.customer).id)])

    def use(self, quantity, day=date(2026, 1, 15), subject="PRN0001", **vals):
        return self.send([self.record(subject, quantity, occurred_at=utc(day.year, day.month, day.day, 11), **vals)])

    def bill(self, day=date(2026, 2, 1), contracts=None):
        """Invoice what is due and return the invoices; a contract that failed says why."""
        run = self.run_billing(day, contracts or self.contract)
        self.assertEqual([line.message for line in run.line_ids if line.state != "done"], [])
        return run.line_ids.move_ids

    def booked(self, account, field="balance"):
        """What an account owes (positive) by its posted items."""
        self.env.flush_all()
        items = self.env["account.move.line"].search([("account_id", "=", account.id), ("parent_state", "=", "posted")])
        return -round(sum(items.mapped(field)), 2)

    def credit(self, move, factor=1):
        """Post a credit note of an invoice, or of a share of it."""
        note = move._reverse_moves([{"invoice_date": move.invoice_date + timedelta(days=3)}])
        if factor != 1:
            products = note.invoice_line_ids.filtered(lambda line: line.display_type == "product")
            for line in products:
                line.quantity *= factor
            while note.amount_total < 0:  # a cent of rounding over several lines
                products.filtered(lambda line: not line.usage_prepaid_balance_id)[0].quantity += 1
        note.action_post()
        return note

    def recognise(self, day):
        each = self.env["usage.recognition"].create({"date": day, "company_id": self.company.id})
        each.action_prepare()
        if each.line_ids:
            self.assertIs(each.action_post(), True)
        return each

    def broken(self):
        self.env.flush_all()
        return {f.code: f.examples for f in verify(self.env.cr, self.company.ids, True) if f.broken}

    def assertBooks(self):
        """The books hold, and the liability is the sum of the movements that are posted."""
        self.assertEqual(self.broken(), {})

    @staticmethod
    def money(value):
        return Decimal(str(value))

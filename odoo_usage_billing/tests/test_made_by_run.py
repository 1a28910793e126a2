"""What a run spares the ledger changes nothing in it (decision 0051)."""

from contextlib import closing
from datetime import date
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.odoo_usage_billing.models.contract_contract import FAST_CREATE

from .common import UsageCommon

OWN = ["id", "move_id", "usage_charge_id", "usage_component_id", "create_date", "write_date"]
LINES = """
SELECT to_jsonb(l) - %s::text[] || jsonb_build_object('taxes', (SELECT array_agg(account_tax_id ORDER BY 1)
          FROM account_move_line_account_tax_rel r WHERE r.account_move_line_id = l.id))
  FROM account_move_line l WHERE l.move_id = ANY(%s) ORDER BY l.date, l.move_id, l.sequence, l.id
"""
MOVES = """
SELECT to_jsonb(m) - ARRAY['id', 'create_date', 'write_date', 'access_token'] FROM account_move m
 WHERE m.id = ANY(%s) ORDER BY m.date, m.id
"""


@tagged("post_install", "-at_install")
class TestMadeByRun(UsageCommon):
    """Three months of a contract with a fixed and two usage lines, taxed, in a foreign currency."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tax = cls.env["account.tax"].create({"name": "Seven", "amount": 7, "type_tax_use": "sale"})
        (cls.product_pages | cls.product_service).taxes_id = tax
        cls.customer.property_payment_term_id = cls.env.ref("account.account_payment_term_30_days_end_month_the_10")
        tiers = cls.make_card([(100, 0.01, 0), (None, 0.02, 0)], name="Tiers")
        each = cls.make_card(charge_model="per_unit", unit_price=0.013, name="Each")
        cls.contract = cls.make_contract(
            [
                {"name": "Service", "product_id": cls.product_service.id, "price_unit": 99.99},
                cls.usage_line(each, name="Ground floor"),
                cls.usage_line(tiers, name="Attic"),
            ],
            manual_currency_id=cls.setup_other_currency("EUR").id,
        )
        for number, line in enumerate(cls.contract.contract_line_ids.filtered("is_usage")):
            cls.make_subjects(line, 1, prefix=f"M{number}-")
        cls.send([cls.record("M0-0001", 777), cls.record("M1-0001", 333)])

    def made(self):
        """(journal items, invoices) that a run makes, as they are stored; undone."""
        with closing(self.env.cr.savepoint()):
            moves = self.run_billing(date(2026, 4, 1), self.contract).line_ids
            moves = moves.move_ids
            self.assertEqual((len(moves), set(moves.mapped("state"))), (3, {"posted"}))
            self.env.flush_all()
            self.env.cr.execute(LINES, (OWN, moves.ids))
            lines = self.env.cr.fetchall()
            self.env.cr.execute(MOVES, (moves.ids,))
            made = lines, self.env.cr.fetchall()
        self.env.invalidate_all()
        return made

    def test_journal_items_and_invoices_are_the_same(self):
        lines, moves = self.made()
        self.assertGreater(len(lines), 12)
        with patch.dict(FAST_CREATE, usage_makes_invoices=False):
            self.assertEqual(self.made(), (lines, moves))

    def test_a_record_of_another_company_is_still_refused(self):
        foreign = self.setup_other_company()["default_account_revenue"]
        line = {"product_id": self.product_service.id, "quantity": 1}
        lines = [line, {**line, "account_id": foreign.id}]
        invoice = {"move_type": "out_invoice", "partner_id": self.customer.id}
        for context in ({}, FAST_CREATE):
            with self.assertRaisesRegex(UserError, "compan"), self.env.cr.savepoint():
                self.env["account.move"].with_context(**context).create(
                    {**invoice, "invoice_line_ids": [Command.create(line) for line in lines]}
                )

    def test_a_write_that_changes_something_is_not_left_out(self):
        move = (
            self.env["account.move"]
            .with_context(**FAST_CREATE)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "invoice_line_ids": [Command.create({"product_id": self.product_service.id, "quantity": 1})],
                }
            )
        )
        other = self.env["res.partner"].create({"name": "Somebody else"})
        lines = move.invoice_line_ids
        lines.partner_id = other
        move.is_manually_modified = True
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT l.partner_id, m.is_manually_modified FROM account_move_line l JOIN account_move m"
            " ON m.id = l.move_id WHERE l.id = %s",
            (lines.id,),
        )
        self.assertEqual(self.env.cr.fetchone(), (other.id, True))

"""The books of prepaid money are broken on purpose, and each break is found by its name."""

from datetime import date

import psycopg2

from odoo import Command
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.odoo_usage_billing.audit import verify

from .common_prepaid import FIRST, PrepaidCommon


@tagged("post_install", "-at_install")
class TestPrepaidBooks(PrepaidCommon):
    """One purchase that was drawn by half, one that expired, a bonus."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.buy(100)
        cls.voucher.usage_prepaid_months = 1
        cls.buy(30)
        cls.balance = cls.env["usage.prepaid.balance"].search([("partner_id", "=", cls.customer.id)])
        cls.balance._give(5, "Bonus", FIRST, priority=20)
        cls.send([cls.record("PRN0001", 5000)])
        cls.run_billing(contracts=cls.contract)
        each = cls.env["usage.recognition"].create({"date": date(2026, 2, 28)})
        each.action_prepare()
        each.action_post()
        cls.grant = cls.balance.grant_ids.filtered(lambda grant: grant.amount_remaining == 50)

    def change(self, table, statement, *values):
        """Change what PostgreSQL guards, its triggers switched off."""
        self.env.flush_all()
        self.env.cr.execute(SQL("ALTER TABLE %s DISABLE TRIGGER USER", SQL.identifier(table)))
        self.env.cr.execute(statement, values)
        self.env.cr.execute(SQL("ALTER TABLE %s ENABLE TRIGGER USER", SQL.identifier(table)))
        self.env.invalidate_all()

    def test_books_that_hold_break_nothing_and_everything_is_looked_at(self):
        found = {f.code: f for f in verify(self.env.cr, self.company.ids) if f.code.startswith("prepaid_")}
        self.assertEqual({code: f.examples for code, f in found.items() if f.broken}, {})
        self.assertEqual([code for code, f in found.items() if not f.checked], [])

    def test_movements_and_what_was_recognised_are_facts(self):
        for statement in (
            "UPDATE usage_prepaid_move SET amount = 1 WHERE kind = 'grant'",
            "UPDATE usage_prepaid_move SET reason = 'another'",
            "UPDATE usage_prepaid_move SET move_id = NULL WHERE move_id IS NOT NULL",
            "UPDATE usage_prepaid_move SET move_line_id = NULL WHERE move_line_id IS NOT NULL",
            "DELETE FROM usage_prepaid_move",
            "TRUNCATE usage_prepaid_move CASCADE",
            "TRUNCATE usage_prepaid_grant CASCADE",
            "UPDATE usage_recognition SET state = 'draft'",
            "UPDATE usage_recognition SET date = date + 1",
            "DELETE FROM usage_recognition",
            "TRUNCATE usage_recognition CASCADE",
            "UPDATE usage_recognition_line SET amount = amount + 1",
            "UPDATE usage_recognition_line SET prepaid_move_id = NULL",
            "DELETE FROM usage_recognition_line",
            "TRUNCATE usage_recognition_line",
            "INSERT INTO usage_recognition_line (recognition_id, grant_id, kind, date, currency_id, account_id)"
            " SELECT recognition_id, grant_id, kind, date, currency_id, account_id FROM usage_recognition_line",
        ):
            with (
                self.subTest(statement),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.RestrictViolation),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement)

    def test_a_draft_that_is_not_posted_may_go(self):
        each = self.env["usage.recognition"].create({"date": date(2026, 3, 31)})
        self.balance._give(7, "Bonus", FIRST, date(2026, 3, 1))
        each.action_prepare()
        self.assertTrue(each.line_ids)
        each.unlink()
        self.assertFalse(each.exists())

    def test_a_movement_that_somebody_changed(self):
        self.change(
            "usage_prepaid_move",
            "UPDATE usage_prepaid_move SET amount = amount + 1 WHERE grant_id = %s AND kind = 'grant'",
            self.grant.id,
        )
        self.assertEqual(set(self.broken()), {"prepaid_grants"})

    def test_a_grant_that_has_more_left_than_its_movements(self):
        self.env.cr.execute("ALTER TABLE usage_prepaid_grant DROP CONSTRAINT usage_prepaid_grant_adds_up")
        self.change(
            "usage_prepaid_grant",
            "UPDATE usage_prepaid_grant SET amount_remaining = amount_remaining + 1 WHERE id = %s",
            self.grant.id,
        )
        self.assertEqual(set(self.broken()), {"prepaid_grants", "prepaid_balances"})

    def test_a_balance_that_is_not_its_grants(self):
        self.change(
            "usage_prepaid_balance", "UPDATE usage_prepaid_balance SET amount = 9 WHERE id = %s", self.balance.id
        )
        self.assertEqual(set(self.broken()), {"prepaid_balances"})

    def test_something_booked_by_hand_on_the_liability(self):
        self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": FIRST,
                "line_ids": [
                    Command.create({"account_id": self.owed.id, "balance": 3}),
                    Command.create({"account_id": self.income.id, "balance": -3}),
                ],
            }
        ).action_post()
        self.assertEqual(set(self.broken()), {"prepaid_ledger"})
        self.assertIn("movements 50", self.broken()["prepaid_ledger"][0])

    def test_an_invoice_line_that_takes_more_than_was_drawn(self):
        line = self.env["account.move.line"].search([("usage_prepaid_balance_id", "=", self.balance.id)])
        self.change(
            "account_move_line",
            "UPDATE account_move_line SET amount_currency = amount_currency + 1 WHERE id = %s",
            line.filtered(lambda item: item.account_id == self.owed).id,
        )
        self.assertEqual(set(self.broken()), {"prepaid_lines", "prepaid_ledger", "invoice_total"})

    def test_more_recognised_than_billed(self):
        self.change(
            "usage_prepaid_grant",
            "UPDATE usage_prepaid_grant SET amount_recognised = 101 WHERE id = %s",
            self.grant.id,
        )
        self.assertEqual(set(self.broken()), {"prepaid_recognised"})
        self.assertIn("billed 100", self.broken()["prepaid_recognised"][0])

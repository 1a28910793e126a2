"""Prepaid balances: bought, drawn by invoices of usage, given back, taken back; the ledger beside them."""

from datetime import date

import psycopg2

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_prepaid import FIRST, PrepaidCommon


@tagged("post_install", "-at_install")
class TestPrepaid(PrepaidCommon):
    # -- bought ------------------------------------------------------------

    def test_a_purchase_is_a_liability_and_a_grant(self):
        move = self.buy(100)
        balance = self.balance_of()
        self.assertEqual(move.invoice_line_ids.account_id, self.owed)
        self.assertEqual((balance.amount, balance.amount_available, self.booked(self.owed)), (100, 100, 100))
        grant = balance.grant_ids
        self.assertEqual((grant.kind, grant.state, grant.purchase_move_id), ("bought", "open", move))
        self.assertEqual((grant.amount_granted, grant.amount_drawn, grant.amount_liability), (100, 0, 100))
        self.assertEqual(self.contract.usage_prepaid_amount, 100)
        self.assertEqual(self.customer.usage_prepaid_count, 1)
        self.assertBooks()

    def test_two_purchases_fill_one_balance(self):
        self.buy(100)
        self.buy(50)
        self.assertEqual((len(self.balance_of()), self.balance_of().amount), (1, 150))

    def test_a_draft_grants_nothing(self):
        move = self.buy(100)
        move.button_draft()
        self.assertEqual((self.balance_of().amount, self.balance_of().grant_ids.state), (0, "gone"))
        move.action_post()
        self.assertEqual(self.balance_of().amount, 100)
        self.assertEqual(len(self.balance_of().grant_ids), 2)
        self.assertBooks()

    def test_what_must_be_paid_first_is_drawn_after_payment(self):
        self.company.usage_prepaid_available = "paid"
        move = self.buy(100)
        self.assertEqual((self.balance_of().grant_ids.state, self.balance_of().amount_available), ("waiting", 0))
        self.use(500)
        self.assertEqual(self.bill().amount_total, 5)
        self.env["account.payment.register"].with_context(active_model="account.move", active_ids=move.ids).create(
            {}
        )._create_payments()
        self.balance_of().invalidate_recordset()
        self.assertEqual((self.balance_of().grant_ids.state, self.balance_of().amount_available), ("open", 100))
        self.use(500, date(2026, 2, 15))
        self.assertEqual(self.bill(date(2026, 3, 1)).amount_total, 0)
        self.assertBooks()

    def test_a_purchase_without_an_account_is_refused(self):
        self.company.usage_prepaid_account_id = False
        with self.assertRaisesRegex(UserError, "liability account"):
            self.buy(100)

    # -- drawn -------------------------------------------------------------

    def test_an_invoice_shows_usage_and_the_line_that_pays_for_it(self):
        self.buy(100)
        self.use(1200)
        move = self.bill()
        line = move.invoice_line_ids.filtered("usage_prepaid_balance_id")
        self.assertEqual((line.price_subtotal, line.account_id, move.amount_total), (-12, self.owed, 0))
        self.assertIn("88.00 left", line.name.replace("\xa0", " "))
        self.assertEqual(move.state, "posted")
        self.assertEqual((self.balance_of().amount, self.booked(self.owed), self.booked(self.income)), (88, 88, 12))
        self.assertEqual(line.usage_prepaid_move_ids.mapped("amount"), [-12])
        self.assertEqual(move.usage_prepaid_count, 1)
        self.assertBooks()

    def test_what_is_not_enough_pays_a_part(self):
        self.buy(10)
        self.use(1200)
        self.assertEqual(self.bill().amount_total, 2)
        self.assertEqual((self.balance_of().amount, self.balance_of().grant_ids.state), (0, "used"))
        self.assertBooks()

    def test_fixed_fees_are_not_paid(self):
        fee = self.make_contract(
            [
                {"name": "Fee", "product_id": self.product_service.id, "specific_price": 99},
                self.usage_line(self.line.usage_rate_card_id),
            ]
        )
        self.make_subjects(fee.contract_line_ids.filtered("is_usage"), 1, prefix="FEE")
        self.buy(100)
        self.use(300, subject="FEE0001")
        self.assertEqual(self.bill(contracts=fee).amount_total, 99)
        self.assertBooks()

    def test_a_balance_of_one_contract_pays_for_that_one(self):
        other = self.make_contract([self.usage_line(self.line.usage_rate_card_id)])
        self.make_subjects(other.contract_line_ids, 1, prefix="OTH")
        own = self.env["usage.prepaid.balance"].create({"partner_id": self.customer.id, "contract_id": other.id})
        own._give(50, "Start", FIRST)
        self.use(500)
        self.use(700, subject="OTH0001")
        first = self.bill()
        second = self.bill(contracts=other)
        self.assertEqual((first.amount_total, second.amount_total, own.amount), (5, 0, 43))

    def test_the_order_is_priority_then_end_then_promotion_then_age(self):
        self.buy(3)
        balance = self.balance_of()
        bought = balance.grant_ids
        late = balance._give(3, "Late", FIRST, date(2027, 1, 1))
        soon = balance._give(3, "Soon", FIRST, date(2026, 6, 1))
        free = balance._give(3, "Free", FIRST)
        first = balance._give(3, "First", FIRST, priority=1)
        self.use(1300)  # 13.00: 3 + 3 + 3 + 3 + 1
        self.assertEqual(self.bill().amount_total, 0)
        self.assertEqual([g.amount_drawn for g in (first, soon, late, free, bought)], [3, 3, 3, 3, 1])
        self.assertBooks()

    def test_what_has_ended_or_not_begun_pays_nothing(self):
        balance = self.env["usage.prepaid.balance"].create({"partner_id": self.customer.id})
        balance._give(10, "Ended", FIRST, date(2026, 2, 1))
        balance._give(10, "Next year", date(2027, 1, 1))
        self.use(500)
        self.assertEqual(self.bill().amount_total, 5)  # dated 1 February

    def test_promotional_money_lowers_revenue_and_owes_nothing(self):
        balance = self.env["usage.prepaid.balance"].create({"partner_id": self.customer.id})
        grant = balance._give(4, "Welcome", FIRST)
        self.use(500)
        move = self.bill()
        self.assertEqual((move.amount_total, self.booked(self.owed), self.booked(self.income)), (1, 0, 1))
        self.assertEqual((grant.amount_drawn, grant.amount_liability), (4, 0))
        other = balance._give(4, "More", FIRST)
        other.action_take_back()
        self.assertEqual((other.state, balance.amount), ("gone", 0))
        self.assertBooks()

    def test_a_difference_on_an_invoice_of_its_own_is_paid_too(self):
        self.buy(100)
        self.use(500)
        self.bill()
        self.contract.usage_adjustment_policy = "own_invoice"
        self.use(300, date(2026, 1, 20))
        found = self.contract._usage_adjust()
        self.assertEqual((found.move_id.amount_total, self.balance_of().amount), (0, 92))
        self.assertBooks()

    def test_a_credit_for_less_usage_goes_back_into_the_balance(self):
        self.metric.accept_negative = True
        self.buy(4)
        self.use(500)
        self.bill()  # 5.00, of which 4 are paid
        self.contract.usage_adjustment_policy = "own_invoice"
        self.use(-300, date(2026, 1, 20))
        note = self.contract._usage_adjust().move_id
        self.assertEqual((note.move_type, note.amount_total, self.balance_of().amount), ("out_refund", 0, 3))
        self.use(-200, date(2026, 1, 21))
        note = self.contract._usage_adjust().filtered(lambda a: a.amount == -2).move_id
        self.assertEqual((note.amount_total, self.balance_of().amount), (1, 4))
        self.assertBooks()

    def test_a_negative_line_is_not_paid_for(self):
        self.metric.accept_negative = True
        self.buy(100)
        line = self.usage_line(self.line.usage_rate_card_id)
        both = self.make_contract([line, {**line, "name": "Returns"}])
        one, two = both.contract_line_ids
        self.make_subjects(one, 1, prefix="ONE")
        self.make_subjects(two, 1, prefix="TWO")
        self.use(1000, subject="ONE0001")
        self.use(-300, subject="TWO0001")
        move = self.bill(contracts=both)
        self.assertEqual((move.amount_total, self.balance_of().amount), (0, 93))
        self.assertBooks()

    # -- given back --------------------------------------------------------

    def test_a_cancelled_draft_gives_its_money_back_once(self):
        self.contract.usage_invoice_policy = "draft"
        self.buy(100)
        self.use(1200)
        move = self.bill()
        self.assertEqual((self.balance_of().amount, self.booked(self.owed)), (88, 100))
        self.assertBooks()
        move.button_cancel()
        self.assertEqual(self.balance_of().amount, 100)
        move.line_ids._give_back_draws()
        self.assertEqual(self.balance_of().amount, 100)
        with self.assertRaises(UserError):
            move.button_draft()
        move.unlink()
        self.assertEqual(self.balance_of().amount, 100)
        self.assertEqual(self.bill().amount_total, 0)
        self.assertEqual(self.balance_of().amount, 88)
        self.assertBooks()

    def test_a_deleted_draft_gives_its_money_back(self):
        self.contract.usage_invoice_policy = "draft"
        self.buy(100)
        self.use(1200)
        self.bill().unlink()
        self.assertEqual(self.balance_of().amount, 100)
        self.assertBooks()

    def test_a_line_of_a_draft_is_deleted_but_not_changed(self):
        self.contract.usage_invoice_policy = "draft"
        self.buy(100)
        self.use(1200)
        move = self.bill()
        line = move.invoice_line_ids.filtered("usage_prepaid_balance_id")
        with self.assertRaisesRegex(UserError, "stays as it is"):
            line.price_unit = -3
        line.unlink()
        self.assertEqual((move.amount_total, self.balance_of().amount), (12, 100))
        move.action_post()
        self.assertBooks()

    def test_a_credit_note_gives_back_what_was_drawn(self):
        self.buy(100)
        self.use(1200)
        move = self.bill()
        note = self.credit(move)
        self.assertEqual((note.amount_total, self.balance_of().amount, self.booked(self.owed)), (0, 100, 100))
        self.assertBooks()
        with self.assertRaisesRegex(UserError, "more prepaid money"):
            self.credit(move)

    def test_credit_notes_of_parts_give_back_parts(self):
        self.buy(100)
        self.use(1200)
        move = self.bill()
        self.credit(move, 0.25)
        self.assertEqual(self.balance_of().amount, 91)
        self.credit(move, 0.5)
        self.assertEqual((self.balance_of().amount, self.booked(self.owed)), (97, 97))
        with self.assertRaises(UserError):
            self.credit(move, 0.5)

    def test_a_credit_note_that_is_a_draft_again_takes_the_money_again(self):
        self.buy(100)
        self.use(1200)
        move = self.bill()
        note = self.credit(move)
        note.button_draft()
        self.assertEqual((self.balance_of().amount, self.booked(self.owed)), (88, 88))
        note.action_post()
        self.assertEqual(self.balance_of().amount, 100)
        self.assertBooks()

    def test_a_credited_purchase_takes_back_what_is_left_and_no_more(self):
        move = self.buy(100)
        self.use(1200)
        self.bill()
        with self.assertRaisesRegex(UserError, "12.0* more prepaid money"), self.env.cr.savepoint():
            self.credit(move)
        self.credit(move, 0.88)
        self.assertEqual((self.balance_of().amount, self.booked(self.owed)), (0, 0))
        grant = self.balance_of().grant_ids
        self.assertEqual((grant.amount_granted, grant.amount_drawn), (12, 12))
        self.assertBooks()

    def test_a_purchase_that_was_used_stays_posted(self):
        move = self.buy(100)
        self.use(1200)
        self.bill()
        with self.assertRaisesRegex(UserError, "stays posted"):
            move.button_draft()

    # -- PostgreSQL --------------------------------------------------------

    @mute_logger("odoo.sql_db")
    def test_postgresql_refuses_what_would_break_the_ledger(self):
        self.buy(100)
        grant = self.balance_of().grant_ids
        statements = (
            "UPDATE usage_prepaid_move SET amount = 50",
            "DELETE FROM usage_prepaid_move",
            "UPDATE usage_prepaid_grant SET amount_remaining = 200",
            "UPDATE usage_prepaid_balance SET amount = 200",
            "DELETE FROM usage_prepaid_grant",
        )
        for statement in statements:
            with self.subTest(statement), self.assertRaises(psycopg2.Error), self.env.cr.savepoint():
                self.env.cr.execute(statement)
        with self.assertRaises(psycopg2.errors.CheckViolation), self.env.cr.savepoint():
            grant._record("draw", self.money(-101))
        draw = grant._record("draw", self.money(-10))
        with self.assertRaises(psycopg2.errors.CheckViolation), self.env.cr.savepoint():
            grant._record("give_back", self.money(11), draw_id=draw.id)
        draw._undo()
        with self.assertRaises(psycopg2.errors.UniqueViolation), self.env.cr.savepoint():
            grant._record("give_back", self.money(10), reverses_id=draw.id)

    def test_a_used_balance_keeps_its_terms(self):
        self.buy(100)
        with self.assertRaisesRegex(UserError, "keeps its customer"):
            self.balance_of().tax_policy = "at_use"
        with self.assertRaises(UserError):
            self.balance_of().unlink()

    def test_promotions_by_the_wizard(self):
        balance = self.env["usage.prepaid.balance"].create({"partner_id": self.customer.id})
        vals = {"balance_id": balance.id, "amount": 7, "name": "Sorry"}
        self.env["usage.prepaid.promotion"].create(vals).action_give()
        self.assertEqual((balance.amount, balance.grant_ids.name), (7, "Sorry"))
        self.assertEqual(balance._available(), self.money(7))
        with self.assertRaises(UserError):
            self.env["usage.prepaid.promotion"].create({**vals, "amount": 0}).action_give()

    # -- contracts together ------------------------------------------------

    def test_contracts_on_one_invoice_are_paid_each_by_its_own(self):
        other = self.make_contract([self.usage_line(self.line.usage_rate_card_id)], name="Second")
        self.make_subjects(other.contract_line_ids, 1, prefix="OTH")
        both = self.contract | other
        both.usage_invoice_together = True
        own = self.env["usage.prepaid.balance"].create({"partner_id": self.customer.id, "contract_id": other.id})
        own._give(5, "Own", FIRST)
        self.buy(6)
        self.use(500)
        self.use(700, subject="OTH0001")
        move = self.bill(contracts=both)
        self.assertEqual((len(move), move.amount_total, own.amount), (1, 1, 0))
        self.assertBooks()

    def test_a_product_of_another_account_is_refused(self):
        self.buy(1)
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_date": FIRST,
                "invoice_line_ids": [
                    Command.create({"product_id": self.voucher.id, "price_unit": 5, "account_id": self.income.id})
                ],
            }
        )
        with self.assertRaisesRegex(UserError, "Set that account"):
            move.action_post()

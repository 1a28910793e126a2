"""Prepaid revenue: what expires, breakage that is expected, commitments that are billed in advance."""

from datetime import date

import psycopg2

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common_prepaid import FIRST, PrepaidCommon

JUNE = date(2026, 6, 30)


@tagged("post_install", "-at_install")
class TestBreakage(PrepaidCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.voucher.usage_prepaid_months = 6

    def test_what_is_not_used_is_revenue_on_its_last_day(self):
        self.buy(100)
        self.use(1200)
        self.bill()
        grant = self.balance_of().grant_ids
        self.assertEqual((grant.date_end, grant.expires_on), (date(2026, 7, 1), JUNE))
        self.assertFalse(self.recognise(date(2026, 6, 29)).line_ids)
        each = self.recognise(JUNE)
        self.assertEqual((each.line_ids.kind, each.line_ids.amount_expired, each.amount), ("expired", 88, 88))
        entry = each.line_ids.prepaid_move_id.move_id
        self.assertEqual((entry.date, entry.state, len(entry.line_ids)), (JUNE, "posted", 2))
        self.assertEqual((self.booked(self.owed), self.booked(self.breakage), self.balance_of().amount), (0, 88, 0))
        self.assertEqual((grant.state, grant.amount_expired, grant.amount_recognised), ("ended", 88, 88))
        self.assertFalse(self.recognise(JUNE).line_ids)
        self.assertBooks()

    def test_a_later_run_dates_it_on_its_last_day_as_well(self):
        self.buy(100)
        each = self.recognise(date(2026, 9, 30))
        self.assertEqual(each.line_ids.prepaid_move_id.move_id.date, JUNE)

    def test_money_waits_for_an_invoice_that_will_be_dated_on_its_days(self):
        self.contract.usage_grace_days = 20
        self.voucher.usage_prepaid_months = 1
        self.buy(8, date(2026, 1, 10))
        self.use(500)
        self.assertFalse(self.recognise(date(2026, 2, 15)).line_ids, "January's invoice is dated 1 February")
        self.bill(date(2026, 2, 21))
        self.assertEqual(self.balance_of().amount, 3)
        expired = self.recognise(date(2026, 2, 28)).line_ids
        self.assertEqual((expired.date, expired.amount), (date(2026, 2, 9), 3))
        self.assertBooks()

    def test_promotional_money_expires_without_an_entry(self):
        balance = self.env["usage.prepaid.balance"].create({"partner_id": self.customer.id})
        balance._give(20, "Bonus", FIRST, date(2026, 7, 1))
        each = self.recognise(JUNE)
        self.assertEqual((each.line_ids.amount_expired, each.amount, balance.amount), (20, 0, 0))
        self.assertFalse(each.line_ids.prepaid_move_id.move_id)
        self.assertBooks()

    def test_what_is_given_back_after_it_expired_expires_again(self):
        self.buy(100)
        self.use(1200)
        move = self.bill()
        self.recognise(JUNE)
        self.credit(move)
        self.assertEqual((self.balance_of().amount, self.balance_of().amount_available), (12, 0))
        self.recognise(date(2026, 7, 31))
        self.assertEqual((self.balance_of().amount, self.booked(self.breakage), self.booked(self.owed)), (0, 100, 0))
        self.assertBooks()

    def test_a_preview_that_is_stale_is_shown_again(self):
        self.buy(100)
        self.use(1200)
        each = self.env["usage.recognition"].create({"date": JUNE})
        each.action_prepare()
        self.bill()
        self.assertEqual(each.action_post()["tag"], "display_notification")
        self.assertEqual((each.state, each.amount), ("draft", 88))
        self.assertIs(each.action_post(), True)
        with self.assertRaises(UserError):
            each.action_prepare()
        with self.assertRaises(UserError):
            each.unlink()
        with self.assertRaisesRegex(UserError, "stays"):
            each.line_ids.prepaid_move_id.move_id.button_draft()

    def test_a_locked_date_is_refused_by_the_locks_that_hold_for_its_journal(self):
        self.buy(100)
        each = self.env["usage.recognition"].create({"date": JUNE})
        each.action_prepare()
        refusing, others = ("fiscalyear_lock_date", "hard_lock_date"), ("tax_lock_date", "sale_lock_date")
        for field in refusing + others:
            with self.subTest(lock=field), self.env.cr.savepoint() as savepoint:
                self.company[field] = JUNE
                if field in refusing:
                    for refused in (each.action_post, each.action_prepare):
                        with self.assertRaisesRegex(UserError, "2026-06-30 is locked"):
                            refused()
                    self.assertEqual((each.state, self.booked(self.breakage)), ("draft", 0))
                else:
                    each.action_post()
                    self.assertEqual(each.line_ids.prepaid_move_id.move_id.date, JUNE)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_what_expired_in_a_locked_month_is_shown_and_booked_on_the_documents_own_date(self):
        self.buy(100)
        each = self.env["usage.recognition"].create({"date": date(2026, 9, 30)})
        each.action_prepare()
        self.assertEqual(each.line_ids.date, JUNE)
        self.company.fiscalyear_lock_date = JUNE
        self.assertEqual(each.action_post()["tag"], "display_notification", "it is another day than was seen")
        self.assertEqual(each.line_ids.date, date(2026, 9, 30))
        self.assertIs(each.action_post(), True)
        movement = each.line_ids.prepaid_move_id
        self.assertEqual((movement.move_id.date, movement.date), (date(2026, 9, 30), JUNE))
        self.assertBooks()

    def test_the_scheduled_action_says_that_the_month_is_locked(self):
        self.buy(100)
        self.company.fiscalyear_lock_date = date(2099, 12, 31)
        each = self.env["usage.recognition"].create({"company_id": self.company.id, "date": JUNE})
        each._recognise_by_itself()
        self.assertEqual(each.state, "draft")
        self.assertIn("locked", each.activity_ids[:1].note)

    @mute_logger("odoo.sql_db")
    def test_a_rest_cannot_expire_twice(self):
        self.buy(100)
        grant = self.balance_of().grant_ids
        grant._record("expiry", self.money(-40), date=JUNE)
        with self.assertRaises(psycopg2.errors.UniqueViolation), self.env.cr.savepoint():
            grant._record("expiry", self.money(-40), date=JUNE)

    def test_expected_breakage_is_revenue_in_proportion_to_use(self):
        self.company.usage_prepaid_breakage = 20
        self.buy(100)
        grant = self.balance_of().grant_ids
        self.use(4000)
        self.bill()  # 40 of the 80 that are expected to be used: half of the breakage of 20
        self.recognise(date(2026, 2, 28))
        self.assertEqual((self.booked(self.breakage), self.booked(self.owed), grant.amount_remaining), (10, 50, 60))
        self.assertBooks()
        self.use(5000, date(2026, 2, 15))
        self.bill(date(2026, 3, 1))  # 90 are used: no more than the 10 that are left can be breakage
        self.recognise(date(2026, 3, 31))
        self.assertEqual((self.booked(self.breakage), self.booked(self.owed), grant.amount_remaining), (10, 0, 10))
        self.use(500, date(2026, 3, 15))
        self.bill(date(2026, 4, 1))  # 95: the breakage of before was too much
        self.recognise(date(2026, 4, 30))
        self.assertEqual((self.booked(self.breakage), self.booked(self.owed), grant.amount_remaining), (5, 0, 5))
        self.recognise(JUNE)
        self.assertEqual((self.booked(self.breakage), grant.amount_remaining), (5, 0))
        self.assertBooks()

    def test_the_scheduled_action_is_off_and_works(self):
        self.assertFalse(self.env.ref("odoo_usage_billing.cron_recognition").active)
        self.buy(100)
        each = self.env["usage.recognition"].create({"date": JUNE})
        each._recognise_by_itself()
        self.assertEqual((each.state, self.booked(self.breakage)), ("posted", 100))
        again = self.env["usage.recognition"].create({"date": JUNE})
        again._recognise_by_itself()
        self.assertFalse(again.exists())

    def test_what_stops_the_scheduled_action_is_told(self):
        self.buy(100)
        self.company.usage_prepaid_income_account_id = False
        self.company.income_account_id = False
        self.env["account.journal"].search([("type", "=", "sale")]).default_account_id = False
        each = self.env["usage.recognition"].create({"date": JUNE})
        each._recognise_by_itself()
        self.assertEqual(each.state, "draft")
        self.assertIn("has no account", each.activity_ids[:1].note)

    def test_accountants_recognise_and_operators_do_not(self):
        self.buy(100)
        accountant = new_test_user(self.env, login="prepaid_acc", groups="account.group_account_user")
        operator = new_test_user(self.env, login="prepaid_op", groups="odoo_usage_billing.group_usage_operator")
        each = self.env["usage.recognition"].with_user(accountant).create({"date": JUNE})
        each.action_prepare()
        self.assertIs(each.action_post(), True)
        self.assertFalse(self.env["usage.recognition"].with_user(operator).has_access("create"))


@tagged("post_install", "-at_install")
class TestAdvance(PrepaidCommon):
    """A year of 1,200 is billed in January; a page costs 0.01."""

    def bill_year(self, first=1, last=12):
        for month in range(first, last + 1):
            self.bill(date(2026 + month // 12, month % 12 + 1, 1))

    def test_the_term_is_billed_once_and_deferred(self):
        commitment = self.promise()
        move = commitment._bill_term(FIRST)
        self.assertEqual((move.amount_total, move.state, self.booked(self.deferred)), (1200, "posted", 1200))
        self.assertFalse(commitment._bill_term(date(2026, 5, 1)))
        with self.assertRaises(UserError):
            commitment.action_bill_term()
        grant = commitment.prepaid_grant_ids
        self.assertEqual((grant.date_start, grant.date_end, grant.validity), (FIRST, date(2027, 1, 1), "usage"))
        self.assertBooks()

    def test_by_use_usage_draws_and_the_rest_is_revenue_when_all_is_invoiced(self):
        commitment = self.promise()
        commitment._bill_term(FIRST)
        self.use(50000)
        move = self.bill()
        self.assertEqual((move.amount_total, self.booked(self.deferred), self.booked(self.income)), (0, 700, 500))
        self.assertIn("Spend 2026", move.invoice_line_ids.filtered("usage_prepaid_balance_id").name)
        self.use(60000, date(2026, 11, 10))
        self.bill_year(2, 11)
        december = date(2026, 12, 31)
        self.assertFalse(self.recognise(december).line_ids, "December is not invoiced yet")
        self.bill(date(2027, 1, 1))
        self.assertEqual(self.booked(self.deferred), 100)
        each = self.recognise(date(2027, 1, 31))
        self.assertEqual((each.line_ids.kind, each.line_ids.date, each.amount), ("expired", december, 100))
        # All that was billed is revenue, and nothing more.
        self.assertEqual((self.booked(self.deferred), self.booked(self.income)), (0, 1200))
        self.assertBooks()

    def test_a_promise_that_another_company_pays_covers_usage_that_it_pays(self):
        payer = self.env["res.partner"].create({"name": "Head office", "is_company": True})
        self.contract.invoice_partner_id = payer
        commitment = self.promise()
        move = commitment._bill_term(FIRST)
        self.assertEqual((move.partner_id, commitment.prepaid_balance_ids.partner_id), (payer, payer))
        self.use(50000)
        self.assertEqual((self.bill().amount_total, self.booked(self.deferred)), (0, 700))
        self.assertEqual(self.contract.usage_prepaid_amount, 700)
        with self.assertRaisesRegex(UserError, "another customer"):
            self.contract.invoice_partner_id = self.customer
        self.assertBooks()

    def test_what_lies_above_the_promise_is_paid_as_usual(self):
        commitment = self.promise(overage_factor=1.5)
        commitment._bill_term(FIRST)
        self.use(150000)
        move = self.bill()  # 1500 + 150 for the overage, less 1200
        self.assertEqual((move.amount_total, self.booked(self.deferred)), (450, 0))
        self.assertBooks()

    def test_by_days_each_month_earns_its_days(self):
        commitment = self.promise(prepaid_recognition="days")
        commitment._bill_term(FIRST)
        self.use(50000)
        move = self.bill()
        self.assertEqual((move.amount_total, self.booked(self.income), self.booked(self.deferred)), (0, 0, 1200))
        self.recognise(date(2026, 1, 31))  # 1200 x 31 / 365
        self.assertEqual((self.booked(self.income), self.booked(self.deferred)), (101.92, 1098.08))
        self.recognise(date(2026, 2, 28))  # 1200 x 59 / 365
        self.assertEqual(self.booked(self.income), 193.97)
        self.assertFalse(self.recognise(date(2026, 2, 28)).line_ids)
        self.bill_year(2)
        each = self.recognise(date(2026, 12, 31))
        self.assertEqual((self.booked(self.income), self.booked(self.deferred)), (1200, 0))
        expired = each.line_ids.filtered(lambda line: line.kind == "expired")
        self.assertEqual((expired.amount_expired, expired.amount), (700, 0))
        self.assertEqual(commitment.prepaid_balance_ids.amount, 0)
        self.assertBooks()

    def test_an_early_end_trues_up(self):
        commitment = self.promise(prepaid_recognition="days")
        commitment._bill_term(FIRST)
        self.recognise(date(2026, 3, 31))  # 1200 x 90 / 365
        self.assertEqual(self.booked(self.income), 295.89)
        commitment.date_end = date(2026, 7, 1)
        self.assertEqual(commitment.prepaid_grant_ids.date_end, date(2026, 7, 1))
        self.recognise(date(2026, 4, 30))  # 1200 x 120 / 181
        self.assertEqual(self.booked(self.income), 795.58)
        self.recognise(JUNE)
        self.assertEqual((self.booked(self.income), self.booked(self.deferred)), (1200, 0))
        self.assertBooks()

    def test_a_credited_part_is_not_earned(self):
        commitment = self.promise(prepaid_recognition="days")
        move = commitment._bill_term(FIRST)
        self.recognise(JUNE)  # 1200 x 181 / 365
        self.assertEqual(self.booked(self.income), 595.07)
        self.credit(move, 0.5)
        self.recognise(JUNE)  # 600 x 181 / 365
        self.assertEqual((self.booked(self.income), self.booked(self.deferred)), (297.53, 302.47))
        self.recognise(date(2026, 12, 31))
        self.assertEqual((self.booked(self.income), self.booked(self.deferred)), (600, 0))
        self.assertBooks()

    def test_a_cancelled_draft_may_be_billed_again(self):
        self.contract.usage_invoice_policy = "draft"
        commitment = self.promise()
        move = commitment._bill_term(FIRST)
        self.assertFalse(commitment.prepaid_grant_ids)
        move.button_cancel()
        self.assertTrue(commitment._bill_term(FIRST))

    def test_the_contract_says_whether_the_term_is_posted_and_sent(self):
        self.contract.usage_invoice_policy = "send"
        move = self.promise()._bill_term(FIRST)
        self.assertEqual((move.state, move.usage_send_state), ("posted", "waiting"))

    def test_each_term_has_a_grant_of_its_own(self):
        commitment = self.promise(term="quarterly")
        commitment._bill_term(FIRST)
        commitment._bill_term(date(2026, 4, 1))
        self.use(200000, date(2026, 1, 10))
        self.bill()  # the first quarter's 1200 of 2000
        first, second = commitment.prepaid_grant_ids.sorted("date_start")
        self.assertEqual((first.amount_remaining, second.amount_remaining), (0, 1200))
        self.assertEqual((first.date_end, second.date_start), (date(2026, 4, 1), date(2026, 4, 1)))

    @mute_logger("odoo.sql_db")
    def test_a_promise_in_advance_is_an_amount_without_a_shortfall(self):
        with self.assertRaises(psycopg2.errors.CheckViolation), self.env.cr.savepoint():
            self.promise(true_up=True)
        with self.assertRaises(psycopg2.errors.CheckViolation), self.env.cr.savepoint():
            self.promise(term="period")

    def test_the_daily_job_bills_what_begins(self):
        commitment = self.promise()
        with self.enter_registry_test_mode():
            self.env.ref("odoo_usage_billing.cron_commitment_advance").method_direct_trigger()
        lines = self.env["account.move.line"].search([("usage_commitment_id", "=", commitment.id)])
        self.assertEqual(len(lines), 1)

    def test_the_deal_belongs_to_its_lines(self):
        other = self.make_contract([self.usage_line(self.line.usage_rate_card_id)])
        self.make_subjects(other.contract_line_ids, 1, prefix="OTH")
        self.promise()._bill_term(FIRST)
        self.use(700, subject="OTH0001")
        self.assertEqual(self.bill(contracts=other).amount_total, 7)

"""Month-end accruals: what is unbilled, posted and reversed; run again, refused, by itself."""

from datetime import date

import psycopg2

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common_accrual import FEBRUARY, JANUARY, AccrualCommon


@tagged("post_install", "-at_install")
class TestAccrual(AccrualCommon):
    """A page costs 0.01 unless a test says otherwise."""

    # -- the entry and its reversal ----------------------------------------

    def test_a_preview_posts_nothing(self):
        self.use(500)
        accrual = self.preview()
        self.assertEqual(accrual.amount, 5)
        self.assertFalse(accrual.move_id)
        self.assertEqual(self.revenue(date(2026, 1, 1), date(2026, 12, 31)), 0)
        line = accrual.line_ids
        self.assertEqual((line.contract_line_id, line.quantity, line.account_id), (self.line, 500, self.income))
        self.assertIn("Units: 5.00", line.explanation)

    def test_entry_and_reversal_are_posted_and_mirror_each_other(self):
        self.use(500)
        accrual = self.accrue()
        move, mirror = accrual.move_id, accrual.reversal_move_id
        self.assertEqual((move.state, mirror.state), ("posted", "posted"))
        self.assertEqual((move.date, mirror.date), (JANUARY, date(2026, 2, 1)))
        self.assertEqual(mirror.reversed_entry_id, move)
        self.assertEqual(self.balance(self.asset, JANUARY), 5)
        self.assertEqual(self.balance(self.asset, date(2026, 2, 1)), 0)
        self.assertEqual(accrual.line_ids.move_line_id.account_id, self.income)
        self.assertEqual(accrual.line_ids.move_line_id.move_id, move)
        self.assertEqual((move.usage_accrual_count, mirror.usage_accrual_count), (1, 1))
        self.assertEqual(move.action_view_usage_accruals()["res_id"], accrual.id)
        self.assertEqual(self.contract.usage_accrual_count, 1)

    def test_accrual_reversal_and_invoice_leave_the_revenue_in_its_month(self):
        self.use(500)
        accrual = self.accrue()
        self.run_billing(contracts=self.contract)
        self.assertEqual(self.revenue(date(2026, 1, 1), JANUARY), 5)
        self.assertEqual(self.revenue(date(2026, 2, 1), FEBRUARY), 0)
        self.assertEqual(self.balance(self.asset, FEBRUARY), 0)
        invoice = self.line.usage_period_ids.move_id
        self.assertEqual(invoice.amount_untaxed, accrual.amount)

    def test_an_accepted_difference_is_owed_until_an_invoice_bills_it(self):
        self.use(500)
        self.run_billing(contracts=self.contract)
        self.use(200, date(2026, 1, 20))
        adjustment = self.contract._usage_look()
        self.assertEqual(adjustment.amount, 2)
        self.assertEqual(self.preview(FEBRUARY).amount, 0)
        adjustment.action_accept()
        self.use(300, date(2026, 2, 10))
        accrual = self.accrue(FEBRUARY)
        self.assertEqual(accrual.amount, 5)
        self.assertEqual(accrual.line_ids.sorted("date_start").mapped("amount"), [2, 3])
        self.run_billing(date(2026, 3, 1), self.contract)
        self.assertEqual(self.revenue(date(2026, 2, 2), FEBRUARY), 5)
        self.assertEqual(self.revenue(date(2026, 3, 1), date(2026, 3, 31)), 0)

    def test_a_year_ends_with_its_own_revenue(self):
        self.contract.contract_line_ids.write({"date_start": date(2025, 12, 1)})
        self.use(700, date(2025, 12, 20))
        self.use(300, date(2026, 1, 20))
        self.accrue(date(2025, 12, 31))
        self.run_billing(date(2026, 2, 1), self.contract)
        self.assertEqual(self.revenue(date(2025, 1, 1), date(2025, 12, 31)), 7)
        self.assertEqual(self.revenue(date(2026, 1, 1), date(2026, 12, 31)), 3)

    def test_negative_usage_accrues_the_other_way_round(self):
        self.metric.accept_negative = True
        self.use(-500)
        accrual = self.accrue()
        self.assertEqual(accrual.amount, -5)
        self.assertEqual(self.balance(self.asset, JANUARY), -5)
        self.assertEqual(self.balance(self.asset, FEBRUARY), 0)

    def test_analytic_distribution_is_that_of_the_invoice(self):
        plan = self.env["account.analytic.plan"].create({"name": "Sites"})
        site = self.env["account.analytic.account"].create({"name": "North", "plan_id": plan.id})
        self.line.analytic_distribution = {str(site.id): 100}
        self.use(500)
        accrual = self.accrue()
        self.assertEqual(accrual.line_ids.move_line_id.analytic_distribution, {str(site.id): 100})
        self.run_billing(contracts=self.contract)
        items = self.env["account.analytic.line"].search([(plan._column_name(), "=", site.id)])
        self.assertEqual(sorted(items.mapped("amount")), [-5, 5, 5])

    def test_taxes_included_in_prices_are_no_revenue(self):
        tax = self.env["account.tax"].create(
            {"name": "25 in", "amount": 25, "price_include_override": "tax_included", "type_tax_use": "sale"}
        )
        self.product_pages.taxes_id = tax
        self.use(500)
        self.assertEqual(self.preview().amount, 4)
        self.run_billing(contracts=self.contract)
        self.assertEqual(self.line.usage_period_ids.move_id.amount_untaxed, 4)

    # -- which usage -------------------------------------------------------

    def test_days_after_the_date_do_not_count(self):
        self.use(500)
        self.use(900, date(2026, 2, 2))
        self.assertEqual(self.preview().amount, 5)
        self.assertEqual(self.preview(date(2026, 2, 2)).amount, 14)

    def test_several_open_months_are_a_line_each(self):
        self.use(500)
        self.use(900, date(2026, 2, 2))
        lines = self.preview(FEBRUARY).line_ids.sorted("date_start")
        self.assertEqual(lines.mapped("amount"), [5, 9])

    def test_what_is_billed_by_the_date_never_accrues(self):
        self.use(500)
        self.run_billing(contracts=self.contract)
        self.assertFalse(self.preview(date(2026, 2, 1)).line_ids)
        self.use(900, date(2026, 2, 2))
        self.assertEqual(self.preview(FEBRUARY).line_ids.mapped("amount"), [9])

    def test_a_month_whose_invoice_has_a_later_date_still_belongs_to_its_month(self):
        self.use(500)
        before = self.preview()
        self.run_billing(contracts=self.contract)
        after = self.preview()
        self.assertEqual(self.line.usage_period_ids.move_id.date, date(2026, 2, 1))
        self.assertEqual(after.amount, before.amount)
        self.assertTrue(after.line_ids.is_charged)

    def test_an_invoice_posted_between_changes_nothing_in_what_was_accrued(self):
        self.use(500)
        self.accrue()
        self.run_billing(contracts=self.contract)
        again = self.preview()
        self.assertEqual(again.amount, 0)
        self.assertIn("Nothing changed", again.action_post()["params"]["message"])
        self.assertEqual(again.state, "draft")

    def test_an_invoice_dated_in_the_month_takes_its_part_out_of_the_next_run(self):
        self.contract.contract_line_ids.write({"recurring_rule_type": "monthlylastday"})
        self.use(500)
        self.accrue()
        self.run_billing(JANUARY, self.contract)
        self.assertEqual(self.line.usage_period_ids.move_id.date, JANUARY)
        self.assertEqual(self.accrue().amount, -5)
        self.assertEqual(self.revenue(date(2026, 1, 1), JANUARY), 5)

    def test_a_draft_invoice_is_not_billed_yet(self):
        self.contract.usage_invoice_policy = "draft"
        self.use(500)
        self.run_billing(contracts=self.contract)
        self.assertEqual(self.preview(FEBRUARY).amount, 5)
        self.line.usage_period_ids.move_id.button_cancel()
        self.assertEqual(self.preview(FEBRUARY).amount, 5)

    def test_a_released_period_accrues_what_it_costs_now(self):
        self.contract.usage_invoice_policy = "draft"
        self.use(500)
        self.run_billing(contracts=self.contract)
        self.line.usage_period_ids.move_id.button_cancel()
        self.use(100, date(2026, 1, 16))
        self.assertEqual(self.preview(FEBRUARY).amount, 6)

    # -- running again -----------------------------------------------------

    def test_running_again_posts_the_difference_only(self):
        self.use(500)
        first = self.accrue()
        self.use(250, date(2026, 1, 16))
        second = self.accrue()
        self.assertEqual((first.amount, second.amount), (5, 2.5))
        self.assertEqual((first.number, second.number), (1, 2))
        self.assertEqual(second.amount_unbilled, 7.5)
        self.assertEqual(self.balance(self.asset, JANUARY), 7.5)
        self.assertEqual(self.balance(self.asset, FEBRUARY), 0)
        self.assertEqual(self.preview().amount, 0)

    def test_a_changed_price_shows_at_the_next_run(self):
        self.use(500)
        self.accrue()
        self.line.usage_override_ids = [
            Command.create({"target": "unit_price", "value": 0.02, "date_start": date(2026, 1, 1)})
        ]
        self.assertEqual(self.accrue().amount, 5)

    def test_another_account_moves_what_was_posted(self):
        self.use(500)
        self.accrue()
        other = self.income.copy({"code": "400777", "name": "Pages"})
        self.product_pages.property_account_income_id = other
        again = self.accrue()
        self.assertEqual(again.amount, 0)
        self.assertEqual(self.revenue(date(2026, 1, 1), JANUARY), 0)
        self.assertEqual(self.balance(other, JANUARY), -5)

    def test_what_changed_since_the_preview_is_shown_before_it_is_posted(self):
        self.use(500)
        accrual = self.preview()
        self.use(250, date(2026, 1, 16))
        self.assertIn("changed since the preview", accrual.action_post()["params"]["message"])
        self.assertEqual((accrual.state, accrual.amount), ("draft", 7.5))
        accrual.action_post()
        self.assertEqual(accrual.state, "posted")

    def test_two_runs_cannot_post_the_same_difference(self):
        self.use(500)
        accrual = self.accrue()
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.UniqueViolation), self.env.cr.savepoint():
            self.env.cr.execute(
                "INSERT INTO usage_accrual (company_id, date, number, state, move_id, reversal_move_id)"
                " SELECT company_id, date, number, state, move_id, reversal_move_id FROM usage_accrual WHERE id = %s",
                (accrual.id,),
            )

    def test_posted_accruals_are_facts(self):
        self.use(500)
        accrual = self.accrue()
        for statement in (
            "UPDATE usage_accrual_line SET amount = 1 WHERE accrual_id = %s",
            "DELETE FROM usage_accrual_line WHERE accrual_id = %s",
            "UPDATE usage_accrual SET date = '2026-01-30' WHERE id = %s",
            "DELETE FROM usage_accrual WHERE id = %s",
        ):
            with (
                self.subTest(statement=statement),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.RestrictViolation),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement, (accrual.id,))
        with self.assertRaises(UserError):
            accrual.unlink()
        with self.assertRaises(UserError):
            accrual.reversal_move_id.button_draft()
        with self.assertRaises(UserError):
            accrual.action_prepare()

    # -- what is refused ---------------------------------------------------

    def test_a_locked_month_is_refused_and_says_so(self):
        self.use(500)
        accrual = self.preview()
        self.company.fiscalyear_lock_date = JANUARY
        with self.assertRaisesRegex(UserError, "locked"):
            accrual.action_post()
        self.assertEqual(self.revenue(date(2026, 1, 1), date(2026, 12, 31)), 0)

    def test_only_locks_that_hold_for_its_journal_refuse_it_and_the_day_of_the_reversal_counts(self):
        self.use(500)
        accrual = self.preview()
        for field, day, is_refused in (
            ("hard_lock_date", JANUARY, True),
            ("fiscalyear_lock_date", date(2026, 2, 1), True),
            ("tax_lock_date", JANUARY, False),
            ("sale_lock_date", JANUARY, False),
        ):
            with self.subTest(lock=field), self.env.cr.savepoint() as savepoint:
                self.company[field] = day
                if is_refused:
                    with self.assertRaisesRegex(UserError, "is locked"):
                        accrual.action_post()
                else:
                    accrual.action_post()
                    self.assertEqual(accrual.move_id.date, JANUARY)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_day_to_come_is_refused(self):
        with self.assertRaisesRegex(UserError, "not known yet"):
            self.preview(date(2999, 1, 31))

    def test_without_an_account_nothing_is_posted(self):
        self.company.usage_accrual_account_id = False
        self.company.revenue_accrual_account_id = False
        self.use(500)
        with self.assertRaisesRegex(UserError, "account for unbilled revenue"):
            self.preview().action_post()
        self.company.revenue_accrual_account_id = self.asset
        self.assertEqual(self.accrue().account_id, self.asset)

    def test_a_contract_that_cannot_be_rated_is_left_out_with_its_reason(self):
        self.use(500)
        self.accrue()
        other = self.make_contract([self.usage_line(self.make_card(charge_model="per_unit", unit_price=1, name="2"))])
        self.make_subjects(other.contract_line_ids, 1, prefix="NEW")
        self.use(3, subject="NEW0001")
        self.line.usage_rate_card_id = self.make_card(
            charge_model="per_unit", date_start=date(2027, 1, 1), name="Later"
        )
        accrual = self.preview()
        self.assertEqual(accrual.skipped_count, 1)
        self.assertIn("no active version", accrual.line_ids.filtered("reason").reason)
        self.assertEqual(accrual.amount, 3)
        self.assertTrue(accrual.action_post() is True)
        self.assertEqual(self.balance(self.asset, JANUARY), 8)

    def test_a_viewer_sees_accruals_and_an_accountant_posts_them(self):
        self.use(500)
        viewer, accountant = (
            new_test_user(
                self.env,
                login=f"accrual_{name}",
                groups=group,
                company_id=self.company.id,
                company_ids=[Command.set(self.company.ids)],
            )
            for name, group in (
                ("viewer", "odoo_usage_billing.group_usage_viewer"),
                ("accountant", "account.group_account_manager"),
            )
        )
        accrual = self.env["usage.accrual"].with_user(accountant).create({"date": JANUARY})
        accrual.action_prepare()
        accrual.action_post()
        self.assertEqual(accrual.state, "posted")
        self.assertEqual(accrual.with_user(viewer).amount, 5)
        self.assertFalse(self.env["usage.accrual"].with_user(viewer).has_access("create"))

    # -- by itself ---------------------------------------------------------

    def test_the_scheduled_action_accrues_once_and_says_what_stops_it(self):
        self.use(500)
        Accrual = self.env["usage.accrual"]
        Accrual._accrue_by_itself(self.company)
        self.assertEqual(Accrual.search([("company_id", "=", self.company.id)]).mapped("state"), ["posted"])
        Accrual._accrue_by_itself(self.company)
        self.assertEqual(len(Accrual.search([("company_id", "=", self.company.id)])), 1)
        self.use(100, date(2026, 1, 16))
        self.company.fiscalyear_lock_date = date(2099, 12, 31)
        Accrual._accrue_by_itself(self.company)
        stopped = Accrual.search([("company_id", "=", self.company.id), ("state", "=", "draft")])
        self.assertIn("locked", stopped.activity_ids[:1].note)
        self.assertFalse(self.env.ref("odoo_usage_billing.cron_accrual").active)

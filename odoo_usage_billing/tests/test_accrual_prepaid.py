"""Accruals of usage that is paid ahead: out of the liability, no claim; the same before and after the billing run."""

from datetime import date

from odoo import Command
from odoo.tests import new_test_user, tagged

from .common_accrual import FEBRUARY, JANUARY, Closings
from .common_prepaid import FIRST, PrepaidCommon


@tagged("post_install", "-at_install")
class TestAccrualPrepaid(Closings, PrepaidCommon):
    """A page costs 0.01."""

    def on(self, day):
        """(unbilled, owed to customers, deferred, revenue) in the books of a day."""
        accounts = (self.asset, self.owed, self.deferred, self.income)
        domain = [("parent_state", "=", "posted"), ("date", "<=", day)]
        items = self.env["account.move.line"].search(domain)
        sums = [round(sum(items.filtered(lambda i, a=a: i.account_id == a).mapped("balance")), 2) for a in accounts]
        return (sums[0], *(-amount for amount in sums[1:]))

    def shown(self, accrual):
        """[(quantity, amount, paid from, liability account)] of the preview's lines."""
        return sorted(
            (line.quantity, line.amount, bool(line.prepaid_balance_id), line.liability_account_id.code or "")
            for line in accrual.line_ids
        )

    def test_what_is_paid_ahead_is_earned_out_of_the_liability(self):
        self.buy(3)
        self.use(500)
        accrual = self.accrue()
        self.assertEqual(self.shown(accrual), [(0, 2, False, ""), (500, 3, True, "215777")])
        self.assertEqual((accrual.amount_unbilled, accrual.amount_prepaid, accrual.amount), (5, 3, 5))
        self.assertEqual(self.on(JANUARY), (2, 0, 0, 5))
        self.assertEqual(self.on(date(2026, 2, 1)), (0, 3, 0, 0), "the reversal gives it back")
        owed = accrual.move_id.line_ids.filtered(lambda item: item.account_id == self.owed)
        self.assertEqual(owed.partner_id, self.customer)
        self.assertBooks()
        self.bill()
        self.assertEqual(self.on(JANUARY), (2, 0, 0, 5))
        self.assertEqual(self.on(FEBRUARY), (0, 0, 0, 5))
        self.assertBooks()

    def test_a_closing_is_the_same_before_and_after_the_billing_run(self):
        self.buy(3)
        self.use(500)
        self.use(100, date(2026, 2, 10))
        before = self.shown(self.preview())
        self.contract.usage_invoice_policy = "draft"
        draft = self.bill()
        self.assertEqual(self.balance_of().amount, 0)
        self.assertEqual(self.shown(self.preview()), before)
        draft.action_post()
        self.assertEqual(self.shown(self.preview()), before)
        self.assertEqual(self.shown(self.preview(FEBRUARY)), [(100, 1, False, "")], "what was drawn is gone")
        self.credit(draft)
        self.assertEqual(self.shown(self.preview()), before)

    def test_only_the_difference_is_posted_when_more_is_paid_ahead(self):
        self.use(500)
        self.accrue()
        self.buy(3, date(2026, 1, 20))
        again = self.accrue()
        self.assertEqual(again.amount, 0)
        self.assertEqual(self.shown(again), [(0, -3, False, ""), (500, 3, True, "215777")])
        self.assertEqual(self.on(JANUARY), (2, 0, 0, 5))
        self.assertEqual(self.on(FEBRUARY), (0, 3, 0, 0))
        self.assertEqual(self.preview().action_post()["tag"], "display_notification")
        self.assertBooks()

    def test_money_that_cannot_be_drawn_covers_nothing(self):
        self.use(500)
        self.company.usage_prepaid_available = "paid"
        self.buy(1)
        self.buy(1, date(2026, 2, 3))
        self.company.usage_prepaid_available = "posted"
        self.buy(1, date(2026, 2, 2))
        self.voucher.usage_prepaid_months = 1
        self.buy(1, date(2025, 12, 15))
        self.assertEqual(self.shown(self.preview()), [(500, 5, False, "")])

    def test_money_that_a_late_invoice_will_still_draw_covers_it(self):
        self.voucher.usage_prepaid_months = 1
        self.buy(8, date(2026, 1, 10))
        self.use(500)
        self.use(100, date(2026, 2, 20))
        # January's invoice is dated 1 February, February's 1 March; the money ends on 9 February.
        before = self.shown(self.accrue(FEBRUARY))
        self.assertEqual(before, [(100, 1, False, ""), (500, 5, True, "215777")])
        self.assertFalse(self.recognise(FEBRUARY).line_ids)
        self.bill()
        self.assertEqual(self.balance_of().amount, 3)
        self.assertBooks()

    def test_one_balance_pays_for_contracts_in_turn_and_for_its_own_alone(self):
        self.buy(3)
        self.use(200)
        line = self.usage_line(self.line.usage_rate_card_id)
        other = self.make_contract([line])
        self.make_subjects(other.contract_line_ids, 1, prefix="OTH")
        self.use(200, subject="OTH0001")
        self.assertEqual(
            self.shown(self.preview()), [(0, 1, False, ""), (200, 1, True, "215777"), (200, 2, True, "215777")]
        )
        apart = {"partner_id": self.customer.id, "contract_id": other.id}
        self.env["usage.prepaid.balance"].create(apart)._give(1.5, "Bonus", FIRST)
        self.assertEqual(
            self.shown(self.preview()),
            [(0, -1.5, True, ""), (0, 1.5, False, ""), (200, 0.5, True, "215777"), (200, 2, True, "215777")],
        )

    def test_promotional_money_is_revenue_that_never_comes(self):
        self.env["usage.prepaid.balance"].create({"partner_id": self.customer.id})._give(2, "Bonus", FIRST)
        self.use(500)
        accrual = self.accrue()
        self.assertEqual((accrual.amount, accrual.amount_prepaid), (3, 0))
        self.assertEqual(self.on(JANUARY), (3, 0, 0, 3))
        self.bill()
        self.assertEqual(self.on(FEBRUARY), (0, 0, 0, 3))
        self.assertBooks()

    def test_a_commitment_in_advance_covers_its_usage_and_not_what_lies_above(self):
        self.promise(amount=12, overage_factor=1.5)._bill_term(FIRST)
        self.use(1500)
        accrual = self.accrue()  # 15 and 1.50 for the overage, less 12
        self.assertEqual(self.shown(accrual), [(0, 4.5, False, ""), (1500, 12, True, "215778")])
        self.assertEqual(self.on(JANUARY), (4.5, 0, 0, 16.5))
        self.bill()
        self.assertEqual(self.on(FEBRUARY), (0, 0, 0, 16.5))
        self.assertEqual(self.preview().amount, 0)
        self.assertBooks()

    def test_a_commitment_by_days_is_not_revenue_twice(self):
        self.promise(amount=36.5, prepaid_recognition="days")._bill_term(FIRST)
        self.use(500)
        accrual = self.preview()
        self.assertEqual((accrual.amount, sorted(accrual.line_ids.mapped("amount"))), (0, [-5, 5]))
        self.assertEqual(accrual.action_post()["tag"], "display_notification")
        self.recognise(JANUARY)
        self.assertEqual(self.on(JANUARY), (0, 0, 33.4, 3.1))
        self.bill()
        self.assertEqual(self.on(FEBRUARY), (0, 0, 33.4, 3.1))

    def test_what_is_taxed_when_it_is_used_pays_with_taxes_and_is_earned_without(self):
        self.company.usage_prepaid_tax_policy = "at_use"
        tax = self.env["account.tax"].create({"name": "21 %", "amount": 21, "type_tax_use": "sale"})
        tax.invoice_repartition_line_ids.filtered(
            lambda line: line.repartition_type == "tax"
        ).account_id = self.breakage
        self.product_pages.taxes_id = tax
        self.buy(60.5)
        self.use(10000)  # 100 + 21, of which 60.50 are 50 + 10.50
        accrual = self.accrue()
        self.assertEqual(self.shown(accrual), [(0, 50, False, ""), (10000, 50, True, "215777")])
        self.assertEqual(self.on(JANUARY), (50, 10.5, 0, 100))
        self.bill()
        self.assertEqual(self.on(FEBRUARY), (0, 0, 0, 100))
        self.assertBooks()

    def test_in_a_foreign_currency_it_is_worth_what_was_paid_for_it(self):
        euro = self.setup_other_currency("EUR", rates=[("2025-01-01", 2.0), ("2026-01-20", 4.0)])
        contract = self.make_contract([self.usage_line(self.line.usage_rate_card_id)], manual_currency_id=euro.id)
        self.make_subjects(contract.contract_line_ids, 1, prefix="EUR")
        self.line.usage_rate_card_id.currency_id = euro
        self.buy(3, currency_id=euro.id)  # 1.50 of the company's currency
        self.use(500, subject="EUR0001")
        accrual = self.accrue()
        prepaid = accrual.line_ids.filtered("prepaid_balance_id")
        self.assertEqual((prepaid.amount, prepaid.amount_company), (3, 1.5))
        rest = accrual.line_ids - prepaid
        self.assertEqual((rest.amount, rest.amount_company), (2, 0.5))
        self.assertEqual(self.on(JANUARY), (0.5, 0, 0, 2))
        self.assertBooks()
        self.bill(contracts=contract)
        self.assertEqual(self.on(FEBRUARY)[:2], (0, 0))
        self.assertBooks()

    def test_what_is_left_out_keeps_the_money_that_was_accrued_for_it(self):
        self.buy(3)
        self.use(200)
        self.accrue()
        other = self.make_contract([self.usage_line(self.line.usage_rate_card_id)])
        self.make_subjects(other.contract_line_ids, 1, prefix="OTH")
        self.use(200, subject="OTH0001")
        later = self.make_card(charge_model="per_unit", date_start=date(2027, 1, 1), name="Later")
        self.line.usage_rate_card_id = later
        accrual = self.accrue()
        self.assertEqual(accrual.skipped_count, 1)
        rated = accrual.line_ids.filtered(lambda line: not line.reason)
        self.assertEqual(
            sorted(rated.mapped(lambda line: (line.amount, bool(line.prepaid_balance_id)))), [(1, False), (1, True)]
        )
        self.assertEqual(self.on(JANUARY), (1, 0, 0, 4))
        self.assertBooks()

    def test_an_accountant_without_rights_on_balances_accrues_them(self):
        self.buy(3)
        self.use(500)
        accountant = new_test_user(
            self.env,
            login="accrual_prepaid",
            groups="account.group_account_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        accrual = self.env["usage.accrual"].with_user(accountant).create({"date": JANUARY})
        accrual.action_prepare()
        self.assertIs(accrual.action_post(), True)
        self.assertEqual(accrual.amount_prepaid, 3)

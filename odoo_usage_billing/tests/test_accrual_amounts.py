"""Accrued = invoiced, whatever is agreed; periods under way; currencies."""

from datetime import date
from decimal import Decimal

from odoo import Command
from odoo.tests import tagged

from .common_accrual import FEBRUARY, JANUARY, AccrualCommon


@tagged("post_install", "-at_install")
class TestAccrualAmounts(AccrualCommon):
    """Accrued = invoiced, whatever is agreed; cut periods; currencies."""

    def test_two_currencies_at_the_rates_of_their_dates(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-31", 2.0), ("2026-02-01", 4.0)])
        self.contract.write({"manual_currency_id": euro.id})
        self.use(800)
        accrual = self.accrue()
        line = accrual.line_ids
        self.assertEqual((line.currency_id, line.amount), (euro, 8 * 2))
        self.assertEqual((line.amount_company, accrual.amount), (8, 8))
        item = line.move_line_id
        self.assertEqual((item.amount_currency, item.balance), (-16, -8))
        self.assertEqual(self.balance(self.asset, FEBRUARY), 0)
        currency = accrual.move_id.line_ids | accrual.reversal_move_id.line_ids
        self.assertEqual(sum(currency.mapped("amount_currency")), 0)

    def test_a_corrected_rate_posts_the_difference_in_company_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0)])
        card = self.line.usage_rate_card_id
        card.version_ids.flush_recordset()
        self.contract.write({"manual_currency_id": euro.id})
        self.use(800)
        self.accrue()
        self.env["res.currency.rate"].create({"name": JANUARY, "currency_id": euro.id, "rate": 1.6})
        again = self.accrue()
        self.assertEqual(again.line_ids.amount, 0)
        self.assertEqual(again.amount, 2)
        self.assertEqual(self.balance(self.asset, JANUARY), 10)
        self.assertEqual(self.balance(self.asset, FEBRUARY), 0)

    def rated(self, card, line=None, **vals):
        contract = self.make_contract([self.usage_line(card, **(line or {}))], **vals)
        self.make_subjects(contract.contract_line_ids, 1, prefix="ACC")
        return contract

    def accrued(self, contract, day):
        lines = self.preview(day).line_ids.filtered(lambda line: line.contract_id == contract)
        self.assertFalse(lines.filtered("reason"), lines.mapped("reason"))
        return sum((Decimal(repr(line.amount_unbilled)) for line in lines), Decimal(0))

    def invoiced(self, contract, day):
        moves = self.run_billing(day, contract).line_ids.move_ids
        return sum((Decimal(repr(move.amount_untaxed)) for move in moves), Decimal(0))

    def test_what_is_accrued_is_what_is_invoiced_later_for_the_same_usage(self):
        tiers = [(100, 0.1, 3), (1000, 0.08, 0), (None, 0.05, 0)]
        baseline = {"date_start": date(2026, 1, 1), "quantity": 300, "fixed_amount": 40}
        cases = {
            "tiers": ({}, {}),
            "minimum": ({"minimum_amount": 200}, {}),
            "baseline": ({}, {"usage_baseline_ids": [Command.create(baseline)]}),
            "carried": ({}, {"usage_baseline_ids": [Command.create({**baseline, "below": "carry_forward"})]}),
            "quarter": ({"flat_amount": 30}, {"usage_rating_term": "quarterly"}),
            "weekly": ({"minimum_amount": 200}, {"usage_rating_term": "monthly", "recurring_rule_type": "weekly"}),
        }
        for name, (card, line) in cases.items():
            with self.subTest(case=name), self.env.cr.savepoint() as savepoint:
                contract = self.rated(self.make_card(tiers, name=name, **card), line=line)
                for day, quantity in ((date(2026, 1, 9), 130), (date(2026, 1, 30), 77), (date(2026, 2, 9), 411)):
                    self.use(quantity, day, "ACC0001")
                end = date(2026, 2, 25) if name == "weekly" else FEBRUARY
                accrued = self.accrued(contract, end)
                self.assertEqual(
                    accrued, self.invoiced(contract, date(2026, 2, 26) if name == "weekly" else date(2026, 3, 1))
                )
                self.assertGreater(accrued, 30)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_commitment_accrues_its_true_up_when_its_term_has_ended(self):
        contract = self.rated(self.make_card(charge_model="per_unit", unit_price=1, name="One"))
        self.env["usage.commitment"].create(
            {"contract_id": contract.id, "date_start": date(2026, 1, 1), "term": "quarterly", "amount": 300}
        )
        for month in (1, 2, 3):
            self.use(50, date(2026, month, 15), "ACC0001")
        self.assertEqual(self.accrued(contract, FEBRUARY), 100)
        self.assertEqual(self.accrued(contract, date(2026, 3, 31)), 300)
        self.assertEqual(self.invoiced(contract, date(2026, 4, 1)), 300)

    def test_agreed_amounts_of_a_period_under_way_count_by_days(self):
        baseline = {"date_start": date(2026, 1, 1), "quantity": 310, "fixed_amount": 62}
        card = self.make_card(charge_model="per_unit", unit_price=1, name="By days")
        contract = self.rated(card, line={"usage_baseline_ids": [Command.create(baseline)]})
        self.use(105, date(2026, 1, 4), "ACC0001")
        # 10 of 31 days: 62 x 10/31 = 20 for 100 pages, 5 above
        self.assertEqual(self.accrued(contract, date(2026, 1, 10)), 25)

    def test_a_period_under_way_across_the_month_end_accrues_its_days_also_when_invoiced(self):
        card = self.make_card(charge_model="per_unit", unit_price=1, flat_amount=31, name="Middle")
        contract = self.rated(card, line={"date_start": date(2026, 1, 16)})
        self.use(7, date(2026, 1, 20), "ACC0001")
        self.use(9, date(2026, 2, 3), "ACC0001")
        # 16 of 31 days of the flat amount, and January's usage
        self.assertEqual(self.accrued(contract, JANUARY), 16 + 7)
        self.assertEqual(self.invoiced(contract, date(2026, 2, 16)), 31 + 16)
        self.assertEqual(self.accrued(contract, JANUARY), 16 + 7)

    def test_what_was_accrued_of_a_period_that_is_billed_goes_also_when_the_next_one_would_be_held(self):
        self.contract.write({"usage_bounds_from": "own", "usage_hold_above": 100})
        self.use(500)
        self.use(700, date(2026, 2, 10))
        # 500 x 0.01 of January and 700 x 0.01 of February
        self.assertEqual(self.accrue(FEBRUARY).amount, 5 + 7)
        self.run_billing(date(2026, 2, 1), contracts=self.contract)
        self.use(10**8, date(2026, 2, 16))
        accrual = self.accrue(FEBRUARY)
        self.assertEqual((accrual.skipped_count, accrual.amount), (1, -5))
        left_out = accrual.line_ids.filtered("reason")
        self.assertEqual((left_out.amount_unbilled, left_out.amount), (7, 0), "what is unknown stays as it was")
        self.assertEqual((accrual.amount_unbilled, self.balance(self.asset, FEBRUARY)), (7, 7))

    def test_what_was_charged_is_accrued_also_of_a_contract_that_cannot_be_rated(self):
        self.contract.usage_invoice_policy = "draft"
        self.use(500)
        self.run_billing(date(2026, 2, 1), contracts=self.contract)
        later = self.make_card(charge_model="per_unit", date_start=date(2027, 1, 1), name="Later")
        self.line.usage_rate_card_id = later
        accrual = self.accrue(FEBRUARY)
        self.assertEqual((accrual.skipped_count, accrual.amount), (1, 5))
        self.assertEqual(self.balance(self.asset, FEBRUARY), 5)

    def test_what_a_safety_bound_would_hold_is_no_revenue_until_it_is_released(self):
        self.contract.write({"usage_bounds_from": "own", "usage_hold_above": 100})
        other = self.rated(self.make_card(charge_model="per_unit", unit_price=1, name="Other"))
        self.send([self.record("ACC0001", 3)])
        self.use(500)
        self.assertEqual(self.accrue().amount, 5 + 3)
        self.use(10**8, date(2026, 1, 16))
        accrual = self.preview()
        left_out = accrual.line_ids.filtered("reason")
        self.assertEqual((left_out.contract_id, accrual.skipped_count), (self.contract, 1))
        self.assertIn("more than the $\xa0100.00", left_out.reason)
        self.assertEqual(accrual.amount, 0, "what was posted stays")
        self.run_billing(contracts=self.contract | other)
        self.assertEqual(self.preview().skipped_count, 1)
        hold = self.contract.usage_hold_ids
        hold.reason = "They print the telephone book"
        hold.action_release()
        self.assertEqual(self.accrue().amount, 10**6)

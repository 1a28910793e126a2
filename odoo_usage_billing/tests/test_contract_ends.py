"""What is still owed when a contract has ended, is archived or changes: nothing is lost, nothing is twice."""

from datetime import date

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.odoo_usage_billing.audit import verify

from .common_accrual import FEBRUARY, JANUARY, AccrualCommon


@tagged("post_install", "-at_install")
class TestContractEnds(AccrualCommon):
    """A contract of January 2026 and on; a page costs 0.01."""

    def broken(self):
        self.env.flush_all()
        return {f.code: f.examples for f in verify(self.env.cr, self.company.ids, True) if f.broken}

    def ended(self):
        """The contract ended with January, and January is invoiced."""
        self.contract.date_start = date(2026, 1, 1)
        self.line.date_end = JANUARY
        self.use(500)
        return self.run_billing(contracts=self.contract).line_ids.move_ids

    def test_an_ended_contract_is_not_due_any_more(self):
        self.assertEqual(self.ended().amount_untaxed, 5)
        self.assertFalse(self.line.recurring_next_date)
        self.assertFalse(self.contract.recurring_next_date)
        self.assertFalse(self.run_billing(date(2026, 6, 1)).line_ids)

    def test_late_usage_of_an_ended_contract_is_billed_by_itself(self):
        self.ended()
        self.contract.usage_adjustment_policy = "next_invoice"
        self.use(300, date(2026, 1, 20))
        self.contract._usage_adjust()
        self.assertEqual(self.contract.usage_adjustment_ids.state, "invoiced")
        self.assertEqual(self.contract.usage_adjustment_ids.move_id.amount_untaxed, 3)
        self.assertEqual(self.broken(), {})

    def test_a_contract_that_goes_on_again_is_due_again(self):
        self.ended()
        self.line.date_end = date(2026, 3, 31)
        self.use(100, date(2026, 2, 10))
        self.assertEqual(self.run_billing(date(2026, 3, 1)).line_ids.move_ids.amount_untaxed, 1)

    def test_an_archived_contract_keeps_the_month_of_what_it_was_invoiced(self):
        self.use(500)
        self.accrue()
        self.run_billing(contracts=self.contract)
        self.contract.active = False
        self.assertEqual(self.preview().amount, 0)
        self.assertEqual(self.revenue(date(2026, 1, 1), JANUARY), 5)
        self.assertEqual(self.preview(FEBRUARY).amount, 0)

    def test_an_archived_contract_accrues_nothing_that_nobody_will_invoice(self):
        self.use(500)
        self.accrue()
        self.contract.active = False
        self.assertEqual(self.preview().amount, -5)

    def test_late_usage_of_an_archived_contract_is_billed_by_itself(self):
        self.contract.usage_adjustment_policy = "next_invoice"
        self.use(500)
        self.run_billing(contracts=self.contract)
        self.contract.active = False
        self.use(300, date(2026, 1, 20))
        self.assertIn(self.contract, self.env["contract.contract"]._usage_looked_at())
        self.contract._usage_adjust_each()
        self.assertEqual(self.contract.usage_adjustment_ids.move_id.amount_untaxed, 3)
        self.assertEqual(self.broken(), {})

    def test_another_currency_would_leave_late_usage_without_its_price(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0)])
        self.use(500)
        self.run_billing(contracts=self.contract)
        with self.assertRaisesRegex(UserError, "invoiced in"):
            self.contract.write({"manual_currency_id": euro.id})

    def test_another_metric_would_leave_late_usage_without_its_charge(self):
        self.use(500)
        self.run_billing(contracts=self.contract)
        other = self.metric.copy({"name": "Scans", "code": "scans"})
        with self.assertRaisesRegex(ValidationError, "Pages"):
            self.line.usage_metric_id = other

    def test_a_contract_that_makes_no_invoices_takes_no_usage(self):
        with self.assertRaisesRegex(ValidationError, "nobody would bill"):
            self.contract.generation_type = False

    def test_usage_beyond_the_end_of_its_line_is_told(self):
        self.use(500, date(2026, 1, 25))
        self.line.date_end = date(2026, 1, 20)
        self.run_billing(contracts=self.contract)
        self.assertEqual(list(self.broken()), ["usage_in_line"])

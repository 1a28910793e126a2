from datetime import date

import psycopg2

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import UsageCommon


@tagged("post_install", "-at_install")
class TestPeriodGuard(UsageCommon):
    """A billing period is invoiced once, whatever happens to the contract's dates."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.make_contract([cls.usage_line(cls.make_card(charge_model="per_unit", unit_price=0.5))])
        cls.line = cls.contract.contract_line_ids
        cls.make_subjects(cls.line, 1)
        cls.send([cls.record("PRN0001", 10)])

    def invoices(self):
        return self.contract._get_related_invoices()

    def test_dates_set_back_by_hand_do_not_invoice_a_period_twice(self):
        self.run_billing()
        self.line.write({"last_date_invoiced": False})
        self.line.write({"recurring_next_date": date(2026, 2, 1)})
        run = self.run_billing()
        self.assertEqual(run.state, "done")
        self.assertEqual(len(self.invoices()), 1)
        self.assertEqual(len(self.line.usage_period_ids), 1)

    def test_dates_set_so_that_a_period_overlaps_another_are_refused_not_skipped(self):
        self.run_billing()
        self.line.write({"last_date_invoiced": date(2026, 1, 15)})
        self.line.write({"recurring_next_date": date(2026, 2, 16)})
        run = self.run_billing(date(2026, 2, 16))
        self.assertEqual(run.line_ids.state, "failed")
        self.assertIn("invoiced already", run.line_ids.message)
        self.assertEqual(len(self.invoices()), 1)

    def test_postgresql_refuses_overlapping_periods(self):
        self.run_billing()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.ExclusionViolation),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(
                "INSERT INTO usage_billing_period (contract_line_id, contract_id, company_id,"
                " metric_id, date_start, date_end, state)"
                " SELECT contract_line_id, contract_id, company_id, metric_id,"
                " date_start + 3, date_end + 3, 'open' FROM usage_billing_period"
                " WHERE contract_line_id = %s",
                (self.line.id,),
            )

    def test_a_cancelled_draft_gives_its_period_back_to_be_invoiced_again(self):
        self.contract.usage_invoice_policy = "draft"
        self.run_billing()
        first = self.invoices()
        first.button_cancel()
        self.assertEqual(self.line.usage_period_ids.state, "released")
        self.run_billing()
        again = self.invoices() - first
        self.assertEqual(again.amount_untaxed, 5)
        self.assertEqual(sorted(self.line.usage_period_ids.mapped("state")), ["invoiced", "released"])
        with self.assertRaises(UserError):
            first.button_draft()

    def test_a_cancelled_draft_gives_its_fixed_lines_back_too(self):
        contract = self.make_contract(
            [
                {"name": "Fee", "product_id": self.product_service.id, "specific_price": 99},
                self.usage_line(self.make_card(charge_model="per_unit", unit_price=1)),
            ],
            usage_invoice_policy="draft",
        )
        first = self.run_billing(contracts=contract).line_ids.move_ids
        first.button_cancel()
        again = self.run_billing(contracts=contract).line_ids.move_ids
        self.assertEqual(again.amount_untaxed, first.amount_untaxed)
        self.assertEqual(again.amount_untaxed, 99)

    def test_a_deleted_draft_gives_its_period_back(self):
        self.contract.usage_invoice_policy = "draft"
        self.run_billing()
        self.invoices().unlink()
        self.assertEqual(self.line.usage_period_ids.state, "released")
        self.run_billing()
        self.assertEqual(self.invoices().amount_untaxed, 5)

    def test_an_earlier_invoice_is_not_cancelled_before_a_later_one(self):
        self.contract.usage_invoice_policy = "draft"
        self.run_billing()
        first = self.invoices()
        self.run_billing(date(2026, 3, 1))
        self.assertEqual(self.line.usage_period_ids.mapped("state"), ["invoiced"] * 2)
        with self.assertRaises(UserError):
            first.button_cancel()

    def test_charges_are_facts(self):
        self.run_billing()
        for statement in (
            "UPDATE usage_charge SET amount = 1",
            "DELETE FROM usage_charge_component",
            "UPDATE usage_charge_component SET quantity = 1",
        ):
            with (
                self.subTest(statement=statement),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.RestrictViolation),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement)

    def test_the_contract_button_invoices_the_same_way(self):
        self.contract.recurring_create_invoice()
        self.assertEqual(self.invoices().amount_untaxed, 5)
        self.assertEqual(self.line.usage_period_ids.state, "invoiced")

    def test_the_recurring_cron_leaves_usage_contracts_to_billing_runs(self):
        self.env["contract.contract"].cron_recurring_create_invoice(date(2026, 2, 1))
        self.assertFalse(self.invoices())

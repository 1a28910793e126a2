from datetime import date
from unittest.mock import patch

from odoo import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import UsageCommon


@tagged("post_install", "-at_install")
class TestBillingRun(UsageCommon):
    """A run invoices what is due, isolates failures and can go on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.card = cls.make_card(charge_model="per_unit", unit_price=0.5)
        cls.contracts = cls.env["contract.contract"]
        for number in range(3):
            contract = cls.make_contract([cls.usage_line(cls.card)])
            cls.make_subjects(contract.contract_line_ids, 1, prefix=f"C{number}-")
            cls.send([cls.record(f"C{number}-0001", 10 * (number + 1))])
            cls.contracts |= contract

    def test_every_due_contract_is_invoiced(self):
        run = self.run_billing(contracts=self.contracts)
        self.assertEqual(run.invoice_count, 3)
        self.assertEqual(run.progress, 100)
        self.assertEqual(sorted(run.line_ids.move_ids.mapped("amount_untaxed")), [5, 10, 15])

    def test_one_bad_contract_stops_only_itself_and_says_why(self):
        bad = self.contracts[1]
        bad.contract_line_ids.usage_rate_card_id = self.make_card(
            charge_model="per_unit", date_start=date(2027, 1, 1), name="Later"
        )
        run = self.run_billing(contracts=self.contracts)
        failed = run.line_ids.filtered(lambda line: line.state == "failed")
        self.assertEqual(failed.contract_id, bad)
        self.assertIn("no active version", failed.message)
        self.assertEqual(run.invoice_count, 2)
        bad.contract_line_ids.usage_rate_card_id = self.card
        run.action_retry_failed()
        self.assertEqual(run.invoice_count, 3)
        self.assertEqual(run.failed_count, 0)

    def test_an_invoice_of_a_day_to_come_is_due_on_it_and_not_before(self):
        line = self.contracts[0].contract_line_ids
        line.write({"recurring_next_date": date(2098, 2, 1), "last_date_invoiced": date(2097, 12, 31)})
        move = self.run_billing(date(2098, 2, 1), self.contracts[0]).line_ids.move_ids
        self.assertEqual((move.invoice_date, move.invoice_date_due), (date(2098, 2, 1), date(2098, 2, 1)))
        entry = move.line_ids.filtered(lambda item: item.account_type == "asset_receivable")
        self.assertEqual(entry.date_maturity, date(2098, 2, 1))

    def test_grace_holds_an_invoice_back(self):
        self.contracts.usage_grace_days = 5
        self.assertFalse(self.run_billing(date(2026, 2, 5), self.contracts).line_ids)
        self.assertEqual(self.run_billing(date(2026, 2, 6), self.contracts).invoice_count, 3)

    def test_missed_months_are_caught_up_one_invoice_each(self):
        run = self.run_billing(date(2026, 4, 1), self.contracts[0])
        self.assertEqual(run.invoice_count, 3)
        starts = self.contracts[0].contract_line_ids.usage_period_ids.mapped("date_start")
        self.assertEqual(sorted(starts), [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)])

    def test_a_period_without_usage_is_invoiced_at_zero(self):
        run = self.run_billing(date(2026, 3, 1), self.contracts[0])
        self.assertEqual(sorted(run.line_ids.move_ids.mapped("amount_untaxed")), [0, 5])

    def test_each_line_of_a_run_names_its_own_invoices(self):
        run = self.run_billing(date(2026, 3, 1), self.contracts)
        for line in run.line_ids:
            self.assertEqual(len(line.move_ids), 2)
            self.assertEqual(line.move_ids.invoice_line_ids.contract_line_id.contract_id, line.contract_id)

    def test_runs_that_end_together_are_all_done(self):
        runs = self.env["usage.billing.run"].create(
            [
                {"date_ref": date(2026, 2, 1), "contract_ids": [Command.set(contract.ids)]}
                for contract in self.contracts[:2]
            ]
        )
        for run in runs:
            run._list_contracts()
            run._process(run.line_ids)
        runs._finish_if_complete()
        self.assertEqual(runs.mapped("state"), ["done", "done"])

    def test_what_meets_the_work_of_others_goes_on_in_the_background(self):
        run = self.env["usage.billing.run"].create(
            {"date_ref": date(2026, 2, 1), "contract_ids": [Command.set(self.contracts.ids)]}
        )
        process = type(run)._process

        def meets(run, lines):
            process(run, lines)
            run.env.cr.execute("DO $$ BEGIN RAISE EXCEPTION 'met' USING ERRCODE = 'serialization_failure'; END $$")

        told = patch.object(type(run), "_go_on_in_background", autospec=True)
        with patch.object(type(run), "_process", meets), told as goes_on, mute_logger("odoo.sql_db"):
            run.action_start()
        self.assertIn(run, [call.args[0] for call in goes_on.call_args_list])
        self.assertEqual((run.state, set(run.line_ids.mapped("state"))), ("running", {"pending"}))
        self.assertFalse(run.line_ids.move_ids)
        run._process(run.line_ids)
        run._finish_if_complete()
        self.assertEqual((run.state, run.invoice_count), ("done", len(self.contracts)))

    def test_lines_of_one_product_bear_its_taxes_each(self):
        tax = self.env["account.tax"].create({"name": "Seven", "amount": 7, "type_tax_use": "sale"})
        other = self.env["product.product"].create({"name": "Untaxed usage", "type": "service", "taxes_id": False})
        lines = self.contracts[0].contract_line_ids
        lines.product_id.taxes_id = tax
        taxed = lines.product_id
        tiers = self.make_card([(5, 1, 0), (False, 2, 0)], name="Two lines")
        contract = self.make_contract([self.usage_line(tiers), self.usage_line(tiers, product_id=other.id)])
        for number, line in enumerate(contract.contract_line_ids):
            self.make_subjects(line, 1, prefix=f"T{number}-")
            self.send([self.record(f"T{number}-0001", 8)])
        move = self.run_billing(contracts=contract).line_ids.move_ids
        usage = move.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        self.assertEqual(len(usage), 4)
        for line in usage:
            self.assertEqual(line.tax_ids, tax if line.product_id == taxed else tax.browse())
        self.assertEqual(move.amount_tax, 0.77)

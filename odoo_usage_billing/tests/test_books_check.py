"""The books are broken on purpose, one way after the other, and each break is found by its name."""

from datetime import date

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.odoo_usage_billing.audit import INVARIANTS, verify
from odoo.addons.odoo_usage_billing.invoicing.own_marks import OWN

from .common import utc
from .common_accrual import AccrualCommon


@tagged("post_install", "-at_install")
class TestBooksCheck(AccrualCommon):
    """A fee and usage invoiced for January, an accrual of it, some usage of February."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fee = cls.make_contract(
            [
                {"name": "Fee", "product_id": cls.product_service.id, "specific_price": 99},
                cls.usage_line(cls.line.usage_rate_card_id),
            ]
        )
        cls.make_subjects(cls.fee.contract_line_ids.filtered("is_usage"), 1, prefix="FEE")
        cls.send([cls.record("PRN0001", 500), cls.record("FEE0001", 700), cls.record("NOPE", 1)])
        accrual = cls.env["usage.accrual"].create({"date": date(2026, 1, 31)})
        accrual.action_prepare()
        accrual.action_post()
        cls.accrual = accrual
        cls.run_billing()
        cls.charge = cls.line.usage_charge_ids
        # In one transaction everything happens at once; here usage came a day before it was charged.
        cls.change("usage_event", "UPDATE usage_event SET received_at = received_at - interval '1 day'")
        cls.invoice = cls.line.usage_period_ids.move_id

    def broken(self, everything=True):
        self.env.flush_all()
        found = verify(self.env.cr, self.company.ids, everything)
        return {finding.code: finding for finding in found if finding.broken}

    @classmethod
    def change(cls, table, statement, *values):
        """Change what PostgreSQL guards, its triggers switched off."""
        cls.env.flush_all()
        cls.env.cr.execute(SQL("ALTER TABLE %s DISABLE TRIGGER USER", SQL.identifier(table)))
        cls.env.cr.execute(statement, values)
        cls.env.cr.execute(SQL("ALTER TABLE %s ENABLE TRIGGER USER", SQL.identifier(table)))
        cls.env.invalidate_all()

    def test_books_that_hold_break_nothing_and_everything_is_looked_at(self):
        found = {finding.code: finding for finding in verify(self.env.cr, self.company.ids)}
        self.assertEqual([code for code, _sentence, _query in INVARIANTS], list(found))
        self.assertEqual({code: f.examples for code, f in found.items() if f.broken}, {})
        unused = [code for code, finding in found.items() if not finding.checked and not code.startswith("prepaid_")]
        self.assertEqual(unused, ["adjustment_lines"])

    def test_a_batch_whose_counts_do_not_add_up(self):
        self.env.cr.execute("ALTER TABLE usage_batch DROP CONSTRAINT usage_batch_counts_balance")
        self.change("usage_batch", "UPDATE usage_batch SET duplicate_count = 7 WHERE company_id = %s", self.company.id)
        self.assertEqual(set(self.broken()), {"batch_counts"})
        self.assertIn("duplicate 7", self.broken()["batch_counts"].examples[0])

    def test_an_event_that_is_lost(self):
        self.change("usage_event", "DELETE FROM usage_event WHERE contract_line_id = %s", self.line.id)
        self.assertEqual(set(self.broken()), {"batch_events", "bucket_events"})

    def test_a_bucket_that_says_more_than_its_events(self):
        self.change(
            "usage_bucket",
            "UPDATE usage_bucket SET quantity_sum = quantity_sum + 1 WHERE contract_line_id = %s",
            self.line.id,
        )
        self.assertEqual(set(self.broken()), {"bucket_events"})
        self.assertIn("day 2026-01-15", self.broken()["bucket_events"].examples[0])

    def test_usage_that_is_missing_in_its_charge(self):
        self.change("usage_charge", "UPDATE usage_charge SET event_count = 0 WHERE id = %s", self.charge.id)
        self.assertEqual(set(self.broken()), {"charged_usage"})

    def test_usage_that_came_after_its_charge_is_late_and_no_break(self):
        self.change("usage_charge", "UPDATE usage_charge SET event_count = 0 WHERE id = %s", self.charge.id)
        self.change(
            "usage_event",
            "UPDATE usage_event SET received_at = received_at + interval '2 days' WHERE contract_line_id = %s",
            self.line.id,
        )
        self.assertEqual(set(self.broken()), set())

    def test_a_charge_that_is_not_the_sum_of_its_components(self):
        self.change("usage_charge", "UPDATE usage_charge SET amount = amount + 1 WHERE id = %s", self.charge.id)
        self.assertEqual(set(self.broken()), {"charge_components", "charge_trace", "invoice_total"})

    def test_a_trace_that_gives_another_amount(self):
        self.change(
            "usage_charge",
            "UPDATE usage_charge SET trace = replace(trace::text, '500', '501')::jsonb WHERE id = %s",
            self.charge.id,
        )
        self.assertEqual(set(self.broken()), {"charge_trace"})
        self.assertIn(f"charge {self.charge.id}", self.broken(everything=False)["charge_trace"].examples[0])

    def test_a_component_without_its_invoice_line(self):
        self.change(
            "usage_charge_component",
            "UPDATE usage_charge_component SET move_line_id = NULL WHERE charge_id = %s",
            self.charge.id,
        )
        self.assertEqual(set(self.broken()), {"charge_lines"})

    def test_a_difference_that_is_not_on_the_invoice_it_names(self):
        self.send([self.record("FEE0001", 300, external_id="late")])
        adjustment = self.fee._usage_look()
        adjustment.action_accept()
        self.run_billing(date(2026, 3, 1), self.fee)
        self.assertEqual(adjustment.state, "invoiced")
        self.assertEqual(set(self.broken()), set())
        self.change(
            "usage_adjustment_component",
            "UPDATE usage_adjustment_component SET amount = amount + 1 WHERE adjustment_id = %s AND amount <> 0",
            adjustment.id,
        )
        self.assertEqual(set(self.broken()), {"adjustment_lines"})

    def test_a_draft_line_whose_price_somebody_changed(self):
        self.fee.usage_invoice_policy = "draft"
        self.send([self.record("FEE0001", 100, occurred_at=self.noon(date(2026, 2, 3)))])
        moves = self.run_billing(date(2026, 3, 1), self.fee).line_ids.move_ids
        line = moves.invoice_line_ids.filtered("usage_component_id")[0]
        # As code that goes round the guard of drafts would.
        line.with_context(usage_turns_round=OWN).price_unit = 3
        self.assertEqual(set(self.broken()), {"charge_lines", "invoice_total"})

    def test_a_fixed_line_may_be_changed_in_a_draft(self):
        self.fee.usage_invoice_policy = "draft"
        moves = self.run_billing(date(2026, 3, 1), self.fee).line_ids.move_ids
        moves.invoice_line_ids.filtered(lambda line: line.product_id == self.product_service).price_unit = 3
        self.assertEqual(set(self.broken()), set())

    def test_a_negative_invoice_is_a_credit_note_and_no_break(self):
        self.metric.accept_negative = True
        self.send([self.record("PRN0001", -100, occurred_at=self.noon(date(2026, 2, 3)))])
        move = self.run_billing(date(2026, 3, 1), self.contract).line_ids.move_ids
        self.assertEqual((move.move_type, move.state), ("out_refund", "posted"))
        self.assertEqual(set(self.broken()), set())

    def test_days_that_are_charged_twice(self):
        self.env.cr.execute("ALTER TABLE usage_billing_period DROP CONSTRAINT usage_billing_period_no_overlap")
        self.change(
            "usage_billing_period",
            "INSERT INTO usage_billing_period (contract_line_id, contract_id, company_id, metric_id, date_start,"
            " date_end, state) SELECT contract_line_id, contract_id, company_id, metric_id, date_start + 3, date_end,"
            " 'open' FROM usage_billing_period WHERE contract_line_id = %s",
            self.line.id,
        )
        self.assertEqual(set(self.broken()), {"charged_once"})

    def test_an_invoice_total_that_is_not_its_lines(self):
        self.change(
            "account_move", "UPDATE account_move SET amount_untaxed = amount_untaxed + 1 WHERE id = %s", self.invoice.id
        )
        self.assertEqual(set(self.broken()), {"invoice_total"})

    def test_an_accrual_whose_reversal_is_gone(self):
        self.change(
            "account_move",
            "UPDATE account_move SET date = date + 40 WHERE id = %s",
            self.accrual.reversal_move_id.id,
        )
        self.assertEqual(set(self.broken()), {"accrual_reversed"})

    def test_an_accrual_entry_that_is_not_its_lines(self):
        self.change(
            "usage_accrual_line",
            "UPDATE usage_accrual_line SET amount_company = amount_company + 1 WHERE accrual_id = %s",
            self.accrual.id,
        )
        self.assertEqual(set(self.broken()), {"accrual_entry"})

    def test_revenue_in_the_ledger_that_no_charge_explains(self):
        item = self.charge.component_ids.move_line_id[:1]
        self.change(
            "account_move_line",
            "UPDATE account_move_line SET amount_currency = amount_currency - 1 WHERE id = %s",
            item.id,
        )
        self.assertEqual(set(self.broken()), {"usage_ledger"})

    def test_the_scheduled_check_tells_the_managers_once(self):
        Check = self.env["usage.books.check"]
        check = Check.create({"company_id": self.company.id})
        check._check_and_tell()
        self.assertEqual(check.state, "holds")
        self.assertFalse(check.activity_ids)
        self.change("usage_charge", "UPDATE usage_charge SET event_count = 0 WHERE id = %s", self.charge.id)
        told = Check.create({"company_id": self.company.id})
        told._check_and_tell()
        self.assertEqual(told.state, "broken")
        self.assertIn("is in its charge", told.activity_ids[:1].note)
        again = Check.create({"company_id": self.company.id})
        again._check_and_tell()
        self.assertFalse(again.activity_ids)
        with self.assertRaises(UserError):
            again.action_check()

    @staticmethod
    def noon(day):
        return utc(day.year, day.month, day.day, 11)

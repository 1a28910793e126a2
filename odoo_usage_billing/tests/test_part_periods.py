"""Periods that are cut short, given back or not over yet: amounts worked out by hand."""

from datetime import date, datetime

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.odoo_usage_billing.audit import verify

from .common import UsageCommon, utc


@tagged("post_install", "-at_install")
class TestPartPeriods(UsageCommon):
    """A fee, usage and their days, where a line does not live for the whole of a period."""

    def contract(self, *fixed, line=None, card=None, **vals):
        card = card or self.make_card(charge_model="per_unit", unit_price=1)
        fixed = [{"name": "Fee", "product_id": self.product_service.id, "specific_price": 99, **each} for each in fixed]
        contract = self.make_contract([*fixed, self.usage_line(card, **(line or {}))], **vals)
        self.make_subjects(contract.contract_line_ids.filtered("is_usage"), 1)
        return contract

    def agreed(self, quantity, fee):
        return [Command.create({"date_start": date(2026, 1, 1), "quantity": quantity, "fixed_amount": fee})]

    def use(self, day, quantity):
        return self.send([self.record("PRN0001", quantity, occurred_at=utc(day.year, day.month, day.day, 11))])

    def bill(self, contract, day):
        run = self.run_billing(day, contracts=contract)
        self.assertEqual(run.failed_count, 0, run.line_ids.mapped("message"))
        return run.line_ids.move_ids.sorted("invoice_date")

    def assertBooks(self):
        self.env.flush_all()
        broken = {f.code: f.examples for f in verify(self.env.cr, self.company.ids, True) if f.broken}
        self.assertEqual(broken, {})

    # -- days of a part ----------------------------------------------------

    def test_a_line_that_ends_within_its_last_day_month_owes_its_days(self):
        line = {"recurring_rule_type": "monthlylastday", "date_end": date(2026, 3, 10)}
        line["usage_baseline_ids"] = self.agreed(310, 31)
        contract = self.contract(line=line, date_start=date(2026, 2, 15))
        self.use(date(2026, 2, 20), 175)
        self.use(date(2026, 3, 5), 160)
        moves = self.bill(contract, date(2026, 4, 1))
        # 14 of 28 days: 15.50, 155 free; 10 of 31 days: 10.00, 100 free
        self.assertEqual(moves.mapped("amount_untaxed"), [15.5 + 20, 10 + 60])
        self.assertIn("10 of 31 days", "\n".join(moves[-1].invoice_line_ids.mapped("name")))
        self.assertBooks()

    def test_a_line_of_three_last_day_months_owes_the_days_it_lived(self):
        line = {"recurring_rule_type": "monthlylastday", "recurring_interval": 3, "date_end": date(2026, 2, 14)}
        contract = self.contract(line={**line, "usage_baseline_ids": self.agreed(900, 90)})
        self.use(date(2026, 1, 20), 500)
        # 45 of 90 days
        self.assertEqual(self.bill(contract, date(2026, 4, 1)).mapped("amount_untaxed"), [45 + 50])

    def test_a_line_that_begins_and_ends_within_one_last_day_month(self):
        line = {"recurring_rule_type": "monthlylastday", "date_end": date(2026, 1, 20)}
        line["usage_baseline_ids"] = self.agreed(310, 31)
        contract = self.contract(line=line, date_start=date(2026, 1, 11))
        self.use(date(2026, 1, 15), 130)
        self.assertEqual(self.bill(contract, date(2026, 2, 1)).mapped("amount_untaxed"), [10 + 30])

    def test_a_last_day_month_that_is_invoiced_in_two_parts_owes_its_fee_once(self):
        line = {"recurring_rule_type": "monthlylastday", "usage_baseline_ids": self.agreed(310, 31)}
        contract = self.contract(line=line)
        contract.contract_line_ids.recurring_next_date = date(2026, 1, 20)
        moves = self.bill(contract, date(2026, 1, 31))
        self.assertEqual(moves.mapped("amount_untaxed"), [31, 0])

    def test_every_rhythm_owes_the_days_of_its_last_part(self):
        """(rhythm, interval, first day, last day, fee of a whole period: one a day of the last one, billed)."""
        rhythms = (
            ("daily", 10, date(2026, 1, 1), date(2026, 1, 13), 10, [10, 3]),
            ("weekly", 2, date(2026, 1, 1), date(2026, 1, 19), 14, [14, 5]),
            # two days of the thirty from 31 March: 31 x 2 / 30
            ("monthly", 1, date(2026, 1, 31), date(2026, 4, 1), 31, [31, 31, 2.07]),
            ("quarterly", 1, date(2026, 1, 1), date(2026, 2, 14), 90, [45]),
            ("semesterly", 1, date(2026, 1, 1), date(2026, 2, 15), 181, [46]),
            ("yearly", 1, date(2024, 2, 29), date(2025, 6, 30), 365, [365, 123]),
            ("monthlylastday", 2, date(2025, 12, 20), date(2026, 3, 1), 59, [40.92, 29]),
        )
        card = self.make_card(charge_model="per_unit", unit_price=1)
        for rule, interval, first, last, fee, billed in rhythms:
            line = {"recurring_rule_type": rule, "recurring_interval": interval, "date_start": first, "date_end": last}
            baseline = Command.create({"date_start": date(2020, 1, 1), "quantity": 1, "fixed_amount": fee})
            contract = self.make_contract([self.usage_line(card, **line, usage_baseline_ids=[baseline])], name=rule)
            with self.subTest(rule):
                self.assertEqual(self.bill(contract, date(2026, 6, 1)).mapped("amount_untaxed"), billed)

    def test_an_anniversary_line_that_ends_within_its_period(self):
        line = {"date_end": date(2026, 2, 24), "usage_baseline_ids": self.agreed(310, 31)}
        contract = self.contract(line=line, date_start=date(2026, 1, 15))
        self.use(date(2026, 2, 20), 140)
        moves = self.bill(contract, date(2026, 3, 1))
        # 15 January to 14 February whole; 10 of 28 days: 11.07, 110.714... free
        self.assertEqual(moves.mapped("amount_untaxed"), [31, round(31 * 10 / 28, 2) + round(140 - 3100 / 28, 2)])

    def test_a_plan_that_changes_within_the_month_far_from_greenwich(self):
        """The 15th begins in Auckland at 11:00 UTC of the 14th: usage before is of the old plan, after of the new."""
        card, dear = (self.make_card(charge_model="per_unit", unit_price=price, name=str(price)) for price in (1, 2))
        days = {"recurring_rule_type": "monthlylastday"}
        old = self.usage_line(card, **days, date_end=date(2026, 1, 14), usage_baseline_ids=self.agreed(310, 31))
        new = self.usage_line(dear, **days, date_start=date(2026, 1, 15), usage_baseline_ids=self.agreed(310, 62))
        contract = self.make_contract([old, new], usage_tz="Pacific/Auckland")
        first, second = contract.contract_line_ids
        seat = self.make_subjects(first, 1)
        change = datetime(2026, 1, 14, 11)
        seat.assignment_ids.end_at = change
        seat.assignment_ids.create({"subject_id": seat.id, "contract_line_id": second.id, "start_at": change})
        self.send([self.record("PRN0001", 200, occurred_at=utc(2026, 1, 14, hour, 30)) for hour in (10, 11)])
        moves = self.bill(contract, date(2026, 2, 1))
        # 14 of 31 days: 14.00, 140 free; 17 of 31 days: 34.00, 170 free
        self.assertEqual(moves.mapped("amount_untaxed"), [14 + 60, 34 + 30 * 2])
        self.assertBooks()

    def test_a_pause_bills_neither_its_days_nor_its_usage(self):
        days = {"recurring_rule_type": "monthlylastday"}
        contract = self.contract(line={**days, "date_end": date(2026, 1, 10)})
        line = contract.contract_line_ids
        line.usage_baseline_ids.create(
            {"contract_line_id": line.id, "date_start": date(2026, 1, 1), "quantity": 310, "fixed_amount": 31}
        )
        again = line.copy({"date_start": date(2026, 1, 21), "date_end": False})
        seat = line.usage_assignment_ids
        seat.end_at = datetime(2026, 1, 20, 23)
        seat.copy({"contract_line_id": again.id, "start_at": seat.end_at, "end_at": False})
        batch = self.send([self.record("PRN0001", 200, occurred_at=utc(2026, 1, day, 11)) for day in (5, 15, 25)])
        self.assertEqual((batch.accepted_count, batch.suspended_count), (2, 1))
        moves = self.bill(contract, date(2026, 2, 1))
        # 10 of 31 days: 10.00, 100 free; 11 of 31 days: 11.00, 110 free
        self.assertEqual(moves.mapped("amount_untaxed"), [10 + 100, 11 + 90])
        self.assertBooks()

    # -- given back --------------------------------------------------------

    def test_a_cancelled_draft_gives_a_cut_fixed_line_back_as_it_was(self):
        cut = {"recurring_rule_type": "monthlylastday", "date_end": date(2026, 3, 15)}
        contract = self.contract(cut, line=cut, usage_invoice_policy="draft")
        moves = self.bill(contract, date(2026, 4, 1))
        self.assertEqual(moves.mapped("amount_untaxed"), [99, 99, 99])
        moves[-1].button_cancel()
        fee = contract.contract_line_ids.filtered(lambda line: not line.is_usage)
        self.assertEqual(fee.last_date_invoiced, date(2026, 2, 28))
        again = self.bill(contract, date(2026, 4, 1))
        self.assertEqual(again.mapped("amount_untaxed"), [99])
        dates = again.invoice_line_ids.filtered(lambda line: line.contract_line_id == fee)
        self.assertEqual((dates.usage_date_start, dates.usage_date_end), (date(2026, 3, 1), date(2026, 3, 16)))
        moves[-1].unlink()
        self.assertEqual(fee.last_date_invoiced, date(2026, 3, 15))

    def test_a_cancelled_draft_of_a_fee_alone_gives_it_back_once(self):
        contract = self.contract({"recurring_invoicing_type": "pre-paid"}, usage_invoice_policy="draft")
        first = self.bill(contract, date(2026, 1, 1))
        self.assertEqual((first.amount_untaxed, first.usage_charge_count), (99, 0))
        copied = first.copy()
        copied.button_cancel()
        self.assertFalse(self.bill(contract, date(2026, 1, 1)))
        first.button_cancel()
        again = self.bill(contract, date(2026, 1, 1))
        self.assertEqual(again.amount_untaxed, 99)
        first.unlink()
        self.assertFalse(self.bill(contract, date(2026, 1, 1)))
        again.unlink()
        self.assertEqual(self.bill(contract, date(2026, 1, 1)).amount_untaxed, 99)

    # -- not over yet ------------------------------------------------------

    def test_a_period_that_goes_on_in_its_zone_is_not_invoiced_by_the_run_of_the_day(self):
        contract = self.contract(usage_tz="Pacific/Honolulu")
        with freeze_time("2026-02-01 00:30:00"):
            self.assertFalse(self.run_billing(date(2026, 2, 1), contract).line_ids)
        self.send([self.record("PRN0001", 7, occurred_at=utc(2026, 2, 1, 9))])
        with freeze_time("2026-02-01 11:00:00"):
            moves = self.run_billing(date(2026, 2, 1), contract).line_ids.move_ids
        self.assertEqual(moves.amount_untaxed, 7)
        self.assertFalse(contract._usage_look())

    def test_a_last_day_month_is_invoiced_when_its_last_day_is_over(self):
        contract = self.contract(line={"recurring_rule_type": "monthlylastday"})
        with freeze_time("2026-01-31 12:00:00"):
            self.assertFalse(self.run_billing(date(2026, 1, 31), contract).line_ids)
            with self.assertRaisesRegex(UserError, "Nothing is due"):
                contract.recurring_create_invoice()
        self.send([self.record("PRN0001", 7, occurred_at=utc(2026, 1, 31, 20))])
        with freeze_time("2026-02-01 12:00:00"):
            move = self.run_billing(date(2026, 2, 1), contract).line_ids.move_ids
        self.assertEqual((move.amount_untaxed, move.invoice_date), (7, date(2026, 1, 31)))

    def test_a_run_for_a_day_to_come_lists_what_will_be_due(self):
        contract = self.contract()
        with freeze_time("2026-01-28 12:00:00"):
            run = self.env["usage.billing.run"].create({"date_ref": date(2026, 2, 1)})
            self.assertIn(contract, run._due_contracts())

    # -- words -------------------------------------------------------------

    def test_markers_in_the_name_of_a_line_are_its_days_and_month(self):
        contract = self.contract(line={"name": "Pages #INVOICEMONTHNAME# (#START# - #END#)"})
        self.use(date(2026, 1, 15), 3)
        move = self.bill(contract, date(2026, 2, 1))
        names = "\n".join(move.invoice_line_ids.mapped("name"))
        self.assertNotIn("#", names)
        self.assertIn("Pages January (01/01/2026 - 01/31/2026)", names)
        self.use(date(2026, 1, 16), 3)
        contract._usage_look().action_bill_now()
        names = "\n".join(contract.usage_adjustment_ids.move_id.invoice_line_ids.mapped("name"))
        self.assertNotIn("#", names)
        self.assertIn("Adjustment of Pages January", names)

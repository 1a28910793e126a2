"""Periods that begin on a day which not every month has."""

from datetime import date

from odoo.tests import tagged

from .common import UsageCommon, utc


@tagged("post_install", "-at_install")
class TestDayOfMonth(UsageCommon):
    """100.00 a month for five pages, and a page above costs 1.00."""

    def contract(self, start, **line):
        card = self.make_card(charge_model="per_unit", unit_price=1)
        contract = self.make_contract([self.usage_line(card, **line)], date_start=start)
        self.make_subjects(contract.contract_line_ids, 1, prefix=f"D{contract.id}-")
        baseline = {"contract_line_id": contract.contract_line_ids.id, "kind": "quantity", "quantity": 5}
        self.env["usage.baseline"].create({**baseline, "fixed_amount": 100, "date_start": start})
        return contract

    def bill(self, contract, day):
        run = self.run_billing(day, contracts=contract)
        self.assertEqual([line.message for line in run.line_ids if line.state != "done"], [])
        return run.line_ids.move_ids

    def begins(self, contract):
        return contract.contract_line_ids.usage_period_ids.sorted("date_start").mapped("date_start")

    def test_a_year_from_the_31st_has_twelve_months_that_begin_on_the_last_day(self):
        contract = self.contract(date(2026, 1, 31), date_end=date(2027, 1, 30))
        # 27 February is a day of the first month, and 29 March of the second
        subject = contract.contract_line_ids.usage_assignment_ids.subject_id.code
        self.send([self.record(subject, 7, occurred_at=utc(2026, 2, 27, 11))])
        self.send([self.record(subject, 8, occurred_at=utc(2026, 3, 29, 11))])
        moves = self.bill(contract, date(2027, 3, 1))
        lasts = (28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
        expected = [date(2026, 1, 31)] + [date(2026, month, day) for month, day in enumerate(lasts, 2)]
        self.assertEqual(self.begins(contract), expected)
        # 12 x 100.00 + 2 + 3; thirteen periods would bill 3 days of a thirteenth month
        self.assertEqual(sum(moves.mapped("amount_untaxed")), 1205)
        self.assertEqual(sorted(moves.mapped("amount_untaxed")), [100] * 10 + [102, 103])

    def test_quarters_from_the_30th_of_november_and_years_from_a_leap_day(self):
        quarterly = self.contract(date(2025, 11, 30), recurring_rule_type="quarterly")
        self.bill(quarterly, date(2026, 12, 1))
        days = [date(2025, 11, 30), date(2026, 2, 28), date(2026, 5, 30), date(2026, 8, 30)]
        self.assertEqual(self.begins(quarterly), days)

    def test_a_year_from_a_leap_day_comes_back_to_it(self):
        yearly = self.contract(date(2020, 2, 29), recurring_rule_type="yearly")
        self.bill(yearly, date(2024, 3, 1))
        days = [date(2020, 2, 29), date(2021, 2, 28), date(2022, 2, 28), date(2023, 2, 28)]
        self.assertEqual(self.begins(yearly), days)
        self.assertEqual(yearly.contract_line_ids.next_period_date_start, date(2024, 2, 29))

    def test_lines_that_are_computed_together_keep_their_own_days(self):
        """In one write, as a run and an import do."""
        contracts = [self.contract(date(2026, 1, day)) for day in (31, 30, 28)]
        lines = contracts[0].contract_line_ids | contracts[1].contract_line_ids | contracts[2].contract_line_ids
        lines.write({"last_date_invoiced": date(2026, 2, 27)})
        days = [date(2026, 3, 31), date(2026, 3, 30), date(2026, 3, 28)]
        self.assertEqual(lines.mapped("recurring_next_date"), days)
        ends = [date(2026, 3, 30), date(2026, 3, 29), date(2026, 3, 27)]
        self.assertEqual(lines.mapped("next_period_date_end"), ends)

    def test_what_has_drifted_already_goes_on_as_it_is(self):
        contract = self.contract(date(2026, 1, 31))
        contract.contract_line_ids.last_date_invoiced = date(2026, 3, 27)
        self.bill(contract, date(2026, 5, 1))
        self.assertEqual(self.begins(contract), [date(2026, 3, 28)])
        self.assertEqual(contract.contract_line_ids.next_period_date_start, date(2026, 4, 28))

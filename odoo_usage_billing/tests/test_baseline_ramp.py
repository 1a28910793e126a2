from datetime import date

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .common import UsageCommon


@tagged("post_install", "-at_install")
class TestBaselineRamp(UsageCommon):
    """A ramp makes successive baselines, each a step from the one before."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        card = cls.make_card(charge_model="per_unit", unit_price=1)
        cls.line = cls.make_contract([cls.usage_line(card)]).contract_line_ids

    def ramp(self, **vals):
        values = {"contract_line_id": self.line.id, "date_start": date(2026, 4, 1), "months": 3, "step_count": 4}
        return self.env["usage.baseline.ramp"].create({**values, **vals})

    def made(self):
        return self.line.usage_baseline_ids.sorted("date_start")

    def test_units_are_added_at_each_step(self):
        ramp = self.ramp(agreed=1000, change=250, fixed_amount=60, fee_change=10)
        self.assertIn("1,750", ramp.table)
        ramp.action_make()
        self.assertEqual(self.made().mapped("quantity"), [1000, 1250, 1500, 1750])
        self.assertEqual(self.made().mapped("fixed_amount"), [60, 70, 80, 90])
        self.assertEqual(self.made().mapped("date_end"), [date(2026, 7, 1), date(2026, 10, 1), date(2027, 1, 1), False])

    def test_per_cent_is_of_the_step_before_and_rounded(self):
        # 1000, 1100, 1210, 1331 rounded to tens
        self.ramp(agreed=1000, change_by="percent", change=10, round_to=10).action_make()
        self.assertEqual(self.made().mapped("quantity"), [1000, 1100, 1210, 1330])

    def test_an_amount_is_rounded_to_the_currency_and_may_fall(self):
        ramp = self.ramp(kind="amount", agreed=100, change_by="percent", change=-3.33, step_count=3, is_open=False)
        ramp.action_make()
        # 100 x 0.9667 = 96.67, x 0.9667 = 93.450889
        self.assertEqual(self.made().mapped("amount"), [100, 96.67, 93.45])
        self.assertEqual(self.made()[-1].date_end, date(2027, 1, 1))

    def test_a_month_end_does_not_drift(self):
        self.ramp(agreed=1, date_start=date(2026, 1, 31), months=1, step_count=3).action_make()
        self.assertEqual(self.made().mapped("date_start"), [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)])

    def test_the_baseline_before_ends_and_lends_its_terms(self):
        before = self.env["usage.baseline"].create(
            {
                "contract_line_id": self.line.id,
                "date_start": date(2026, 1, 1),
                "quantity": 500,
                "fixed_amount": 40,
                "tolerance_percent": 5,
                "below": "carry_forward",
                "season_ids": [Command.create({"month": "12", "percent": 150})],
            }
        )
        form = Form(self.env["usage.baseline.ramp"].with_context(default_date_start=date(2026, 4, 1)))
        form.contract_line_id = self.line
        self.assertEqual((form.agreed, form.fixed_amount), (500, 40))
        form.change = 100
        form.save().action_make()
        self.assertEqual(before.date_end, date(2026, 4, 1))
        new = self.made() - before
        self.assertEqual(new.mapped("quantity"), [500, 600, 700, 800])
        self.assertEqual(set(new.mapped("tolerance_percent")), {5})
        self.assertEqual(set(new.mapped("below")), {"carry_forward"})
        self.assertEqual(new.season_ids.mapped("percent"), [150] * 4)

    def test_a_baseline_in_the_way_is_named(self):
        self.env["usage.baseline"].create({"contract_line_id": self.line.id, "date_start": date(2026, 9, 1)})
        ramp = self.ramp(agreed=1)
        self.assertIn("already, in the days of the ramp", ramp.table)
        with self.assertRaises(UserError):
            ramp.action_make()
        self.ramp(agreed=1, step_count=1, is_open=False).action_make()
        self.assertEqual(len(self.made()), 2)

    def test_steps_below_zero_or_without_end_are_refused(self):
        for vals in ({"agreed": 10, "change": -5}, {"step_count": 0}, {"step_count": 1000}, {"months": 0}):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                self.ramp(**vals).action_make()
        self.assertFalse(self.made())

    def test_only_managers_make_ramps(self):
        operator = new_test_user(
            self.env,
            login="ramp_operator",
            groups="odoo_usage_billing.group_usage_operator",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        with self.assertRaises(AccessError):
            self.env["usage.baseline.ramp"].with_user(operator).create({"contract_line_id": self.line.id})

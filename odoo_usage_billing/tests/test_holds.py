"""Implausible bills wait for a person; everybody else's go out."""

from datetime import date

import psycopg2

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import UsageCommon, utc


@tagged("post_install", "-at_install")
class TestHolds(UsageCommon):
    """A page costs 1, so that pages are money. Three months of 100 pages are billed; April is what varies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.card = cls.make_card(charge_model="per_unit", unit_price=1)
        cls.contract = cls.usual_contract("AAA")
        cls.other = cls.usual_contract("BBB")
        cls.contract.write({"usage_bounds_from": "own"})

    @classmethod
    def usual_contract(cls, prefix):
        contract = cls.make_contract([cls.usage_line(cls.card)])
        cls.make_subjects(contract.contract_line_ids, 1, prefix=prefix)
        cls.send([cls.record(f"{prefix}0001", 100, utc(2026, month, 10)) for month in (1, 2, 3)])
        cls.run_billing(date(2026, 4, 1), contracts=contract)
        return contract

    def april(self, quantity):
        self.send([self.record(f"{prefix}0001", quantity, utc(2026, 4, 10)) for prefix in ("AAA", "BBB")])
        return self.run_billing(date(2026, 5, 1))

    def line_of(self, run, contract=None):
        return run.line_ids.filtered(lambda line: line.contract_id == (contract or self.contract))

    def hold(self):
        return self.contract.usage_hold_ids.filtered(lambda hold: hold.state == "held")

    def test_within_the_bounds_nothing_is_held(self):
        self.contract.write({"usage_hold_above": 1000, "usage_hold_factor": 5, "usage_hold_lines": 3})
        self.assertEqual(self.line_of(self.april(300)).state, "done")
        self.assertFalse(self.contract.usage_hold_ids)

    def test_an_unusual_amount_is_held_and_the_rest_of_the_run_goes_on(self):
        self.contract.usage_hold_factor = 5
        run = self.april(1000)
        self.assertEqual((self.line_of(run).state, self.line_of(run, self.other).state), ("held", "done"))
        self.assertEqual((run.state, run.held_count, run.failed_count, run.invoice_count), ("done", 1, 0, 1))
        hold = self.hold()
        self.assertEqual((hold.amount, hold.amount_usual, hold.quantity), (1000, 100, 1000))
        self.assertIn("more than 5 times the usual $\xa0100.00", hold.message)
        self.assertEqual(len(hold.earlier_text.splitlines()), 3)
        self.assertEqual(self.contract.recurring_next_date, date(2026, 5, 1))
        self.assertFalse(self.contract.contract_line_ids.usage_period_ids.filtered(lambda p: p.state == "open"))

    def test_each_bound_holds_for_its_own_reason(self):
        cases = (
            ({"usage_hold_above": 500}, 501, "above_cap"),
            ({"usage_hold_above": 500}, 500, None),
            ({"usage_hold_factor": 5}, 501, "unusual"),
            ({"usage_hold_factor": 5}, 500, None),
            ({"usage_hold_negative": True}, -1, "negative"),
            ({"usage_hold_negative": True}, 0, None),
        )
        self.metric.accept_negative = True
        for number, (bounds, quantity, reason) in enumerate(cases):
            with self.subTest(bounds=bounds, quantity=quantity):
                contract = self.usual_contract(f"C{number}X")
                contract.write({"usage_bounds_from": "own", **bounds})
                self.send([self.record(f"C{number}X0001", quantity, utc(2026, 4, 10))])
                self.run_billing(date(2026, 5, 1), contracts=contract)
                found = [code for code, _figures in contract.usage_hold_ids.breaches or ()]
                self.assertEqual(found, [reason] if reason else [])

    def test_too_many_lines_are_held(self):
        self.contract.usage_hold_lines = 1
        card = self.make_card([(10, 1, 0), (20, 2, 0), (None, 3, 0)], name="Tiers")
        self.contract.contract_line_ids.usage_rate_card_id = card
        self.april(25)
        self.assertEqual(self.hold().breaches, [["too_many_lines", {"count": "3", "limit": "1"}]])

    def test_a_period_with_much_in_suspense_is_held(self):
        self.contract.usage_hold_suspense_percent = 20
        self.contract.contract_line_ids.usage_assignment_ids.subject_id.code = "AAA0001"
        self.send([self.record("AAA0001", -5, utc(2026, 4, day), external_id=f"bad{day}") for day in (2, 3)])
        self.april(100)
        self.assertEqual(self.hold().breaches, [["suspense", {"count": "2", "total": "3"}]])

    def test_too_few_earlier_periods_say_nothing_about_what_is_usual(self):
        contract = self.make_contract([self.usage_line(self.card)])
        self.make_subjects(contract.contract_line_ids, 1, prefix="NEW")
        contract.write({"usage_bounds_from": "own", "usage_hold_factor": 2})
        self.send([self.record("NEW0001", 9, utc(2026, 1, 5)), self.record("NEW0001", 900, utc(2026, 2, 5))])
        self.run_billing(date(2026, 3, 1), contracts=contract)
        self.assertFalse(contract.usage_hold_ids)

    def test_a_company_has_bounds_for_all_its_contracts_and_a_contract_may_have_none(self):
        self.company.sudo().usage_hold_factor = 5
        self.contract.usage_bounds_from = "none"
        run = self.april(1000)
        self.assertEqual((self.line_of(run).state, self.line_of(run, self.other).state), ("done", "held"))

    def test_releasing_needs_a_reason_and_then_the_period_is_invoiced(self):
        self.contract.usage_hold_factor = 5
        run = self.april(1000)
        hold = self.hold()
        with self.assertRaises(UserError):
            hold.action_release()
        hold.reason = "A fair, the customer told us"
        hold.action_release()
        run.action_retry_failed()
        self.assertEqual((hold.state, hold.released_by_id), ("released", self.env.user))
        self.assertEqual(self.line_of(run).state, "done")
        self.assertEqual(self.line_of(run).move_ids.amount_untaxed, 1000)
        with self.assertRaises(UserError):
            hold.action_release()

    def test_a_release_is_for_the_amount_that_was_seen(self):
        self.contract.usage_hold_factor = 5
        run = self.april(1000)
        hold = self.hold()
        hold.reason = "A fair"
        hold.action_release()
        self.send([self.record("AAA0001", 9000, utc(2026, 4, 11))])
        run.action_retry_failed()
        self.assertEqual((self.line_of(run).state, self.hold().amount), ("held", 10000))

    def test_what_was_mended_is_invoiced_and_the_hold_is_settled(self):
        self.contract.usage_hold_factor = 5
        run = self.april(1000)
        hold = self.hold()
        record = self.record("AAA0001", 100, utc(2026, 4, 10), external_id="mended")
        self.send([record._replace(replaces=f"AAA0001/{utc(2026, 4, 10).isoformat()}")])
        run.action_retry_failed()
        self.assertEqual((hold.state, self.line_of(run).move_ids.amount_untaxed), ("settled", 100))

    def test_a_period_is_held_once_however_often_it_is_tried(self):
        self.contract.usage_hold_factor = 5
        self.april(1000)
        self.run_billing(date(2026, 5, 2))
        self.assertEqual(len(self.contract.usage_hold_ids), 1)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self.hold().copy()

    def test_earlier_periods_that_are_plausible_are_invoiced_before_the_held_one(self):
        self.contract.usage_hold_factor = 5
        self.send([self.record("AAA0001", 120, utc(2026, 4, 10)), self.record("AAA0001", 9000, utc(2026, 5, 10))])
        run = self.run_billing(date(2026, 6, 1), contracts=self.contract)
        line = self.line_of(run)
        self.assertEqual((line.state, line.move_ids.mapped("amount_untaxed")), ("held", [120]))
        self.assertEqual(self.hold().date_start, date(2026, 5, 1))

    def test_the_contracts_own_button_says_why_it_is_held(self):
        self.contract.usage_hold_factor = 5
        self.send([self.record("AAA0001", 1000, utc(2026, 4, 10))])
        with self.assertRaisesRegex(UserError, "implausible"):
            self.contract.recurring_create_invoice()


@tagged("post_install", "-at_install")
class TestBoundsOfACompany(UsageCommon):
    """The bounds that a company begins with: a page costs 1."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        fresh = cls.env["res.company"].sudo().create({"name": "Fresh"})
        names = [name for name in cls.env["usage.bounds"]._fields if name.startswith("usage_hold_")]
        cls.company.sudo().write({name: fresh[name] for name in names})
        cls.card = cls.make_card(charge_model="per_unit", unit_price=1)
        cls.metric.accept_negative = True

    def held(self, quantities):
        """The reasons for which the last of these months is held; those before it are not."""
        contract = self.make_contract([self.usage_line(self.card)])
        prefix = f"B{contract.id}X"
        self.make_subjects(contract.contract_line_ids, 1, prefix=prefix)
        for month, quantity in enumerate(quantities, start=1):
            self.assertFalse(contract.usage_hold_ids)
            self.send([self.record(f"{prefix}0001", quantity, utc(2026, month, 10))])
            self.run_billing(date(2026, month + 1, 1), contracts=contract)
        return [code for code, _figures in contract.usage_hold_ids.breaches or ()]

    def test_ordinary_bills_pass_from_the_first_on(self):
        for quantities in ([5000], [0, 0, 0, 500], [100, 300, 40, 480], [100, 120, 90, 0], [1, 2, 1, 9]):
            with self.subTest(quantities=quantities):
                self.assertEqual(self.held(quantities), [])

    def test_absurd_bills_wait(self):
        for quantities, reason in (
            ([-1], "negative"),
            ([100, 120, 90, 1000], "unusual"),
            ([100, 120, 90, 10**9], "unusual"),
        ):
            with self.subTest(quantities=quantities):
                self.assertEqual(self.held(quantities), [reason])

    def test_a_contract_that_writes_its_own_begins_with_none(self):
        contract = self.make_contract([self.usage_line(self.card)], usage_bounds_from="own")
        self.assertIsNone(contract._usage_bounds())

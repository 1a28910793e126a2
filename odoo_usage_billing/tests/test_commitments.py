"""Promises over a term: drawn down by charges, overage at its factor, exactly one true-up, early ends by days."""

from datetime import date

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import UsageCommon, utc


@tagged("post_install", "-at_install")
class TestCommitments(UsageCommon):
    """A unit costs 1, so that quantities are amounts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.card = cls.make_card(charge_model="per_unit", unit_price=1)

    def contract_with(self, lines=1, line=None, **commitment):
        contract = self.make_contract([self.usage_line(self.card, **(line or {})) for _n in range(lines)])
        for number, usage_line in enumerate(contract.contract_line_ids):
            self.make_subjects(usage_line, 1, prefix="ABC"[number] * 3)
        vals = {"contract_id": contract.id, "date_start": date(2026, 1, 1), "name": "Promise", **commitment}
        return contract, self.env["usage.commitment"].create(vals)

    def use(self, month, quantity, subject="AAA0001"):
        self.send([self.record(subject, quantity, occurred_at=utc(2026, month, 15, 11))])

    def bill(self, contract, day):
        run = self.run_billing(day, contracts=contract)
        self.assertEqual(run.failed_count, 0, run.line_ids.mapped("message"))
        return [move.amount_untaxed for move in run.line_ids.move_ids.sorted("invoice_date")]

    def settled(self, commitment):
        """{component code: amount} over all settlements."""
        result = {}
        for component in commitment.charge_ids.component_ids.filtered("amount"):
            result[component.code] = round(result.get(component.code, 0) + component.amount, 2)
        return result

    def test_a_quarter_below_the_promise_has_one_true_up_at_its_end(self):
        contract, promise = self.contract_with(term="quarterly", amount=300)
        for month, quantity in ((1, 50), (2, 60), (3, 70)):
            self.use(month, quantity)
        self.assertEqual(self.bill(contract, date(2026, 4, 1)), [50, 60, 70 + 120])
        self.assertEqual(self.settled(promise), {"true-up": 120})
        self.assertEqual(len(promise.charge_ids), 3)

    def test_above_the_promise_the_excess_costs_the_factor(self):
        contract, promise = self.contract_with(term="quarterly", amount=100, overage_factor=1.5)
        for month, quantity in ((1, 80), (2, 60), (3, 10)):
            self.use(month, quantity)
        # 40 above in February, 10 in March: half of it on top
        self.assertEqual(self.bill(contract, date(2026, 4, 1)), [80, 60 + 20, 10 + 5])
        self.assertEqual(self.settled(promise), {"overage": 25})

    def test_terms_follow_each_other(self):
        contract, promise = self.contract_with(term="monthly", amount=100)
        self.use(1, 40)
        self.use(3, 130)
        self.assertEqual(self.bill(contract, date(2026, 4, 1)), [100, 100, 130])
        self.assertEqual(self.settled(promise), {"true-up": 160})

    def test_lines_share_a_promise_and_it_settles_once(self):
        contract, promise = self.contract_with(lines=2, term="monthly", amount=100)
        self.use(1, 30)
        self.use(1, 50, "BBB0001")
        self.assertEqual(self.bill(contract, date(2026, 2, 1)), [100])
        self.assertEqual(self.settled(promise), {"true-up": 20})
        self.assertEqual(len(promise.charge_ids), 1)

    def test_a_promise_waits_for_the_line_that_is_billed_later(self):
        contract, promise = self.contract_with(lines=2, term="quarterly", amount=100)
        contract.contract_line_ids[1].write({"recurring_rule_type": "quarterly"})
        contract.contract_line_ids[1].recurring_next_date = date(2026, 4, 1)
        self.use(1, 30)
        self.use(2, 50, "BBB0001")
        self.assertEqual(self.bill(contract, date(2026, 3, 31)), [30, 0])
        self.assertEqual(self.settled(promise), {})
        self.assertEqual(sum(self.bill(contract, date(2026, 4, 1))), 70)
        self.assertEqual(self.settled(promise), {"true-up": 20})

    def test_an_early_end_prorates_the_promise_by_days(self):
        contract, promise = self.contract_with(term="quarterly", amount=900, line={"date_end": date(2026, 2, 9)})
        self.use(1, 50)
        self.bill(contract, date(2026, 3, 1))
        # 40 of 90 days: 400 promised
        self.assertEqual(self.settled(promise), {"true-up": 350})

    def test_a_promise_per_billing_period_settles_each_of_them_whatever_the_rating_term(self):
        line = {"usage_rating_term": "yearly"}
        contract, promise = self.contract_with(term="period", amount=100, line=line)
        for month, quantity in ((1, 30), (2, 150), (3, 20)):
            self.use(month, quantity)
        self.assertEqual(self.bill(contract, date(2026, 4, 1)), [100, 150, 100])
        self.assertEqual(self.settled(promise), {"true-up": 150})

    def test_a_promise_per_billing_period_counts_its_days_at_both_ends(self):
        days = {"recurring_rule_type": "monthlylastday", "date_start": date(2026, 2, 15), "date_end": date(2026, 3, 10)}
        contract, promise = self.contract_with(term="period", amount=310, line=days, date_start=date(2026, 2, 15))
        self.use(2, 30)
        # 14 of 28 days and 10 of 31
        self.assertEqual(self.bill(contract, date(2026, 4, 1)), [155, 100])

    def test_a_line_that_is_cancelled_keeps_no_true_up_waiting(self):
        contract, promise = self.contract_with(lines=2, term="quarterly", amount=300)
        contract.contract_line_ids[1].is_canceled = True
        self.use(1, 50)
        self.assertEqual(sum(self.bill(contract, date(2026, 4, 1))), 300)
        self.assertEqual(self.settled(promise), {"true-up": 250})

    def test_a_promised_quantity_is_worth_what_the_card_charges_for_it(self):
        card = self.make_card([(10, 3, 0), (None, 2, 0)])
        contract, promise = self.contract_with(
            line={"usage_rate_card_id": card.id}, term="monthly", kind="quantity", quantity=20
        )
        self.use(1, 12)
        # 20 units are 50, 12 are 34
        self.assertEqual(self.bill(contract, date(2026, 2, 1)), [50])
        self.assertEqual(self.settled(promise), {"true-up": 16})

    def test_no_shortfall_is_billed_when_the_promise_does_not_ask_for_it(self):
        contract, promise = self.contract_with(term="monthly", amount=100, true_up=False)
        self.use(1, 40)
        self.assertEqual(self.bill(contract, date(2026, 2, 1)), [40])
        self.assertEqual(self.settled(promise), {})

    def test_drawdown_is_seen_at_any_time_with_open_usage_in_it(self):
        start = date.today().replace(day=1)
        contract, promise = self.contract_with(term="yearly", amount=100)
        contract.contract_line_ids.date_start = start
        promise.date_start = start
        now = utc(start.year, start.month, start.day, 0, 30)
        self.send([self.record("AAA0001", 30, occurred_at=now)])
        self.assertEqual((promise.amount_drawn, promise.amount_remaining), (30, 70))
        self.assertEqual(promise.drawn_percent, 30)

    def test_a_cancelled_draft_gives_its_settlement_back(self):
        contract, promise = self.contract_with(term="monthly", amount=100)
        contract.usage_invoice_policy = "draft"
        self.use(1, 40)
        run = self.run_billing(date(2026, 2, 1), contracts=contract)
        run.line_ids.move_ids.button_cancel()
        self.assertEqual(promise.charge_ids.mapped("state"), ["released"])
        self.assertEqual(self.bill(contract, date(2026, 2, 1)), [100])

    def test_two_promises_over_the_same_line_at_once_are_refused(self):
        contract, _promise = self.contract_with(term="monthly", amount=100)
        with self.assertRaisesRegex(ValidationError, "count the same lines"):
            self.env["usage.commitment"].create(
                {"contract_id": contract.id, "date_start": date(2026, 6, 1), "amount": 5}
            )

    def test_a_promise_over_lines_of_another_contract_is_refused(self):
        contract, _promise = self.contract_with(term="monthly", amount=100)
        other = self.make_contract([self.usage_line(self.card)])
        with self.assertRaisesRegex(ValidationError, "another contract"):
            self.env["usage.commitment"].create(
                {
                    "contract_id": contract.id,
                    "line_ids": [Command.set(other.contract_line_ids.ids)],
                    "date_start": date(2027, 1, 1),
                }
            )

    def test_the_invoice_says_where_the_promise_stands(self):
        contract, _promise = self.contract_with(term="quarterly", amount=300)
        self.use(1, 50)
        run = self.run_billing(date(2026, 2, 1), contracts=contract)
        names = "\n".join(run.line_ids.move_ids.invoice_line_ids.mapped("name"))
        self.assertIn("$\xa0300.00 promised, $\xa050.00 drawn, $\xa0250.00 left", names)

    # -- what changes after the invoice ------------------------------------

    def test_late_usage_takes_back_as_much_of_the_true_up_as_it_fills(self):
        contract, _promise = self.contract_with(term="monthly", amount=100)
        self.use(1, 40)
        self.assertEqual(self.bill(contract, date(2026, 2, 1)), [100])
        self.send([self.record("AAA0001", 75, occurred_at=utc(2026, 1, 20), external_id="late")])
        found = contract._usage_look()
        # 115 used: the promise is filled, its true-up of 60 goes
        self.assertEqual(sorted(found.mapped("amount")), [-60, 75])
        self.assertIn("Promise", found.filtered("commitment_id").cause)
        self.assertFalse(contract._usage_look())
        self.use(2, 130)
        self.assertEqual(self.bill(contract, date(2026, 3, 1)), [130])

    def test_late_usage_above_the_promise_costs_the_factor(self):
        contract, _promise = self.contract_with(term="quarterly", amount=100, overage_factor=1.5)
        self.use(1, 80)
        self.use(2, 10)
        self.assertEqual(self.bill(contract, date(2026, 3, 1)), [80, 10])
        self.send([self.record("AAA0001", 30, occurred_at=utc(2026, 1, 20), external_id="late")])
        # 120 used: 20 above, half of it on top
        self.assertEqual(sorted(contract._usage_look().mapped("amount")), [10, 30])
        self.use(3, 8)
        self.assertEqual(self.bill(contract, date(2026, 4, 1)), [8 + 4])
        self.assertFalse(contract._usage_look())

    def test_what_is_rejected_does_not_fill_a_promise(self):
        contract, _promise = self.contract_with(term="monthly", amount=100)
        self.use(1, 40)
        self.bill(contract, date(2026, 2, 1))
        self.send([self.record("AAA0001", 10, occurred_at=utc(2026, 1, 20), external_id="late")])
        found = contract._usage_look()
        self.assertEqual(sorted(found.mapped("amount")), [-10, 10])
        usage = found.filtered(lambda a: not a.commitment_id)
        usage.reason = "A mistake of ours"
        usage.action_reject()
        contract._usage_look()
        counted = contract.usage_adjustment_ids.filtered(lambda a: a.state in ("draft", "accepted"))
        self.assertFalse(counted)

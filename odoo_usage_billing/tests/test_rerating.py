"""Usage, prices and baselines that change after the invoice: the difference is found, once, and adds up."""

import random
from datetime import date, timedelta

from odoo import Command
from odoo.tests import tagged

from .common import UsageCommon, utc

TIERS = [(100, 0.10, 0), (1000, 0.08, 0), (None, 0.05, 0)]
STEPS = [(50, 0.11, 3), (200, 0.07, 0), (None, 0.033, 0)]
SECOND_TIER = {"target": "tier_price", "key": "2"}
UNIT_PRICE = {"target": "unit_price"}
#: Cards, baselines and which own price changes, for random histories.
HISTORIES = (
    {"card": {"tiers": STEPS, "flat_amount": 2, "minimum_amount": 9}, "baselines": (), "own": SECOND_TIER},
    {
        "card": {"charge_model": "package", "package_size": 40, "unit_price": 3, "quantity_included": 25},
        "baselines": (),
        "own": UNIT_PRICE,
    },
    {
        "card": {"charge_model": "volume", "tiers": STEPS, "discount_percent": 7.5},
        "baselines": ({"quantity": 120, "fixed_amount": 30, "below": "carry_forward"},),
        "own": SECOND_TIER,
    },
    {
        "card": {"tiers": STEPS, "maximum_amount": 14},
        "baselines": ({"kind": "amount", "amount": 8, "below": "credit", "below_unit_price": 0.5},),
        "own": SECOND_TIER,
    },
)


@tagged("post_install", "-at_install")
class TestRerating(UsageCommon):
    """Amounts are worked out by hand in the tests, from prices and quantities."""

    def agreed(self, card, subject="PRN0001", **line):
        """A contract with one usage line and one device."""
        contract = self.make_contract([self.usage_line(card, **line)])
        self.make_subjects(contract.contract_line_ids, 1, prefix=subject[:-4])
        return contract

    def use(self, day, quantity, subject="PRN0001", **vals):
        """Store one event at noon of a local day."""
        at = utc(day.year, day.month, day.day, 11, 0, self.next_second())
        batch = self.send([self.record(subject, quantity, occurred_at=at, **vals)])
        self.assertEqual(batch.accepted_count, 1, batch.suspense_ids.mapped("message"))
        return batch

    def next_second(self):
        """Events of one noon must not share an id: another second for each."""
        self.second = (getattr(self, "second", 0) + 1) % 60
        return self.second

    def bill(self, contract, day):
        run = self.run_billing(day, contracts=contract)
        self.assertEqual(run.failed_count, 0, run.line_ids.mapped("message"))
        return run.line_ids.move_ids

    def charges(self, contract):
        return self.env["usage.charge"].search([("contract_id", "=", contract.id)], order="date_start")

    def test_late_usage_is_stored_and_its_difference_found_once(self):
        contract = self.agreed(self.make_card(charge_model="per_unit", unit_price=0.5))
        self.use(date(2026, 1, 10), 100)
        self.bill(contract, date(2026, 2, 1))
        self.use(date(2026, 1, 20), 7)
        found = contract._usage_look()
        self.assertEqual(len(found), 1)
        self.assertEqual((found.amount_before, found.amount_now, found.amount), (50, 53.5, 3.5))
        self.assertEqual((found.state, found.charge_id), ("draft", self.charges(contract)))
        self.assertEqual((found.late_event_count, found.late_quantity, found.event_count), (1, 7, 1))
        self.assertEqual([item["quantity"] for item in found.late_events], ["7"])
        self.assertIn("One event came after the invoice: +7", found.cause)
        self.assertFalse(contract._usage_look())
        self.assertEqual(self.charges(contract).amount, 50)

    def test_a_contract_may_refuse_late_usage(self):
        contract = self.agreed(self.make_card(charge_model="per_unit", unit_price=0.5))
        contract.usage_late_policy = "refuse"
        self.use(date(2026, 1, 10), 100)
        self.bill(contract, date(2026, 2, 1))
        batch = self.send([self.record("PRN0001", 7)])
        self.assertEqual(batch.suspense_ids.reason_code, "locked_period")
        self.assertFalse(contract._usage_look())

    def test_a_source_may_keep_late_usage_in_suspense_whatever_the_contract_says(self):
        contract = self.agreed(self.make_card(charge_model="per_unit", unit_price=0.5))
        self.source.late_policy = "suspend"
        self.use(date(2026, 1, 10), 100)
        self.bill(contract, date(2026, 2, 1))
        batch = self.send([self.record("PRN0001", 7)])
        self.assertEqual(batch.suspense_ids.reason_code, "locked_period")

    def test_an_event_that_is_taken_back_is_credited(self):
        contract = self.agreed(self.make_card(TIERS))
        self.use(date(2026, 1, 10), 150, external_id="a")
        self.use(date(2026, 1, 11), 30)
        self.bill(contract, date(2026, 2, 1))
        self.send([self.record("PRN0001", 90, utc(2026, 1, 10, 11), external_id="b", replaces="a")])
        found = contract._usage_look()
        # 180: 10 + 6.40 = 16.40; 120: 10 + 1.60 = 11.60
        self.assertEqual((found.amount_before, found.amount_now, found.amount), (16.4, 11.6, -4.8))
        self.assertEqual((found.late_event_count, found.late_void_count, found.late_quantity), (2, 1, -60))

    def test_late_usage_of_a_month_moves_the_tiers_of_the_quarter_and_nothing_is_billed_twice(self):
        contract = self.agreed(self.make_card(TIERS), usage_rating_term="quarterly")
        self.use(date(2026, 1, 10), 60)
        self.use(date(2026, 2, 10), 60)
        self.bill(contract, date(2026, 3, 1))
        self.assertEqual(self.charges(contract).mapped("amount"), [6.0, 5.6])
        self.use(date(2026, 1, 20), 50)
        found = contract._usage_look()
        # January 110: 10 + 0.80 = 10.80; up to February 170: 15.60
        self.assertEqual(found.sorted("date_start").mapped("amount"), [4.8, -0.8])
        self.use(date(2026, 3, 10), 10)
        self.bill(contract, date(2026, 4, 1))
        self.assertEqual(self.charges(contract).mapped("amount"), [6.0, 5.6, 0.8])
        self.assertFalse(contract._usage_look())

    def test_late_usage_of_an_open_quarter_is_found_before_its_next_month_is_billed(self):
        contract = self.agreed(self.make_card(TIERS), usage_rating_term="quarterly")
        self.use(date(2026, 1, 10), 60)
        self.bill(contract, date(2026, 2, 1))
        self.use(date(2026, 1, 20), 20)
        self.use(date(2026, 2, 10), 60)
        self.bill(contract, date(2026, 3, 1))
        adjustment = contract.usage_adjustment_ids
        self.assertEqual(adjustment.amount, 2)
        # 80 to 140: 20 at 0.10, 40 at 0.08
        self.assertEqual(self.charges(contract).mapped("amount"), [6.0, 5.2])

    def test_a_newer_finding_takes_the_place_of_an_undecided_one(self):
        contract = self.agreed(self.make_card(charge_model="per_unit", unit_price=1))
        self.bill(contract, date(2026, 2, 1))
        self.use(date(2026, 1, 20), 5, external_id="a")
        first = contract._usage_look()
        self.use(date(2026, 1, 21), 2)
        second = contract._usage_look()
        self.assertEqual((first.state, second.state, second.amount, second.number), ("superseded", "draft", 7, 2))
        self.assertEqual(second.late_event_count, 2)

    def test_a_price_that_was_changed_for_billed_days_is_found(self):
        card = self.make_card(charge_model="per_unit", unit_price=1)
        contract = self.agreed(card)
        self.use(date(2026, 1, 10), 10)
        self.use(date(2026, 1, 25), 10)
        self.bill(contract, date(2026, 2, 1))
        later = card.version_ids.copy({"date_start": date(2026, 1, 16), "unit_price": 3, "number": 2, "state": "draft"})
        later.action_activate()
        found = contract._usage_look()
        self.assertEqual((found.amount, found.is_repriced, found.version_id), (20, True, later))
        self.assertIn("instead of", found.cause)
        self.assertEqual(later.state, "frozen")
        self.assertFalse(contract._usage_look())

    def test_a_price_of_the_days_to_come_changes_nothing(self):
        card = self.make_card(charge_model="per_unit", unit_price=1, flat_amount=90)
        contract = self.agreed(card, usage_rating_term="quarterly")
        self.use(date(2026, 1, 10), 10)
        self.bill(contract, date(2026, 2, 1))
        later = card.version_ids.copy({"date_start": date(2026, 3, 1), "unit_price": 3, "number": 2, "state": "draft"})
        later.action_activate()
        self.assertFalse(contract._usage_look())

    def test_an_own_price_that_is_deleted_is_noticed(self):
        contract = self.agreed(
            self.make_card(charge_model="per_unit", unit_price=1),
            usage_override_ids=[Command.create({"target": "unit_price", "value": 0.5, "date_start": date(2026, 1, 1)})],
        )
        self.use(date(2026, 1, 10), 10)
        self.bill(contract, date(2026, 2, 1))
        contract.contract_line_ids.usage_override_ids.unlink()
        self.assertEqual(contract._usage_look().amount, 5)

    def test_a_baseline_amended_for_billed_days_is_found(self):
        contract = self.agreed(
            self.make_card(charge_model="per_unit", unit_price=1),
            usage_baseline_ids=[Command.create({"date_start": date(2026, 1, 1), "quantity": 50, "fixed_amount": 40})],
        )
        self.use(date(2026, 1, 10), 60)
        self.bill(contract, date(2026, 2, 1))
        contract.contract_line_ids.usage_baseline_ids.quantity = 55
        self.assertEqual(contract._usage_look().amount, -5)

    def test_another_card_on_the_line_leaves_what_was_billed_alone(self):
        contract = self.agreed(self.make_card(charge_model="per_unit", unit_price=1))
        self.use(date(2026, 1, 10), 10)
        self.bill(contract, date(2026, 2, 1))
        contract.contract_line_ids.usage_rate_card_id = self.make_card(charge_model="per_unit", unit_price=9)
        self.assertFalse(contract._usage_look())
        self.use(date(2026, 1, 12), 1)
        self.assertEqual(contract._usage_look().amount, 1)

    def test_late_usage_within_the_baseline_is_explained_and_costs_nothing(self):
        contract = self.agreed(
            self.make_card(charge_model="per_unit", unit_price=1),
            usage_baseline_ids=[Command.create({"date_start": date(2026, 1, 1), "quantity": 50, "fixed_amount": 40})],
        )
        self.use(date(2026, 1, 10), 10)
        self.bill(contract, date(2026, 2, 1))
        self.use(date(2026, 1, 11), 10)
        found = contract._usage_look()
        self.assertEqual((found.state, found.amount, found.late_quantity), ("nothing", 0, 10))
        self.assertFalse(contract._usage_look())

    def test_late_usage_of_a_term_changes_what_the_next_one_carries(self):
        contract = self.agreed(
            self.make_card(charge_model="per_unit", unit_price=1),
            usage_baseline_ids=[
                Command.create(
                    {"date_start": date(2026, 1, 1), "quantity": 50, "fixed_amount": 40, "below": "carry_forward"}
                )
            ],
        )
        self.use(date(2026, 1, 10), 30)
        self.use(date(2026, 2, 10), 65)
        self.bill(contract, date(2026, 3, 1))
        self.assertEqual(self.charges(contract).mapped("amount"), [40.0, 40.0])
        self.use(date(2026, 1, 11), 15)
        found = contract._usage_look().sorted("date_start")
        # January leaves 5 instead of 20: February has 55 free of its 65.
        self.assertEqual(found.mapped("amount"), [0.0, 10.0])
        self.assertEqual(found.mapped("state"), ["nothing", "draft"])

    def test_a_small_difference_is_written_off_with_its_reason(self):
        contract = self.agreed(self.make_card(charge_model="per_unit", unit_price=1))
        contract.write({"usage_write_off_below": 5, "usage_adjustment_policy": "next_invoice"})
        self.bill(contract, date(2026, 2, 1))
        self.use(date(2026, 1, 10), 4)
        found = contract._usage_look()
        self.assertEqual((found.state, bool(found.reason)), ("written_off", True))
        # What was forgiven is not paid back by itself when the usage goes away again.
        self.send([self.record("PRN0001", 0, external_id="v", voids=found.late_events and self.last_id())])
        back = contract._usage_look()
        self.assertEqual((back.state, back.amount, bool(back.reason)), ("draft", -4, True))

    def last_id(self):
        return self.env["usage.event"].search([], order="id desc", limit=1).external_id

    # -- pools -------------------------------------------------------------

    def pool(self):
        """A lead line with 100 agreed at 1 above, and a member of another contract with 50."""
        card = self.make_card(charge_model="per_unit", unit_price=1)

        def agreed(quantity):
            return [Command.create({"date_start": date(2026, 1, 1), "quantity": quantity})]

        lead = self.agreed(card, "LEA0001", usage_baseline_ids=agreed(100))
        member = self.agreed(card, "MEM0001", usage_baseline_ids=agreed(50))
        member.contract_line_ids.usage_pool_line_id = lead.contract_line_ids
        return lead, member

    def test_late_usage_of_a_pool_member_is_a_difference_of_its_lead(self):
        lead, member = self.pool()
        self.use(date(2026, 1, 5), 90, "LEA0001")
        self.bill(lead | member, date(2026, 2, 1))
        self.use(date(2026, 1, 6), 70, "MEM0001")
        found = (lead | member)._usage_look()
        # 160 used, 150 agreed
        self.assertEqual(found.filtered("amount").mapped("contract_id"), lead)
        self.assertEqual(sum(found.mapped("amount")), 10)
        self.assertFalse((lead | member)._usage_look())

    def test_a_line_that_leaves_its_pool_leaves_what_was_billed_alone(self):
        lead, member = self.pool()
        self.use(date(2026, 1, 5), 90, "LEA0001")
        self.use(date(2026, 1, 6), 70, "MEM0001")
        self.bill(lead | member, date(2026, 2, 1))
        member.contract_line_ids.usage_pool_line_id = False
        self.assertFalse((lead | member)._usage_look())
        self.use(date(2026, 1, 7), 5, "MEM0001")
        found = (lead | member)._usage_look()
        self.assertEqual(found.filtered("amount").mapped("amount"), [5.0])

    def test_what_is_installed_is_counted_again_when_an_assignment_is_corrected(self):
        self.metric.write({"measured_from": "assignments", "aggregation": "time_weighted_average"})
        contract = self.agreed(self.make_card(charge_model="per_unit", unit_price=31))
        self.bill(contract, date(2026, 2, 1))
        self.assertEqual(self.charges(contract).amount, 31)
        contract.contract_line_ids.usage_assignment_ids.end_at = utc(2026, 1, 10, 23).replace(tzinfo=None)
        found = contract._usage_look()
        # ten of 31 days
        self.assertEqual((found.amount, found.state), (-21, "draft"))
        self.assertIn("assigned", found.cause)
        self.assertFalse(contract._usage_look())

    # -- everything at random ----------------------------------------------

    def test_random_lateness_corrections_and_prices_add_up_to_one_rating_of_everything(self):
        for seed in range(1, 9):
            with self.subTest(seed=seed):
                self.check_history(random.Random(seed), f"R{seed:02d}", HISTORIES[seed % len(HISTORIES)])

    def check_history(self, dice, prefix, history):
        """Nine months in quarterly terms; then one rating of each whole quarter must cost the same."""
        card = self.make_card(name=prefix, **history["card"])
        subject = f"{prefix}0001"
        baselines = [Command.create({"date_start": date(2026, 1, 1), **vals}) for vals in history["baselines"]]
        contract = self.agreed(card, subject, usage_rating_term="quarterly", usage_baseline_ids=baselines)
        contract.usage_adjustment_policy = dice.choice(("ask", "next_invoice"))
        ids, today = [], date(2026, 1, 1)
        for month in range(1, 10):
            for _n in range(dice.randint(0, 4)):
                day = date(2026, 1, 1) + timedelta(days=dice.randint(0, 30 * month - 1))
                id_ = f"{prefix}-{len(ids)}-{day}"
                self.use(day, dice.randint(1, 90), subject, external_id=id_)
                ids.append(id_)
            if ids and dice.random() < 0.5:
                self.send([self.record(subject, 0, external_id=f"v-{prefix}-{month}", voids=dice.choice(ids))])
            if dice.random() < 0.3:
                self.reprice(contract, dice, month, history["own"])
            if dice.random() < 0.5:
                contract._usage_look()
            today = date(2026, month + 1, 1)
            self.bill(contract, today)
        contract._usage_look()
        self.assertFalse(contract._usage_look())
        charged = self.charges(contract)
        counted = contract.usage_adjustment_ids.filtered(lambda a: a.state != "superseded")
        self.assertEqual(
            self.cents(charged.mapped("amount") + counted.mapped("amount")), self.cents(self.at_once(contract, prefix))
        )

    def reprice(self, contract, dice, month, own):
        """An own price for some days that may be billed already."""
        line = contract.contract_line_ids
        start = date(2026, dice.randint(1, month), dice.randint(1, 28))
        line.usage_override_ids.filtered(lambda o: o.date_start >= start).unlink()
        line.usage_override_ids.filtered(lambda o: not o.date_end or o.date_end > start).date_end = start
        self.env.flush_all()
        value = dice.randint(1, 9) / 100
        line.usage_override_ids = [Command.create({**own, "value": value, "date_start": start})]

    def at_once(self, contract, prefix):
        """What three quarters cost when a line that is billed quarterly sees the same usage and prices at once."""
        line = contract.contract_line_ids
        other = self.make_contract(
            [
                self.usage_line(
                    line.usage_rate_card_id,
                    recurring_rule_type="quarterly",
                    usage_rating_term="quarterly",
                    usage_override_ids=[
                        Command.create({name: o[name] for name in ("target", "key", "value", "date_start", "date_end")})
                        for o in line.usage_override_ids
                    ],
                    usage_baseline_ids=[Command.create(vals) for vals in line.usage_baseline_ids.copy_data()],
                )
            ]
        )
        self.make_subjects(other.contract_line_ids, 1, prefix=f"X{prefix}")
        events = self.env["usage.event"].search([("contract_line_id", "=", line.id)], order="id")
        live = events.filtered(lambda e: not e.voids_event_id and not e.is_voided)
        self.send(
            [
                self.record(
                    f"X{prefix}0001", e.quantity, e.occurred_at.replace(tzinfo=utc(2026, 1, 1).tzinfo), f"x{e.id}"
                )
                for e in live
            ]
        )
        self.bill(other, date(2026, 10, 1))
        return self.charges(other).mapped("amount")

    def cents(self, amounts):
        return sum(round(amount * 100) for amount in amounts)

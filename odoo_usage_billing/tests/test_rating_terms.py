"""What a billing manager agrees on a line, billed: terms, price changes, own prices, baselines, pools."""

from datetime import date, timedelta

import psycopg2

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import UsageCommon, utc

TIERS = [(100, 0.10, 0), (1000, 0.08, 0), (None, 0.05, 0)]


@tagged("post_install", "-at_install")
class TestRatingTerms(UsageCommon):
    """Amounts are worked out by hand in the tests, from prices and quantities."""

    def contract(self, card, subject="PRN0001", **vals):
        contract = self.make_contract([self.usage_line(card, **vals.pop("line", {}))], **vals)
        self.make_subjects(contract.contract_line_ids, 1, prefix=subject[:-4])
        return contract

    def use(self, quantities, subject="PRN0001"):
        """Store {day: quantity} at noon."""
        return self.send(
            [self.record(subject, q, occurred_at=utc(d.year, d.month, d.day, 11)) for d, q in quantities.items()]
        )

    def bill(self, contract, day):
        run = self.run_billing(day, contracts=contract)
        self.assertEqual(run.failed_count, 0, run.line_ids.mapped("message"))
        return run.line_ids.move_ids

    def total(self, moves):
        return round(sum(moves.mapped("amount_untaxed")), 2)

    def names(self, moves):
        return moves.invoice_line_ids.mapped("name")

    # -- rating term and billing frequency ---------------------------------

    def test_daily_weekly_and_monthly_billing_of_one_month_give_the_same_total(self):
        start = date(2026, 1, 1)
        usage = {start + timedelta(days=n): (n * 37) % 91 for n in range(31)}
        totals = {}
        for rule, interval, prefix in (("monthly", 1, "MON"), ("weekly", 1, "WEE"), ("daily", 3, "DAI")):
            card = self.make_card(TIERS, name=prefix, flat_amount=31, minimum_amount=50)
            line = {"recurring_rule_type": rule, "recurring_interval": interval, "usage_rating_term": "monthly"}
            baseline = [Command.create({"date_start": start, "quantity": 200, "fixed_amount": 9, "ladder": "excess"})]
            contract = self.contract(card, f"{prefix}0001", line={**line, "usage_baseline_ids": baseline})
            self.use(usage, f"{prefix}0001")
            self.bill(contract, date(2026, 2, 8))
            charges = self.env["usage.charge"].search(
                [("contract_id", "=", contract.id), ("date_start", "<", date(2026, 2, 1))]
            )
            self.assertEqual(sum(charges.mapped("quantity")), sum(usage.values()))
            totals[rule] = round(sum(charges.mapped("amount")), 2)
        self.assertEqual(totals["weekly"], totals["monthly"])
        self.assertEqual(totals["daily"], totals["monthly"])

    def test_a_week_across_a_month_end_is_two_charges_on_one_invoice(self):
        card = self.make_card(TIERS)
        line = {"recurring_rule_type": "weekly", "usage_rating_term": "monthly", "date_start": date(2026, 1, 29)}
        contract = self.contract(card, line=line)
        self.use({date(2026, 1, 30): 150, date(2026, 2, 2): 50})
        moves = self.bill(contract, date(2026, 2, 5))
        self.assertEqual(len(moves), 1)
        charges = self.env["usage.charge"].search([("contract_id", "=", contract.id)], order="date_start")
        self.assertEqual(charges.mapped("amount"), [14.0, 5.0])
        self.assertEqual(self.total(moves), 19.0)

    def test_a_packet_begun_in_one_week_is_not_charged_again_in_the_next(self):
        card = self.make_card(charge_model="package", package_size=100, unit_price=10)
        line = {"recurring_rule_type": "weekly", "usage_rating_term": "monthly"}
        contract = self.contract(card, line=line)
        self.use({date(2026, 1, 2): 130, date(2026, 1, 9): 60, date(2026, 1, 16): 20})
        self.bill(contract, date(2026, 1, 22))
        charges = self.env["usage.charge"].search([("contract_id", "=", contract.id)], order="date_start")
        self.assertEqual(charges.mapped("amount"), [20.0, 0.0, 10.0])

    def test_a_deal_needs_an_end(self):
        card = self.make_card(TIERS)
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.CheckViolation):
            self.contract(card, line={"usage_rating_term": "deal"})

    # -- price changes -----------------------------------------------------

    def test_a_price_change_within_the_month_splits_it(self):
        card = self.make_card(charge_model="per_unit", unit_price=1, flat_amount=31)
        later = card.version_ids.copy(
            {"date_start": date(2026, 1, 16), "unit_price": 2, "flat_amount": 62, "number": 2}
        )
        later.action_activate()
        contract = self.contract(card)
        self.use({date(2026, 1, 15): 10, date(2026, 1, 16): 7})
        moves = self.bill(contract, date(2026, 2, 1))
        # 10 x 1 + 7 x 2 + 31 x 15/31 + 62 x 16/31
        self.assertEqual(self.total(moves), 10 + 14 + 15 + 32)
        charge = self.env["usage.charge"].search([("contract_id", "=", contract.id)])
        self.assertEqual(charge.version_id, later)
        self.assertEqual(set(card.version_ids.mapped("state")), {"frozen"})
        self.assertTrue([name for name in self.names(moves) if "price from 01/16/2026" in name])
        self.assertIn("15 of 31 days", "\n".join(self.names(moves)))

    def test_a_version_with_the_same_prices_changes_nothing(self):
        totals = []
        for prefix, changed in (("ONE", False), ("TWO", True)):
            card = self.make_card(TIERS, charge_model="volume", name=prefix)
            if changed:
                card.version_ids.action_new_version()
                new = card.version_ids.filtered(lambda v: v.state == "draft")
                new.date_start = date(2026, 1, 11)
                new.action_activate()
            contract = self.contract(card, f"{prefix}0001")
            self.use({date(2026, 1, 5): 90, date(2026, 1, 20): 30, date(2026, 1, 25): 1200}, f"{prefix}0001")
            totals.append(self.total(self.bill(contract, date(2026, 2, 1))))
        self.assertEqual(totals[0], totals[1])

    # -- own prices --------------------------------------------------------

    def test_own_values_change_single_terms_and_the_card_goes_on_holding(self):
        card = self.make_card(TIERS)
        own = [
            Command.create({"target": "tier_price", "key": "2", "value": 0.07, "date_start": date(2025, 1, 1)}),
            Command.create({"target": "discount_percent", "value": 10, "date_start": date(2025, 1, 1)}),
        ]
        contract = self.contract(card, line={"usage_override_ids": own})
        self.use({date(2026, 1, 5): 300})
        # (100 x 0.10 + 200 x 0.07) less 10 %
        self.assertEqual(self.total(self.bill(contract, date(2026, 2, 1))), 21.6)

    def test_an_own_price_may_begin_within_the_month(self):
        card = self.make_card(charge_model="per_unit", unit_price=1)
        own = [Command.create({"target": "unit_price", "value": 0.5, "date_start": date(2026, 1, 11)})]
        contract = self.contract(card, line={"usage_override_ids": own})
        self.use({date(2026, 1, 5): 10, date(2026, 1, 15): 10})
        self.assertEqual(self.total(self.bill(contract, date(2026, 2, 1))), 15)

    def test_an_own_price_for_a_tier_that_is_not_there_is_refused(self):
        card = self.make_card(TIERS)
        own = [Command.create({"target": "tier_price", "key": "4", "value": 1, "date_start": date(2025, 1, 1)})]
        with self.assertRaisesRegex(ValidationError, "no such tier"):
            self.contract(card, line={"usage_override_ids": own})

    # -- baselines ---------------------------------------------------------

    def baseline(self, *rows):
        return {"usage_baseline_ids": [Command.create({"date_start": date(2025, 1, 1), **row}) for row in rows]}

    def test_a_baseline_amended_within_the_month_counts_by_days_and_prints_them(self):
        card = self.make_card(charge_model="per_unit", unit_price=1)
        rows = (
            {"quantity": 310, "fixed_amount": 31, "date_end": date(2026, 1, 11)},
            {"quantity": 620, "fixed_amount": 62, "date_start": date(2026, 1, 11)},
        )
        contract = self.contract(card, line=self.baseline(*rows))
        self.use({date(2026, 1, 20): 600})
        moves = self.bill(contract, date(2026, 2, 1))
        # baseline 310 x 10/31 + 620 x 21/31 = 520; fee 10 + 42
        self.assertEqual(self.total(moves), 80 + 52)
        self.assertIn("31 of 31 days", "\n".join(self.names(moves)))

    def test_a_line_that_starts_within_its_last_day_month_has_its_share_of_the_baseline(self):
        card = self.make_card(charge_model="per_unit", unit_price=1)
        line = {"recurring_rule_type": "monthlylastday", "date_start": date(2026, 1, 22)}
        contract = self.contract(card, line={**line, **self.baseline({"quantity": 310, "fixed_amount": 31})})
        self.use({date(2026, 1, 25): 150})
        moves = self.bill(contract, date(2026, 2, 1))
        self.assertEqual(self.total(moves), 50 + 10)
        self.assertIn("10 of 31 days", "\n".join(self.names(moves)))

    def test_seasons_change_the_share_of_a_month(self):
        card = self.make_card(charge_model="per_unit", unit_price=1)
        season = [Command.create({"month": "2", "percent": 150})]
        contract = self.contract(card, line=self.baseline({"quantity": 100, "season_ids": season}))
        self.use({date(2026, 1, 25): 160, date(2026, 2, 10): 160})
        moves = self.bill(contract, date(2026, 3, 1))
        self.assertEqual(sorted(moves.mapped("amount_untaxed")), [10, 60])

    def test_unused_baseline_carries_forward_up_to_its_limit(self):
        card = self.make_card(charge_model="per_unit", unit_price=1)
        carry = {"quantity": 100, "below": "carry_forward", "carried_maximum": 30}
        contract = self.contract(card, line=self.baseline(carry))
        self.use({date(2026, 1, 25): 40, date(2026, 2, 10): 150})
        moves = self.bill(contract, date(2026, 3, 1))
        # 60 unused, 30 carried: February's 150 are 20 above 130
        self.assertEqual(sorted(moves.mapped("amount_untaxed")), [0, 20])

    def test_an_agreed_amount_covers_usage_up_to_it(self):
        card = self.make_card(charge_model="per_unit", unit_price=2)
        contract = self.contract(card, line=self.baseline({"kind": "amount", "amount": 100}))
        self.use({date(2026, 1, 25): 40, date(2026, 2, 10): 70})
        moves = self.bill(contract, date(2026, 3, 1))
        self.assertEqual(sorted(moves.mapped("amount_untaxed")), [100, 140])

    def test_the_excess_may_have_a_card_of_its_own(self):
        card = self.make_card(charge_model="per_unit", unit_price=1)
        excess = self.make_card([(50, 3, 0), (None, 4, 0)], name="Excess")
        row = {"quantity": 100, "above": "card", "above_card_id": excess.id, "ladder": "excess"}
        contract = self.contract(card, line=self.baseline(row))
        self.use({date(2026, 1, 25): 160})
        self.assertEqual(self.total(self.bill(contract, date(2026, 2, 1))), 50 * 3 + 10 * 4)

    def test_a_threshold_band_counts_all_variance_once_passed(self):
        card = self.make_card(charge_model="per_unit", unit_price=1)
        row = {"quantity": 100, "tolerance_percent": 10, "tolerance_mode": "threshold"}
        contract = self.contract(card, line=self.baseline(row))
        self.use({date(2026, 1, 25): 110, date(2026, 2, 10): 111})
        self.assertEqual(sorted(self.bill(contract, date(2026, 3, 1)).mapped("amount_untaxed")), [0, 11])

    # -- pools -------------------------------------------------------------

    def pool(self):
        card = self.make_card(charge_model="per_unit", unit_price=1)
        lead = self.contract(card, "LEA0001", line=self.baseline({"quantity": 100, "fixed_amount": 10}))
        site = self.env["res.partner"].create(
            {"name": "Brightwater North", "parent_id": self.customer.id, "is_company": True}
        )
        member = self.contract(
            card,
            "MEM0001",
            partner_id=site.id,
            line={
                **self.baseline({"quantity": 50, "fixed_amount": 5}),
                "usage_pool_line_id": lead.contract_line_ids.id,
            },
        )
        return lead, member

    def test_a_pool_shares_baselines_over_contracts_of_affiliates(self):
        lead, member = self.pool()
        self.use({date(2026, 1, 5): 20}, "LEA0001")
        self.use({date(2026, 1, 6): 140}, "MEM0001")
        self.assertEqual(self.total(self.bill(member, date(2026, 2, 1))), 5)
        # 160 used in all, 150 agreed in all
        self.assertEqual(self.total(self.bill(lead, date(2026, 2, 1))), 10 + 10)

    def test_usage_of_a_member_is_late_once_the_lead_is_invoiced(self):
        self.source.late_policy = "suspend"
        lead, member = self.pool()
        self.use({date(2026, 1, 5): 20}, "LEA0001")
        self.bill(lead, date(2026, 2, 1))
        batch = self.use({date(2026, 1, 6): 140}, "MEM0001")
        self.assertEqual((batch.accepted_count, batch.suspended_count), (0, 1))
        self.assertFalse(member.contract_line_ids.usage_period_ids)

    def test_strangers_do_not_share_a_pool(self):
        lead, member = self.pool()
        member.partner_id = self.env["res.partner"].create({"name": "Stranger"})
        with self.assertRaisesRegex(ValidationError, "group of companies"):
            member.contract_line_ids._check_usage_pool()

    # -- units, currency, limits -------------------------------------------

    def test_usage_is_converted_to_the_priced_unit(self):
        self.metric.uom_id = self.env.ref("uom.product_uom_gram")
        card = self.make_card(charge_model="per_unit", unit_price=2.5)
        card.version_ids.state = "draft"
        card.uom_id = self.env.ref("uom.product_uom_kgm")
        card.version_ids.state = "active"
        contract = self.contract(card)
        self.use({date(2026, 1, 5): 1234})
        moves = self.bill(contract, date(2026, 2, 1))
        self.assertEqual(self.total(moves), 3.09)
        charge = self.env["usage.charge"].search([("contract_id", "=", contract.id)])
        self.assertEqual(charge.quantity, 1.234)

    def test_units_that_cannot_be_converted_are_refused(self):
        card = self.make_card(charge_model="per_unit", unit_price=2.5)
        card.uom_id = self.env.ref("uom.product_uom_kgm")
        with self.assertRaisesRegex(ValidationError, "cannot be converted"):
            self.contract(card)

    def test_a_card_in_another_currency_is_converted_at_the_rate_of_the_terms_first_day(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0), ("2026-01-20", 4.0)])
        card = self.make_card(charge_model="per_unit", unit_price=3)
        card.currency_id = euro
        contract = self.contract(card)
        self.use({date(2026, 1, 25): 10})
        # two euros buy one unit of the company's currency
        self.assertEqual(self.total(self.bill(contract, date(2026, 2, 1))), 15)

    def test_minimum_and_cap_of_part_periods_count_by_days(self):
        card = self.make_card(charge_model="per_unit", unit_price=1, minimum_amount=62, maximum_amount=310)
        line = {"recurring_rule_type": "monthlylastday", "date_start": date(2026, 1, 17)}
        contract = self.contract(card, line=line)
        self.use({date(2026, 1, 25): 3, date(2026, 2, 3): 500})
        # 62 x 15/31 in January; the whole cap in February
        self.assertEqual(sorted(self.bill(contract, date(2026, 3, 1)).mapped("amount_untaxed")), [30, 310])

    def test_a_line_without_a_version_says_so(self):
        card = self.make_card(charge_model="per_unit", unit_price=1, date_start=date(2026, 1, 10))
        contract = self.contract(card)
        with self.assertRaisesRegex(UserError, "no active version"):
            contract._usage_preview(date(2026, 1, 15))

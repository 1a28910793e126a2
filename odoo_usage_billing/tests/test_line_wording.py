"""What the lines of an invoice are called, for each way of charging."""

from datetime import date

from odoo import Command
from odoo.tests import tagged

from .common import UsageCommon


@tagged("post_install", "-at_install")
class TestLineWording(UsageCommon):
    """One device, 250 units in three events."""

    def named(self, tiers=(), baseline=None, **card):
        """[(name, amount)] of the product lines of an invoice over three events: 90, 61 and 99."""
        contract = self.make_contract([self.usage_line(self.make_card(tiers, **card))])
        self.make_subjects(contract.contract_line_ids, 1)
        if baseline:
            line = {"contract_line_id": contract.contract_line_ids.id, "date_start": date(2026, 1, 1)}
            self.env["usage.baseline"].create({**line, **baseline})
        self.send([self.record("PRN0001", quantity, external_id=str(quantity)) for quantity in (90, 61, 99)])
        move = self.run_billing(contracts=contract).line_ids.move_ids
        lines = move.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        return [(line.name, line.price_subtotal) for line in lines.sorted(lambda line: (line.sequence, line.id))]

    def test_a_flat_amount_of_a_tier_is_told_from_its_usage(self):
        # 100 x 0.01 and 5; 150 x 0.02 and 3.
        self.assertEqual(
            self.named(charge_model="graduated", tiers=[(100, 0.01, 5), (None, 0.02, 3)]),
            [
                ("Usage from 0 to 100 Units", 1.0),
                ("Flat amount: Usage from 0 to 100 Units", 5.0),
                ("Usage above 100 Units", 3.0),
                ("Flat amount: Usage above 100 Units", 3.0),
            ],
        )

    def test_the_maximum_of_a_tier_is_a_reduction_with_a_name(self):
        tiers = [Command.create({"up_to": None, "unit_price": 1, "maximum_amount": 40})]
        # 250 x 1, at most 40.
        self.assertEqual(
            self.named(charge_model="volume", tier_ids=tiers),
            [("Usage in Units", 250.0), ("Reduction to the maximum: Usage in Units", -210.0)],
        )

    def test_first_and_further_steps_of_calls_are_told_apart(self):
        # 3 x 0.05; 3 minutes at 0.06; 90 s and 99 s go on for 30 s and 42 s, 61 s for 6 s: 78 s at 0.06 a minute.
        self.assertEqual(
            self.named(charge_model="time_increment", unit_price=0.06, connect_amount=0.05, increment_next=6),
            [
                ("Connections", 0.15),
                ("Usage in steps of 60 seconds", 0.18),
                ("Usage in steps of 6 seconds: 78 × 0.06 / 60 = 0.078", 0.08),
            ],
        )

    def test_packages_above_a_baseline_are_packages(self):
        baseline = {"kind": "quantity", "quantity": 100, "above": "terms", "fixed_amount": 15}
        # 150 units above the baseline are 2 packages of 100 at 4.
        self.assertEqual(
            self.named(charge_model="package", package_size=100, unit_price=4, baseline=baseline)[-1],
            ("Above baseline: Packages", 8.0),
        )

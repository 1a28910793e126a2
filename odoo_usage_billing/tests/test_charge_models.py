"""Every charge model of a rate card, from events to the invoice; amounts worked out by hand."""

from datetime import date

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import UsageCommon, utc


@tagged("post_install", "-at_install")
class TestChargeModels(UsageCommon):
    def bill(self, card, events, metric=None, **line):
        """Invoice January; `events` are (quantity, {amount, dimensions, at})."""
        metric = metric or self.metric
        vals = {**self.usage_line(card), "usage_metric_id": metric.id, **line}
        contract = self.make_contract([vals])
        self.make_subjects(contract.contract_line_ids, 1)
        records = []
        for number, (quantity, more) in enumerate(events):
            more = dict(more)
            at = more.pop("at", utc(2026, 1, 10, 10, number % 60))
            records.append(self.record("PRN0001", quantity, at, external_id=f"E{number}", metric=metric.code, **more))
        batch = self.send(records)
        self.assertEqual(batch.accepted_count, len(records), batch.suspense_ids.mapped("message"))
        run = self.run_billing(date(2026, 2, 1), contracts=contract)
        self.assertEqual(run.failed_count, 0, run.line_ids.mapped("message"))
        self.moves = run.line_ids.move_ids
        return round(sum(self.moves.mapped("amount_untaxed")), 2)

    def test_percentage_with_free_events_and_bounds_per_event(self):
        card = self.make_card(
            charge_model="percentage",
            rate_percent=1.3,
            rate_base="amount",
            event_amount=2,
            free_events=3,
            free_amount=250,
        )
        # 50, 100 free; the third crosses 250 by 150; the fourth in full
        events = [(1, {"amount": amount}) for amount in (50, 100, 250, 400)]
        self.assertEqual(self.bill(card, events), 11.15)

    def test_percentage_of_the_quantity(self):
        card = self.make_card(charge_model="percentage", rate_percent=12)
        self.assertEqual(self.bill(card, [(1000, {}), (500, {})]), 180)

    def test_percentage_with_a_minimum_and_a_maximum_per_event(self):
        card = self.make_card(charge_model="percentage", rate_percent=2.99, event_minimum=1.75, event_maximum=12)
        self.assertEqual(self.bill(card, [(10, {}), (80, {}), (10000, {})]), 16.14)

    def test_graduated_percentage(self):
        card = self.make_card([(1000, 10, 0), (None, 8, 0)], charge_model="graduated_percentage")
        self.assertEqual(self.bill(card, [(1500, {})]), 140)

    def test_cost_plus(self):
        card = self.make_card(charge_model="dynamic", multiplier=1.15)
        self.assertEqual(self.bill(card, [(3, {"amount": 10}), (1, {"amount": 20})]), 34.5)

    def matrix_metric(self):
        return self.env["usage.metric"].create(
            {
                "name": "Calls",
                "code": "calls",
                "uom_id": self.env.ref("uom.product_uom_unit").id,
                "price_dimensions": "destination,class",
            }
        )

    def matrix(self, **vals):
        rows = [
            {"value_1": "32", "unit_price": 0.02, "name": "Belgium"},
            {"value_1": "324", "unit_price": 0.10, "name": "Belgium mobile"},
            {"value_1": "324", "value_2": "gold", "unit_price": 0.05},
            {"unit_price": 1},
        ]
        return self.make_card(
            charge_model="matrix",
            dimension_1="destination",
            prefix_1=True,
            dimension_2="class",
            row_ids=[Command.create(row) for row in rows],
            **vals,
        )

    def test_matrix_takes_the_row_that_names_most_and_the_longest_prefix(self):
        events = [
            (100, {"dimensions": {"destination": "3227654"}}),
            (100, {"dimensions": {"destination": "32470111"}}),
            (100, {"dimensions": {"destination": "32470111", "class": "gold"}}),
            (2, {"dimensions": {"destination": "49301"}}),
        ]
        self.assertEqual(self.bill(self.matrix(), events, self.matrix_metric()), 2 + 10 + 5 + 2)
        names = "\n".join(self.moves.invoice_line_ids.mapped("name"))
        for words in ("Belgium mobile", "324 / gold", "all other"):
            self.assertIn(words, names)

    def test_an_own_price_of_a_matrix_row(self):
        own = {"target": "row_price", "key": "32", "value": 0.5, "date_start": date(2025, 1, 1)}
        events = [(10, {"dimensions": {"destination": "3227654"}})]
        amount = self.bill(self.matrix(), events, self.matrix_metric(), usage_override_ids=[Command.create(own)])
        self.assertEqual(amount, 5)

    def test_matrix_needs_its_dimensions_on_the_metric(self):
        with self.assertRaisesRegex(ValidationError, "class, destination"):
            self.bill(self.matrix(), [])

    def test_two_rows_for_the_same_values_are_refused(self):
        with self.assertRaises(Exception) as refused:
            self.make_card(
                charge_model="matrix",
                dimension_1="destination",
                row_ids=[Command.create({"value_1": "32"}), Command.create({"value_1": "32"})],
            )
            self.env.flush_all()
        self.assertIn("values_unique", str(refused.exception))

    def test_matrix_without_rows_cannot_be_activated(self):
        with self.assertRaisesRegex(UserError, "at least one row"):
            self.make_card(charge_model="matrix", dimension_1="destination")

    def test_packages_may_count_only_full_ones(self):
        card = self.make_card(charge_model="package", package_size=10, unit_price=3, package_rounding="down")
        self.assertEqual(self.bill(card, [(29, {})]), 6)

    def test_tiers_of_packages_with_a_cap(self):
        card = self.env["usage.rate.card"].create({"name": "T", "company_id": self.company.id})
        tiers = [{"up_to": 100, "unit_price": 5, "package_size": 50}, {"unit_price": 1, "maximum_amount": 30}]
        version = self.env["usage.rate.card.version"].create(
            {
                "card_id": card.id,
                "date_start": date(2020, 1, 1),
                "charge_model": "graduated",
                "tier_ids": [Command.create(tier) for tier in tiers],
            }
        )
        version.action_activate()
        self.assertEqual(self.bill(card, [(190, {})]), 10 + 30)

    def test_included_units_discount_and_best_price(self):
        card = self.make_card(
            [(5, 10, 0), (None, 8, 0)],
            charge_model="volume",
            quantity_included=1,
            discount_percent=50,
            best_price_guard=True,
        )
        # 4.6 x 10 = 46 is above the next tier's start 5 x 8 = 40: 40, then half
        self.assertEqual(self.bill(card, [(5.6, {})]), 20)

    def test_negative_usage_is_credited_at_the_same_prices_by_a_credit_note(self):
        self.metric.accept_negative = True
        card = self.make_card(charge_model="per_unit", unit_price=2)
        self.assertEqual(self.bill(card, [(3, {}), (-5, {})]), 4)
        self.assertEqual(self.moves.move_type, "out_refund")
        self.assertEqual(self.moves.state, "posted")
        self.assertEqual(self.moves.invoice_line_ids.usage_component_id.mapped("amount"), [-4])

    def test_negative_usage_as_zero(self):
        self.metric.accept_negative = True
        card = self.make_card(charge_model="per_unit", unit_price=2, negative_usage="zero")
        self.assertEqual(self.bill(card, [(3, {}), (-5, {})]), 0)

    def test_a_metric_that_is_not_a_sum_cannot_be_priced_by_parts(self):
        self.metric.aggregation = "max"
        with self.assertRaisesRegex(ValidationError, "Choose a metric that is a sum"):
            self.bill(self.make_card(charge_model="percentage", rate_percent=1), [])

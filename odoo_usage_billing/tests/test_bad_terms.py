"""Bad terms are refused by PostgreSQL, and told in a sentence that says what to do."""

from datetime import date

import psycopg2

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import UsageCommon


@tagged("post_install", "-at_install")
class TestBadTerms(UsageCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.card = cls.make_card(charge_model="per_unit", unit_price=1)
        cls.line = cls.make_contract([cls.usage_line(cls.card)]).contract_line_ids

    def refused(self, model, words, **vals):
        """Creating a record violates a constraint whose sentence holds `words`."""
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.Error) as caught, self.cr.savepoint():
            self.env[model].create(vals)
            self.env.flush_all()
        self.assertIn(words, self.env[model]._sql_error_to_message(caught.exception))

    def version(self, words, **vals):
        self.refused("usage.rate.card.version", words, card_id=self.card.id, date_start=date(2030, 1, 1), **vals)

    def test_sizes_and_limits_of_a_version(self):
        self.version("greater than zero", charge_model="package", package_size=0)
        self.version("greater than zero", charge_model="package", package_size=-5)
        self.version("greater than zero", charge_model="time_increment", increment_next=0)
        self.version("between 0 and 100", discount_percent=101)
        self.version("cap may not be below", minimum_amount=10, maximum_amount=5)
        self.version("maximum per event", charge_model="percentage", event_minimum=3, event_maximum=2)
        self.version("end after it starts", date_end=date(2029, 1, 1))

    def test_tiers(self):
        draft = {"card_id": self.card.id, "date_start": date(2031, 1, 1), "charge_model": "graduated"}
        version = self.env["usage.rate.card.version"].create(draft)
        self.refused("usage.rate.card.tier", "may not be negative", version_id=version.id, up_to=-1)
        self.refused("usage.rate.card.tier", "may not be negative", version_id=version.id, package_size=-1)
        self.env["usage.rate.card.tier"].create({"version_id": version.id, "up_to": 5})
        self.refused("usage.rate.card.tier", "same upper bound", version_id=version.id, up_to=5)

    def test_tiers_typed_in_any_order_are_one_ladder(self):
        tiers = [{"unit_price": 1}, {"up_to": 20, "unit_price": 2}, {"up_to": 10, "unit_price": 3}]
        version = self.env["usage.rate.card.version"].create(
            {
                "card_id": self.make_card(charge_model="flat").id,
                "date_start": date(2031, 1, 1),
                "charge_model": "graduated",
                "tier_ids": [Command.create(tier) for tier in tiers],
            }
        )
        version.action_activate()
        self.assertEqual(version.tier_ids.sorted("sort_key").mapped("unit_price"), [3, 2, 1])

    def test_baselines(self):
        def baseline(words, **vals):
            vals = {"contract_line_id": self.line.id, "date_start": date(2026, 1, 1), **vals}
            self.refused("usage.baseline", words, **vals)

        baseline("may not be negative", quantity=-1)
        baseline("between 0 and 100", tolerance_percent=101)
        baseline("prices the excess", above="card")
        baseline("end after it starts", date_end=date(2025, 1, 1))
        first = {"contract_line_id": self.line.id, "date_start": date(2026, 1, 1), "quantity": 1}
        self.env["usage.baseline"].create(first)
        baseline("End the earlier one", quantity=2)

    def test_own_prices(self):
        def own(words, **vals):
            vals = {"contract_line_id": self.line.id, "date_start": date(2026, 1, 1), **vals}
            self.refused("usage.price.override", words, **vals)

        own("which tier, row or band", target="unit_price", key="1", value=1)
        own("which tier, row or band", target="tier_price", value=1)
        own("between 0 and 100", target="discount_percent", value=120)
        own("may not be negative", target="minimum_amount", value=-1)
        first = {"contract_line_id": self.line.id, "date_start": date(2026, 1, 1), "value": 1}
        self.env["usage.price.override"].create(first)
        own("overlap", target="unit_price", value=2)

    def test_commitments(self):
        def commitment(words, **vals):
            self.refused("usage.commitment", words, contract_id=self.line.contract_id.id, **vals)

        commitment("may not be negative", amount=-1)
        commitment("1 or more", overage_factor=0.5)
        commitment("day on which the deal ends", term="deal")

    def test_seasons(self):
        vals = {"contract_line_id": self.line.id, "date_start": date(2026, 1, 1), "quantity": 1}
        baseline = self.env["usage.baseline"].create(vals)
        self.refused("usage.baseline.season", "may not be negative", baseline_id=baseline.id, month="1", percent=-1)
        self.env["usage.baseline.season"].create({"baseline_id": baseline.id, "month": "1"})
        self.refused("usage.baseline.season", "one share", baseline_id=baseline.id, month="1")

    def test_a_metric_needs_a_unit(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.NotNullViolation), self.cr.savepoint():
            self.env["usage.metric"].create({"name": "No unit", "code": "none"})

    def test_prices_that_the_kernel_would_refuse_cannot_be_put_in_force(self):
        version = self.env["usage.rate.card.version"].create(
            {
                "card_id": self.make_card(charge_model="flat").id,
                "date_start": date(2031, 1, 1),
                "charge_model": "graduated",
                "tier_ids": [Command.create({"up_to": 5, "unit_price": 1})],
            }
        )
        with self.assertRaisesRegex(UserError, "last tier without an upper bound"):
            version.action_activate()

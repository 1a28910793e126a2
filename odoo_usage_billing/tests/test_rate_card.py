from datetime import date
from decimal import Decimal

import psycopg2

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import UsageCommon


@tagged("post_install", "-at_install")
class TestRateCard(UsageCommon):
    """Prices are versioned; a used version is frozen; bad terms are refused."""

    def draft(self, card, **vals):
        return self.env["usage.rate.card.version"].create({"card_id": card.id, **vals})

    def test_activating_a_later_version_ends_the_earlier_one(self):
        card = self.make_card(charge_model="per_unit", unit_price=1)
        first = card.version_ids
        later = self.draft(card, date_start=date(2026, 3, 1), charge_model="per_unit", unit_price=2)
        later.action_activate()
        self.assertEqual(first.date_end, date(2026, 3, 1))
        self.assertEqual(card._version_on(date(2026, 2, 28)), first)
        self.assertEqual(card._version_on(date(2026, 3, 1)), later)

    def test_overlapping_versions_are_refused_with_a_sentence(self):
        card = self.make_card(charge_model="per_unit", unit_price=1)
        early = self.draft(card, date_start=date(2019, 1, 1), charge_model="per_unit")
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.ExclusionViolation) as refused,
        ):
            early.action_activate()
            self.env.flush_all()
        told = early._sql_error_to_message(refused.exception)
        self.assertIn("each day has one price", told)

    def test_a_used_version_is_frozen(self):
        card = self.make_card(charge_model="per_unit", unit_price=1)
        contract = self.make_contract([self.usage_line(card)])
        self.make_subjects(contract.contract_line_ids, 1)
        self.send([self.record("PRN0001", 1)])
        self.run_billing(contracts=contract)
        version = card.version_ids
        self.assertEqual(version.state, "frozen")
        with self.assertRaises(UserError):
            version.unit_price = 5
        with self.assertRaises(UserError):
            card.unlink()

    def test_parts_of_a_used_version_are_as_frozen_as_it_is(self):
        card = self.make_card([(10, 1, 0), (None, 2, 0)])
        contract = self.make_contract([self.usage_line(card)])
        self.make_subjects(contract.contract_line_ids, 1)
        self.send([self.record("PRN0001", 1)])
        self.run_billing(contracts=contract)
        version = card.version_ids
        with self.assertRaisesRegex(UserError, "frozen"):
            version.tier_ids[0].unit_price = 5
        with self.assertRaisesRegex(UserError, "frozen"):
            version.tier_ids.create({"version_id": version.id, "up_to": 50})
        with self.assertRaisesRegex(UserError, "frozen"):
            version.tier_ids[0].unlink()
        attempts = (
            "UPDATE usage_rate_card_tier SET unit_price = 9 WHERE version_id = %s",
            "DELETE FROM usage_rate_card_tier WHERE version_id = %s",
            "UPDATE usage_rate_card_version SET unit_price = 9 WHERE id = %s",
            "UPDATE usage_rate_card_version SET state = 'draft' WHERE id = %s",
        )
        for attempt in attempts:
            with (
                self.subTest(attempt),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.RestrictViolation),
                self.cr.savepoint(),
            ):
                self.cr.execute(attempt, (version.id,))

    def test_tiers_need_one_open_end(self):
        card = self.env["usage.rate.card"].create({"name": "T", "company_id": self.company.id})
        closed = self.draft(
            card,
            charge_model="graduated",
            tier_ids=[Command.create({"up_to": 10, "unit_price": 1})],
        )
        with self.assertRaises(UserError):
            closed.action_activate()

    @mute_logger("odoo.sql_db")
    def test_two_tiers_with_one_bound_are_refused(self):
        card = self.env["usage.rate.card"].create({"name": "T", "company_id": self.company.id})
        with self.assertRaises(psycopg2.errors.UniqueViolation):
            self.draft(
                card,
                charge_model="graduated",
                tier_ids=[Command.create({"up_to": 10}), Command.create({"up_to": 10})],
            )
            self.env.flush_all()

    def test_a_usage_line_without_a_card_or_with_one_in_a_currency_without_rate_is_refused(self):
        with self.assertRaises(ValidationError):
            self.make_contract([self.usage_line(self.env["usage.rate.card"])])
        card = self.make_card(charge_model="per_unit", unit_price=1)
        other = self.env["usage.rate.card"].create(
            {
                "name": "Foreign",
                "company_id": self.company.id,
                "currency_id": self.foreign_currency().id,
            }
        )
        self.assertTrue(self.make_contract([self.usage_line(card)]))
        with self.assertRaisesRegex(ValidationError, "has no exchange rate"):
            self.make_contract([self.usage_line(other)])

    def test_prices_keep_the_digits_that_were_typed(self):
        card = self.make_card(charge_model="per_unit", unit_price=0.000123456789, flat_amount=600)
        self.env.cr.execute(
            "SELECT unit_price::text, flat_amount::text FROM usage_rate_card_version WHERE id = %s",
            (card.version_ids.id,),
        )
        self.assertEqual(
            [Decimal(text) for text in self.env.cr.fetchone()],
            [Decimal("0.000123456789"), Decimal(600)],
        )

    def test_a_usage_line_in_advance_is_refused(self):
        card = self.make_card(charge_model="per_unit", unit_price=1)
        with self.assertRaises(ValidationError):
            self.make_contract([self.usage_line(card, recurring_invoicing_type="pre-paid")])

    def test_time_of_use_needs_slots_on_the_metric(self):
        card = self.make_card(
            charge_model="time_of_use",
            band_ids=[Command.create({"name": "All", "unit_price": 1})],
        )
        with self.assertRaises(ValidationError):
            self.make_contract([self.usage_line(card)])

    def test_a_band_across_midnight_belongs_to_the_day_it_begins(self):
        band = self.env["usage.rate.card.band"].new({"hour_from": 22, "hour_to": 6, "weekdays": "01234"})
        self.assertTrue(band._holds(4, 23 * 60))  # Friday 23:00
        self.assertTrue(band._holds(5, 60))  # Saturday 1:00, of Friday's night
        self.assertFalse(band._holds(0, 60))  # Monday 1:00, of Sunday's night

    def foreign_currency(self):
        """A currency that nobody entered a rate for."""
        currency = self.setup_other_currency("EUR")
        currency.rate_ids.unlink()
        return currency

    def test_a_contract_does_not_change_to_a_currency_without_a_rate(self):
        card = self.make_card(charge_model="per_unit", unit_price=1)
        contract = self.make_contract([self.usage_line(card)])
        with self.assertRaises(ValidationError):
            contract.manual_currency_id = self.foreign_currency()

    def test_overlapping_baselines_are_refused(self):
        card = self.make_card(charge_model="per_unit", unit_price=1)
        line = self.make_contract([self.usage_line(card)]).contract_line_ids
        baselines = self.env["usage.baseline"]
        baselines.create({"contract_line_id": line.id, "date_start": date(2026, 1, 1), "quantity": 5})
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.ExclusionViolation),
        ):
            baselines.create({"contract_line_id": line.id, "date_start": date(2026, 6, 1), "quantity": 6})
            self.env.flush_all()

    def test_time_of_use_bands_price_by_the_local_slot(self):
        self.metric.slot_minutes = "30"
        card = self.make_card(
            charge_model="time_of_use",
            band_ids=[
                Command.create({"name": "Peak", "hour_from": 7, "hour_to": 22, "unit_price": 0.3}),
                Command.create({"name": "Night", "hour_from": 22, "hour_to": 7, "unit_price": 0.1}),
            ],
        )
        contract = self.make_contract([self.usage_line(card)])
        self.make_subjects(contract.contract_line_ids, 1)
        from .common import utc

        self.send(
            [
                self.record("PRN0001", 10, utc(2026, 1, 10, 6, 30)),  # 7:30 local: peak
                self.record("PRN0001", 20, utc(2026, 1, 10, 21, 30)),  # 22:30 local: night
                self.record("PRN0001", 30, utc(2026, 1, 10, 5, 30)),  # 6:30 local: night
            ]
        )
        move = self.run_billing(contracts=contract).line_ids.move_ids
        self.assertAlmostEqual(move.amount_untaxed, 10 * 0.3 + 50 * 0.1)
        self.assertIn("Peak", "".join(move.invoice_line_ids.mapped("name")))

    def test_time_increments_round_each_event(self):
        card = self.make_card(
            charge_model="time_increment",
            unit_price=0.6,
            increment_first=60,
            increment_next=1,
            increment_per=60,
            connect_amount=0.05,
        )
        contract = self.make_contract([self.usage_line(card)])
        self.make_subjects(contract.contract_line_ids, 1)
        self.send(
            [
                self.record("PRN0001", 10, external_id="a"),  # 60 s
                self.record("PRN0001", 75, external_id="b"),  # 75 s
            ]
        )
        move = self.run_billing(contracts=contract).line_ids.move_ids
        # 135 s at 0.6 per minute + 2 connections
        self.assertAlmostEqual(move.amount_untaxed, 1.35 + 0.10)

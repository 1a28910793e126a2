from datetime import date

from odoo import Command
from odoo.tests import freeze_time, tagged

from .common import UsageCommon

TIERS = [(10, 1, 0), (None, 2, 0)]


@tagged("post_install", "-at_install")
class TestCopies(UsageCommon):
    """What the Duplicate button makes can be used: a name and code of its own, prices along, nothing that was done."""

    def test_a_copied_rate_card_has_the_prices_of_today_as_a_draft(self):
        card = self.make_card(TIERS)
        later = card.version_ids.copy({"date_start": date(2024, 1, 1)})
        later.tier_ids[0].unit_price = 7
        later.action_activate()
        copied = card.copy()
        self.assertEqual(copied.name, "Card (copy)")
        version = copied.version_ids
        self.assertEqual((version.state, version.number, version.date_start), ("draft", 1, date(2024, 1, 1)))
        self.assertEqual(version.tier_ids.mapped("unit_price"), [7, 2])
        version.action_activate()
        self.assertEqual(copied._version_on(date(2026, 1, 1)), version)

    def test_a_copied_rate_card_without_prices_has_none(self):
        card = self.env["usage.rate.card"].create({"name": "Empty"})
        self.assertFalse(card.copy().version_ids)

    def test_a_copied_version_is_the_next_draft(self):
        first = self.make_card(TIERS).version_ids
        copied = first.copy()
        self.assertEqual((copied.state, copied.number, copied.date_end), ("draft", 2, False))
        self.assertEqual(copied.tier_ids.mapped("unit_price"), [1, 2])

    def test_rows_of_a_new_version_keep_their_bands(self):
        bands = [
            Command.create({"name": "Day", "hour_from": 8, "hour_to": 20, "unit_price": 0}),
            Command.create({"name": "Night", "hour_from": 20, "hour_to": 8, "unit_price": 0}),
        ]
        card = self.env["usage.rate.card"].create({"name": "Calls"})
        version = self.env["usage.rate.card.version"].create(
            {"card_id": card.id, "charge_model": "matrix", "dimension_1": "destination", "band_ids": bands}
        )
        day, night = version.band_ids
        rows = [(day, 0.2), (night, 0.1), (self.env["usage.rate.card.band"], 0.5)]
        version.row_ids = [
            Command.create({"value_1": "BE", "band_id": band.id, "unit_price": price}) for band, price in rows
        ]
        opened = version.action_new_version()
        self.env.flush_all()
        copied = self.env["usage.rate.card.version"].browse(opened["res_id"])
        self.assertEqual(len(copied.band_ids), 2)
        self.assertFalse(copied.band_ids & version.band_ids)
        self.assertEqual(copied.row_ids.band_id, copied.band_ids)
        prices = {row.band_id.name: row.unit_price for row in copied.row_ids}
        self.assertEqual(prices, {"Day": 0.2, "Night": 0.1, False: 0.5})

    def test_copied_sources_and_metrics_get_a_code_that_is_free(self):
        for record, code in ((self.source, "fleet"), (self.metric, "pages")):
            first = record.copy()
            self.assertEqual(first.code, f"{code}-2")
            self.assertEqual(first.name, f"{record.name} (copy)")
            first.active = False
            second = record.copy()
            self.assertEqual(second.code, f"{code}-3")
            self.assertEqual(second.name, f"{record.name} (copy 2)")
        self.env.flush_all()

    def test_a_copied_run_has_not_run(self):
        contract = self.make_contract([self.usage_line(self.make_card(TIERS))])
        run = self.run_billing(contracts=contract)
        self.assertEqual(run.state, "done")
        copied = run.copy()
        self.assertEqual((copied.state, copied.started_at, copied.ended_at), ("draft", False, False))
        self.assertEqual(copied.name, "New billing run")
        self.assertEqual(copied.contract_ids, run.contract_ids)

    def test_a_copied_contract_agrees_the_same_and_starts_afresh(self):
        baseline = Command.create({"date_start": date(2026, 1, 1), "quantity": 50, "fixed_amount": 600})
        card = self.make_card(TIERS)
        contract = self.make_contract(
            [
                self.usage_line(card, usage_baseline_ids=[baseline]),
                {"product_id": self.product_service.id, "specific_price": 240},
            ]
        )
        self.make_subjects(contract.contract_line_ids.filtered("is_usage"), 1)
        self.run_billing(contracts=contract)
        contract.contract_line_ids[-1].date_end = date(2026, 12, 31)
        with freeze_time("2026-02-10 09:00:00"):
            copied = contract.copy()
            again = self.run_billing(date(2026, 2, 10), copied)
        self.assertEqual(copied.name, "Printers (copy)")
        lines = copied.contract_line_ids
        self.assertEqual(set(lines.mapped("date_start")), {date(2026, 2, 10)})
        self.assertEqual(set(lines.mapped("recurring_next_date")), {date(2026, 3, 10)})
        self.assertEqual(set(lines.mapped("date_end")), {False, date(2027, 2, 9)}, "364 days")
        self.assertFalse(again.line_ids, "what was billed is not billed once more")
        self.assertEqual(lines.usage_baseline_ids.mapped("fixed_amount"), [600])
        self.assertFalse(lines.usage_assignment_ids)
        self.assertFalse(copied.usage_charge_count)

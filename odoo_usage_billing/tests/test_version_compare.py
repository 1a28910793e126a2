import re
from datetime import date

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import UsageCommon


@tagged("post_install", "-at_install")
class TestVersionCompare(UsageCommon):
    """Two versions side by side: every value, aligned, with what differs marked."""

    def version(self, card, day, charge_model="graduated", tiers=(), **vals):
        return self.env["usage.rate.card.version"].create(
            {
                "card_id": card.id,
                "date_start": day,
                "charge_model": charge_model,
                "tier_ids": [Command.create({"up_to": up_to, "unit_price": price}) for up_to, price in tiers],
                **vals,
            }
        )

    def compare(self, one, other, **vals):
        return self.env["usage.version.compare"].create({"version_id": one.id, "other_id": other.id, **vals})

    def card(self, **vals):
        return self.env["usage.rate.card"].create({"name": "Pages", "company_id": self.company.id, **vals})

    def rows(self, wizard):
        """{label: (text, text, differs)}"""
        found = {row[0]: row[1:] for row in wizard._value_rows()}
        for _title, rows in wizard._part_sections():
            found |= {row[0]: row[1:] for row in rows}
        return found

    def test_values_stand_beside_each_other_and_differences_are_marked(self):
        card = self.card()
        one = self.version(card, date(2026, 1, 1), "per_unit", unit_price=0.012)
        other = self.version(card, date(2027, 1, 1), "per_unit", unit_price=0.01, minimum_amount=100)
        rows = self.rows(self.compare(one, other))
        self.assertEqual(rows["Unit Price"], ("0.012", "0.01", True))
        self.assertEqual(rows["Charge Model"], ("Per unit", "Per unit", False))
        self.assertEqual(rows["Minimum Amount"], ("", "100", True))
        self.assertNotIn("Connect Fee", rows)

    def test_tiers_are_aligned_between_the_bounds_of_both(self):
        card = self.card()
        one = self.version(card, date(2026, 1, 1), tiers=[(100, 3), (0, 2)])
        other = self.version(card, date(2027, 1, 1), tiers=[(50, 3), (0, 1)])
        rows = self.rows(self.compare(one, other))
        self.assertEqual(rows["From 0 to 50"], ("3", "3", False))
        self.assertEqual(rows["From 50 to 100"], ("3", "1", True))
        self.assertEqual(rows["Above 100"], ("2", "1", True))

    def test_amounts_and_both_curves(self):
        card = self.card()
        one = self.version(card, date(2026, 1, 1), tiers=[(100, 3), (0, 2)])
        other = self.version(card, date(2027, 1, 1), tiers=[(50, 3), (0, 1)])
        wizard = self.compare(one, other, quantity=75)
        amounts = {row[0]: row[1:] for row in wizard._amount_rows()}
        # 75 x 3 against 50 x 3 + 25 x 1
        texts = [re.sub(r"[^\d.-]", "", text) for text in amounts["75"][:3]]
        self.assertEqual(texts, ["225.00", "175.00", "-50.00"])
        self.assertEqual(len(wizard.curve["series"]), 2)
        self.assertIn("table-warning", wizard.table)

    def test_versions_that_count_different_things_have_no_common_curve(self):
        one = self.version(self.card(), date(2026, 1, 1), "per_unit", unit_price=1)
        other = self.version(self.card(), date(2026, 1, 1), "time_increment", unit_price=1)
        incomplete = self.version(self.card(), date(2026, 1, 1), tiers=[(5, 1)])
        for second in (other, incomplete):
            wizard = self.compare(one, second)
            self.assertFalse(wizard.curve)
            self.assertFalse(wizard._amount_rows())
            self.assertIn(second.display_name, wizard.table)

    def test_bands_and_rows_are_aligned_by_name(self):
        def banded(price):
            bands = [Command.create({"name": "Peak", "hour_from": 7.5, "hour_to": 22, "unit_price": price})]
            return self.version(self.card(), date(2026, 1, 1), "time_of_use", band_ids=bands)

        rows = self.rows(self.compare(banded(0.3), banded(0.4)))
        self.assertEqual(rows["Peak"], ("Every day 7:30–22:00: 0.3", "Every day 7:30–22:00: 0.4", True))

        def matrix(*prices):
            made = [Command.create({"value_1": value, "unit_price": price}) for value, price in prices]
            return self.version(self.card(), date(2026, 1, 1), "matrix", dimension_1="to", row_ids=made)

        rows = self.rows(self.compare(matrix(("32", 1), ("33", 2)), matrix(("32", 1), ("44", 3))))
        self.assertEqual(rows["32"], ("1", "1", False))
        self.assertEqual(rows["33"], ("2", "", True))
        self.assertEqual(rows["44"], ("", "3", True))

    def test_of_many_rows_only_those_that_differ_are_shown(self):
        def matrix(last):
            made = [Command.create({"value_1": str(number), "unit_price": 1}) for number in range(250)]
            made.append(Command.create({"value_1": "last", "unit_price": last}))
            return self.version(self.card(), date(2026, 1, 1), "matrix", dimension_1="to", row_ids=made)

        title, rows = list(self.compare(matrix(1), matrix(2))._part_sections())[-1]
        self.assertIn("250", title)
        self.assertEqual(rows, [("last", "1", "2", True)])

    def test_a_version_is_compared_with_the_one_before_it(self):
        card = self.card()
        first = self.version(card, date(2026, 1, 1), "per_unit")
        second = self.version(card, date(2026, 6, 1), "per_unit")
        wizards = self.env["usage.version.compare"]
        form = Form(wizards.with_context(default_version_id=second.id))
        self.assertEqual((form.version_id, form.other_id), (second, first))
        chosen = wizards.with_context(active_model=card.version_ids._name, active_ids=[second.id, first.id])
        form = Form(chosen)
        self.assertEqual((form.version_id, form.other_id), (first, second))
        third = self.version(card, date(2027, 6, 1), "per_unit")
        with self.assertRaises(UserError):
            Form(chosen.with_context(active_ids=[first.id, second.id, third.id]))

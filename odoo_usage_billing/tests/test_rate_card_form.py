from datetime import date
from decimal import Decimal

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, HttpCase, new_test_user, tagged

from odoo.addons.odoo_usage_billing.models.usage_rate_card_version import CHARGE_MODELS

from .common import UsageCommon

COMPLETE = {
    "flat": {"flat_amount": 10},
    "per_unit": {"unit_price": 2},
    "graduated": {"tier_ids": [(10, 2, 0), (0, 1, 0)]},
    "volume": {"tier_ids": [(10, 2, 0), (0, 1.9, 0)]},
    "package": {"unit_price": 5, "package_size": 10},
    "stair_step": {"tier_ids": [(10, 0, 50), (0, 0, 80)]},
    "percentage": {"rate_percent": 2, "event_amount": 0.25},
    "graduated_percentage": {"tier_ids": [(1000, 5, 0), (0, 3, 0)]},
    "dynamic": {"multiplier": 1.15},
    "matrix": {"dimension_1": "destination", "prefix_1": True},
    "time_increment": {"unit_price": 0.6, "connect_amount": 0.05},
    "time_of_use": {"band_ids": [Command.create({"name": "Day", "unit_price": 0.3})]},
}


class RateCardFormCommon(UsageCommon):
    """A draft version per test, to be looked at before it is in force."""

    def draft(self, charge_model, **vals):
        card = self.env["usage.rate.card"].create({"name": "Draft", "company_id": self.company.id})
        tiers = [
            Command.create({"up_to": up_to, "unit_price": price, "flat_amount": flat})
            for up_to, price, flat in vals.pop("tier_ids", ())
        ]
        rows = [("32", 0.1), ("32475", 0.2), (False, 0.5)] if charge_model == "matrix" else []
        return self.env["usage.rate.card.version"].create(
            {
                "card_id": card.id,
                "date_start": date(2026, 1, 1),
                "charge_model": charge_model,
                "tier_ids": tiers,
                "row_ids": [Command.create({"value_1": value, "unit_price": price}) for value, price in rows],
                **vals,
            }
        )

    def drawn(self, picture):
        """{quantity: [amounts]} of a picture: two amounts where the curve is upright."""
        found = {}
        for x, y in picture["points"]:
            found.setdefault(Decimal(x).quantize(Decimal("0.001")), []).append(Decimal(y))
        return found

    def tried(self, version, quantity, **inputs):
        return version.price_try({}, {"quantity": str(quantity), **inputs})


@tagged("post_install", "-at_install")
class TestRateCardForm(RateCardFormCommon):
    """The picture of a price is what the kernel would charge; what is missing is said."""

    def test_every_charge_model_has_a_picture(self):
        self.assertEqual(COMPLETE.keys(), dict(CHARGE_MODELS).keys())
        for charge_model, vals in COMPLETE.items():
            with self.subTest(charge_model=charge_model):
                picture = self.draft(charge_model, **vals).curve
                self.assertNotIn("problem", picture)
                self.assertTrue(picture.get("points") or picture.get("bars"))
                self.assertTrue(picture["caption"])

    def test_the_curve_bends_where_a_tier_ends(self):
        picture = self.draft("graduated", tier_ids=[(10, 2, 0), (0, 1, 0)], discount_percent=10).curve
        self.assertEqual(picture["marks"], ["10"])
        drawn = self.drawn(picture)
        self.assertEqual(drawn[Decimal(10)][0], Decimal(18))  # 10 x 2 less a tenth
        self.assertEqual(drawn[Decimal(14)], [Decimal("21.6")])  # (10 x 2 + 4 x 1) less a tenth

    def test_packages_are_steps_after_what_is_included(self):
        picture = self.draft("package", unit_price=12, package_size=100, quantity_included=150).curve
        drawn = self.drawn(picture)
        self.assertEqual(drawn[Decimal(150)], [Decimal(0), Decimal(12)])
        self.assertEqual(drawn[Decimal(250)], [Decimal(12), Decimal(24)])

    def test_minimum_and_cap_are_in_the_picture(self):
        picture = self.draft("per_unit", unit_price=1, minimum_amount=50, maximum_amount=200).curve
        amounts = [Decimal(y) for _x, y in picture["points"]]
        self.assertEqual((amounts[0], amounts[-1].quantize(Decimal("0.1"))), (Decimal(50), Decimal(200)))
        self.assertLess(len(amounts), 120)

    def test_a_volume_price_that_falls_is_told_with_its_quantities(self):
        # published example: 5 x 5 = 25, 6 x 4 = 24
        version = self.draft("volume", tier_ids=[(5, 5, 0), (0, 4, 0)])
        warning = version.curve["warnings"][0]
        for number in ("5 units", "25.00", "6 cost", "24.00"):
            self.assertIn(number, warning.replace("\xa0", " "))
        version.best_price_guard = True
        self.assertFalse(version.curve["warnings"])

    def test_a_total_that_falls_by_less_than_a_unit_is_told_too(self):
        # 5 x 5 = 25, 6 x 4.5 = 27, but a little more than 5 costs 22.50
        version = self.draft("volume", tier_ids=[(5, 5, 0), (0, 4.5, 0)])
        self.assertIn("a little more than 5 costs", version.curve["warnings"][0])

    def test_a_rising_volume_price_warns_of_nothing(self):
        self.assertFalse(self.draft("volume", tier_ids=[(5, 1, 0), (0, 2, 0)]).curve["warnings"])

    def test_a_price_that_is_not_complete_says_what_is_missing(self):
        closed = self.draft("graduated", tier_ids=[(10, 1, 0)])
        self.assertIn("a last tier without an upper bound", closed.curve["problem"])
        self.assertNotIn("points", closed.curve)
        self.assertIn("at least one time-of-use band", self.draft("time_of_use").curve["problem"])
        self.assertEqual(self.tried(closed, 5)["problem"], closed.curve["problem"])

    def test_the_curve_follows_what_is_typed_before_it_is_saved(self):
        version = self.draft("graduated", tier_ids=[(10, 2, 0), (0, 1, 0)])
        with Form(version) as form:
            with form.tier_ids.edit(0) as tier:
                tier.unit_price = 3
            self.assertEqual(self.drawn(form.curve)[Decimal(10)][0], Decimal(30))
            with form.tier_ids.edit(1) as tier:
                tier.up_to = 50
            self.assertIn("a last tier without an upper bound", form.curve["problem"])
            with form.tier_ids.edit(1) as tier:
                tier.up_to = 0
            form.charge_model = "volume"
            self.assertTrue(form.curve["warnings"])

    def test_a_new_version_is_drawn_before_its_first_save(self):
        card = self.env["usage.rate.card"].create({"name": "New", "company_id": self.company.id})
        form = Form(self.env["usage.rate.card.version"].with_context(default_card_id=card.id))
        form.unit_price = 2
        self.assertEqual(self.drawn(form.curve)[Decimal(100)], [Decimal(200)])

    def test_numbers_without_end_draw_a_sentence_and_no_error(self):
        version = self.draft("graduated", tier_ids=[(1e35, 2, 0), (0, 1, 0)])
        self.assertTrue(version.curve["problem"])
        tiny = self.draft("graduated", tier_ids=[(0.000001, 2, 0), (0, 1, 0)])
        self.assertTrue(tiny.curve["points"])

    def test_many_rows_are_drawn_in_part_and_counted(self):
        version = self.draft("matrix", dimension_1="destination")
        rows = self.env["usage.rate.card.row"]
        rows.create([{"version_id": version.id, "value_1": f"4{number:02}", "unit_price": 1} for number in range(40)])
        version.invalidate_recordset()
        self.assertEqual(len(version.curve["bars"]), 12)
        self.assertEqual(version.curve["bars_left"], 31)
        self.assertEqual(version.row_count, 43)

    def test_rows_are_imported_into_the_version_they_were_opened_from(self):
        version = self.draft("matrix", dimension_1="destination")
        rows = self.env["usage.rate.card.row"].with_context(**version.action_view_rows()["context"])
        result = rows.load(["value_1", "unit_price", "name"], [["49", "0.03", "Germany"], ["4915", "0.06", "Mobile"]])
        self.assertFalse(result["messages"])
        self.assertEqual(rows.browse(result["ids"]).version_id, version)

    def test_rows_of_a_frozen_version_are_only_to_be_read(self):
        version = self.draft("matrix", dimension_1="destination")
        self.assertEqual(version.action_view_rows()["context"]["default_version_id"], version.id)
        version.state = "frozen"
        view = self.env["ir.ui.view"].browse(version.action_view_rows()["views"][0][0])
        self.assertEqual(view.arch.count('edit="0"'), 1)


@tagged("post_install", "-at_install")
class TestTryQuantity(RateCardFormCommon):
    """A tried quantity costs what an invoice would say, under the terms as they stand in the form."""

    def test_a_quantity_through_the_tiers(self):
        result = self.tried(self.draft("graduated", tier_ids=[(10, 2, 0), (0, 1, 0)], minimum_amount=5), "25")
        self.assertIn("35.00", result["amount"])  # 10 x 2 + 15 x 1
        self.assertEqual(result["unit_price"], "1.4")
        self.assertIn("Tier 1: 10 x 2 = 20", result["lines"])
        self.assertIn("Tier 2: 15 x 1 = 15", result["lines"])
        self.assertEqual(result["picture"]["tried"], ["25", "35"])

    def test_a_quantity_beyond_the_picture_widens_it(self):
        version = self.draft("graduated", tier_ids=[(10, 2, 0), (0, 1, 0)])
        points = self.tried(version, 1000)["picture"]["points"]
        self.assertGreater(Decimal(points[-1][0]), 1000)

    def test_events_of_a_size(self):
        call = self.draft("time_increment", unit_price=0.6, increment_first=60, increment_next=30, connect_amount=0.05)
        # 75 s count as 90 s: 0.90 and 0.05, three times
        self.assertIn("2.85", self.tried(call, 75, events="3")["amount"])
        payment = self.draft("percentage", rate_percent=2, event_amount=0.25, event_maximum=3, free_events=1)
        # 40 is free, 40 x 2 % + 0.25
        self.assertIn("1.05", self.tried(payment, 40, events="2")["amount"])
        self.assertIn("3.00", self.tried(payment, 1000, events="2")["amount"])

    def test_the_row_and_the_band_are_named(self):
        matrix = self.draft("matrix", dimension_1="destination", prefix_1=True)
        result = self.tried(matrix, 10, dimension_1="32475123")
        self.assertIn("2.00", result["amount"])
        self.assertIn("32475", result["lines"][0])
        self.assertIn("5.00", self.tried(matrix, 10, dimension_1="44")["amount"])
        energy = self.draft(
            "time_of_use",
            band_ids=[
                Command.create({"name": "Peak", "hour_from": 7, "hour_to": 22, "unit_price": 0.3}),
                Command.create({"name": "Night", "unit_price": 0.1}),
            ],
        )
        self.assertIn("1.00", self.tried(energy, 10, band="2")["amount"])
        self.assertIn("Night", self.tried(energy, 10, band="2")["lines"][0])

    def test_cost_plus_takes_the_amount(self):
        self.assertIn("115.00", self.tried(self.draft("dynamic", multiplier=1.15), 100)["amount"])

    def test_what_is_no_number_is_answered_with_a_sentence(self):
        version = self.draft("per_unit", unit_price=1)
        for typed in ("abc", "NaN", "1e400", "9" * 40):
            with self.subTest(typed=typed):
                self.assertTrue(self.tried(version, typed)["problem"])
        self.assertTrue(self.tried(self.draft("time_increment"), 60, events="99999999")["problem"])

    def test_what_is_not_saved_counts_and_is_not_written(self):
        version = self.draft("graduated", tier_ids=[(10, 2, 0), (0, 1, 0)])
        first = version.tier_ids.sorted("sort_key")[:1]
        changes = {"discount_percent": 50, "tier_ids": [[1, first.id, {"unit_price": 4}]]}
        result = version.price_try(changes, {"quantity": "10"})
        self.assertIn("20.00", result["amount"])  # 10 x 4 less half
        self.env.flush_all()
        version.invalidate_recordset()
        self.assertEqual((version.discount_percent, first.unit_price), (0, 2))

    def test_a_version_that_was_never_saved_can_be_tried(self):
        card = self.env["usage.rate.card"].create({"name": "New", "company_id": self.company.id})
        changes = {"card_id": card.id, "charge_model": "per_unit", "unit_price": 3}
        result = self.env["usage.rate.card.version"].price_try(changes, {"quantity": "7"})
        self.assertIn("21.00", result["amount"])

    def test_a_viewer_may_try_and_a_stranger_may_not(self):
        version = self.draft("per_unit", unit_price=1)
        company = {"company_id": self.company.id, "company_ids": [Command.set(self.company.ids)]}
        viewer = new_test_user(self.env, login="try_viewer", groups="odoo_usage_billing.group_usage_viewer", **company)
        self.assertIn("4.00", self.tried(version.with_user(viewer), 4)["amount"])
        staff = new_test_user(self.env, login="try_staff", groups="base.group_user", **company)
        other = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            login="try_stranger",
            groups="odoo_usage_billing.group_usage_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        for user in (staff, stranger):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.tried(version.with_user(user), 4)


@tagged("post_install", "-at_install")
class TestRateCardFormBrowser(RateCardFormCommon, HttpCase):
    """In a browser: a tier is typed and the curve changes, a quantity is tried and explained."""

    def test_typing_a_tier_redraws_the_curve(self):
        version = self.draft("graduated", tier_ids=[(10, 2, 0), (0, 1, 0)])
        manager = new_test_user(
            self.env,
            login="form_manager",
            groups="odoo_usage_billing.group_usage_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.start_tour(
            f"/odoo/usage.rate.card.version/{version.id}", "odoo_usage_billing_price_curve", login=manager.login
        )
        self.assertEqual(version.tier_ids.sorted("sort_key")[0].unit_price, 2)

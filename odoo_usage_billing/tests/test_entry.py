from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, new_test_user, tagged

from .common import UsageCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-02-10 09:00:00")
class TestEntry(UsageCommon):
    """Usage typed in goes through the one writer and is answered at once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        card = cls.make_card(charge_model="per_unit", unit_price=0.5)
        cls.line = cls.make_contract([cls.usage_line(card)]).contract_line_ids
        cls.device = cls.make_subjects(cls.line, 1)

    def enter(self, env=None, **values):
        values = {"subject_id": self.device.id, "occurred_at": "2026-01-15 12:00:00", "quantity": "12.5", **values}
        return (env or self.env)["usage.entry"].create(values)

    def events(self):
        return self.env["usage.event"].search([("contract_line_id", "=", self.line.id)])

    def test_it_is_stored_under_a_source_of_its_own(self):
        person = self.env["res.partner"].create({"name": "Ana", "email": "ana@example.com"})
        entry = self.enter(note="By phone", amount="3.10", end_user_id=person.id)
        self.assertEqual(entry.metric_id, self.metric)
        entry.action_store()
        event = self.events()
        self.assertEqual((entry.state, event.quantity, event.amount, event.end_user_id), ("stored", 12.5, 3.1, person))
        self.assertEqual((event.source_id.code, event.source_id.company_id), ("manual", self.company))
        self.assertEqual(event.batch_id.name, "By phone")
        self.assertIn("12.5", entry.message)

    def test_pressing_twice_is_one_usage(self):
        entry = self.enter()
        entry.action_store()
        entry.action_store()
        entry.state = "entry"
        entry.action_store()
        self.assertEqual(len(self.events()), 1)

    def test_what_is_refused_is_answered_and_waits(self):
        entry = self.enter(occurred_at="2019-01-01 12:00:00")
        entry.action_store()
        self.assertEqual((entry.state, entry.suspense_id.state), ("waiting", "open"))
        self.assertEqual(entry.message, entry.suspense_id.message)
        self.assertFalse(self.events())

    def test_a_word_is_no_quantity(self):
        for quantity in ("many", "NaN", "1e99", "1,5"):
            with self.subTest(quantity=quantity), self.assertRaises(UserError):
                self.enter(quantity=quantity).action_store()

    def test_an_operator_enters_and_a_viewer_does_not(self):
        for name, allowed in (("operator", True), ("viewer", False)):
            user = new_test_user(
                self.env,
                login=f"entry_{name}",
                groups=f"odoo_usage_billing.group_usage_{name}",
                company_id=self.company.id,
                company_ids=[(6, 0, self.company.ids)],
            )
            if allowed:
                entry = self.enter(self.env(user=user))
                entry.action_store()
                self.assertEqual(entry.state, "stored")
            else:
                with self.assertRaises(AccessError):
                    self.enter(self.env(user=user))

import json

from odoo.tests import TransactionCase, tagged

from ..models.usage_profile_shipped import SHIPPED


@tagged("post_install", "-at_install")
class TestProfileShipped(TransactionCase):
    """Profiles of public formats are there after installation, and are taken in once."""

    def shipped(self, stem):
        return self.env.ref(f"odoo_usage_mediation.usage_profile_{stem}")

    def test_each_file_is_a_shared_profile_that_says_what_the_file_says(self):
        paths = sorted(SHIPPED.glob("*.json"))
        self.assertTrue(paths)
        for path in paths:
            data, profile = json.loads(path.read_text(encoding="utf-8")), self.shipped(path.stem)
            self.assertEqual((profile.definition, profile.name), (data["definition"], data["name"]))
            self.assertFalse(profile.company_id)
            self.assertTrue(profile.description)

    def test_an_upgrade_adds_what_is_missing_and_changes_nothing_else(self):
        profile = self.shipped("focus")
        profile.write({"name": "Our clouds", "active": False})
        gone = self.shipped("senml")
        gone.unlink()
        before = self.env["usage.profile"].with_context(active_test=False).search_count([])
        self.env["usage.profile"]._ensure_shipped()
        self.env["usage.profile"]._ensure_shipped()
        self.assertEqual(self.env["usage.profile"].with_context(active_test=False).search_count([]), before + 1)
        self.assertEqual((self.shipped("focus"), profile.name, profile.active), (profile, "Our clouds", False))
        self.assertTrue(self.shipped("senml").exists())

    def test_a_profile_of_the_same_name_keeps_it(self):
        gone = self.shipped("senml")
        name = gone.name
        gone.name = "Ours"
        taken = gone.copy({"name": name})
        gone.unlink()
        self.env["usage.profile"]._ensure_shipped()
        self.assertEqual((taken.name, self.shipped("senml").name), (name, f"{name} (2)"))

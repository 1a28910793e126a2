from odoo.exceptions import AccessError
from odoo.tests import freeze_time, new_test_user, tagged

from .common import NOW, MediationCommon

OWN_MODELS = (
    "usage.profile",
    "usage.profile.column",
    "usage.upload",
    "usage.upload.row",
    "usage.upload.total",
    "usage.template",
    "usage.profile.wizard",
    "usage.profile.wizard.column",
    "usage.profile.import",
    "usage.register",
    "usage.reading",
    "usage.upload.progress",
    "usage.arrival",
    "usage.reading.withdrawal",
    "usage.reading.withdraw",
    "usage.reading.withdraw.line",
)


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestSecurity(MediationCommon):
    """Who may upload, who may say how files are read, who sees nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.viewer = cls.make_user("viewer", "odoo_usage_billing.group_usage_viewer")
        cls.operator = cls.make_user("operator", "odoo_usage_billing.group_usage_operator")
        cls.manager = cls.make_user("manager", "odoo_usage_billing.group_usage_manager")
        cls.portal = cls.make_user("portal", "base.group_portal")

    @classmethod
    def make_user(cls, name, group):
        return new_test_user(
            cls.env,
            login=f"usage_{name}",
            groups=group,
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def test_an_operator_uploads_and_confirms(self):
        upload = self.upload(self.xlsx(self.row()), env=self.env(user=self.operator))
        upload.action_confirm()
        self.assertCounts(upload.batch_id, received=1, good=1, duplicate=0, suspended=0)
        self.assertEqual(upload.batch_id.user_id, self.operator)

    def test_a_viewer_cannot_upload(self):
        with self.assertRaises(AccessError):
            self.upload(self.xlsx(self.row()), env=self.env(user=self.viewer))

    def test_a_viewer_sees_profiles_and_changes_none(self):
        profile = self.template_source.profile_id.with_user(self.viewer)
        self.assertTrue(profile.name)
        with self.assertRaises(AccessError):
            profile.name = "mine"

    def test_an_operator_does_not_change_how_files_are_read(self):
        with self.assertRaises(AccessError):
            self.template_source.with_user(self.operator).max_rows = 1
        with self.assertRaises(AccessError):
            self.env["usage.profile"].with_user(self.operator).create({"name": "x"})

    def test_a_manager_does(self):
        profile = self.template_source.profile_id.with_user(self.manager)
        self.assertEqual(profile.copy().name, "Usage template (copy)")

    def test_portal_users_reach_nothing(self):
        for model in OWN_MODELS:
            for operation in ("read", "write", "create", "unlink"):
                self.assertFalse(self.env[model].with_user(self.portal).has_access(operation), model)

    def test_an_upload_belongs_to_who_made_it(self):
        upload = self.upload(self.xlsx(self.row()), env=self.env(user=self.manager))
        with self.assertRaises(AccessError):
            upload.with_user(self.operator).action_confirm()
        with self.assertRaises(AccessError):
            upload.row_ids.with_user(self.operator).read(["subject"])

    def test_the_profiles_of_other_companies_are_not_seen(self):
        other = self.env["res.company"].create({"name": "Other"})
        profile = self.template_source.profile_id.copy({"company_id": other.id})
        for record in (profile, profile.column_ids):
            with self.assertRaises(AccessError):
                record.with_user(self.manager).read(["name"])

    def test_the_source_of_another_company_cannot_be_used(self):
        other = self.env["res.company"].create({"name": "Other"})
        source = self.env["usage.source"].sudo().search([("company_id", "=", other.id)])
        with self.assertRaises(AccessError):
            self.upload(self.xlsx(self.row()), source=source, env=self.env(user=self.operator))

    def test_every_model_has_an_access_line_and_a_rule(self):
        for model in OWN_MODELS:
            found = self.env["ir.model"]._get(model)
            self.assertTrue(found.access_ids, model)
            self.assertTrue(found.rule_ids, model)

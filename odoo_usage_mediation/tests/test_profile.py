import base64
import json

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import freeze_time, tagged

from ..parsing import Profile
from .common import NOW, MediationCommon


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestProfile(MediationCommon):
    """A profile is data, validated, and does not change once a file was read with it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = cls.env.ref("odoo_usage_mediation.usage_profile_template")

    def make(self, **vals):
        columns = vals.pop(
            "columns",
            [
                {"name": "serial", "target": "subject", "is_key": True},
                {"name": "metric", "target": "metric", "is_key": True},
                {"name": "at", "target": "occurred_at", "is_key": True},
                {"name": "quantity", "target": "quantity"},
            ],
        )
        return self.env["usage.profile"].create(
            {
                "name": "A profile",
                "format": "csv",
                "column_ids": [Command.create(column) for column in columns],
                **vals,
            }
        )

    def test_the_form_compiles_into_a_valid_definition(self):
        profile = self.make(delimiter=";", decimal=",", tz="Europe/Rome")
        self.assertEqual(profile.definition["delimiter"], ";")
        self.assertEqual(profile.definition["time_zone"], "Europe/Rome")
        self.assertTrue(Profile.from_dict(profile.definition))

    def test_all_mistakes_show_at_once(self):
        with self.assertRaises(ValidationError) as raised:
            self.make(columns=[{"name": "note", "target": "unused"}])
        for where in ("subject", "time", "measures", "external_id"):
            self.assertIn(where, str(raised.exception))

    def test_columns_change_one_by_one_and_are_judged_together(self):
        profile = self.make()
        first, second = profile.column_ids[0], profile.column_ids[1]
        profile.write(
            {
                "column_ids": [
                    Command.update(first.id, {"target": "metric"}),
                    Command.update(second.id, {"target": "subject"}),
                ]
            }
        )
        self.assertEqual(profile.definition["subject"], {"column": "metric"})

    def test_a_column_alone_may_not_break_the_profile(self):
        profile = self.make()
        with self.assertRaises(ValidationError):
            profile.column_ids[0].unlink()
        with self.assertRaises(ValidationError):
            profile.column_ids[0].target = "unused"

    def test_json_is_data_and_validated(self):
        profile = self.make()
        definition = dict(profile.definition, where=[{"column": "x", "equals": "1"}])
        profile.write({"is_advanced": True, "definition_text": json.dumps(definition)})
        self.assertEqual(profile.definition["where"][0]["column"], "x")
        with self.assertRaises(ValidationError):
            profile.definition_text = "{not json"
        with self.assertRaises(ValidationError):
            profile.definition_text = json.dumps({"format": "csv", "python": "1+1"})

    def test_a_used_profile_never_changes(self):
        self.store(self.xlsx(self.row()))
        self.assertTrue(self.template.is_used)
        with self.assertRaises(UserError):
            self.template.decimal = ","
        with self.assertRaises(UserError):
            self.template.column_ids[0].name = "Device"
        with self.assertRaises(UserError):
            self.template.column_ids[0].unlink()
        with self.assertRaises(UserError):
            self.template.write({"column_ids": [Command.create({"name": "more"})]})
        self.template.description = "may change"

    def test_a_new_version_may_change_and_take_over(self):
        self.store(self.xlsx(self.row()))
        action = self.template.action_new_version()
        version = self.env["usage.profile"].browse(action["res_id"])
        self.assertEqual((version.version, version.previous_id), (2, self.template))
        self.assertEqual(version.definition, self.template.definition)
        version.decimal = ","
        version.action_use_in_sources()
        self.assertEqual(self.template_source.profile_id, version)

    def test_export_and_import_give_the_same_profile(self):
        data = json.dumps(self.template._export_data()).encode()
        imported = self.take_in(data)
        self.assertFalse(imported.is_advanced)
        self.assertEqual(imported.definition, self.template.definition)
        self.assertEqual(imported._identity_targets(), self.template._identity_targets())

    def test_what_no_database_holds_is_refused_with_a_sentence(self):
        definition = self.template.definition
        for content in (
            {"name": "a\0b", "definition": definition},
            {"name": "half \ud800", "definition": definition},
            {"definition": {**definition, "null_words": ["\0"]}},
            {"definition": {**definition, "null_words": ["\ud800"]}},
        ):
            with self.assertRaises(UserError) as refused:
                self.take_in(json.dumps(content).encode())
            self.assertIn("not JSON", str(refused.exception))
        long = self.take_in(json.dumps({"name": "x" * 5_000, "definition": definition}).encode())
        self.assertEqual(len(long.name), 200)
        long.is_advanced = True
        with self.assertRaises(UserError):
            long.definition_text = json.dumps({**definition, "null_words": ["\0"]})

    def test_a_bare_definition_is_taken_in_as_json(self):
        definition = dict(self.template.definition, null_words=["n/a"])
        imported = self.take_in(json.dumps(definition).encode())
        self.assertTrue(imported.is_advanced)
        self.assertEqual(imported.definition["null_words"], ["n/a"])

    def test_a_file_that_is_no_profile_is_refused(self):
        for content in (b"", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000):
            with self.assertRaises(UserError):
                self.take_in(content or b" ")
        with self.assertRaises(UserError):
            self.take_in(json.dumps({"definition": {"format": "exe"}}).encode())

    def test_settings_that_contradict_the_definition_do_not_count(self):
        data = self.template._export_data()
        data["settings"]["decimal"] = ","
        imported = self.take_in(json.dumps(data).encode())
        self.assertTrue(imported.is_advanced)
        self.assertEqual(imported.definition, self.template.definition)

    def take_in(self, content):
        wizard = self.env["usage.profile.import"].create(
            {"file": base64.b64encode(content), "file_name": "profile.json"}
        )
        return self.env["usage.profile"].browse(wizard.action_import()["res_id"])

    def test_a_file_source_needs_a_profile_of_its_company(self):
        with self.assertRaises(ValidationError):
            self.template_source.profile_id = False
        other = self.env["res.company"].create({"name": "Other"})
        with self.assertRaises(ValidationError):
            self.template_source.profile_id = self.make(company_id=other.id)

    def test_a_shared_profile_in_use_is_not_taken_by_one_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        with self.assertRaises(ValidationError):
            self.template.company_id = other

    def test_each_company_has_a_source_for_the_template(self):
        company = self.env["res.company"].create({"name": "New"})
        source = self.env["usage.source"].search([("company_id", "=", company.id), ("code", "=", "template")])
        self.assertEqual(source.profile_id, self.template)

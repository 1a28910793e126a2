import os
import shutil
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from odoo import SUPERUSER_ID
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import config

from ..models import usage_folder_file
from .common import MediationCommon

DEFINITION = {
    "format": "csv",
    "subject": "serial",
    "external_id": {"column": "id"},
    "time": "at",
    "measures": [{"metric": {"constant": "pages"}, "quantity": "qty"}],
}


@tagged("post_install", "-at_install")
class TestFolder(MediationCommon):
    """Files put into a folder: complete ones only, read once, moved, named by their batch."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = Path(os.path.realpath(tempfile.mkdtemp()))
        cls.addClassCleanup(shutil.rmtree, cls.root)
        cls.folder = cls.root / "acme" / "meters"
        cls.folder.mkdir(parents=True)
        cls.startClassPatcher(patch.dict(config.options, {"usage_folder_root": str(cls.root)}))
        cls.profile = cls.env["usage.profile"].create(
            {"name": "Folder", "format": "csv", "is_advanced": True, "definition": DEFINITION}
        )
        cls.watched = cls.make_source("acme/meters", "folder")

    @classmethod
    def make_source(cls, path, code):
        return cls.env["usage.source"].create(
            {
                "name": "Folder",
                "code": code,
                "transport": "folder",
                "profile_id": cls.profile.id,
                "folder_path": path,
                "tz": "UTC",
                "max_age_days": 40000,
            }
        )

    def put(self, name, *rows, ago=3600):
        path = self.folder / name
        path.write_text("\n".join(["id,serial,at,qty", *rows]))
        return path

    def rows(self, count, start=0):
        return [f"r{n},PRN000{n % 3 + 1},2026-01-15 {n // 60 % 24:02d}:{n % 60:02d}:00,2" for n in range(start, count)]

    def watch(self, later=3600):
        """Run the job as if some time had passed since the files were put there."""
        now = time.time() + later
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            env = self.env(cr=cr, user=SUPERUSER_ID)
            with patch("odoo.addons.odoo_usage_mediation.models.usage_source_folder.time.time", return_value=now):
                env["usage.folder.file"]._cron_watch()
            cr.commit()  # pylint: disable=invalid-commit
        self.env.invalidate_all()
        return self.env["usage.folder.file"].search([("source_id", "=", self.watched.id)], order="id")

    def lying(self, place="."):
        return sorted(path.name for path in (self.folder / place).glob("*") if path.is_file())

    def test_a_copied_source_does_not_watch_the_same_folder(self):
        copied = self.watched.copy()
        self.env.flush_all()
        self.assertFalse(copied.active)
        self.assertEqual(copied.code, "folder-2")
        copied.folder_path = "acme/other"
        copied.action_unarchive()
        self.assertTrue(copied.active)

    def test_a_complete_file_is_stored_and_moved_under_its_batch(self):
        self.put("may.csv", *self.rows(4), "r9,NOBODY,2026-01-15 10:00:00,1")
        file = self.watch()
        self.assertEqual(file.state, "done")
        self.assertCounts(file.batch_id, received=5, good=4, duplicate=0, suspended=1)
        self.assertEqual(self.lying(), [])
        self.assertEqual(self.lying("done"), [f"{file.batch_id.id}-may.csv"])
        self.assertEqual(len(file.batch_id.checksum), 64)

    def test_a_file_that_still_changes_is_left_alone(self):
        self.put("may.csv", *self.rows(2))
        self.put("june.csv.part", *self.rows(2))
        self.assertFalse(self.watch(later=0))
        self.assertEqual(self.lying(), ["june.csv.part", "may.csv"])

    def test_with_markers_only_a_marked_file_is_complete(self):
        self.watched.folder_complete = "marker"
        self.put("may.csv", *self.rows(2))
        self.put("june.csv", *self.rows(3))
        (self.folder / "june.csv.done").touch()
        self.assertEqual(self.watch(later=0).mapped("name"), ["june.csv"])
        self.assertEqual(self.lying(), ["may.csv"])

    def test_a_file_that_cannot_be_read_goes_to_failed_with_its_reason(self):
        (self.folder / "bad.csv").write_text("what,is,this\n1,2,3\n")
        self.put("good.csv", *self.rows(2))
        bad, good = self.watch().sorted("name")
        self.assertEqual((bad.state, good.state), ("failed", "done"))
        self.assertIn("columns", bad.problem)
        self.assertTrue(bad.problem_mend)
        self.assertEqual(len(self.lying("failed")), 1)

    def test_the_same_file_again_is_told_and_counts_nothing(self):
        self.put("may.csv", *self.rows(4))
        first = self.watch()
        self.put("may-again.csv", *self.rows(4))
        second = self.watch() - first
        self.assertEqual(second.same_batch_id, first.batch_id)
        self.assertCounts(second.batch_id, received=4, good=0, duplicate=4, suspended=0)

    def test_reading_goes_on_where_the_time_was_over(self):
        self.put("may.csv", *self.rows(10))
        with (
            patch.object(usage_folder_file, "BUDGET_SECONDS", -1),
            patch.object(usage_folder_file.Intake.each, "__defaults__", (4, 0)),
        ):
            file = self.watch()
            self.assertEqual((file.state, file.batch_id.accepted_count), ("reading", 4))
            self.assertEqual(len(self.lying("work")), 1)
            self.watch()
            self.assertEqual(file.batch_id.accepted_count, 8)
            with self.assertRaises(UserError):
                self.watched.profile_id = self.profile.copy()
        self.watch()
        self.assertEqual(file.state, "done")
        self.assertCounts(file.batch_id, received=10, good=10, duplicate=0, suspended=0)

    def test_a_file_in_work_without_a_row_is_adopted(self):
        (self.folder / "work").mkdir(exist_ok=True)
        self.put("may.csv", *self.rows(2)).rename(self.folder / "work" / "0123456789ab-may.csv")
        file = self.watch()
        self.assertEqual((file.name, file.state), ("may.csv", "done"))

    def test_a_file_that_changed_in_the_middle_is_refused(self):
        self.put("may.csv", *self.rows(10))
        with (
            patch.object(usage_folder_file, "BUDGET_SECONDS", -1),
            patch.object(usage_folder_file.Intake.each, "__defaults__", (4, 0)),
        ):
            file = self.watch()
        (self.folder / "work" / file.claimed_name).write_text("id,serial,at,qty\n")
        self.watch()
        self.assertEqual((file.state, file.batch_id.accepted_count), ("failed", 4))

    def test_no_path_leads_out_of_the_root(self):
        outside = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, outside)
        (self.root / "link").symlink_to(outside)
        for path in ("..", "../x", "a/../../x", "/etc", "link", "link/x", "", ".", "a//b", "a\\b", "a/./b"):
            with self.subTest(path=path), self.assertRaises(ValidationError), self.cr.savepoint():
                self.make_source(path, "bad")

    def test_without_a_root_in_the_configuration_nothing_is_watched(self):
        with patch.dict(config.options, {"usage_folder_root": False}):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                self.make_source("other", "none")
            self.put("may.csv", *self.rows(2))
            self.assertFalse(self.watch())
        self.watched.invalidate_recordset()
        self.assertIn("usage_folder_root", self.watched.folder_problem)

    def test_a_link_among_the_files_is_never_followed(self):
        secret = self.root / "secret.csv"
        secret.write_text("id,serial,at,qty\nx,PRN0001,2026-01-15 10:00:00,1\n")
        (self.folder / "may.csv").symlink_to(secret)
        self.assertFalse(self.watch())
        (self.folder / "work").mkdir(exist_ok=True)
        (self.folder / "work" / "0123456789ab-may.csv").symlink_to(secret)
        self.assertFalse(self.watch())
        self.assertTrue(secret.exists())

    def test_a_work_folder_that_leads_elsewhere_is_refused_in_words(self):
        elsewhere = self.root / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        shutil.rmtree(self.folder / "work", ignore_errors=True)
        (self.folder / "work").symlink_to(elsewhere)
        self.put("may.csv", *self.rows(2))
        self.assertFalse(self.watch())
        self.watched.invalidate_recordset()
        self.assertTrue(self.watched.folder_problem)
        self.assertEqual(os.listdir(elsewhere), [])

    def tearDown(self):
        super().tearDown()
        shutil.rmtree(self.folder, ignore_errors=True)
        for path in (self.root / "link", self.root / "secret.csv"):
            path.unlink(missing_ok=True)
        self.folder.mkdir(parents=True)

from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from ..intake import Intake
from ..wizards import usage_upload
from .common import NOW, MediationCommon


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestUploadProgress(MediationCommon):
    """A large upload is stored in the background, chunk by chunk, where everybody sees how far it is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.object(usage_upload, "LARGE_ROWS", 4))
        cls.startClassPatcher(patch.object(Intake.chunks, "__defaults__", (3, 0)))
        cls.work = cls.env["usage.upload.progress"]
        cls.after_chunk = []
        cls.startClassPatcher(patch.object(cls.env.registry["usage.upload.progress"], "_keep", cls.kept))
        cls.startClassPatcher(patch.object(cls.env.cr, "rollback", lambda: None))

    @staticmethod
    def kept(progress):
        """Stands for a commit, after which somebody may do something."""
        progress.env.flush_all()
        for do in TestUploadProgress.after_chunk:
            do(progress)

    def setUp(self):
        super().setUp()
        self.after_chunk.clear()

    def confirmed(self, rows=10):
        content = self.xlsx(*[self.row(quantity=number, own_id=f"own-{number}") for number in range(1, rows + 1)])
        upload = self.upload(content)
        action = upload.action_confirm()
        self.assertEqual((action["res_model"], action["res_id"]), ("usage.upload.progress", upload.progress_id.id))
        return upload.progress_id

    def test_a_small_file_is_stored_at_once(self):
        upload = self.upload(self.xlsx(*[self.row(own_id=f"own-{number}") for number in range(4)]))
        upload.action_confirm()
        self.assertFalse(upload.progress_id)
        self.assertEqual(upload.batch_id.received_count, 4)

    def test_a_large_file_is_stored_in_chunks_and_its_progress_is_seen(self):
        progress = self.confirmed()
        self.assertEqual((progress.state, progress.progress, progress.batch_id.received_count), ("reading", 0, 0))
        seen = []
        self.after_chunk.append(lambda progress: seen.append(round(progress.progress)))
        self.work._cron_store()
        self.assertEqual(seen, [30, 60, 90, 99, 100])
        self.assertEqual((progress.state, progress.done_count), ("done", 10))
        self.assertCounts(progress.batch_id, received=10, good=10, duplicate=0, suspended=0)
        self.assertTrue(progress.batch_id.attachment_id)
        self.assertEqual(len(self.events()), 10)

    def test_the_job_starts_at_once_and_a_second_confirm_changes_nothing(self):
        upload = self.upload(self.xlsx(*[self.row(own_id=f"own-{number}") for number in range(9)]))
        before = self.env["ir.cron.trigger"].search_count([])
        upload.action_confirm()
        self.assertEqual(self.env["ir.cron.trigger"].search_count([]), before + 1)
        upload.action_confirm()
        self.assertEqual(self.work.search_count([("batch_id", "=", upload.batch_id.id)]), 1)

    def test_a_person_stops_it_and_lets_it_go_on(self):
        progress = self.confirmed()
        self.after_chunk.append(lambda progress: progress.done_count == 6 and progress.action_stop())
        self.work._cron_store()
        self.assertEqual((progress.state, progress.done_count, progress.row_number), ("stopped", 6, 7))
        self.after_chunk.clear()
        self.work._cron_store()
        self.assertEqual(progress.done_count, 6)
        with self.assertRaises(UserError):
            progress.action_stop()
        progress.action_resume()
        self.work._cron_store()
        self.assertEqual((progress.state, progress.done_count, len(self.events())), ("done", 10, 10))
        with self.assertRaises(UserError):
            progress.action_resume()

    def test_when_its_time_is_over_it_asks_to_be_called_again(self):
        progress = self.confirmed()
        self.assertFalse(progress._go_on(0))
        self.assertEqual((progress.state, progress.done_count), ("reading", 3))

    @mute_logger("odoo.addons.odoo_usage_mediation.models.usage_upload_progress")
    def test_what_goes_wrong_is_told_and_can_go_on(self):
        progress = self.confirmed()
        with patch.object(self.env.registry["usage.batch"], "_store", side_effect=ZeroDivisionError):
            self.work._cron_store()
        self.assertEqual(progress.state, "failed")
        self.assertTrue(progress.problem and progress.problem_mend)
        progress.action_resume()
        self.work._cron_store()
        self.assertEqual((progress.state, progress.problem, progress.done_count), ("done", False, 10))

    def test_operators_work_it_and_viewers_only_look(self):
        progress = self.confirmed()
        users = {
            name: new_test_user(
                self.env,
                login=f"progress-{name}",
                groups=f"odoo_usage_billing.group_usage_{name}",
                company_id=self.company.id,
            )
            for name in ("viewer", "operator")
        }
        self.assertEqual(progress.with_user(users["viewer"]).progress, 0)
        with self.assertRaises(AccessError):
            progress.with_user(users["viewer"]).action_stop()
        progress.with_user(users["operator"]).action_stop()
        self.assertEqual(progress.state, "stopped")
        with self.assertRaises(UserError):
            progress.unlink()

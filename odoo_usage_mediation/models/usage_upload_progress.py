import logging
import random
import time

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..intake import Intake
from ..parsing import FileRefused, ProfileInvalid
from ..reasons import explain_file
from .usage_folder_file import BUDGET_SECONDS, CONTENTION, TRIES

_logger = logging.getLogger(__name__)


class UsageUploadProgress(models.Model):
    """A large upload that is stored chunk by chunk in the background, and how far it is.

    reading -> done | failed | stopped by a person -> reading. Rows and position are committed together, so
    that a process killed in the middle goes on where it stopped, with no row twice or left out.
    """

    _name = "usage.upload.progress"
    _description = "Upload in Progress"
    _order = "id DESC"

    name = fields.Char(required=True, readonly=True)
    source_id = fields.Many2one("usage.source", required=True, readonly=True, index=True, ondelete="restrict")
    company_id = fields.Many2one(related="source_id.company_id", store=True)
    user_id = fields.Many2one("res.users", string="Uploaded by", required=True, readonly=True)
    batch_id = fields.Many2one("usage.batch", required=True, readonly=True, ondelete="restrict")
    state = fields.Selection(
        [("reading", "Being stored"), ("stopped", "Stopped"), ("done", "Stored"), ("failed", "Refused")],
        required=True,
        default="reading",
        readonly=True,
        index=True,
    )
    row_count = fields.Integer(string="Rows", required=True, readonly=True, help="As the preview counted them.")
    row_number = fields.Integer(string="Read up to Row", readonly=True)
    done_count = fields.Integer(string="Rows Stored", related="batch_id.received_count")
    progress = fields.Float(compute="_compute_progress")
    problem = fields.Char(readonly=True)
    problem_mend = fields.Char(readonly=True)
    ended_at = fields.Datetime(readonly=True)

    _batch_unique = models.UniqueIndex("(batch_id)", "This batch is being stored already.")

    @api.depends("done_count", "row_count", "state")
    def _compute_progress(self):
        for upload in self:
            share = 100 * upload.done_count / upload.row_count if upload.row_count else 0
            upload.progress = 100 if upload.state == "done" else min(share, 99)

    @api.model
    def _keep(self):
        """Commit: what is stopped in the middle goes on where it was."""
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def _begin(self):
        """Have the scheduled job start at once."""
        # Whoever may upload sets the job off; what it does was confirmed by him.
        self.env.ref("odoo_usage_mediation.cron_upload").sudo()._trigger()

    @api.model
    def _cron_store(self):
        """Go on with every upload, the oldest first, for about a minute."""
        ends_at = time.monotonic() + BUDGET_SECONDS
        for upload in self.search([("state", "=", "reading")], order="id"):
            if not upload._go_on(ends_at):
                self._begin()
                self._keep()
                return

    def _go_on(self, ends_at):
        """Store on, commit by commit; whether nothing is left to do now."""
        self.ensure_one()
        for turn in range(TRIES):
            try:
                return self._store_rows(ends_at)
            except CONTENTION:
                # The transaction is over; reading goes on from the position that was committed.
                self.env.cr.rollback()
                time.sleep(random.uniform(0, 0.1 * 2**turn))
            except (FileRefused, ProfileInvalid) as refused:
                self._fail(*self._explained(refused))
                return True
            except Exception:
                _logger.exception("upload %s", self.id)
                self._fail(
                    self.env._("The file could not be stored; the server's log says why."),
                    self.env._("Go on once the cause is mended: what is stored counts once."),
                )
                return True
        return False

    def _store_rows(self, ends_at):
        batch = self.batch_id
        context = {
            "file_name": self.name,
            "received_at": self.source_id._first_received(batch.checksum, batch.received_at),
        }
        intake = Intake(
            self.source_id, batch.attachment_id.raw, context, batch.checksum, more_seconds=2 * BUDGET_SECONDS
        )
        for chunk in intake.chunks(after=self.row_number):
            batch._store(chunk.records, chunk.refusals, len(chunk.filtered))
            self.row_number = chunk.last_row
            self.env.flush_all()
            self._keep()
            self.env.invalidate_all()
            if self.state != "reading":
                return True
            if time.monotonic() > ends_at:
                return False
        self.write({"state": "done", "ended_at": fields.Datetime.now()})
        self._keep()
        return True

    def _explained(self, refused):
        if isinstance(refused, FileRefused):
            return explain_file(self.env, refused.code, refused.params)
        return str(refused), self.env._("Correct the profile, then go on.")

    def _fail(self, problem, mend):
        self.env.cr.rollback()
        self.write({"state": "failed", "problem": problem, "problem_mend": mend, "ended_at": fields.Datetime.now()})
        self._keep()

    # -- what people do --------------------------------------------------------

    def action_stop(self):
        """Stop after the chunk at hand; what is stored stays."""
        self.check_access("write")
        if self.filtered(lambda upload: upload.state != "reading"):
            raise UserError(self.env._("Only an upload that is being stored can be stopped."))
        self.write({"state": "stopped", "ended_at": fields.Datetime.now()})

    def action_resume(self):
        """Go on after the last row that is stored."""
        self.check_access("write")
        if self.filtered(lambda upload: upload.state not in ("stopped", "failed")):
            raise UserError(self.env._("Only an upload that was stopped or refused can go on."))
        self.write({"state": "reading", "problem": False, "problem_mend": False, "ended_at": False})
        self._begin()

    def action_view_batch(self):
        """Open the batch that the file becomes."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.batch_id.display_name,
            "res_model": "usage.batch",
            "res_id": self.batch_id.id,
            "view_mode": "form",
        }

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Uploads stay in the list, so that it shows what became of each file."))

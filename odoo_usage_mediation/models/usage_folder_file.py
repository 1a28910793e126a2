import logging
import random
import time

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..folder import OutsideRoot, claimed_names, digest_of, move, open_claimed, original_name
from ..folder.places import DONE, FAILED
from ..intake import Intake
from ..parsing import FileRefused, ProfileInvalid
from ..reasons import explain_file

_logger = logging.getLogger(__name__)

CONTENTION = (ConcurrencyError, *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY)
TRIES = 8
BUDGET_SECONDS = 60


class UsageFolderFile(models.Model):
    """A file claimed from a watched folder, and how far it is read: reading -> done | failed.

    Rows and position are committed together, so that a process killed in the middle goes on where
    it stopped, with no row twice or left out.
    """

    _name = "usage.folder.file"
    _description = "Watched Folder File"
    _order = "id DESC"

    name = fields.Char(required=True, readonly=True)
    claimed_name = fields.Char(required=True, readonly=True)
    source_id = fields.Many2one("usage.source", required=True, readonly=True, index=True, ondelete="restrict")
    company_id = fields.Many2one(related="source_id.company_id", store=True)
    state = fields.Selection(
        [("reading", "Being read"), ("done", "Stored"), ("failed", "Refused")],
        required=True,
        default="reading",
        readonly=True,
        index=True,
    )
    is_moved = fields.Boolean(readonly=True)
    size = fields.Integer(string="Bytes", readonly=True)
    checksum = fields.Char(readonly=True, index=True, help="SHA-256 of the file.")
    row_number = fields.Integer(string="Read up to Row", readonly=True)
    batch_id = fields.Many2one("usage.batch", readonly=True, ondelete="restrict")
    same_batch_id = fields.Many2one("usage.batch", string="Received Before", readonly=True, ondelete="restrict")
    problem = fields.Char(readonly=True)
    problem_mend = fields.Char(readonly=True)
    ended_at = fields.Datetime(readonly=True)

    _claimed_once = models.UniqueIndex("(source_id, claimed_name)", "This file is being read already.")

    @api.model
    def _keep(self):
        """Commit: a file that is stopped in the middle goes on where it was."""
        self.env.cr.commit()  # pylint: disable=invalid-commit

    @api.model
    def _cron_watch(self):
        """Claim what is complete in each watched folder and read it, within a minute or so."""
        ends_at = time.monotonic() + BUDGET_SECONDS
        for source in self.env["usage.source"].search([("transport", "=", "folder")]):
            source._claim_files()
            self._keep()
        for file in self.search([("is_moved", "=", False)], order="id"):
            if not file._go_on(ends_at):
                self.env.ref("odoo_usage_mediation.cron_folder")._trigger()
                self._keep()
                return

    @api.model
    def _adopt(self, source, folder):
        """A row for each file in work/ that has none."""
        names = claimed_names(folder)
        known = self.search([("source_id", "=", source.id), ("claimed_name", "in", names)]).mapped("claimed_name")
        self.create(
            [
                {"source_id": source.id, "name": original_name(name), "claimed_name": name}
                for name in names
                if name not in known
            ]
        )

    def _go_on(self, ends_at):
        """Read on, commit by commit; whether the file is out of the way."""
        self.ensure_one()
        for turn in range(TRIES):
            try:
                return self._read_and_move(ends_at)
            except CONTENTION:
                # The transaction is over; reading goes on from the position that was committed.
                self.env.cr.rollback()
                time.sleep(random.uniform(0, 0.1 * 2**turn))
        return False

    def _read_and_move(self, ends_at):
        if self.state == "reading":
            try:
                if not self._read(ends_at):
                    return False
            except CONTENTION:
                raise
            except (FileRefused, ProfileInvalid, OSError, OutsideRoot) as refused:
                self._fail(*self._explained(refused))
            except Exception:
                _logger.exception("watched file %s", self.id)
                self._fail(
                    self.env._("The file could not be stored; the server's log says why."),
                    self.env._("Put it into the folder again once the cause is mended: what is stored counts once."),
                )
        self._move()
        return True

    def _read(self, ends_at):
        """Store the rows after the position; whether the end of the file is reached."""
        source = self.source_id
        with open_claimed(source._folder(), self.claimed_name) as stream:
            digest = digest_of(stream)
            context = {"file_name": self.name, "received_at": source._first_received(digest, self.create_date)}
            intake = Intake(source, stream, context, digest, more_seconds=2 * BUDGET_SECONDS)
            self._begin(intake)
            for _chunk in intake.each(self._store_chunk, after=self.row_number):
                if time.monotonic() > ends_at:
                    return False
        self.write({"state": "done", "ended_at": fields.Datetime.now()})
        self._keep()
        return True

    def _store_chunk(self, chunk):
        self.batch_id._store(chunk.records, chunk.refusals, len(chunk.filtered))
        self.row_number = chunk.last_row
        self.env.flush_all()
        self._keep()
        self.env.invalidate_all()

    def _begin(self, intake):
        if self.batch_id:
            if self.checksum != intake.digest:
                raise FileRefused("corrupt", why=self.env._("it changed while it was read"))
            return
        batches = self.env["usage.batch"]
        same = batches.search([("checksum", "=", intake.digest), ("source_id", "=", self.source_id.id)], limit=1)
        batch = batches.create(
            {
                "name": self.name,
                "received_at": self.create_date,
                "source_id": self.source_id.id,
                "profile_id": self.source_id.profile_id.id,
                "checksum": intake.digest,
                "columns": intake.columns,
            }
        )
        self.write({"batch_id": batch.id, "checksum": intake.digest, "same_batch_id": same.id})
        self._keep()

    def _explained(self, refused):
        if isinstance(refused, FileRefused):
            return explain_file(self.env, refused.code, refused.params)
        if isinstance(refused, ProfileInvalid):
            return str(refused), self.env._("Correct the profile, then put the file into the folder again.")
        return (
            self.env._("The file cannot be opened: %(why)s.", why=getattr(refused, "strerror", None) or "link"),
            self.env._("See to the rights of the folder, then put the file into it again."),
        )

    def _fail(self, problem, mend):
        self.env.cr.rollback()
        self.write({"state": "failed", "problem": problem, "problem_mend": mend, "ended_at": fields.Datetime.now()})
        self._keep()

    def _move(self):
        """Put the file where its state says, named by its batch. The state is committed before."""
        place = DONE if self.state == "done" else FAILED
        number = self.batch_id.id or f"file{self.id}"
        try:
            move(self.source_id._folder(), self.claimed_name, place, f"{number}-{self.name}")
        except (OSError, OutsideRoot) as error:
            _logger.warning("watched file %s was not moved: %s", self.id, error)
        self.is_moved = True
        self._keep()

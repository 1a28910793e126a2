import base64
import hashlib
from collections import defaultdict
from datetime import timezone
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.odoo_usage_billing.store.records import plain

from ..intake import Intake, preview, row_cells
from ..intake.preview import Checker
from ..parsing import FileRefused, ProfileInvalid
from ..reasons import explain_file

#: A file of more rows is stored in the background.
LARGE_ROWS = 50_000


class UsageUpload(models.TransientModel):
    """A file on its way in: upload -> preview -> done. Nothing is stored before it is confirmed."""

    _name = "usage.upload"
    _description = "Usage Upload"

    state = fields.Selection(
        [("upload", "Choose the file"), ("preview", "Check the rows"), ("done", "Stored")],
        required=True,
        default="upload",
        readonly=True,
    )
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company)
    source_id = fields.Many2one(
        "usage.source",
        required=True,
        domain="[('transport', '=', 'file'), ('company_id', '=', company_id)]",
        default=lambda self: self._default_source_id(),
        ondelete="cascade",
    )
    profile_id = fields.Many2one(related="source_id.profile_id")
    file = fields.Binary(attachment=True)
    file_name = fields.Char()
    checksum = fields.Char(readonly=True)
    received_at = fields.Datetime(readonly=True, help="When the file was first looked at.")
    problem = fields.Char(readonly=True)
    problem_mend = fields.Char(readonly=True)
    received_count = fields.Integer(string="Received", readonly=True)
    good_count = fields.Integer(string="Good", readonly=True)
    duplicate_count = fields.Integer(string="Counted already", readonly=True)
    suspended_count = fields.Integer(string="To suspense", readonly=True)
    filtered_count = fields.Integer(string="Left out", readonly=True)
    row_ids = fields.One2many("usage.upload.row", "upload_id", readonly=True)
    hidden_count = fields.Integer(compute="_compute_hidden_count", string="Rows not shown")
    total_ids = fields.One2many("usage.upload.total", "upload_id", readonly=True)
    same_batch_id = fields.Many2one("usage.batch", string="Uploaded Before", compute="_compute_same_batch_id")
    batch_id = fields.Many2one("usage.batch", readonly=True, ondelete="cascade")
    progress_id = fields.Many2one("usage.upload.progress", readonly=True, ondelete="cascade")

    @api.model
    def _default_source_id(self):
        return self.env["usage.source"].search(
            [("transport", "=", "file"), ("company_id", "=", self.env.company.id)],
            limit=1,
        )

    @api.depends("received_count", "row_ids")
    def _compute_hidden_count(self):
        for upload in self:
            upload.hidden_count = upload.received_count - len(upload.row_ids)

    @api.depends("checksum", "source_id", "batch_id")
    def _compute_same_batch_id(self):
        for upload in self:
            upload.same_batch_id = upload.checksum and self.env["usage.batch"].search(
                [
                    ("checksum", "=", upload.checksum),
                    ("source_id", "=", upload.source_id.id),
                    ("id", "!=", upload.batch_id.id),
                ],
                limit=1,
            )

    # -- steps -------------------------------------------------------------

    def action_preview(self):
        """Read the file and show what storing it would do."""
        self.ensure_one()
        if not self.file:
            raise UserError(
                self.env._("The file is empty. Choose another one.")
                if self.file_name
                else self.env._("Choose a file first.")
            )
        content = self._content()
        self._forget()
        self.checksum = hashlib.sha256(content).hexdigest()
        self.received_at = fields.Datetime.now()
        try:
            seen = preview(self._intake(content), self.source_id, self._now())
        except FileRefused as refused:
            self.problem, self.problem_mend = explain_file(self.env, refused.code, refused.params)
            return self._reopen()
        self._show(seen)
        return self._reopen()

    def action_back(self):
        """Choose another file."""
        self.ensure_one()
        self._forget()
        self.write({"state": "upload", "file": False, "file_name": False})
        return self._reopen()

    def action_confirm(self):
        """Store the file as one batch: events, duplicates and suspense, all or nothing.

        Twice, or by two people at once, gives the same events: the store's unique
        index decides, and this record's lock keeps one upload to one batch.
        """
        self.ensure_one()
        self.lock_for_update()
        if self.state == "done":
            return self._reopen()
        content = self._content()
        if self.received_count > LARGE_ROWS:
            return self._store_later(content)
        try:
            with self.env.cr.savepoint():
                self.batch_id = self._store(content)
        except FileRefused as refused:
            self._forget()
            self.problem, self.problem_mend = explain_file(self.env, refused.code, refused.params)
            return self._reopen()
        batch = self.batch_id
        self.write(
            {
                "state": "done",
                "received_count": batch.received_count,
                "good_count": batch.accepted_count,
                "duplicate_count": batch.duplicate_count,
                "suspended_count": batch.suspended_count,
                "filtered_count": batch.filtered_count,
            }
        )
        return self._reopen()

    def action_another(self):
        """Begin with another file of the same source."""
        self.ensure_one()
        return self.source_id.action_upload()

    def action_view_batch(self):
        """Open the batch that this file became."""
        return self._open_batch(self.batch_id)

    def action_view_same_batch(self):
        """Open the batch that had the same file before."""
        return self._open_batch(self.same_batch_id)

    def action_download_refused(self):
        """Download the refused rows as they came, each with what is wrong and what to do."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/usage/upload/{self.id}/refused.xlsx",
            "target": "download",
        }

    # -- reading -----------------------------------------------------------

    def _content(self):
        return base64.b64decode(self.with_context(bin_size=False).file or b"")

    def _now(self):
        return fields.Datetime.now().replace(tzinfo=timezone.utc)

    def _intake(self, content):
        try:
            return Intake(
                self.source_id,
                content,
                {
                    "file_name": self.file_name or "",
                    "received_at": self.source_id._first_received(
                        hashlib.sha256(content).hexdigest(), self.received_at or self._now()
                    ),
                },
            )
        except ProfileInvalid as invalid:
            raise UserError(
                self.env._(
                    "The profile %(profile)s cannot be used: %(mistakes)s. Correct it under Configuration > Profiles.",
                    profile=self.profile_id.display_name,
                    mistakes=invalid,
                )
            ) from invalid

    def _refused(self):
        """(column names, iterator of (row number, cells, reason, mend)) of the refused rows."""
        self.ensure_one()
        intake = self._intake(self._content())
        return intake.columns, self._refused_rows(intake)

    def _refused_rows(self, intake):
        suspense = self.env["usage.suspense"]
        checker = Checker(self.source_id, self._now())
        sentences = suspense._reason_sentences()
        for chunk in intake.chunks():
            for record, reason, params in checker.judge(chunk)[1]:
                what, mend = suspense._explain(reason, params, sentences)
                yield record.row_number, row_cells(record.raw), what, mend

    def _store_later(self, content):
        """Hand a large file, which the preview has read as a whole, to the background, and show how far it is."""
        batch = self._batch(self._intake(content), content)
        upload = self.env["usage.upload.progress"].create(
            {
                "name": batch.name,
                "source_id": self.source_id.id,
                "user_id": self.env.uid,
                "batch_id": batch.id,
                "row_count": self.received_count,
            }
        )
        upload._begin()
        self.write({"state": "done", "batch_id": batch.id, "progress_id": upload.id})
        return self._reopen()

    def _store(self, content):
        intake = self._intake(content)
        batch = self._batch(intake, content)
        for _results in intake.each(lambda chunk: batch._store(chunk.records, chunk.refusals, len(chunk.filtered))):
            pass
        return batch

    def _batch(self, intake, content):
        batch = self.env["usage.batch"].create(
            {
                "name": self.file_name or self.env._("Upload"),
                "received_at": self.received_at or fields.Datetime.now(),
                "source_id": self.source_id.id,
                "profile_id": self.source_id.profile_id.id,
                "checksum": intake.digest,
                "columns": intake.columns,
            }
        )
        batch.attachment_id = self.env["ir.attachment"].create(
            {
                "name": self.file_name or self.env._("Upload"),
                "raw": content,
                "res_model": batch._name,
                "res_id": batch.id,
            }
        )
        return batch

    # -- showing -----------------------------------------------------------

    def _forget(self):
        self.row_ids.unlink()
        self.total_ids.unlink()
        self.write({"problem": False, "problem_mend": False, "checksum": False})

    def _show(self, seen):
        self.write(
            {
                "state": "preview",
                "received_count": seen.received,
                "good_count": seen.good,
                "duplicate_count": seen.duplicate,
                "suspended_count": seen.suspended,
                "filtered_count": seen.filtered,
            }
        )
        rows = [self._row_values(row) for row in seen.shown()]
        self.env["usage.upload.row"].create(rows)
        self.env["usage.upload.total"].create(self._total_values(seen.totals))

    def _row_values(self, row):
        record = row.record
        what, mend = self._explain_row(row)
        occurred_at = getattr(record, "occurred_at", None)
        quantity = getattr(record, "quantity", None)
        return {
            "upload_id": self.id,
            "row_number": record.row_number,
            "status": row.status,
            "subject": getattr(record, "subject", None)
            or " · ".join(cell for cell in row_cells(record.raw) if cell)[:80],
            "metric": record.metric,
            "occurred_at": occurred_at and self._local(occurred_at),
            "quantity": quantity is not None and plain(quantity),
            "reason": what,
            "mend": mend,
        }

    def _local(self, instant):
        zone = ZoneInfo(self.source_id.tz)
        return f"{instant.astimezone(zone):%Y-%m-%d %H:%M}"

    def _explain_row(self, row):
        if row.status == "good":
            return "", ""
        if row.status == "duplicate":
            return (
                self.env._("The same usage is stored already, or is twice in this file."),
                self.env._("Nothing: it counts once."),
            )
        return self.env["usage.suspense"]._explain(row.reason, row.params)

    def _total_values(self, totals):
        lines = self.env["contract.line"].browse({line for line, _metric in totals})
        contracts = {line.id: line.contract_id.id for line in lines}
        sums = defaultdict(lambda: [0, 0])
        for (line_id, metric_id), (count, quantity) in totals.items():
            total = sums[contracts[line_id], metric_id]
            total[0] += count
            total[1] += quantity
        return [
            {
                "upload_id": self.id,
                "contract_id": contract_id,
                "metric_id": metric_id,
                "event_count": count,
                "quantity": quantity,
            }
            for (contract_id, metric_id), (count, quantity) in sums.items()
        ]

    def _reopen(self):
        if self.progress_id:
            action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_mediation.usage_upload_progress_action")
            return {**action, "res_id": self.progress_id.id, "views": [(False, "form")], "target": "main"}
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_mediation.usage_upload_action")
        return {**action, "res_id": self.id}

    def _open_batch(self, batch):
        return {
            "type": "ir.actions.act_window",
            "name": batch.display_name,
            "res_model": "usage.batch",
            "res_id": batch.id,
            "view_mode": "form",
        }

from datetime import datetime
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..store.reasons import REASONS
from ..store.records import UsageRecord


class UsageSuspense(models.Model):
    """A refused record waiting for a person: correct and recycle it, or write it off.

    open -> recycled | written_off; nothing is ever deleted.
    """

    _name = "usage.suspense"
    _description = "Usage Suspense"
    _order = "last_seen_at DESC, id DESC"

    batch_id = fields.Many2one("usage.batch", required=True, index=True, ondelete="restrict")
    source_id = fields.Many2one("usage.source", required=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, index=True, ondelete="restrict")
    row_number = fields.Integer(string="Row", readonly=True)
    suspense_key = fields.Char(required=True, readonly=True)
    reason_code = fields.Char(string="Reason", required=True, index=True, readonly=True)
    reason_params = fields.Json(readonly=True)
    message = fields.Char(compute="_compute_message")
    payload = fields.Json(required=True)
    external_id = fields.Char(compute="_compute_payload", string="External Id")
    subject_code = fields.Char(compute="_compute_payload", string="Serial")
    metric_code = fields.Char(compute="_compute_payload", string="Metric")
    occurred_on = fields.Char(compute="_compute_payload", string="Occurred At")
    quantity_text = fields.Char(compute="_compute_payload", string="Quantity")
    state = fields.Selection(
        [("open", "Open"), ("recycled", "Recycled"), ("written_off", "Written off")],
        required=True,
        default="open",
        index=True,
    )
    attempts = fields.Integer(default=1, readonly=True)
    first_seen_at = fields.Datetime(readonly=True, required=True)
    last_seen_at = fields.Datetime(readonly=True, required=True)
    closed_reason = fields.Char(string="Why Written Off")
    closed_by_id = fields.Many2one("res.users", readonly=True)

    _suspense_key_unique = models.UniqueIndex(
        "(source_id, suspense_key)",
        "This record is in suspense already.",
    )
    _written_off_needs_reason = models.Constraint(
        "CHECK (state <> 'written_off' OR closed_reason IS NOT NULL)",
        "Say why the record is written off.",
    )

    @api.model
    def _reason_sentences(self):
        """{reason code: sentence with %(name)s parameters}; other addons add theirs."""
        return dict(REASONS)

    @api.depends("reason_code", "reason_params")
    @api.depends_context("lang")
    def _compute_message(self):
        sentences = self._reason_sentences()
        for suspense in self:
            suspense.message = self._phrase(suspense.reason_code, suspense.reason_params, sentences)

    @api.model
    def _phrase(self, code, params, sentences=None):
        """The sentence of a reason code in the user's language."""
        sentence = (sentences or self._reason_sentences()).get(code)
        if sentence is None:
            return code
        text = self.env._(sentence)  # pylint: disable=translation-not-lazy
        try:
            return text % (params or {})
        except (KeyError, ValueError, TypeError):
            return text

    @api.depends("batch_id", "row_number")
    def _compute_display_name(self):
        for suspense in self:
            suspense.display_name = self.env._(
                "%(batch)s, row %(row)s",
                batch=suspense.batch_id.name or "",
                row=suspense.row_number,
            )

    @api.depends("payload")
    def _compute_payload(self):
        for suspense in self:
            payload = suspense.payload or {}
            suspense.external_id = payload.get("external_id")
            suspense.subject_code = payload.get("subject")
            suspense.metric_code = payload.get("metric")
            suspense.occurred_on = payload.get("occurred_at")
            suspense.quantity_text = payload.get("quantity")

    @api.model
    def _upsert(self, batch, rows):
        """Insert suspense rows or, when resent, count the attempt.

        `rows`: (row_number, suspense_key, reason_code, params json, payload json).
        A row that was recycled or written off stays closed.
        """
        self.env.cr.execute_values(
            """
            INSERT INTO usage_suspense AS s (
                batch_id, source_id, company_id, row_number, suspense_key, reason_code,
                reason_params, payload, state, attempts, first_seen_at, last_seen_at,
                create_uid, create_date, write_uid, write_date)
            VALUES %s
            ON CONFLICT (source_id, suspense_key) DO UPDATE SET
                attempts = s.attempts + 1, last_seen_at = EXCLUDED.last_seen_at,
                reason_code = CASE WHEN s.state = 'open'
                              THEN EXCLUDED.reason_code ELSE s.reason_code END,
                reason_params = CASE WHEN s.state = 'open'
                                THEN EXCLUDED.reason_params ELSE s.reason_params END
            """,
            [
                (
                    batch.id,
                    batch.source_id.id,
                    batch.company_id.id,
                    row_number,
                    key,
                    reason,
                    params,
                    payload,
                    self.env.uid,
                    self.env.uid,
                )
                for row_number, key, reason, params, payload in rows
            ],
            template="(%s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb, 'open', 1,"
            " now() at time zone 'UTC', now() at time zone 'UTC',"
            " %s, now() at time zone 'UTC', %s, now() at time zone 'UTC')",
        )
        self.invalidate_model()

    def _to_record(self):
        """The suspended record as the writer takes it, or None when it never was one."""
        self.ensure_one()
        payload = self.payload
        needed = ("external_id", "subject", "metric", "occurred_at", "quantity")
        if any(payload.get(name) in (None, "") for name in needed):
            return None
        return UsageRecord(
            row_number=self.row_number or 0,
            external_id=payload["external_id"],
            subject=payload["subject"],
            metric=payload["metric"],
            occurred_at=datetime.fromisoformat(payload["occurred_at"]),
            quantity=Decimal(payload["quantity"]),
            amount=Decimal(payload["amount"]) if payload.get("amount") else None,
            dimensions=payload.get("dimensions"),
            end_user=payload.get("end_user"),
            raw=payload.get("raw"),
            voids=payload.get("voids"),
            replaces=payload.get("replaces"),
            true_up=bool(payload.get("true_up")),
        )

    def action_recycle(self):
        """Send open rows through the same door again, in a batch of their own per source."""
        rows = self.filtered(lambda s: s.state == "open")
        for source, group in rows.grouped("source_id").items():
            records, sent = [], self.browse()
            for suspense in group:
                record = suspense._to_record()
                if record:
                    records.append(record)
                    sent += suspense
            if not records:
                raise UserError(
                    self.env._(
                        "These rows lack a serial, metric, time or quantity, so they cannot "
                        "be sent again. Correct the file and upload it; write these off."
                    )
                )
            batch = self.env["usage.batch"].create(
                {
                    "name": self.env._("Recycled suspense"),
                    "source_id": source.id,
                }
            )
            results = batch._store(records)
            refused = {refusal.record.external_id for result in results for refusal in result.refusals}
            sent.filtered(lambda s, refused=refused: s.external_id not in refused).write(
                {"state": "recycled", "closed_by_id": self.env.uid}
            )
        return True

    def action_accept_correction(self):
        """Let conflicting rows replace the events that were stored first under their ids."""
        rows = self.filtered(lambda s: s.state == "open" and s.reason_code == "conflict")
        for source, group in rows.grouped("source_id").items():
            records = [suspense._to_record() for suspense in group]
            batch = self.env["usage.batch"].create({"name": self.env._("Accepted corrections"), "source_id": source.id})
            results = batch._store(
                record if record.voids else record._replace(replaces=record.replaces or record.external_id)
                for record in records
            )
            refused = [refusal for result in results for refusal in result.refusals]
            if refused:
                # Nothing is accepted: the row stays as it is, and says what stands in the way.
                raise UserError(self._phrase(refused[0].reason, refused[0].params))
            group.write({"state": "recycled", "closed_by_id": self.env.uid})
        return True

    def action_write_off(self):
        """Close open rows for good; each needs its reason."""
        rows = self.filtered(lambda s: s.state == "open")
        if rows.filtered(lambda s: not s.closed_reason):
            raise UserError(
                self.env._(
                    "Fill in why the record is written off, then write it off. The row stays and shows who closed it."
                )
            )
        rows.write({"state": "written_off", "closed_by_id": self.env.uid})
        return True

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Suspense is never deleted, so that no usage is lost. Recycle it or write it off."))

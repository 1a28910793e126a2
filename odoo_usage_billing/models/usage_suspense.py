from datetime import datetime, timezone
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from ..store.copying import array
from ..store.reason_names import REASON_NAMES
from ..store.reasons import REASONS
from ..store.records import UsageRecord, content_digest

# Each key is looked up on its own, however many rows are open.
OPEN_OF = """
SELECT s.id
  FROM unnest(%s::text[]) AS d (key)
 CROSS JOIN LATERAL (
       SELECT id FROM usage_suspense WHERE source_id = %s AND suspense_key = d.key AND state = 'open' OFFSET 0) s
"""
NEEDED = ("external_id", "subject", "metric", "occurred_at", "quantity")


class UsageSuspense(models.Model):
    """A refused record waiting for a person: correct and recycle it, or write it off.

    open -> recycled | written_off; nothing is ever deleted. What was received stays in `payload`;
    what a person changed stands beside it in `correction`.
    """

    _name = "usage.suspense"
    _description = "Usage Suspense"
    _order = "last_seen_at DESC, id DESC"

    batch_id = fields.Many2one("usage.batch", required=True, index=True, ondelete="restrict")
    source_id = fields.Many2one("usage.source", required=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, index=True, ondelete="restrict")
    row_number = fields.Integer(string="Row", readonly=True)
    suspense_key = fields.Char(required=True, readonly=True)
    content_digest = fields.Char(required=True, default="", readonly=True)
    reason_code = fields.Selection("_reason_choices", string="Reason", required=True, index=True, readonly=True)
    reason_params = fields.Json(readonly=True)
    message = fields.Char(compute="_compute_message")
    payload = fields.Json(required=True)
    correction = fields.Json(readonly=True, help="What a person changed; the record as received stays as it is.")
    external_id = fields.Char(compute="_compute_payload", string="External Id")
    subject_code = fields.Char(compute="_compute_codes", store=True, index="btree_not_null", string="Serial")
    metric_code = fields.Char(compute="_compute_codes", store=True, string="Metric")
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
        "(source_id, suspense_key, content_digest)",
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

    @api.model
    def _reason_names(self):
        """{reason code: what it is called in a list}; other addons add theirs."""
        return dict(REASON_NAMES)

    @api.model
    def _reason_choices(self):
        """Every reason with its name in the user's language; one without a name shows its code."""
        names = self._reason_names()
        # pylint: disable=translation-not-lazy
        return [(code, self.env._(names[code]) if code in names else code) for code in self._reason_sentences()]

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

    @api.depends("payload", "correction")
    @api.depends_context("lang", "tz")
    def _compute_payload(self):
        for suspense in self:
            now = suspense._as_corrected()
            suspense.external_id = now.get("external_id")
            suspense.occurred_on = self._shown_moment(now.get("occurred_at"))
            suspense.quantity_text = now.get("quantity")

    def _shown_moment(self, text):
        """An instant in the user's zone and language; a text that is none stays as it came."""
        try:
            moment = datetime.fromisoformat(text or "")
        except ValueError:
            return text
        if not moment.tzinfo:
            return text
        at = moment.astimezone(timezone.utc).replace(tzinfo=None)
        return format_datetime(self.env, at, tz=self.env.context.get("tz") or self.env.user.tz)

    @api.depends("payload", "correction")
    def _compute_codes(self):
        for suspense in self:
            now = suspense._as_corrected()
            suspense.subject_code = now.get("subject")
            suspense.metric_code = now.get("metric")

    def _as_corrected(self):
        """The record as received, with what a person changed put in."""
        return {**(self.payload or {}), **(self.correction or {})}

    @api.model
    def _upsert(self, batch, rows):
        """Insert suspense rows or, when the same record comes again, count the attempt.

        `rows`: (row_number, suspense_key, content_digest, reason_code, params json, payload json,
        subject, metric). A row that was recycled or written off stays closed. Returns the rows.
        """
        found = self.env.cr.execute_values(
            """
            INSERT INTO usage_suspense AS s (
                batch_id, source_id, company_id, row_number, suspense_key, content_digest, reason_code,
                reason_params, payload, subject_code, metric_code, state, attempts, first_seen_at,
                last_seen_at, create_uid, create_date, write_uid, write_date)
            VALUES %s
            ON CONFLICT (source_id, suspense_key, content_digest) DO UPDATE SET
                attempts = s.attempts + 1, last_seen_at = EXCLUDED.last_seen_at,
                reason_code = CASE WHEN s.state = 'open'
                              THEN EXCLUDED.reason_code ELSE s.reason_code END,
                reason_params = CASE WHEN s.state = 'open'
                                THEN EXCLUDED.reason_params ELSE s.reason_params END
            RETURNING s.id
            """,
            [(batch.id, batch.source_id.id, batch.company_id.id, *row, self.env.uid, self.env.uid) for row in rows],
            template="(%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb, %s, %s, 'open', 1,"
            " now() at time zone 'UTC', now() at time zone 'UTC',"
            " %s, now() at time zone 'UTC', %s, now() at time zone 'UTC')",
            fetch=True,
        )
        self.invalidate_model()
        return self.browse(row[0] for row in found)

    @api.model
    def _open_of(self, source, keys):
        """The open rows of a source under these keys; quicker than a search with thousands of them."""
        self.flush_model()
        self.env.cr.execute(OPEN_OF, (array(keys), source.id))
        return self.search([("id", "in", [row[0] for row in self.env.cr.fetchall()])])

    @api.model
    def _is_any_open(self, source):
        """Whether a row of a source is open."""
        self.flush_model(["source_id", "state"])
        self.env.cr.execute("SELECT FROM usage_suspense WHERE source_id = %s AND state = 'open' LIMIT 1", (source.id,))
        return bool(self.env.cr.rowcount)

    def _refused_again(self, reason, params):
        """Count an attempt of a recycled row and keep why it was refused this time."""
        self.write(
            {
                "reason_code": reason,
                "reason_params": params,
                "attempts": self.attempts + 1,
                "last_seen_at": fields.Datetime.now(),
            }
        )

    def _to_record(self):
        """The suspended record, as corrected, as the writer takes it; None when something is missing."""
        self.ensure_one()
        now = self._as_corrected()
        if any(now.get(name) in (None, "") for name in NEEDED):
            return None
        occurred_at = datetime.fromisoformat(now["occurred_at"])
        return UsageRecord(
            row_number=self.row_number or 0,
            external_id=now["external_id"],
            subject=now["subject"],
            metric=now["metric"],
            occurred_at=occurred_at if occurred_at.tzinfo else occurred_at.replace(tzinfo=timezone.utc),
            quantity=Decimal(now["quantity"]),
            amount=Decimal(now["amount"]) if now.get("amount") else None,
            dimensions=now.get("dimensions"),
            end_user=now.get("end_user"),
            raw=now.get("raw"),
            voids=now.get("voids"),
            replaces=now.get("replaces"),
            true_up=bool(now.get("true_up")),
            derived=bool(now.get("derived")),
        )

    def _read_again(self):
        """{row: (records, refusals)}: what these rows say now. A row without either cannot be read."""
        found = {}
        for suspense in self:
            record = suspense._to_record()
            found[suspense] = ([record] if record else [], [])
        return found

    def action_recycle(self):
        """Send open rows through the same door again, in a batch of their own per source."""
        rows = self.filtered(lambda s: s.state == "open")
        for source, group in rows.grouped("source_id").items():
            read = group._read_again()
            if not any(records or refusals for records, refusals in read.values()):
                raise UserError(
                    self.env._(
                        "These rows lack a serial, metric, time or quantity, so they cannot "
                        "be sent again. Correct them (or the profile), or write them off."
                    )
                )
            group._send_again(source, read)
        return rows._recycled_notice()

    def _recycled_notice(self):
        """What became of the rows that were sent again, told to whoever sent them; the list shows it anew."""
        waiting = self.filtered(lambda s: s.state == "open")
        words = {"stored": len(self - waiting), "waiting": len(waiting)}
        message = self.env._("%(stored)s stored, %(waiting)s refused again: each says why.", **words)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if waiting else "success",
                "title": self.env._("Records sent again"),
                "message": message if waiting else self.env._("%(stored)s stored.", **words),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

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

    def _send_again(self, source, read):
        batch = self.env["usage.batch"].create({"name": self.env._("Recycled suspense"), "source_id": source.id})
        origins = {_name_of(record): row for row, (records, _no) in read.items() for record in records}
        records = [record for records, _refusals in read.values() for record in records]
        results = batch._store(records, origins=origins)
        unread = [(row, refusal) for row, (_yes, refusals) in read.items() for refusal in refusals]
        for row, refusal in unread:
            row._refused_again(refusal.reason, refusal.params)
        batch._count((), len(unread), 0)
        refused = {_name_of(refusal.record) for result in results for refusal in result.refusals}
        done = self.filtered(
            lambda row: read[row][0] and not read[row][1] and refused.isdisjoint(map(_name_of, read[row][0]))
        )
        done.write({"state": "recycled", "closed_by_id": self.env.uid})

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


def _name_of(record):
    return record.external_id, content_digest(record)

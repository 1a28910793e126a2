import json
from datetime import timezone

from odoo import api, fields, models

from ..store.records import content_digest, external_key, plain
from ..store.writer import UsageWriter

WRITE_CHUNK = 50_000


class UsageBatch(models.Model):
    """One file, request or message transaction, with its counts."""

    _name = "usage.batch"
    _description = "Usage Batch"
    _order = "received_at DESC, id DESC"
    _check_company_auto = True

    name = fields.Char(required=True)
    source_id = fields.Many2one("usage.source", required=True, index=True, ondelete="restrict", check_company=True)
    company_id = fields.Many2one(related="source_id.company_id", store=True)
    user_id = fields.Many2one("res.users", default=lambda self: self.env.user)
    received_at = fields.Datetime(required=True, default=fields.Datetime.now)
    checksum = fields.Char(index=True, help="SHA-256 of the file.")
    attachment_id = fields.Many2one("ir.attachment", ondelete="restrict", copy=False)
    received_count = fields.Integer(string="Received", readonly=True)
    accepted_count = fields.Integer(string="Accepted", readonly=True)
    duplicate_count = fields.Integer(string="Duplicate", readonly=True)
    suspended_count = fields.Integer(string="Suspended", readonly=True)
    filtered_count = fields.Integer(string="Filtered", readonly=True)
    suspense_ids = fields.One2many("usage.suspense", "batch_id")
    open_suspense_count = fields.Integer(compute="_compute_open_suspense_count")

    _counts_balance = models.Constraint(
        "CHECK (COALESCE(received_count, 0) = COALESCE(accepted_count, 0)"
        " + COALESCE(duplicate_count, 0) + COALESCE(suspended_count, 0)"
        " + COALESCE(filtered_count, 0))",
        "The counts of a batch must add up: received = accepted + duplicate + suspended + filtered.",
    )

    @api.depends("suspense_ids.state")
    def _compute_open_suspense_count(self):
        counts = dict(
            self.env["usage.suspense"]._read_group(
                [("batch_id", "in", self.ids), ("state", "=", "open")],
                ["batch_id"],
                ["__count"],
            )
        )
        for batch in self:
            batch.open_suspense_count = counts.get(batch, 0)

    def _store(self, records, refusals=(), filtered=0):
        """Write `records` and the reader's own `refusals` into this batch.

        `records` is an iterable of UsageRecord-like values; `refusals` of
        Refusal-like values (record, reason, params). Runs in the caller's
        transaction and may be called several times for one batch.
        Returns the list of WriteResult.
        """
        self.ensure_one()
        received_at = fields.Datetime.now().replace(tzinfo=timezone.utc)
        writer = UsageWriter(self.env, self.source_id, self, received_at)
        results = []
        for chunk in _chunks(records, WRITE_CHUNK):
            result = writer.write(chunk)
            self._suspend(result.refusals)
            self._close_suspense(result.accepted_keys)
            results.append(result)
        refused = list(refusals)
        self._suspend(refused)
        self._count(results, len(refused), filtered)
        self.env["usage.event"].invalidate_model()
        self.env["usage.bucket"].invalidate_model()
        return results

    def _close_suspense(self, accepted_keys):
        """A record that is accepted after all no longer waits: its open row is recycled."""
        Suspense = self.env["usage.suspense"]
        domain = [("source_id", "=", self.source_id.id), ("state", "=", "open")]
        if accepted_keys and Suspense.search_count(domain, limit=1):
            Suspense.search([*domain, ("suspense_key", "in", accepted_keys)]).write(
                {"state": "recycled", "closed_by_id": self.env.uid}
            )

    def _count(self, results, refused, filtered):
        accepted = sum(result.accepted for result in results)
        duplicate = sum(result.duplicate for result in results)
        suspended = sum(result.suspended for result in results) + refused
        received = sum(result.received for result in results) + refused + filtered
        self.write(
            {
                "received_count": self.received_count + received,
                "accepted_count": self.accepted_count + accepted,
                "duplicate_count": self.duplicate_count + duplicate,
                "suspended_count": self.suspended_count + suspended,
                "filtered_count": self.filtered_count + filtered,
            }
        )

    def _suspend(self, refusals):
        """Keep refused records as suspense rows, one per record, whatever is resent."""
        if not refusals:
            return
        self.env["usage.suspense"].flush_model()
        rows = [self._suspense_row(*refusal) for refusal in refusals]
        # A record refused twice in one statement counts as one row: the last state wins.
        unique = {row[1]: row for row in rows}
        self.env["usage.suspense"]._upsert(self, list(unique.values()))

    def _suspense_row(self, record, reason, params):
        occurred_at = getattr(record, "occurred_at", None)
        quantity = getattr(record, "quantity", None)
        external_id = getattr(record, "external_id", None)
        raw = getattr(record, "raw", None)
        payload = {
            "external_id": external_id,
            "subject": getattr(record, "subject", None),
            "metric": getattr(record, "metric", None),
            "occurred_at": occurred_at.isoformat() if occurred_at else None,
            "quantity": None if quantity is None else plain(quantity),
            "amount": plain(record.amount) if getattr(record, "amount", None) else None,
            "dimensions": getattr(record, "dimensions", None) or None,
            "end_user": getattr(record, "end_user", None),
            **_correction_of(record),
            "raw": raw
            if isinstance(raw, dict | list) or raw is None
            else list(raw)
            if isinstance(raw, tuple)
            else str(raw),
        }
        identity = external_id or json.dumps(payload["raw"], sort_keys=True, default=str)
        if reason == "conflict":
            identity = f"{identity}\x1f{content_digest(record)}"
        return (
            getattr(record, "row_number", None),
            external_key(identity),
            reason,
            json.dumps(params, default=str),
            json.dumps(payload, default=str),
        )

    def action_view_events(self):
        """Open the events that this batch stored."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Usage Events"),
            "res_model": "usage.event",
            "view_mode": "list,form",
            "domain": [("batch_id", "=", self.id)],
        }

    def action_view_suspense(self):
        """Open the suspense rows of this batch."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Suspense"),
            "res_model": "usage.suspense",
            "view_mode": "list,form",
            "domain": [("batch_id", "=", self.id)],
        }


def _correction_of(record):
    named = {name: getattr(record, name, None) for name in ("voids", "replaces", "true_up")}
    return {name: value for name, value in named.items() if value}


def _chunks(records, size):
    chunk = []
    for record in records:
        chunk.append(record)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk

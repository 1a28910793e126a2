import json
from datetime import timezone
from itertools import islice

from odoo import api, fields, models

from ..store.records import content_digest, plain, storable, suspense_key
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
    is_derived = fields.Boolean(
        readonly=True, copy=False, help="Usage of this batch is worked out from what came, so their counts differ."
    )
    suspense_ids = fields.One2many("usage.suspense", "batch_id")
    retired_note = fields.Char(compute="_compute_retired_note")
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

    def _store(self, records, refusals=(), filtered=0, origins=None):
        """Write `records` and the reader's own `refusals` into this batch.

        `records` is an iterable of UsageRecord-like values; `refusals` of
        Refusal-like values (record, reason, params). Runs in the caller's
        transaction and may be called several times for one batch. `origins`:
        {(external id, content digest): suspense row} of records that are sent again.
        Returns the list of WriteResult.
        """
        self.ensure_one()
        received_at = fields.Datetime.now().replace(tzinfo=timezone.utc)
        writer = UsageWriter(self.env, self.source_id, self, received_at)
        results = []
        for chunk in _chunks(records, WRITE_CHUNK):
            result = self.env["usage.discovery"]._settle(writer, writer.write(chunk))
            self._suspend(result.refusals, origins)
            self._close_suspense(result, origins)
            self._leave_ignored(result.refusals)
            results.append(result)
        refused = list(refusals)
        self._suspend(refused)
        self._count(results, len(refused), filtered)
        self.env["usage.event"].invalidate_model()
        self.env["usage.bucket"].invalidate_model()
        return results

    def _close_suspense(self, result, origins=None):
        """A record that is accepted after all no longer waits: its open row is recycled.

        A row of the same id that says something else is superseded when it is the only one and did
        not come in this very write; otherwise they contradict each other, and become conflicts.
        """
        Suspense = self.env["usage.suspense"]
        if not result.accepted_digests or not Suspense._is_any_open(self.source_id):
            return
        sent = Suspense.union(*(origins or {}).values())
        accepted = {suspense_key(name): digest for name, digest in result.accepted_digests.items()}
        rows = Suspense._open_of(self.source_id, accepted) - sent
        same = rows.filtered(lambda s: accepted[s.suspense_key] == s.content_digest)
        others = (rows - same).filtered(lambda s: s.reason_code != "conflict")
        contradicted = {suspense_key(refusal.record.external_id) for refusal in result.refusals}
        contradicted |= set((same + sent).mapped("suspense_key"))
        for key, group in others.grouped("suspense_key").items():
            if len(group) == 1 and key not in contradicted:
                same += group
            else:
                group.write({"reason_code": "conflict", "reason_params": {"external_id": group[0].external_id}})
        same.write({"state": "recycled", "closed_by_id": self.env.uid})

    def _leave_ignored(self, refusals):
        """Usage of serials that somebody chose to ignore is written off as it comes."""
        if self.source_id.unknown_subject_policy == "suspend":
            return
        serials = {refusal.record.subject for refusal in refusals if refusal.reason == "unknown_subject"}
        domain = [("source_id", "=", self.source_id.id), ("identity", "in", list(serials)), ("state", "=", "ignored")]
        if serials:
            # The rule was set by somebody who may; whoever sends usage only triggers it.
            self.env["usage.discovery"].sudo().search(domain)._write_off_waiting()

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

    def _suspend(self, refusals, origins=None):
        """Keep refused records as suspense rows, one per record, whatever is resent."""
        if not refusals:
            return
        Suspense = self.env["usage.suspense"]
        Suspense.flush_model()
        rows = {}
        for refusal in refusals:
            origin = origins and origins.get((refusal.record.external_id, content_digest(refusal.record)))
            if origin:
                origin._refused_again(refusal.reason, refusal.params)
            else:
                # A record refused twice in one statement counts as one row: the last state wins.
                row = self._suspense_row(*refusal)
                rows[row[1:3]] = row
        if rows:
            Suspense._upsert(self, list(rows.values()))._estimate_value()

    def _suspense_row(self, record, reason, params):
        """The values of a suspense row; see `_upsert`."""
        payload = storable(_payload(record))
        said = json.dumps(payload["raw"], sort_keys=True, default=str)
        readable = payload["occurred_at"] is not None and payload["quantity"] is not None
        return (
            getattr(record, "row_number", None),
            suspense_key(payload["external_id"] or said),
            content_digest(record) if readable else suspense_key(said),
            reason,
            json.dumps(storable(params), default=str),
            json.dumps(payload, default=str),
            payload["subject"],
            payload["metric"],
        )

    def _compute_retired_note(self):
        retired = self.env["usage.retirement"]._of_batches(self)
        for batch in self:
            count, at = retired.get(batch.id, (0, None))
            batch.retired_note = self.env["usage.retirement"]._sentence(count, at) if count else False

    def action_view_events(self):
        """Open the events that this batch stored."""
        self.ensure_one()
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Usage Events"),
            "res_model": "usage.event",
            "view_mode": "list,kanban,form",
            "domain": [("batch_id", "=", self.id)],
        }
        return self.env["usage.retirement"]._explain_in(action, self.retired_note)

    def action_view_suspense(self):
        """Open the suspense rows of this batch."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Suspense"),
            "res_model": "usage.suspense",
            "view_mode": "list,kanban,form",
            "domain": [("batch_id", "=", self.id)],
        }


def _payload(record):
    """What is kept of a refused record, whatever its reader could make of it."""
    occurred_at = getattr(record, "occurred_at", None)
    quantity = getattr(record, "quantity", None)
    amount = getattr(record, "amount", None)
    raw = getattr(record, "raw", None)
    if isinstance(raw, tuple):
        raw = list(raw)
    elif not isinstance(raw, dict | list) and raw is not None:
        raw = str(raw)
    return {
        "external_id": getattr(record, "external_id", None),
        "subject": getattr(record, "subject", None),
        "metric": getattr(record, "metric", None),
        "occurred_at": occurred_at.isoformat() if occurred_at else None,
        "quantity": None if quantity is None else plain(quantity),
        "amount": None if amount is None else plain(amount),
        "dimensions": getattr(record, "dimensions", None) or None,
        "end_user": getattr(record, "end_user", None),
        **_correction_of(record),
        "raw": raw,
    }


def _correction_of(record):
    named = {name: getattr(record, name, None) for name in ("voids", "replaces", "true_up", "derived")}
    return {name: value for name, value in named.items() if value}


def _chunks(records, size):
    records = iter(records)
    while chunk := list(islice(records, size)):
        yield chunk

from contextlib import closing
from datetime import timezone
from decimal import Decimal, InvalidOperation

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.odoo_usage_billing.store import UsageRecord, UsageWriter
from odoo.addons.odoo_usage_billing.store.records import Refusal, plain

from ..registers import KIND_DIMENSION, Chains, Withdrawals
from ..registers.stored import load_targets

MOST_READINGS = 1_000
MOST_LINES = 200


class UsageReadingWithdraw(models.TransientModel):
    """Withdraws readings, or puts another in the place of one, and shows first what usage becomes."""

    _name = "usage.reading.withdraw"
    _description = "Withdraw Readings"

    reading_ids = fields.Many2many("usage.reading", readonly=True)
    reading_count = fields.Integer(compute="_compute_reading_count")
    source_id = fields.Many2one("usage.source", compute="_compute_reading_count")
    company_id = fields.Many2one("res.company", compute="_compute_reading_count")
    mode = fields.Selection(
        [("withdraw", "No reading counts instead"), ("replace", "Another reading counts instead")],
        required=True,
        default="withdraw",
    )
    reason = fields.Char()
    value = fields.Char(string="Right Reading")
    read_at = fields.Datetime()
    subject_id = fields.Many2one("usage.subject", string="Right Subject", domain="[('company_id', '=', company_id)]")
    line_ids = fields.One2many("usage.reading.withdraw.line", "wizard_id", readonly=True)
    problem = fields.Char(readonly=True)

    @api.model
    def _ask(self, readings):
        """Open the wizard for readings that count."""
        standing = readings.filtered(lambda reading: reading.state == "standing")
        if not standing:
            raise UserError(self.env._("These readings are withdrawn already."))
        if len(standing.source_id) > 1 or len(standing) > MOST_READINGS:
            raise UserError(
                self.env._(
                    "Choose readings of one source, at most %(count)s at a time. A whole batch is taken back from its "
                    "own form.",
                    count=MOST_READINGS,
                )
            )
        one = standing if len(standing) == 1 else standing.browse()
        wizard = self.create(
            {
                "reading_ids": [Command.set(standing.ids)],
                "value": one._value_text() if one else False,
                "read_at": one.read_at,
                "subject_id": one.register_id.subject_id.id,
            }
        )
        return wizard.action_look()

    def action_look(self):
        """Show what usage becomes, or what stands in the way; nothing is done yet."""
        self.ensure_one()
        changes, problem = self._rehearse()
        lines = [Command.create(values) for values in self._lines(changes)[:MOST_LINES]]
        self.write({"line_ids": [Command.clear(), *lines], "problem": problem})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Withdraw Readings"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    @api.depends("reading_ids")
    def _compute_reading_count(self):
        for wizard in self:
            wizard.reading_count = len(wizard.reading_ids)
            wizard.source_id = wizard.reading_ids.source_id[:1]
            wizard.company_id = wizard.source_id.company_id

    def _rehearse(self):
        """(what would change, what stands in the way); nothing is kept."""
        try:
            with closing(self.env.cr.savepoint()):
                changes = self._withdraw(self._batch())
        except UserError as error:
            return [], str(error)
        finally:
            self.env["usage.batch"].invalidate_model()
        return changes, False

    def _lines(self, changes):
        """One line per subject and instant, the earliest first."""
        sums = {}
        for change in changes:
            known = sums.setdefault((change.item.reading.at, change.record.subject), [None, None])
            for place, quantity in enumerate((change.before, change.after)):
                if quantity is not None:
                    known[place] = (known[place] or Decimal(0)) + quantity
        codes = [code for _at, code in sums]
        subjects = self.env["usage.subject"].search([("code", "in", codes), ("company_id", "=", self.company_id.id)])
        ids = {subject.code: subject.id for subject in subjects}
        return [
            {
                "subject_id": ids.get(code),
                "ends_at": at.replace(tzinfo=None),
                "before": "" if before is None else plain(before),
                "after": "" if after is None else plain(after),
                "difference": plain((after or Decimal(0)) - (before or Decimal(0))),
            }
            for (at, code), (before, after) in sorted(sums.items())
        ]

    def action_confirm(self):
        """Withdraw the readings and open the batch that did."""
        self.ensure_one()
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why the reading does not count: the reason stays with it."))
        batch = self._batch()
        self._withdraw(batch)
        count = len(self.reading_ids)
        batch.write({"received_count": count, "accepted_count": count})
        return {
            "type": "ir.actions.act_window",
            "name": batch.display_name,
            "res_model": "usage.batch",
            "res_id": batch.id,
            "view_mode": "form",
        }

    def _batch(self):
        return self.env["usage.batch"].create(
            {"name": self.env._("Withdrawn readings"), "source_id": self.reading_ids.source_id.id}
        )

    def _withdraw(self, batch):
        """Withdraw the readings as `batch`; returns what changed. Refused as a whole."""
        received_at = fields.Datetime.now().replace(tzinfo=timezone.utc)
        chains = Chains(batch, UsageWriter(self.env, batch.source_id, batch, received_at))
        withdrawals = Withdrawals(chains)
        record = self._record(batch) if self.mode == "replace" else None
        targets = load_targets(self.env.cr, self.reading_ids.ids)
        if len(targets) < len(self.reading_ids):
            raise UserError(self.env._("These readings are withdrawn already."))
        new = withdrawals.prepare(targets, record)
        found = new if isinstance(new, Refusal) else withdrawals.plan(targets, new, record)
        if isinstance(found, Refusal):
            raise UserError(self.env["usage.suspense"]._phrase(found.reason, found.params))
        withdrawals.apply(found, record, new, reason=(self.reason or "").strip())
        batch._settle_withdrawals(chains)
        return [change for plan in found for change in plan.changes]

    def _record(self, batch):
        reading = self.reading_ids.ensure_one()
        try:
            value = Decimal((self.value or "").strip())
        except InvalidOperation:
            value = None
        if value is None or not value.is_finite() or not (self.read_at and self.subject_id):
            raise UserError(
                self.env._("Fill in what the register showed, when, and of which subject. The value is a plain number.")
            )
        kind = {KIND_DIMENSION: reading.kind} if reading.kind != "actual" else {}
        return UsageRecord(
            0,
            f"{reading.external_id}/{batch.id}",
            self.subject_id.code,
            reading.register_id.metric_id.code,
            self.read_at.replace(tzinfo=timezone.utc),
            value,
            dimensions={**(reading.dimensions or {}), **kind} or None,
            end_user=reading.end_user or None,
            replaces=reading.external_id,
        )

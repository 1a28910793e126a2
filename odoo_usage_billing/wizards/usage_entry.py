import uuid
from datetime import timezone
from decimal import Decimal, InvalidOperation

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..store.records import UsageRecord

MOST_DIGITS = 40


class UsageEntry(models.TransientModel):
    """Usage typed in by a person: one record through the same door as every file, answered at once."""

    _name = "usage.entry"
    _description = "Manual Usage Entry"

    company_id = fields.Many2one("res.company", default=lambda self: self.env.company)
    # Made with the form, so that pressing the button twice is one usage.
    external_id = fields.Char(default=lambda self: f"entry-{uuid.uuid4()}", readonly=True, required=True)
    subject_id = fields.Many2one("usage.subject", required=True, domain="[('company_id', '=', company_id)]")
    metric_id = fields.Many2one(
        "usage.metric",
        required=True,
        compute="_compute_metric_id",
        store=True,
        readonly=False,
        precompute=True,
        domain="[('company_id', 'in', (False, company_id))]",
    )
    uom_id = fields.Many2one(related="metric_id.uom_id")
    occurred_at = fields.Datetime(string="When", required=True, default=fields.Datetime.now)
    quantity = fields.Char(required=True)
    amount = fields.Char(help="What the producer asks for it, for prices that are a percentage of it.")
    end_user_id = fields.Many2one("res.partner", string="End User")
    note = fields.Char()
    state = fields.Selection(
        [("entry", "Entry"), ("stored", "Stored"), ("waiting", "In suspense")], default="entry", readonly=True
    )
    message = fields.Char(readonly=True)
    suspense_id = fields.Many2one("usage.suspense", readonly=True)

    @api.depends("subject_id")
    def _compute_metric_id(self):
        for entry in self:
            entry.metric_id = entry.subject_id.assignment_ids[-1:].metric_id or entry.metric_id

    def action_store(self):
        """Store the usage and say what became of it."""
        self.ensure_one()
        if self.state != "entry":
            return self._reopen()
        source = self.env["usage.source"]._manual_source(self.company_id)
        batch = self.env["usage.batch"].create(
            {"name": self.note or self.env._("Manual entry"), "source_id": source.id}
        )
        result = batch._store([self._record()])[0]
        if result.suspended:
            row = self.env["usage.suspense"].search([("batch_id", "=", batch.id)], limit=1)
            self.write({"state": "waiting", "message": row.message, "suspense_id": row.id})
        else:
            self.write({"state": "stored", "message": self._stored_message()})
        return self._reopen()

    def action_another(self):
        """Begin with another entry for the same subject."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_billing.usage_entry_action")
        context = {"default_subject_id": self.subject_id.id, "default_metric_id": self.metric_id.id}
        return {**action, "context": context}

    def action_view_suspense(self):
        """Open the suspense row that this entry became."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "usage.suspense",
            "res_id": self.suspense_id.id,
            "view_mode": "form",
        }

    def _record(self):
        end_user = self.end_user_id
        if end_user and not (end_user.ref or end_user.email):
            raise UserError(
                self.env._(
                    "%(name)s has neither a reference nor an e-mail, so usage cannot name them. Fill in one.",
                    name=end_user.display_name,
                )
            )
        return UsageRecord(
            row_number=1,
            external_id=self.external_id,
            subject=self.subject_id.code,
            metric=self.metric_id.code,
            occurred_at=self.occurred_at.replace(tzinfo=timezone.utc),
            quantity=self._number(self.quantity),
            amount=self._number(self.amount) if self.amount else None,
            end_user=end_user.ref or end_user.email or None,
            raw={"note": self.note} if self.note else None,
        )

    def _number(self, text):
        try:
            number = Decimal(text.strip())
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or len(format(number, "f")) > MOST_DIGITS:
            raise UserError(
                self.env._(
                    "%(text)s is not a number that can be counted. Use digits and one point, such as 12.5.", text=text
                )
            )
        return number

    def _stored_message(self):
        event = self.env["usage.event"].search([("known_as", "=", self.external_id)], limit=1)
        return self.env._(
            "Stored: %(quantity)s %(unit)s for %(line)s.",
            quantity=self.quantity.strip(),
            unit=self.metric_id.uom_id.name,
            line=event.contract_line_id.display_name or event.contract_line_id.name or "",
        )

    def _reopen(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_billing.usage_entry_action")
        return {**action, "res_id": self.id}

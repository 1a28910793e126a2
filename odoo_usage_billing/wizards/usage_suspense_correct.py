from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation, localcontext

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..store.records import plain

MOST_DIGITS = 40


class UsageSuspenseCorrect(models.TransientModel):
    """Correct many suspended records at once. What is left empty stays; what was received is kept beside."""

    _name = "usage.suspense.correct"
    _description = "Correct Suspense"

    suspense_ids = fields.Many2many("usage.suspense", string="Records", default=lambda self: self._default_suspense())
    company_id = fields.Many2one("res.company", compute="_compute_company_id")
    suspense_count = fields.Integer(string="Records to Correct", compute="_compute_company_id")
    subject_id = fields.Many2one("usage.subject", domain="[('company_id', '=', company_id)]")
    metric_id = fields.Many2one("usage.metric", domain="[('company_id', 'in', (False, company_id))]")
    occurred_at = fields.Datetime(string="Occurred At")
    shift_minutes = fields.Integer(string="Move by (minutes)", help="Later when positive, earlier when negative.")
    quantity = fields.Char()
    multiplier = fields.Char(string="Multiply by", help="Each quantity is multiplied by this number.")
    uom_id = fields.Many2one(
        "uom.uom", string="Unit Sent", help="The unit that the quantities came in; they become the metric's unit."
    )

    @api.model
    def _default_suspense(self):
        rows = self.env["usage.suspense"].browse(self.env.context.get("active_ids", ()))
        return [Command.set(rows.filtered(lambda s: s.state == "open").ids)]

    @api.depends("suspense_ids")
    def _compute_company_id(self):
        for wizard in self:
            wizard.company_id = wizard.suspense_ids.company_id[:1] or self.env.company
            wizard.suspense_count = len(wizard.suspense_ids)

    def action_correct(self):
        """Keep the corrections beside the records; they are counted when they are recycled."""
        self.ensure_one()
        if not any((self.subject_id, self.metric_id, self.occurred_at, self.shift_minutes, *self._numbers())):
            raise UserError(self.env._("Nothing was changed. Fill in what is wrong in all of these records."))
        for suspense in self.suspense_ids.filtered(lambda s: s.state == "open"):
            suspense.correction = {**(suspense.correction or {}), **self._changes(suspense)}
        self.suspense_ids._estimate_value()
        return True

    def action_correct_and_recycle(self):
        """Correct the records and send them through the same door again."""
        self.action_correct()
        return self.suspense_ids.action_recycle()

    def _numbers(self):
        return (self.quantity, self.multiplier, self.uom_id)

    def _changes(self, suspense):
        now, changes = suspense._as_corrected(), {}
        if self.subject_id:
            changes["subject"] = self.subject_id.code
        if self.metric_id:
            changes["metric"] = self.metric_id.code
        if self.occurred_at or self.shift_minutes:
            changes["occurred_at"] = self._moment(now).isoformat()
        if any(self._numbers()):
            changes["quantity"] = self._quantity(suspense, {**now, **changes})
        return changes

    def _moment(self, now):
        at = self.occurred_at and self.occurred_at.replace(tzinfo=timezone.utc)
        at = at or (now.get("occurred_at") and datetime.fromisoformat(now["occurred_at"]))
        if not at:
            raise UserError(self.env._("A record has no time that could be moved. Fill in when it occurred."))
        return at + timedelta(minutes=self.shift_minutes)

    def _quantity(self, suspense, now):
        quantity = self._number(self.quantity or now.get("quantity"))
        with localcontext() as context:
            context.prec = MOST_DIGITS
            if self.multiplier:
                quantity *= self._number(self.multiplier)
            if self.uom_id:
                quantity = self._in_metric_unit(suspense, now.get("metric"), quantity)
        return plain(quantity)

    def _in_metric_unit(self, suspense, code, quantity):
        companies = [False, *suspense.company_id.parent_ids.ids]
        metrics = self.env["usage.metric"].search([("code", "=", code), ("company_id", "in", companies)])
        # The nearest company's own one counts.
        metric = metrics.sorted(lambda m: companies.index(m.company_id.id))[-1:]
        if not metric or not metric.uom_id._has_common_reference(self.uom_id):
            raise UserError(
                self.env._(
                    "%(unit)s cannot be turned into the unit of the metric %(metric)s. Choose another unit.",
                    unit=self.uom_id.name,
                    metric=code or "",
                )
            )
        self.env["uom.uom"].flush_model()
        self.env.cr.execute(
            "SELECT id, factor::text FROM uom_uom WHERE id = ANY(%s)", ([metric.uom_id.id, self.uom_id.id],)
        )
        factors = {unit: Decimal(text) for unit, text in self.env.cr.fetchall()}
        return round(quantity * factors[self.uom_id.id] / factors[metric.uom_id.id], 12)

    def _number(self, text):
        try:
            number = Decimal((text or "").strip())
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or len(plain(number)) > MOST_DIGITS:
            raise UserError(
                self.env._(
                    "%(text)s is not a number that can be counted. Use digits and one point, such as 12.5.",
                    text=text or self.env._("(empty)"),
                )
            )
        return number

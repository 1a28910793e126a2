from odoo import Command, api, fields, models


class UsageSuspenseWriteOff(models.TransientModel):
    """Close many suspended records for good, with one reason."""

    _name = "usage.suspense.write.off"
    _description = "Write off Suspense"

    suspense_ids = fields.Many2many("usage.suspense", string="Records", default=lambda self: self._default_suspense())
    suspense_count = fields.Integer(string="Records to Write off", compute="_compute_suspense_count")
    reason = fields.Char(required=True)

    @api.model
    def _default_suspense(self):
        rows = self.env["usage.suspense"].browse(self.env.context.get("active_ids", ()))
        return [Command.set(rows.filtered(lambda s: s.state == "open").ids)]

    @api.depends("suspense_ids")
    def _compute_suspense_count(self):
        for wizard in self:
            wizard.suspense_count = len(wizard.suspense_ids)

    def action_write_off(self):
        """Write the records off; each keeps the reason and who gave it."""
        rows = self.suspense_ids.filtered(lambda s: s.state == "open")
        rows.closed_reason = self.reason
        return rows.action_write_off()

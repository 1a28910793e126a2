from odoo import api, fields, models


class UsageBatchVoid(models.TransientModel):
    """Asks why a batch is taken back, and shows what that does, before it does it."""

    _name = "usage.batch.void"
    _description = "Take Batch Back"

    batch_id = fields.Many2one("usage.batch", required=True, readonly=True, ondelete="cascade")
    reason = fields.Char(required=True)
    open_count = fields.Integer(string="Will Be Taken Back", compute="_compute_counts")
    locked_count = fields.Integer(string="Invoiced", compute="_compute_counts")
    locked_sentence = fields.Char(compute="_compute_counts")
    billed_count = fields.Integer(string="Of Which Invoiced", compute="_compute_counts")

    @api.depends("batch_id")
    def _compute_counts(self):
        for wizard in self:
            counts = wizard.batch_id._count_voidable() if wizard.batch_id else (0, 0)
            wizard.open_count, wizard.locked_count = counts
            wizard.billed_count = wizard.batch_id._count_billed() if wizard.batch_id else 0
            wizard.locked_sentence = wizard.batch_id._locked_sentence(counts[1]) if counts[1] else False

    def action_confirm(self):
        """Take the batch back and open what did it."""
        self.ensure_one()
        void = self.batch_id.action_void(self.reason)
        return {
            "type": "ir.actions.act_window",
            "name": (void or self.batch_id).display_name,
            "res_model": "usage.batch",
            "res_id": (void or self.batch_id).id,
            "view_mode": "form",
        }

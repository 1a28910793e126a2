from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    """Entries of accruals lead to their accrual, and stay."""

    _inherit = "account.move"

    usage_accrual_count = fields.Integer(compute="_compute_usage_accrual_count")

    @api.depends("move_type")
    def _compute_usage_accrual_count(self):
        entries = self.filtered(lambda move: move.move_type == "entry")
        (self - entries).usage_accrual_count = 0
        for move in entries:
            move.usage_accrual_count = len(move._usage_accruals())

    def _usage_accruals(self):
        domain = fields.Domain("move_id", "in", self.ids) | fields.Domain("reversal_move_id", "in", self.ids)
        return self.env["usage.accrual"].sudo().search(domain).sudo(False)

    def _keep_accruals(self):
        """An accrual and its reversal go together or not at all."""
        entries = self.filtered(lambda move: move.move_type == "entry" and move.state == "posted")
        found = entries._usage_accruals() if entries else entries
        if found:
            raise UserError(
                self.env._(
                    "This entry belongs to %(accrual)s and stays with its reversal. Accrue the same date again: the "
                    "difference is posted.",
                    accrual=found[0].sudo().display_name,
                )
            )

    def button_draft(self):
        self._keep_accruals()
        return super().button_draft()

    def button_cancel(self):
        self._keep_accruals()
        return super().button_cancel()

    def action_view_usage_accruals(self):
        """Open the accrual of this entry."""
        self.ensure_one()
        found = self._usage_accruals()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Usage Accrual"),
            "res_model": "usage.accrual",
            "res_id": found[:1].id,
            "view_mode": "form",
        }

from odoo import fields, models
from odoo.exceptions import UserError


class UsageCharge(models.Model):
    """A charge and the differences that were found to it."""

    _inherit = "usage.charge"

    adjustment_ids = fields.One2many("usage.adjustment", "charge_id")
    adjustment_count = fields.Integer(compute="_compute_adjustment_count", string="Adjustments")

    def _compute_adjustment_count(self):
        counts = dict(
            self.env["usage.adjustment"]._read_group(
                [("charge_id", "in", self.ids), ("state", "!=", "superseded")], ["charge_id"], ["__count"]
            )
        )
        for charge in self:
            charge.adjustment_count = counts.get(charge, 0)

    def _release_adjustments(self):
        """A charge that is given back is rated anew as a whole: its differences are void, unless they were billed."""
        billed = self.adjustment_ids.filtered(lambda a: a.state == "invoiced")
        if billed:
            raise UserError(
                self.env._(
                    "%(charge)s has an adjustment on %(invoice)s. Cancel that invoice first.",
                    charge=billed[0].charge_id.display_name,
                    invoice=billed[0].move_id.display_name,
                )
            )
        self.adjustment_ids.filtered(lambda a: a.state in ("draft", "accepted"))._supersede()
        self.adjustment_ids._unbook_write_off()

    def action_view_adjustments(self):
        """Open the adjustments of this charge."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Usage Adjustments"),
            "res_model": "usage.adjustment",
            "view_mode": "list,kanban,form",
            "domain": [("charge_id", "=", self.id)],
        }

from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    usage_charge_id = fields.Many2one("usage.charge", copy=False, ondelete="restrict", index="btree_not_null")
    usage_component_id = fields.Many2one(
        "usage.charge.component",
        string="Charge Component",
        copy=False,
        ondelete="restrict",
    )

    def action_open_usage_charge(self):
        """Open the charge that this invoice line shows."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Usage Charge"),
            "res_model": "usage.charge",
            "res_id": self.usage_charge_id.id,
            "view_mode": "form",
        }

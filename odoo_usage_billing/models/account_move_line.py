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

    usage_adjustment_id = fields.Many2one("usage.adjustment", copy=False, ondelete="restrict", index="btree_not_null")
    usage_adjustment_component_id = fields.Many2one(
        "usage.adjustment.component",
        string="Adjustment Component",
        copy=False,
        ondelete="restrict",
    )

    usage_date_start = fields.Date(string="Period Start", readonly=True)
    usage_date_end = fields.Date(string="Period End", readonly=True, help="First day after what the line bills.")

    _usage_adjustment_once = models.UniqueIndex(
        "(usage_adjustment_component_id) WHERE usage_adjustment_component_id IS NOT NULL"
        " AND parent_state IS DISTINCT FROM 'cancel'",
        "This difference is on another invoice already.",
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

    def action_open_usage_adjustment(self):
        """Open the adjustment that this invoice line shows."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Usage Adjustment"),
            "res_model": "usage.adjustment",
            "res_id": self.usage_adjustment_id.id,
            "view_mode": "form",
        }

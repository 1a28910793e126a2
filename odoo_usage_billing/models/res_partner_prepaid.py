from odoo import fields, models


class ResPartner(models.Model):
    """Prepaid money of a customer."""

    _inherit = "res.partner"

    usage_prepaid_count = fields.Integer(compute="_compute_usage_prepaid_count")

    def _compute_usage_prepaid_count(self):
        counts = dict(
            self.env["usage.prepaid.balance"]._read_group(
                [("partner_id", "in", self.commercial_partner_id.ids)], ["partner_id"], ["__count"]
            )
        )
        for partner in self:
            partner.usage_prepaid_count = counts.get(partner.commercial_partner_id, 0)

    def action_view_usage_prepaid(self):
        """Open the prepaid balances of this customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_billing.usage_prepaid_balance_action")
        return {
            **action,
            "domain": [("partner_id", "=", self.commercial_partner_id.id)],
            "context": {"default_partner_id": self.commercial_partner_id.id},
        }

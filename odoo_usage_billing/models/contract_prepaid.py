from odoo import fields, models


class ContractContract(models.Model):
    """Prepaid money of a contract."""

    _inherit = "contract.contract"

    usage_prepaid_count = fields.Integer(compute="_compute_usage_prepaid")
    usage_prepaid_amount = fields.Monetary(
        string="Prepaid", compute="_compute_usage_prepaid", help="What is left to pay for usage of this contract."
    )

    def _compute_usage_prepaid(self):
        for contract in self:
            balances = contract._usage_prepaid_balances()
            contract.usage_prepaid_count = len(balances)
            contract.usage_prepaid_amount = sum(balances.mapped("amount"))

    def write(self, vals):
        result = super().write(vals)
        if "invoice_partner_id" in vals or "partner_id" in vals:
            # Whoever changes who is invoiced is told that money is left, whatever else they may see.
            left = self.env["usage.prepaid.balance"].sudo()
            left.search([("contract_id", "in", self.ids), ("amount", ">", 0)])._check_contract()
        return result

    def _usage_prepaid_balances(self):
        """The balances that may pay for usage of this contract."""
        self.ensure_one()
        return self.env["usage.prepaid.balance"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("partner_id", "=", self.invoice_partner_id.commercial_partner_id.id),
                ("currency_id", "=", self.currency_id.id),
                ("contract_id", "in", (self.id, False)),
            ]
        )

    def _usage_prepaid_available(self, day=None):
        """What may be drawn for this contract on a day, as a Decimal: for whoever asks before usage happens."""
        return self._usage_prepaid_balances()._available(day)

    def action_view_usage_prepaid(self):
        """Open the balances that may pay for these contracts."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_billing.usage_prepaid_balance_action")
        return {**action, "domain": [("id", "in", self._usage_prepaid_balances().ids)], "context": {}}

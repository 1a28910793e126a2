from odoo import fields, models


class ContractContract(models.Model):
    """A contract's accruals."""

    _inherit = "contract.contract"

    usage_accrual_count = fields.Integer(compute="_compute_usage_accrual_count")

    def _compute_usage_accrual_count(self):
        counts = dict(
            self.env["usage.accrual.line"]._read_group(
                [("contract_id", "in", self.ids), ("state", "=", "posted")],
                ["contract_id"],
                ["accrual_id:count_distinct"],
            )
        )
        for contract in self:
            contract.usage_accrual_count = counts.get(contract, 0)

    def _usage_lines_ever(self):
        """The usage lines of these contracts, of archived ones too."""
        lines = self.with_context(active_test=False).contract_line_ids.filtered("is_usage")
        return self.env["contract.line"].browse(lines.ids)

    def action_view_usage_accruals(self):
        """Open what was accrued of these contracts."""
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_billing.usage_accrual_line_action")
        return {**action, "domain": [("contract_id", "in", self.ids), ("state", "=", "posted")]}

    def _usage_sale_journal(self):
        """The journal that invoices of the contract go to."""
        self.ensure_one()
        if self.journal_id.type == "sale":
            return self.journal_id
        return self.env["account.journal"].search(
            [("type", "=", "sale"), ("company_id", "=", self.company_id.id)], limit=1
        )

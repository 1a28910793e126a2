from odoo import api, fields, models


class ContractTemplateLine(models.Model):
    """A line with a billable metric and a rate card is a usage line."""

    _inherit = "contract.template.line"

    usage_metric_id = fields.Many2one(
        "usage.metric",
        string="Billable Metric",
        domain="[('company_id', 'in', (False, company_id))]",
        ondelete="restrict",
    )
    usage_rate_card_id = fields.Many2one(
        "usage.rate.card",
        string="Rate Card",
        domain="[('company_id', '=', company_id)]",
        ondelete="restrict",
    )
    is_usage = fields.Boolean(compute="_compute_is_usage", store=True)

    @api.depends("usage_metric_id")
    def _compute_is_usage(self):
        for line in self:
            line.is_usage = bool(line.usage_metric_id)

from odoo import fields, models


class UsageRetirementTotal(models.Model):
    """What the retired events of a month added up to, for a metric of a company. Sums are exact texts."""

    _name = "usage.retirement.total"
    _description = "Sum of Retired Events"
    _order = "retirement_id, company_id, metric_id"

    retirement_id = fields.Many2one("usage.retirement", required=True, readonly=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="restrict")
    metric_id = fields.Many2one("usage.metric", required=True, readonly=True, ondelete="restrict")
    event_count = fields.Float(string="Events", digits=(16, 0), readonly=True)
    void_count = fields.Float(string="Of These Voids", digits=(16, 0), readonly=True)
    quantity_text = fields.Char(string="Quantity", readonly=True)
    amount_text = fields.Char(string="Carried Amount", readonly=True)

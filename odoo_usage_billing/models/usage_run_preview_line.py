from odoo import api, fields, models

from .usage_run_preview import OUTCOMES


class UsageRunPreviewLine(models.Model):
    """What a billing run would invoice a contract line for some days."""

    _name = "usage.run.preview.line"
    _description = "Billing Run Preview Line"
    _order = "preview_id, move_number, contract_line_id, date_start, id"
    _rec_name = "contract_line_id"

    preview_id = fields.Many2one("usage.run.preview", required=True, index=True, readonly=True, ondelete="cascade")
    run_id = fields.Many2one(related="preview_id.run_id", store=True, index=True)
    company_id = fields.Many2one(related="preview_id.company_id", store=True)
    contract_id = fields.Many2one(related="preview_id.contract_id", store=True)
    partner_id = fields.Many2one(related="preview_id.partner_id", store=True)
    currency_id = fields.Many2one(related="preview_id.currency_id", store=True)
    contract_line_id = fields.Many2one("contract.line", readonly=True, ondelete="cascade")
    metric_id = fields.Many2one(related="contract_line_id.usage_metric_id", store=True)
    kind = fields.Selection(
        [("fixed", "Fixed"), ("usage", "Usage"), ("commitment", "Commitment"), ("adjustment", "Adjustment")],
        required=True,
        readonly=True,
    )
    date_start = fields.Date(string="First Day", readonly=True)
    date_end = fields.Date(readonly=True, help="First day after the period.")
    date_last = fields.Date(string="Last Day", compute="_compute_date_last")
    move_number = fields.Integer(
        string="Invoice No.", readonly=True, aggregator=None, help="Counted within the preview."
    )
    quantity = fields.Float(digits=False, min_display_digits=2, readonly=True)
    amount = fields.Monetary(string="Untaxed", readonly=True)
    amount_held = fields.Monetary(string="Held", readonly=True)
    amount_tax = fields.Monetary(string="Taxes", readonly=True)
    amount_last = fields.Monetary(string="Last", readonly=True)
    amount_usual = fields.Monetary(string="Usually", readonly=True)
    usual_ratio = fields.Float(string="Times Usual", readonly=True, aggregator="avg")
    deviation = fields.Float(readonly=True)
    finding = fields.Selection(
        [
            ("held", "Held"),
            ("outlier", "Outlier"),
            ("first", "First"),
            ("usual", "As usual"),
            ("plain", "Not compared"),
        ],
        readonly=True,
    )
    message = fields.Text(string="Reason", readonly=True)
    amount_invoiced = fields.Monetary(string="Invoiced", readonly=True)
    outcome = fields.Selection(OUTCOMES, string="The Run", readonly=True)

    @api.depends("date_end")
    def _compute_date_last(self):
        for line in self:
            line.date_last = line.date_end and fields.Date.subtract(line.date_end, days=1)

from odoo import fields, models


class UsageUploadTotal(models.TransientModel):
    """What the good rows of an uploaded file add up to, per contract and metric."""

    _name = "usage.upload.total"
    _description = "Usage Upload Total"

    upload_id = fields.Many2one("usage.upload", required=True, index=True, ondelete="cascade")
    contract_id = fields.Many2one("contract.contract")
    metric_id = fields.Many2one("usage.metric")
    uom_id = fields.Many2one(related="metric_id.uom_id")
    event_count = fields.Integer(string="Rows")
    quantity = fields.Float(digits=(32, 9))

from odoo import fields, models

STATUSES = [
    ("refused", "Goes to suspense"),
    ("duplicate", "Counted already"),
    ("filtered", "Left out"),
    ("good", "Good"),
]


class UsageUploadRow(models.TransientModel):
    """A row of an uploaded file as the preview shows it."""

    _name = "usage.upload.row"
    _description = "Usage Upload Row"

    upload_id = fields.Many2one("usage.upload", required=True, index=True, ondelete="cascade")
    row_number = fields.Integer(string="Row")
    status = fields.Selection(STATUSES, required=True)
    subject = fields.Char(string="Serial")
    metric = fields.Char()
    occurred_at = fields.Char(string="Date and Time")
    quantity = fields.Char()
    reason = fields.Text()
    mend = fields.Text(string="What to Do")

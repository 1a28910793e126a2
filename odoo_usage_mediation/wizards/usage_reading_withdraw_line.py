from odoo import fields, models


class UsageReadingWithdrawLine(models.TransientModel):
    """Usage up to a reading, as it counts now and as it would count."""

    _name = "usage.reading.withdraw.line"
    _description = "Usage After a Withdrawal"
    _order = "ends_at, id"

    wizard_id = fields.Many2one("usage.reading.withdraw", required=True, ondelete="cascade")
    subject_id = fields.Many2one("usage.subject", readonly=True)
    ends_at = fields.Datetime(string="Usage Until", readonly=True)
    before = fields.Char(string="Counts Now", readonly=True)
    after = fields.Char(string="Will Count", readonly=True)
    difference = fields.Char(readonly=True)

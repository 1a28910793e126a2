from odoo import fields, models


class UsageRetireLine(models.TransientModel):
    """A month of events that is old enough to be retired."""

    _name = "usage.retire.line"
    _description = "Month to Retire"
    _order = "month"

    wizard_id = fields.Many2one("usage.retire", required=True, ondelete="cascade")
    month = fields.Date(readonly=True)
    is_chosen = fields.Boolean(string="Retire", default=True)
    obstacle = fields.Char(string="Stays, Because", readonly=True)

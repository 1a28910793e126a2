from odoo import fields, models

from ..models.usage_profile_column import TARGETS


class UsageProfileWizardColumn(models.TransientModel):
    """A column of the sample file and what it is taken to mean."""

    _name = "usage.profile.wizard.column"
    _description = "Column of a Sample File"
    _order = "wizard_id, sequence, id"

    wizard_id = fields.Many2one("usage.profile.wizard", required=True, index=True, ondelete="cascade")
    sequence = fields.Integer()
    name = fields.Char(string="Column", readonly=True)
    samples = fields.Char(string="Examples", readonly=True)
    target = fields.Selection(TARGETS, string="Means", required=True, default="unused")
    constant = fields.Char(string="If Empty")
    metric_code = fields.Char(string="Metric of this Column")
    dimension = fields.Char(string="Dimension Name")
    is_key = fields.Boolean(string="Key")

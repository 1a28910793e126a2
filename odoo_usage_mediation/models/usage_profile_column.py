from odoo import api, fields, models

TARGETS = [
    ("subject", "Serial or subject"),
    ("metric", "Metric"),
    ("occurred_at", "Date and time"),
    ("quantity", "Quantity"),
    ("external_id", "Id of the record"),
    ("end_user", "End user"),
    ("dimension", "Dimension"),
    ("amount", "Amount"),
    ("unused", "Not used"),
]


class UsageProfileColumn(models.Model):
    """What one column of a file means."""

    _name = "usage.profile.column"
    _description = "Usage Profile Column"
    _order = "profile_id, sequence, id"

    profile_id = fields.Many2one("usage.profile", required=True, index=True, ondelete="cascade")
    sequence = fields.Integer(default=10)
    name = fields.Char(string="Column", help="The column name in the file.")
    target = fields.Selection(TARGETS, string="Means", required=True, default="unused")
    constant = fields.Char(
        string="Fixed Value",
        help="Used when there is no column, or when its cell is empty.",
    )
    metric_code = fields.Char(
        string="Metric of this Column",
        help="For files with one quantity column per metric: the code of the metric.",
    )
    dimension = fields.Char(string="Dimension Name", help="Empty: the column name is the dimension's name.")
    is_key = fields.Boolean(
        string="Key",
        help="Part of what makes a record one of its kind, when files carry no id.",
    )

    @api.constrains("name", "target", "constant", "metric_code", "dimension", "is_key")
    def _check_definition(self):
        if not self.env.context.get("usage_profile_saving"):
            self.profile_id._check_definition()

    @api.model_create_multi
    def create(self, vals_list):
        columns = super().create(vals_list)
        columns.profile_id._check_not_used()
        return columns

    def write(self, vals):
        self.profile_id._check_not_used()
        return super().write(vals)

    def unlink(self):
        profiles = self.profile_id
        profiles._check_not_used()
        result = super().unlink()
        if not self.env.context.get("usage_profile_saving"):
            profiles._check_definition()
        return result

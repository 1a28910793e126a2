from odoo import fields, models

from .usage_tz import tz_get


class UsageSource(models.Model):
    """A feed of usage: where it comes from, in which time zone, within which limits."""

    _name = "usage.source"
    _description = "Usage Source"
    _inherit = ["mail.thread"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    code = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    transport = fields.Selection([("manual", "Manual entry")], required=True, default="manual")
    tz = fields.Selection(
        tz_get,
        string="Time Zone",
        required=True,
        default=lambda self: self.env.user.tz or "UTC",
        help="The zone of times that come without one.",
    )
    max_age_days = fields.Integer(
        string="Oldest Usage (days)",
        required=True,
        default=400,
        tracking=True,
        help="Usage that occurred longer ago goes to suspense.",
    )
    max_ahead_minutes = fields.Integer(
        string="Furthest Ahead (minutes)",
        required=True,
        default=60,
        tracking=True,
        help="Usage dated further in the future goes to suspense.",
    )
    late_policy = fields.Selection(
        [("suspend", "Keep in suspense")],
        string="Usage of Invoiced Periods",
        required=True,
        default="suspend",
    )
    batch_ids = fields.One2many("usage.batch", "source_id")
    batch_count = fields.Integer(compute="_compute_batch_count")

    _code_company_unique = models.Constraint(
        "UNIQUE (company_id, code)",
        "A source with this code exists in the company already.",
    )
    _limits_positive = models.Constraint(
        "CHECK (max_age_days > 0 AND max_ahead_minutes >= 0)",
        "The oldest usage must be at least one day; the furthest ahead at least zero minutes.",
    )

    def _compute_batch_count(self):
        counts = dict(self.env["usage.batch"]._read_group([("source_id", "in", self.ids)], ["source_id"], ["__count"]))
        for source in self:
            source.batch_count = counts.get(source, 0)

    def action_view_batches(self):
        """Open the batches of this source."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Batches"),
            "res_model": "usage.batch",
            "view_mode": "list,form",
            "domain": [("source_id", "=", self.id)],
        }

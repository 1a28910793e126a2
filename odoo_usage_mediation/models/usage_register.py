from odoo import fields, models


class UsageRegister(models.Model):
    """A cumulative counter of a subject, as one source reads it: where it stands, and what it may do.

    running -> (closing reading) replacing -> (opening reading) running.
    """

    _name = "usage.register"
    _description = "Usage Register"
    _order = "last_at DESC, id DESC"
    _check_company_auto = True

    source_id = fields.Many2one("usage.source", required=True, readonly=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="restrict")
    subject_id = fields.Many2one("usage.subject", required=True, readonly=True, index=True, ondelete="restrict")
    metric_id = fields.Many2one("usage.metric", required=True, readonly=True, index=True, ondelete="restrict")
    rollover = fields.Float(
        digits=False,
        min_display_digits=2,
        aggregator=None,
        help="The value at which the register begins again from 0, e.g. 100000 for five digits. 0: it does not.",
    )
    max_delta = fields.Float(
        string="Most Between Readings",
        digits=False,
        min_display_digits=2,
        aggregator=None,
        help="More than this between two readings goes to suspense. 0: no bound.",
    )
    max_per_day = fields.Float(
        string="Most per Day",
        digits=False,
        min_display_digits=2,
        aggregator=None,
        help="More than this in 24 hours goes to suspense. 0: no bound.",
    )
    state = fields.Selection(
        [("running", "Running"), ("replacing", "Being replaced")], required=True, default="running", readonly=True
    )
    last_at = fields.Datetime(string="Last Read", readonly=True)
    last_value = fields.Float(string="Last Reading", digits=False, min_display_digits=2, readonly=True, aggregator=None)
    tracking = fields.Json(readonly=True, help="Where the register stands, and its pace.")
    reading_ids = fields.One2many("usage.reading", "register_id", readonly=True)
    reading_count = fields.Integer(compute="_compute_reading_count")

    _register_unique = models.UniqueIndex(
        "(source_id, subject_id, metric_id)", "This source reads a register of the subject for the metric already."
    )
    _bounds_positive = models.Constraint(
        "CHECK (COALESCE(rollover, 0) >= 0 AND COALESCE(max_delta, 0) >= 0 AND COALESCE(max_per_day, 0) >= 0)",
        "Rollover and bounds of a register must be greater than zero, or 0 for none.",
    )

    def _compute_display_name(self):
        for register in self:
            register.display_name = f"{register.subject_id.display_name} · {register.metric_id.display_name}"

    def _compute_reading_count(self):
        counts = dict(
            self.env["usage.reading"]._read_group([("register_id", "in", self.ids)], ["register_id"], ["__count"])
        )
        for register in self:
            register.reading_count = counts.get(register, 0)

    def action_view_readings(self):
        """Open the readings of this register."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.display_name,
            "res_model": "usage.reading",
            "view_mode": "list,kanban,form",
            "domain": [("register_id", "=", self.id)],
        }

from odoo import fields, models

# Asked for each request and message; as records it would cost a tenth of a small one.
REGISTER_CODES = """
SELECT m.code FROM usage_source_register_metric_rel r JOIN usage_metric m ON m.id = r.metric_id WHERE r.source_id = %s
"""


class UsageSource(models.Model):
    """A source may send what registers show instead of usage: which metrics, and what is believed."""

    _inherit = "usage.source"

    register_metric_ids = fields.Many2many(
        "usage.metric",
        "usage_source_register_metric_rel",
        "source_id",
        "metric_id",
        string="Cumulative Readings Of",
        help="Quantities of these metrics are what a counter shows. Usage is the difference of two readings. "
        "Measures of the profile that are registers count too.",
    )
    register_rollover = fields.Float(
        string="Rollover Size",
        digits=False,
        min_display_digits=2,
        help="The value at which new registers begin again from 0, e.g. 100000 for five digits. 0: they do not.",
    )
    register_max_per_day = fields.Float(
        string="Most per Day",
        digits=False,
        min_display_digits=2,
        help="For new registers: more than this in 24 hours goes to suspense. 0: no bound.",
    )
    register_spike_factor = fields.Float(
        string="Spike Factor",
        digits=(6, 1),
        default=0,
        help="Usage above this many times the median pace of the last readings goes to suspense. 0: no bound.",
    )

    _register_bounds_positive = models.Constraint(
        "CHECK (COALESCE(register_rollover, 0) >= 0 AND COALESCE(register_max_per_day, 0) >= 0"
        " AND COALESCE(register_spike_factor, 0) >= 0)",
        "Rollover size, most per day and spike factor must be greater than zero, or 0 for none.",
    )

    def _register_metrics(self):
        """Codes of the metrics whose quantities are cumulative readings; None when all are."""
        self.ensure_one()
        self.flush_recordset(["register_metric_ids"])
        self.env["usage.metric"].flush_model(["code"])
        self.env.cr.execute(REGISTER_CODES, (self.id,))
        codes = {code for (code,) in self.env.cr.fetchall()}
        for measure in (self.profile_id.definition or {}).get("measures", ()):
            if measure.get("reading") != "register":
                continue
            metric = measure.get("metric")
            if isinstance(metric, str):
                codes.add(metric)
            elif isinstance(metric, dict) and metric.get("map"):
                codes.update(metric["map"].values())
            else:
                return None
        return codes

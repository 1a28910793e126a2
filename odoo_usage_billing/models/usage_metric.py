from odoo import api, fields, models
from odoo.exceptions import ValidationError

AGGREGATIONS = [
    ("sum", "Sum"),
    ("count", "Count of events"),
    ("max", "Maximum"),
    ("latest", "Latest value"),
]


class UsageMetric(models.Model):
    """Billable metric: which events count, in which unit, and how they add up."""

    _name = "usage.metric"
    _description = "Billable Metric"
    _order = "name, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True,
        help="The name that producers send, e.g. pages or kwh.",
    )
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        help="Leave empty to share the metric between companies.",
    )
    uom_id = fields.Many2one("uom.uom", string="Unit", required=True)
    aggregation = fields.Selection(AGGREGATIONS, required=True, default="sum")
    slot_minutes = fields.Selection(
        [("15", "Quarter hours"), ("30", "Half hours"), ("60", "Hours")],
        string="Time-of-use Slots",
        help="Keep sums per part of the day, so that prices may depend on the time of use. Empty: per day.",
    )
    price_dimensions = fields.Char(
        help="Names of the dimensions that prices may depend on, separated by commas, "
        "e.g. destination,class. Sums are kept apart per value.",
    )
    accept_negative = fields.Boolean(
        string="Accept Negative Quantities",
        help="Off: a negative quantity goes to suspense.",
    )
    rounding_mode = fields.Selection(
        [
            ("none", "No rounding"),
            ("up", "Up"),
            ("down", "Down"),
            ("nearest", "Nearest"),
        ],
        string="Quantity Rounding",
        required=True,
        default="none",
    )
    rounding_digits = fields.Integer(
        string="Decimals Kept",
        help="Decimals that quantity rounding keeps; -2 rounds to hundreds. Quantities are "
        "rounded after adding up, before pricing.",
    )
    description = fields.Text(translate=True)

    _code_company_unique = models.UniqueIndex(
        "(code, COALESCE(company_id, 0))",
        "A billable metric with this code exists in the company already. Choose another code.",
    )
    _rounding_digits_range = models.Constraint(
        "CHECK (rounding_digits BETWEEN -15 AND 15)",
        "Decimals kept lie between -15 and 15.",
    )

    @api.constrains("code")
    def _check_code(self):
        for metric in self:
            if metric.code != metric.code.strip() or not metric.code:
                raise ValidationError(
                    self.env._(
                        "The code %(code)r begins or ends with a blank. Remove it: producers "
                        "send the code exactly as it is written here.",
                        code=metric.code,
                    )
                )

    def _price_dimension_names(self):
        """The names in `price_dimensions`, sorted, as a tuple."""
        self.ensure_one()
        names = (self.price_dimensions or "").split(",")
        return tuple(sorted(name.strip() for name in names if name.strip()))

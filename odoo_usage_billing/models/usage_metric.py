from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..store.records import dimension_names
from .usage_copies import named_copies

AGGREGATIONS = [
    ("sum", "Sum"),
    ("count", "Count of events"),
    ("unique_count", "Count of different values"),
    ("max", "Maximum"),
    ("latest", "Latest value"),
    ("average", "Average"),
    ("time_weighted_average", "Time-weighted average"),
    ("percentile", "Percentile"),
]
#: Levels: each subject has its own, and the customer pays for all of them.
LEVELS = ("latest", "time_weighted_average")
#: What these say decides what a charge meant, so they stay as they are once there is one.
MEANING_FIELDS = (
    "aggregation",
    "per_subject",
    "percentile",
    "unique_by",
    "unique_dimension",
    "measured_from",
    "asset_scope",
)


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
    measured_from = fields.Selection(
        [("events", "Usage events"), ("assignments", "Assignments (installed subjects)")],
        required=True,
        default="events",
        help="Usage events: quantities that producers send. Assignments: how many subjects are installed, "
        "counted from when they were added and removed; no usage is sent for it.",
    )
    asset_scope = fields.Selection(
        [("contract", "All usage lines of the contract"), ("line", "The contract line itself")],
        string="Subjects Counted",
        required=True,
        default="contract",
        help="Which subjects count: those assigned to any usage line of the contract, or only those "
        "assigned to the line that has this metric. A subject on several lines counts once.",
    )
    aggregation = fields.Selection(
        AGGREGATIONS,
        required=True,
        default="sum",
        help="How the events of a billing period become one quantity. Time-weighted average: a level holds "
        "until the next reading, the last one from before the period included, and counts by real seconds. "
        "Percentile: the smallest value with at least so many per cent of the values at or below it. "
        "Of installed subjects: the average, the most at once (Maximum), those there at the end (Latest "
        "value), or all that were ever there (Count of different values).",
    )
    percentile = fields.Integer(
        default=95,
        required=True,
        help="95: the highest twentieth of the values is left out.",
    )
    unique_by = fields.Selection(
        [("subject", "Subject"), ("end_user", "End user"), ("dimension", "A dimension")],
        string="Different Values Of",
        required=True,
        default="subject",
        help="Events that name no end user, or lack the dimension, count nobody.",
    )
    unique_dimension = fields.Char(
        string="Dimension Counted",
        help="Name of the dimension whose different values are counted, e.g. user.",
    )
    per_subject = fields.Boolean(
        string="Each Subject, Then Add Up",
        help="On: each subject is aggregated on its own, and the results are added up, e.g. the seats of "
        "every site. Off: all readings are taken as one gauge. Sums and counts are the same either way.",
    )
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
    _percentile_range = models.Constraint(
        "CHECK (percentile BETWEEN 1 AND 100)",
        "A percentile lies between 1 and 100: 95 leaves the highest twentieth of the values out.",
    )
    _unique_dimension_named = models.Constraint(
        "CHECK (aggregation <> 'unique_count' OR measured_from <> 'events' OR unique_by <> 'dimension'"
        " OR (COALESCE(unique_dimension, '') <> '' AND unique_dimension = btrim(unique_dimension)))",
        "Different values of a dimension can only be counted when the dimension is named. Fill in its name "
        "as producers send it, without blanks around it.",
    )
    _assets_aggregate = models.Constraint(
        "CHECK (measured_from <> 'assignments'"
        " OR aggregation IN ('time_weighted_average', 'max', 'latest', 'unique_count'))",
        "Installed subjects have no quantities to add up. Choose the time-weighted average (installed on "
        "average), the maximum (most at once), the latest value (installed at the end) or the count of "
        "different values (installed at any time).",
    )

    def copy_data(self, default=None):
        return named_copies(self, super().copy_data(default), default)

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

    @api.onchange("aggregation")
    def _onchange_aggregation(self):
        self.per_subject = self.aggregation in LEVELS

    @api.onchange("measured_from")
    def _onchange_measured_from(self):
        if self.measured_from == "assignments":
            self.aggregation = "time_weighted_average"

    def write(self, vals):
        for metric in self:
            changed = [n for n in MEANING_FIELDS if n in vals and (metric[n] or False) != (vals[n] or False)]
            if changed:
                metric._refuse_once_rated(changed)
        return super().write(vals)

    def _refuse_once_rated(self, names):
        """Keep what charges say about their quantity true."""
        # sudo: a shared metric may have charges of companies that this user does not see; they count too.
        if not self.env["usage.charge"].sudo().search([("metric_id", "=", self.id)], limit=1):
            return
        labels = self.fields_get(names, ["string"])
        raise UserError(
            self.env._(
                "%(metric)s was charged already, so %(fields)s cannot change any more: old charges would "
                "no longer say how their quantity came about. Make a new metric and put it on the contract "
                "lines from the next period on.",
                metric=self.display_name,
                fields=", ".join(labels[name]["string"] for name in names),
            )
        )

    def _price_dimension_names(self):
        """The names in `price_dimensions`, sorted, as a tuple."""
        self.ensure_one()
        return dimension_names(self.price_dimensions)

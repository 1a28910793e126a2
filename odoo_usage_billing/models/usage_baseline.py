from odoo import api, fields, models


class UsageBaseline(models.Model):
    """Agreed quantity for a contract line from `date_start` until `date_end` (half-open)."""

    _name = "usage.baseline"
    _description = "Usage Baseline"
    _order = "contract_line_id, date_start DESC, id DESC"

    contract_line_id = fields.Many2one("contract.line", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="contract_line_id.company_id", store=True)
    currency_id = fields.Many2one(related="contract_line_id.currency_id")
    date_start = fields.Date(required=True, default=fields.Date.context_today)
    date_end = fields.Date(help="First day it no longer holds. Empty: open.")
    quantity = fields.Float(
        string="Baseline Quantity",
        digits=False,
        min_display_digits=2,
        required=True,
        help="Agreed quantity per billing period, in the metric's unit.",
    )
    fixed_amount = fields.Float(
        digits=False, min_display_digits=2, string="Flat Fee", help="Charged each period for the baseline."
    )
    tolerance_percent = fields.Float(
        digits=False, min_display_digits=2, help="Quantities above the baseline within this band are free."
    )
    ladder = fields.Selection(
        [
            ("absolute", "From zero: tiers count all usage"),
            ("excess", "From the baseline: tiers count the excess"),
        ],
        string="Tiers Count",
        required=True,
        default="absolute",
        help="With a baseline of 50,000 and a tier up to 70,000: counted from zero, the tier "
        "prices the next 20,000; counted from the baseline, the next 70,000.",
    )
    below = fields.Selection(
        [("none", "Nothing"), ("credit", "Credit per unit")],
        string="Usage Below",
        required=True,
        default="none",
    )
    below_unit_price = fields.Float(string="Credit per Unit", digits=False, min_display_digits=2)
    note = fields.Char()

    @api.depends("contract_line_id", "quantity", "date_start")
    def _compute_display_name(self):
        for baseline in self:
            baseline.display_name = self.env._(
                "%(line)s: %(quantity)s from %(day)s",
                line=baseline.contract_line_id.name or "",
                quantity=f"{baseline.quantity:,.10g}",
                day=fields.Date.to_string(baseline.date_start) or "",
            )

    _dates_ordered = models.Constraint(
        "CHECK (date_end IS NULL OR date_end > date_start)",
        "A baseline must end after it starts.",
    )
    _values_sane = models.Constraint(
        "CHECK (quantity >= 0 AND fixed_amount >= 0 AND tolerance_percent >= 0 AND below_unit_price >= 0)",
        "Baseline quantity, flat fee, tolerance and credit may not be negative.",
    )

    _one_at_a_time = models.Constraint(
        "EXCLUDE USING gist (contract_line_id WITH =, daterange(date_start, date_end) WITH &&)",
        "Baselines of a contract line overlap. End the earlier one on the day the later one starts.",
    )

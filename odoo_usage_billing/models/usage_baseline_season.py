from odoo import fields, models

MONTHS = [
    ("1", "January"),
    ("2", "February"),
    ("3", "March"),
    ("4", "April"),
    ("5", "May"),
    ("6", "June"),
    ("7", "July"),
    ("8", "August"),
    ("9", "September"),
    ("10", "October"),
    ("11", "November"),
    ("12", "December"),
]


class UsageBaselineSeason(models.Model):
    """The share of a baseline that is agreed for a calendar month; other months have all of it."""

    _name = "usage.baseline.season"
    _description = "Baseline Season"
    _order = "baseline_id, id"

    baseline_id = fields.Many2one("usage.baseline", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="baseline_id.company_id", store=True)
    month = fields.Selection(MONTHS, required=True)
    percent = fields.Float(
        string="Share (%)", digits=False, min_display_digits=2, required=True, default=100.0, help="Of the baseline."
    )

    _month_unique = models.UniqueIndex("(baseline_id, month)", "A month has one share of the baseline.")
    _percent_positive = models.Constraint("CHECK (percent >= 0)", "A share may not be negative.")

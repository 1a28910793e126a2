from odoo import api, fields, models
from odoo.exceptions import ValidationError


class UsageBaseline(models.Model):
    """Agreed quantity for a contract line from `date_start` until `date_end` (half-open)."""

    _name = "usage.baseline"
    _description = "Usage Baseline"
    _order = "contract_line_id, date_start DESC, id DESC"

    contract_line_id = fields.Many2one(
        "contract.line", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="contract_line_id.company_id", store=True)
    currency_id = fields.Many2one(related="contract_line_id.currency_id")
    date_start = fields.Date(required=True, default=fields.Date.context_today)
    date_end = fields.Date(help="First day it no longer holds. Empty: open.")
    quantity = fields.Float(
        string="Baseline Quantity",
        digits=(24, 9),
        required=True,
        help="Agreed quantity per billing period, in the metric's unit.",
    )
    fixed_amount = fields.Float(
        digits=(24, 12), string="Flat Fee", help="Charged each period for the baseline."
    )
    tolerance_percent = fields.Float(
        digits=(7, 4), help="Quantities above the baseline within this band are free."
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
    below_unit_price = fields.Float(string="Credit per Unit", digits=(24, 12))
    note = fields.Char()

    _dates_ordered = models.Constraint(
        "CHECK (date_end IS NULL OR date_end > date_start)",
        "A baseline must end after it starts.",
    )
    _values_sane = models.Constraint(
        "CHECK (quantity >= 0 AND fixed_amount >= 0 AND tolerance_percent >= 0"
        " AND below_unit_price >= 0)",
        "Baseline quantity, flat fee, tolerance and credit may not be negative.",
    )

    def init(self):
        self.env.cr.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        self.env.cr.execute(
            """
            DO $$ BEGIN
              IF NOT EXISTS (SELECT FROM pg_constraint
                              WHERE conname = 'usage_baseline_one_at_a_time') THEN
                ALTER TABLE usage_baseline ADD CONSTRAINT usage_baseline_one_at_a_time
                  EXCLUDE USING gist (contract_line_id WITH =,
                                      daterange(date_start, date_end) WITH &&);
              END IF;
            END $$
            """
        )

    @api.constrains("contract_line_id", "date_start", "date_end")
    def _check_overlap(self):
        """Phrase the exclusion constraint; PostgreSQL is what enforces it."""
        for baseline in self:
            domain = [
                ("id", "!=", baseline.id),
                ("contract_line_id", "=", baseline.contract_line_id.id),
                "|",
                ("date_end", "=", False),
                ("date_end", ">", baseline.date_start),
            ]
            if baseline.date_end:
                domain.append(("date_start", "<", baseline.date_end))
            if self.search_count(domain, limit=1):
                raise ValidationError(
                    self.env._(
                        "Baselines of %(line)s overlap. End the earlier one on the day the "
                        "later one starts.",
                        line=baseline.contract_line_id.name,
                    )
                )

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class UsageBaseline(models.Model):
    """Agreed quantity for a contract line from `date_start` until `date_end` (half-open)."""

    _name = "usage.baseline"
    _description = "Usage Baseline"
    _order = "contract_line_id, date_start DESC, id DESC"

    contract_line_id = fields.Many2one("contract.line", required=True, index=True, ondelete="cascade")
    contract_id = fields.Many2one(related="contract_line_id.contract_id")
    company_id = fields.Many2one(related="contract_line_id.company_id", store=True)
    currency_id = fields.Many2one(related="contract_line_id.currency_id")
    date_start = fields.Date(required=True, default=fields.Date.context_today)
    date_end = fields.Date(help="First day it no longer holds. Empty: open.")
    uom_id = fields.Many2one("uom.uom", compute="_compute_uom_id")
    kind = fields.Selection(
        [("quantity", "A quantity"), ("amount", "An amount")],
        string="Agreed",
        required=True,
        default="quantity",
        help="A quantity: usage up to it is covered by the flat fee. An amount: usage is priced and set off "
        "against the agreed spend.",
    )
    quantity = fields.Float(
        string="Baseline Quantity",
        digits=False,
        min_display_digits=2,
        help="Agreed quantity per rating term (the billing period unless the line says otherwise), in the "
        "priced unit. Counted by days when it holds only part of the term.",
    )
    amount = fields.Monetary(
        string="Baseline Amount", help="Agreed spend per rating term. Charged as flat fee unless another is given."
    )
    season_ids = fields.One2many(
        "usage.baseline.season",
        "baseline_id",
        string="Season",
        copy=True,
        help="Months in which another share of the baseline is agreed, for instance 150 % in December.",
    )
    fixed_amount = fields.Float(
        digits=False, min_display_digits=2, string="Flat Fee", help="Charged each period for the baseline."
    )
    tolerance_percent = fields.Float(
        digits=False, min_display_digits=2, help="Quantities above the baseline within this band are free."
    )
    tolerance_mode = fields.Selection(
        [("free", "Only what lies beyond the band counts"), ("threshold", "Beyond the band, all variance counts")],
        string="Tolerance Band",
        required=True,
        default="free",
    )
    above = fields.Selection(
        [("terms", "The line's rate card"), ("card", "Another rate card"), ("none", "Nothing (flat)")],
        string="Usage Above",
        required=True,
        default="terms",
    )
    above_card_id = fields.Many2one(
        "usage.rate.card",
        string="Excess Card",
        domain="[('company_id', 'parent_of', company_id)]",
        ondelete="restrict",
        help="Prices what lies above the baseline, in its own currency and in the unit of the line's rate card.",
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
        [("none", "Nothing (flat minimum)"), ("credit", "Credit per unit"), ("carry_forward", "Carry forward")],
        string="Usage Below",
        required=True,
        default="none",
    )
    below_unit_price = fields.Float(
        string="Credit per Unit",
        digits=False,
        min_display_digits=2,
        help="For a baseline amount: credit per unit of currency, 0.5 gives back half of what was not used.",
    )
    carried_maximum = fields.Float(
        string="Carry at Most",
        digits=False,
        min_display_digits=2,
        help="Most that an unused baseline adds to the next term. 0: no limit.",
    )
    note = fields.Char()

    @api.depends("contract_line_id.usage_metric_id", "contract_line_id.usage_rate_card_id")
    def _compute_uom_id(self):
        for baseline in self:
            baseline.uom_id = baseline.contract_line_id._usage_unit()

    @api.depends("contract_line_id", "kind", "quantity", "amount", "date_start")
    def _compute_display_name(self):
        for baseline in self:
            agreed = baseline.quantity if baseline.kind == "quantity" else baseline.amount
            baseline.display_name = self.env._(
                "%(line)s: %(quantity)s from %(day)s",
                line=baseline.contract_line_id.name or "",
                quantity=f"{agreed:,.10g}",
                day=fields.Date.to_string(baseline.date_start) or "",
            )

    @api.constrains("above_card_id", "contract_line_id")
    def _check_above_card(self):
        """The excess is counted in the line's unit, and money needs a rate."""
        for baseline in self.filtered("above_card_id"):
            line, card = baseline.contract_line_id, baseline.above_card_id
            unit = card.uom_id or line.usage_metric_id.uom_id
            if unit != line._usage_unit():
                raise ValidationError(
                    self.env._(
                        "%(card)s is priced per %(priced)s, but the excess over %(baseline)s is counted in "
                        "%(counted)s. Choose a card with that unit.",
                        card=card.name,
                        priced=unit.name,
                        baseline=baseline.display_name,
                        counted=line._usage_unit().name,
                    )
                )
            if card.currency_id != line.contract_id.currency_id:
                line._require_currency_rate(card)
            card.version_ids.filtered(lambda version: version.state != "draft")._check_is_price()

    _dates_ordered = models.Constraint(
        "CHECK (date_end IS NULL OR date_end > date_start)",
        "A baseline must end after it starts.",
    )
    _values_sane = models.Constraint(
        "CHECK (COALESCE(quantity, 0) >= 0 AND COALESCE(amount, 0) >= 0 AND COALESCE(fixed_amount, 0) >= 0"
        " AND COALESCE(tolerance_percent, 0) BETWEEN 0 AND 100 AND COALESCE(below_unit_price, 0) >= 0"
        " AND COALESCE(carried_maximum, 0) >= 0)",
        "Baseline, flat fee, credit and what is carried may not be negative; the tolerance lies between 0 and 100.",
    )
    _above_card_given = models.Constraint(
        "CHECK ((above = 'card') = (above_card_id IS NOT NULL))",
        "Choose the rate card that prices the excess, or let the line's own card do it.",
    )

    _one_at_a_time = models.Constraint(
        "EXCLUDE USING gist (contract_line_id WITH =, daterange(date_start, date_end) WITH &&)",
        "Baselines of a contract line overlap. End the earlier one on the day the later one starts.",
    )

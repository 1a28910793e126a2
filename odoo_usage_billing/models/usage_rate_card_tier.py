from odoo import api, fields, models

OPEN_ENDED = 10.0**18


class UsageRateCardTier(models.Model):
    """Price of the quantities in (previous tier's bound, up_to]; the last tier is open."""

    _name = "usage.rate.card.tier"
    _inherit = "usage.frozen.part"
    _description = "Rate Card Tier"
    _order = "version_id, sort_key, id"

    version_id = fields.Many2one("usage.rate.card.version", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="version_id.company_id", store=True)
    up_to = fields.Float(
        digits=False, min_display_digits=2, help="Upper bound, included. Empty or zero: no upper bound."
    )
    sort_key = fields.Float(compute="_compute_sort_key", store=True, digits=False, min_display_digits=2)
    unit_price = fields.Float(digits=False, min_display_digits=2)
    flat_amount = fields.Float(digits=False, min_display_digits=2)
    package_size = fields.Float(
        digits=False,
        min_display_digits=2,
        help="The unit price buys so many units of this tier; started packages count. 0: priced by unit.",
    )
    maximum_amount = fields.Float(
        string="Tier Cap", digits=False, min_display_digits=2, help="Most that this tier costs. 0: no cap."
    )

    _sizes_positive = models.Constraint(
        "CHECK (COALESCE(package_size, 0) >= 0 AND COALESCE(maximum_amount, 0) >= 0)",
        "A tier's package size and cap may not be negative.",
    )
    _up_to_positive = models.Constraint(
        "CHECK (up_to IS NULL OR up_to >= 0)", "A tier's upper bound may not be negative."
    )
    _up_to_unique = models.UniqueIndex("(version_id, sort_key)", "Two tiers of a version have the same upper bound.")

    @api.depends("up_to")
    def _compute_sort_key(self):
        for tier in self:
            tier.sort_key = tier.up_to or OPEN_ENDED

    def _phrase(self):
        """'≤ 70000 @ 0.012'."""
        bound = f"≤ {self.up_to:g}" if self.up_to else "∞"
        flat = f" + {self.flat_amount:g}" if self.flat_amount else ""
        return f"{bound} @ {self.unit_price:g}{flat}"

    def init(self):
        self._guard_in_database()

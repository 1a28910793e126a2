from odoo import api, fields, models
from odoo.exceptions import ValidationError

PLAIN = [
    ("unit_price", "Unit price"),
    ("flat_amount", "Flat amount"),
    ("discount_percent", "Discount (%)"),
    ("minimum_amount", "Minimum"),
    ("maximum_amount", "Cap"),
    ("quantity_included", "Included units"),
    ("package_size", "Package size"),
    ("connect_amount", "Connect fee"),
    ("rate_percent", "Rate (%)"),
    ("event_amount", "Fee per event"),
    ("multiplier", "Multiplier"),
]
KEYED = [
    ("tier_price", "Price of tier no."),
    ("tier_flat", "Flat amount of tier no."),
    ("tier_bound", "Upper bound of tier no."),
    ("row_price", "Price of matrix row"),
    ("band_price", "Price of band"),
]


class UsagePriceOverride(models.Model):
    """A customer's own value of one term of the rate card, on a contract line and for some time.

    The card is not copied: everything else goes on following it.
    """

    _name = "usage.price.override"
    _description = "Price Override"
    _order = "contract_line_id, target, key, date_start DESC, id"

    contract_line_id = fields.Many2one("contract.line", required=True, index=True, ondelete="cascade")
    contract_id = fields.Many2one(related="contract_line_id.contract_id")
    company_id = fields.Many2one(related="contract_line_id.company_id", store=True)
    currency_id = fields.Many2one(related="contract_line_id.usage_rate_card_id.currency_id")
    target = fields.Selection(PLAIN + KEYED, string="Own", required=True, default="unit_price")
    key = fields.Char(
        string="Which",
        help="Number of the tier, name of the band, or the values of the matrix row joined by ' / '.",
    )
    value = fields.Float(digits=False, min_display_digits=2, required=True)
    date_start = fields.Date(required=True, default=fields.Date.context_today)
    date_end = fields.Date(help="First day it no longer holds. Empty: open.")
    note = fields.Char(help="Who agreed it, and why.")

    _dates_ordered = models.Constraint(
        "CHECK (date_end IS NULL OR date_end > date_start)", "An own price must end after it starts."
    )
    _key_given = models.Constraint(
        "CHECK ((target IN ('tier_price', 'tier_flat', 'tier_bound', 'row_price', 'band_price'))"
        " = (COALESCE(key, '') <> ''))",
        "Say which tier, row or band an own price is for, and leave it empty for all other terms.",
    )
    _value_positive = models.Constraint(
        "CHECK (value >= 0 OR target IN ('unit_price', 'flat_amount', 'tier_price', 'tier_flat', 'row_price',"
        " 'band_price', 'event_amount', 'connect_amount', 'rate_percent', 'multiplier'))",
        "This term may not be negative.",
    )
    _discount_range = models.Constraint(
        "CHECK (target <> 'discount_percent' OR value <= 100)", "The discount must be between 0 and 100 percent."
    )
    _one_at_a_time = models.Constraint(
        "EXCLUDE USING gist (contract_line_id WITH =, target WITH =, (COALESCE(key, '')) WITH =,"
        " daterange(date_start, date_end) WITH &&)",
        "Two own values of the same term overlap. End the earlier one on the day the later one starts.",
    )

    @api.depends("target", "key", "value")
    def _compute_display_name(self):
        labels = dict(self._fields["target"]._description_selection(self.env))
        for override in self:
            what = " ".join(filter(None, (labels.get(override.target), override.key)))
            override.display_name = f"{what}: {override.value:.12g}"

    @api.constrains("target", "key", "contract_line_id", "date_start")
    def _check_known(self):
        for override in self.filtered("key"):
            card = override.contract_line_id.usage_rate_card_id
            version = card._version_on(override.date_start) or card.version_ids[:1]
            if version and not override._finds(version):
                raise ValidationError(
                    self.env._(
                        "%(override)s: %(version)s has no such tier, row or band. It has %(known)s.",
                        override=override.display_name,
                        version=version.display_name,
                        known=", ".join(override._known(version)) or self.env._("none"),
                    )
                )

    def _known(self, version):
        """The keys that a version offers to this kind of override."""
        if self.target.startswith("tier_"):
            return [str(number) for number in range(1, len(version.tier_ids) + 1)]
        if self.target == "band_price":
            return version.band_ids.mapped("name")
        return [row._key() for row in version.row_ids[:50]]

    def _finds(self, version):
        """Whether the version has what the key names."""
        if self.target == "row_price":
            return any(row._key() == self.key for row in version.row_ids)
        return self.key in self._known(version)

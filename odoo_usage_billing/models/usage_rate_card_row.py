from odoo import api, fields, models
from odoo.exceptions import ValidationError


class UsageRateCardRow(models.Model):
    """A row of a price matrix: the dimension values it wants and its price.

    An empty value matches any. The row that names most dimensions wins, then the longest prefix.
    """

    _name = "usage.rate.card.row"
    _inherit = "usage.frozen.part"
    _description = "Price Matrix Row"
    _order = "version_id, value_1, value_2, value_3, id"

    version_id = fields.Many2one("usage.rate.card.version", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="version_id.company_id", store=True)
    name = fields.Char(string="Description", help="Shown on the invoice instead of the values, e.g. Belgium mobile.")
    value_1 = fields.Char()
    value_2 = fields.Char()
    value_3 = fields.Char()
    band_id = fields.Many2one(
        "usage.rate.card.band", string="Band", domain="[('version_id', '=', version_id)]", ondelete="restrict"
    )
    unit_price = fields.Float(digits=False, min_display_digits=2)

    _values_unique = models.UniqueIndex(
        "(version_id, COALESCE(value_1, ''), COALESCE(value_2, ''), COALESCE(value_3, ''), COALESCE(band_id, 0))",
        "Two rows of the price matrix want the same values, so usage would have two prices. Remove one.",
    )

    @api.depends("name", "value_1", "value_2", "value_3", "band_id")
    def _compute_display_name(self):
        for row in self:
            row.display_name = row.name or row._key() or self.env._("All other usage")

    def _key(self):
        """The values joined, as price overrides name the row."""
        self.ensure_one()
        return " / ".join(filter(None, (self.value_1, self.value_2, self.value_3, self.band_id.name)))

    @api.constrains("value_1", "value_2", "value_3", "version_id")
    def _check_dimensions(self):
        for row in self:
            for number in (1, 2, 3):
                if row[f"value_{number}"] and not row.version_id[f"dimension_{number}"]:
                    raise ValidationError(
                        self.env._(
                            "Row %(row)s has a value %(number)s, but the matrix has no dimension %(number)s. "
                            "Name the dimension or empty the value.",
                            row=row.display_name,
                            number=number,
                        )
                    )

    def init(self):
        self._guard_in_database()

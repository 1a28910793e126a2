from decimal import Decimal

from odoo import fields, models

from ..invoicing.bounds import Bounds
from ..invoicing.figures import digits


class UsageBounds(models.AbstractModel):
    """Safety bounds of a company or a contract: a billing period beyond them is held."""

    _name = "usage.bounds"
    _description = "Safety Bounds"

    usage_hold_negative = fields.Boolean(
        string="Hold Negative Amounts", help="A period that comes out below zero waits for a person."
    )
    usage_hold_above = fields.Monetary(
        string="Hold Above",
        currency_field="usage_bounds_currency_id",
        help="Most that a line may cost per period. 0: no limit.",
    )
    usage_bounds_currency_id = fields.Many2one("res.currency", compute="_compute_usage_bounds_currency_id")
    usage_hold_factor = fields.Float(
        string="Hold Above Usual Times",
        digits=(16, 2),
        help="How many times the median of the last twelve periods a line may cost; there must be three, and a "
        "thousand of the smallest coins more than usual. 0: no limit.",
    )
    usage_hold_lines = fields.Integer(
        string="Hold Above Invoice Lines", help="Most invoice lines of a line per period. 0: no limit."
    )
    usage_hold_suspense_percent = fields.Float(
        string="Hold Above Suspense (%)",
        digits=(16, 2),
        help="Most of the period's records that may wait in suspense, in per cent. 0: no limit.",
    )
    usage_hold_gap = fields.Boolean(
        string="Hold With Open Gaps", help="A period of a source that misses numbered messages waits for a person."
    )

    def _compute_usage_bounds_currency_id(self):
        for record in self:
            record.usage_bounds_currency_id = record.currency_id

    def _usage_limits(self):
        """These bounds, as the check takes them."""
        self.ensure_one()
        return Bounds(
            self.usage_hold_negative,
            Decimal(digits(self.usage_hold_above)),
            Decimal(digits(self.usage_hold_factor)),
            self.usage_hold_lines,
            Decimal(digits(self.usage_hold_suspense_percent)),
            self.usage_hold_gap,
        )

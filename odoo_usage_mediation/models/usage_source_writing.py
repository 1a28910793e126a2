from odoo import fields, models

EITHER_FIRST = "either_first"


class UsageSource(models.Model):
    """A source says how its files are written where a file itself leaves it open."""

    _inherit = "usage.source"

    assumed_decimal = fields.Selection(
        [(".", "Point: 1,234 means 1234"), (",", "Comma: 1,234 means 1.234")],
        string="Numbers in Doubt",
        tracking=True,
        help="The decimal sign of files in which nothing proves it, for profiles that recognise it. "
        "Empty: numbers that can be read in two ways go to suspense.",
    )
    assumed_order = fields.Selection(
        [("day_first", "Day first: 3/4 is in April"), ("month_first", "Month first: 3/4 is in March")],
        string="Dates in Doubt",
        tracking=True,
        help="What comes first in dates of files in which nothing proves it, for profiles that recognise it. "
        "Empty: dates that can be read in two ways go to suspense.",
    )

    def _definition(self):
        definition = super()._definition()
        if self.assumed_decimal and definition.get("decimal") == "auto":
            definition["assumed_decimal"] = self.assumed_decimal
        if self.assumed_order and EITHER_FIRST in definition.get("time_formats", ()):
            formats = [self.assumed_order if form == EITHER_FIRST else form for form in definition["time_formats"]]
            definition["time_formats"] = formats
        return definition

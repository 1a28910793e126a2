from odoo import fields, models

WEEK = "0123456"


class UsageRateCardBand(models.Model):
    """Time-of-use band: a price for part of the local day on some days of the week.

    Bands are tried in order; the first that fits a slot prices it.
    """

    _name = "usage.rate.card.band"
    _inherit = "usage.frozen.part"
    _description = "Time-of-use Band"
    _order = "version_id, sequence, id"

    version_id = fields.Many2one("usage.rate.card.version", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="version_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, translate=True)
    hour_from = fields.Float(string="From", help="Local time of day, included.")
    hour_to = fields.Float(string="Until", default=24.0, help="Local time of day, not included.")
    weekdays = fields.Selection(
        [("0123456", "Every day"), ("01234", "Monday to Friday"), ("56", "Weekend")],
        required=True,
        default=WEEK,
        help="A band across midnight belongs to the day on which it begins.",
    )
    unit_price = fields.Float(digits=False, min_display_digits=2)

    _hours_valid = models.Constraint(
        "CHECK (hour_from >= 0 AND hour_to <= 24 AND hour_from <> hour_to)",
        "A band lies between 0:00 and 24:00. One that spans midnight has From after Until.",
    )

    def init(self):
        self._guard_in_database()

    def _holds(self, weekday, minute):
        """Whether a local weekday (Monday 0) and minute of the day fall in this band."""
        self.ensure_one()
        start = int(self.hour_from * 60 + 0.5)
        end = int(self.hour_to * 60 + 0.5)
        if start < end:
            return start <= minute < end and str(weekday) in self.weekdays
        if minute < end:
            weekday = (weekday - 1) % 7
        return (minute >= start or minute < end) and str(weekday) in self.weekdays

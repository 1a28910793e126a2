from odoo import api, fields, models
from odoo.exceptions import UserError


class UsageGap(models.Model):
    """Numbered messages of a producer that have not arrived.

    open -> closed, when the last of them arrives late | written_off, by a person with a reason.
    """

    _name = "usage.gap"
    _description = "Usage Gap"
    _order = "found_at DESC, id DESC"

    producer_id = fields.Many2one("usage.producer", required=True, readonly=True, index=True, ondelete="cascade")
    source_id = fields.Many2one("usage.source", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="restrict")
    batch_id = fields.Many2one("usage.batch", readonly=True, index="btree_not_null", ondelete="restrict")
    epoch = fields.Integer(
        string="Start", required=True, readonly=True, aggregator=None, help="Which start of the producer, from 0."
    )
    number_first = fields.Float(string="From", digits=(20, 0), required=True, readonly=True, aggregator=None)
    number_last = fields.Float(string="To", digits=(20, 0), required=True, readonly=True, aggregator=None)
    missing_count = fields.Float(string="Missing", digits=(20, 0), required=True, readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("closed", "Filled late"), ("written_off", "Written off")],
        required=True,
        default="open",
        readonly=True,
        index=True,
    )
    found_at = fields.Datetime(required=True, readonly=True)
    closed_at = fields.Datetime(readonly=True)
    closed_reason = fields.Char(string="Why Written Off")
    closed_by_id = fields.Many2one("res.users", readonly=True)

    _missing_within = models.Constraint(
        "CHECK (missing_count BETWEEN 0 AND number_last - number_first + 1)",
        "A gap misses at most the numbers between its ends.",
    )
    _closed_when_filled = models.Constraint(
        "CHECK ((state = 'closed') = (missing_count = 0))",
        "A gap is closed when, and only when, nothing of it is missing.",
    )
    _written_off_needs_reason = models.Constraint(
        "CHECK (state <> 'written_off' OR closed_reason IS NOT NULL)",
        "Say why the gap is written off.",
    )
    _missing_once = models.Constraint(
        "EXCLUDE USING gist (producer_id WITH =, epoch WITH =,"
        " int8range(number_first::bigint, number_last::bigint, '[]') WITH &&)",
        "A number is missing in one gap only.",
    )

    @api.depends("producer_id", "number_first", "number_last")
    def _compute_display_name(self):
        for gap in self:
            first, last = f"{gap.number_first:.0f}", f"{gap.number_last:.0f}"
            numbers = first if first == last else f"{first}-{last}"
            gap.display_name = f"{gap.producer_id.name} {numbers}"

    def action_write_off(self):
        """Close open gaps that nobody will fill; each needs its reason."""
        gaps = self.filtered(lambda gap: gap.state == "open")
        if gaps.filtered(lambda gap: not gap.closed_reason):
            raise UserError(
                self.env._(
                    "Fill in why these messages will never come, then write the gap off. The row stays and shows who "
                    "closed it."
                )
            )
        gaps.write({"state": "written_off", "closed_at": fields.Datetime.now(), "closed_by_id": self.env.uid})
        return True

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Gaps are never deleted, so that no loss goes unseen. Write the gap off."))

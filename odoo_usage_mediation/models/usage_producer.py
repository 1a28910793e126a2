from odoo import api, fields, models


class UsageProducer(models.Model):
    """Who numbers its messages: a device or an edge node, and what is known of its numbers and names.

    Written with the batch that its messages are in, in the same transaction.
    """

    _name = "usage.producer"
    _description = "Usage Producer"
    _order = "source_id, name"

    name = fields.Char(required=True, readonly=True)
    source_id = fields.Many2one("usage.source", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="source_id.company_id", store=True, index=True)
    tracking = fields.Json(readonly=True, help="The numbers seen, per start of the producer, and its births.")
    is_online = fields.Boolean(string="Online", readonly=True, default=True)
    seen_at = fields.Datetime(readonly=True)
    gap_ids = fields.One2many("usage.gap", "producer_id")
    open_gap_count = fields.Integer(compute="_compute_open_gap_count")

    _name_source_unique = models.UniqueIndex("(source_id, name)", "The producer is known already.")

    @api.depends("gap_ids.state")
    def _compute_open_gap_count(self):
        domain = [("producer_id", "in", self.ids), ("state", "=", "open")]
        counts = dict(self.env["usage.gap"]._read_group(domain, ["producer_id"], ["__count"]))
        for producer in self:
            producer.open_gap_count = counts.get(producer, 0)

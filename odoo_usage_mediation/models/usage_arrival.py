from odoo import fields, models

ARRIVE = """
    INSERT INTO usage_arrival (source_id, company_id, message_key, arrived_at)
    SELECT %s, %s, key, %s FROM unnest(%s::text[]) AS key ORDER BY key
    ON CONFLICT (source_id, message_key) DO NOTHING
"""


class UsageArrival(models.Model):
    """When a message that says no time of its own first arrived: delivered again, it is the same usage."""

    _name = "usage.arrival"
    _description = "Arrival of a Message"
    _log_access = False
    _order = "id DESC"
    _rec_name = "message_key"

    source_id = fields.Many2one("usage.source", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    message_key = fields.Char(required=True, readonly=True, help="Made from topic and content.")
    arrived_at = fields.Datetime(required=True, readonly=True)

    _message_unique = models.UniqueIndex("(source_id, message_key)", "This message arrived already.")

    def _first(self, source, keys, now):
        """{message key: when it first arrived}, kept in the transaction of the messages."""
        keys = list(set(keys))
        self.env.cr.execute(ARRIVE, (source.id, source.company_id.id, now, keys))
        self.env.cr.execute(
            "SELECT message_key, arrived_at FROM usage_arrival WHERE source_id = %s AND message_key = ANY(%s)",
            (source.id, keys),
        )
        return dict(self.env.cr.fetchall())

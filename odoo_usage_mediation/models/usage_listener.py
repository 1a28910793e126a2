from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

# A listener writes at least every ten seconds; after this long without, nobody is there.
SILENT_SECONDS = 60


class UsageListener(models.Model):
    """What one running listener of a source says about itself.

    Written by the listener, each time in a short transaction of its own; nobody else writes it.
    """

    _name = "usage.listener"
    _description = "Usage Listener"
    _order = "source_id, name"

    name = fields.Char(required=True, readonly=True, help="Tells the listeners of one source apart.")
    source_id = fields.Many2one("usage.source", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="source_id.company_id", store=True, index=True)
    state = fields.Selection(
        [
            ("starting", "Connecting"),
            ("connected", "Connected"),
            ("waiting", "Waiting for the database"),
            ("failed", "No connection"),
            ("stopped", "Stopped"),
        ],
        required=True,
        readonly=True,
        default="starting",
    )
    is_alive = fields.Boolean(
        string="Alive", compute="_compute_is_alive", help="It gave a sign within the last minute."
    )
    host = fields.Char(readonly=True)
    process_number = fields.Integer(string="Process", readonly=True, aggregator=None)
    started_at = fields.Datetime(readonly=True)
    seen_at = fields.Datetime(string="Last Sign", readonly=True)
    last_message_at = fields.Datetime(readonly=True)
    lag_seconds = fields.Float(
        string="Lag (s)",
        digits=(12, 1),
        readonly=True,
        aggregator="max",
        help="How old the newest usage of the last batch was when it was stored.",
    )
    rate = fields.Float(string="Messages per Second", digits=(12, 1), readonly=True, help="Over the last minute.")
    waiting_count = fields.Integer(string="Unacknowledged", readonly=True, help="Received and not yet stored.")
    message_count = fields.Float(string="Messages", digits=(20, 0), readonly=True)
    batch_count = fields.Float(string="Batches", digits=(20, 0), readonly=True)
    accepted_count = fields.Float(string="Accepted", digits=(20, 0), readonly=True)
    duplicate_count = fields.Float(string="Duplicate", digits=(20, 0), readonly=True)
    suspended_count = fields.Float(string="Suspended", digits=(20, 0), readonly=True)
    filtered_count = fields.Float(string="Filtered", digits=(20, 0), readonly=True)
    retry_count = fields.Float(
        string="Retries", digits=(20, 0), readonly=True, help="Batches tried again, after contention or an outage."
    )
    connection_count = fields.Float(string="Connections", digits=(20, 0), readonly=True)
    lost_session_count = fields.Float(
        string="Sessions Lost",
        digits=(20, 0),
        readonly=True,
        help="How often the broker no longer knew the session: what waited in it is gone.",
    )
    dropped_count = fields.Float(
        string="Dropped by the Broker",
        digits=(20, 0),
        readonly=True,
        help="What the broker itself says it dropped since it started. Must stay 0.",
    )
    last_error = fields.Char(readonly=True)
    last_error_at = fields.Datetime(readonly=True)

    _one_row_per_listener = models.UniqueIndex(
        "(source_id, name)",
        "This listener of the source has its row already.",
    )

    @api.depends("seen_at", "state")
    def _compute_is_alive(self):
        limit = fields.Datetime.now() - timedelta(seconds=SILENT_SECONDS)
        for listener in self:
            listener.is_alive = bool(listener.state != "stopped" and listener.seen_at and listener.seen_at >= limit)

    @api.depends("source_id", "name")
    def _compute_display_name(self):
        for listener in self:
            listener.display_name = f"{listener.source_id.name} / {listener.name}"

    @api.ondelete(at_uninstall=False)
    def _unlink_when_gone(self):
        if self.filtered("is_alive"):
            raise UserError(
                self.env._("A listener that is alive keeps its row. Stop it, wait a minute, then delete the row.")
            )

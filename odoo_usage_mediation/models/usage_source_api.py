from odoo import api, fields, models

MAX_HTTP_MEGABYTES = 64


class UsageSource(models.Model):
    """A source may take requests over HTTP beside its files or messages: the same ids, the same events."""

    _inherit = "usage.source"

    transport = fields.Selection(selection_add=[("http", "HTTP API")], ondelete={"http": "set default"})
    http_enabled = fields.Boolean(
        string="Accept Requests",
        compute="_compute_http_enabled",
        store=True,
        readonly=False,
        tracking=True,
        help="Usage may be sent to /usage/v1/events with an ingestion key of this source.",
    )
    http_max_megabytes = fields.Integer(
        string="Largest Request (MB)",
        required=True,
        default=16,
        help="Of the body, and of its content once unpacked.",
    )
    http_max_items = fields.Integer(string="Most Items per Request", required=True, default=50_000)
    http_max_seconds = fields.Integer(
        string="Longest Request (seconds)",
        required=True,
        default=30,
        help="Reading a request stops after this time, and nothing of it is stored.",
    )
    http_requests_per_minute = fields.Integer(
        string="Requests per Minute",
        required=True,
        default=600,
        help="As many at once when it was quiet before. More are told when to come again.",
    )
    http_is_signed = fields.Boolean(
        string="Requests are Signed",
        tracking=True,
        help="Each request must be signed with the secret. Without a secret, none is accepted.",
    )
    ingestion_key_ids = fields.One2many(
        "usage.ingestion.key",
        "source_id",
        groups="odoo_usage_billing.group_usage_manager",
    )

    _http_limits_positive = models.Constraint(
        "CHECK (http_max_megabytes BETWEEN 1 AND 64 AND http_max_items > 0"
        " AND http_max_seconds > 0 AND http_requests_per_minute > 0)",
        "The limits of requests must be greater than zero, and a request at most 64 MB.",
    )

    @api.depends("transport")
    def _compute_http_enabled(self):
        for source in self:
            source.http_enabled = source.http_enabled or source.transport == "http"

    def action_new_ingestion_key(self):
        """Make a key with which a producer sends usage of this source."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New Ingestion Key"),
            "res_model": "usage.ingestion.key.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_source_id": self.id},
        }

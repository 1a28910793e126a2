from datetime import timedelta

from odoo import api, fields, models

SCOPE = "usage_ingest"
GROUP = "odoo_usage_mediation.group_usage_ingestion"


class UsageIngestionKey(models.Model):
    """A key that opens one source of usage, and nothing else: active -> expired | revoked.

    The key itself is an API key of a service user, of which only a hash is kept. This row says
    which source it opens, and stays when the key is gone.
    """

    _name = "usage.ingestion.key"
    _description = "Usage Ingestion Key"
    _order = "id DESC"

    name = fields.Char(required=True, readonly=True)
    source_id = fields.Many2one("usage.source", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="source_id.company_id", store=True)
    user_id = fields.Many2one("res.users", string="Service User", required=True, readonly=True, ondelete="restrict")
    apikey_id = fields.Many2one(
        "res.users.apikeys",
        readonly=True,
        copy=False,
        ondelete="set null",
        groups="base.group_system",
    )
    expires_at = fields.Datetime(required=True, readonly=True)
    date_last = fields.Date(
        string="Last Day", compute="_compute_date_last", help="The last day on which the key works."
    )
    revoked_at = fields.Datetime(readonly=True)
    state = fields.Selection(
        [("active", "Active"), ("expired", "Expired"), ("revoked", "Revoked")],
        compute="_compute_state",
    )

    _apikey_unique = models.UniqueIndex(
        "(apikey_id) WHERE apikey_id IS NOT NULL",
        "This key opens a source already.",
    )

    @api.depends("expires_at")
    def _compute_date_last(self):
        for key in self:
            key.date_last = key.expires_at and (key.expires_at - timedelta(seconds=1)).date()

    @api.depends("expires_at", "revoked_at")
    def _compute_state(self):
        now = fields.Datetime.now()
        for key in self:
            if key.revoked_at:
                key.state = "revoked"
            elif key.expires_at and key.expires_at <= now:
                key.state = "expired"
            else:
                key.state = "active"

    @api.model
    def _issue(self, source, user, name, expires_at):
        """Make an API key of `user` that opens `source`; return it in clear, this once."""
        # The caller's right on the source was checked; service users make no keys themselves.
        keys = self.env["res.users.apikeys"].with_user(user).sudo()
        secret = keys._generate(SCOPE, name, expires_at)
        made = keys._of_usage_key(secret)
        self.sudo().create(
            {
                "name": name,
                "source_id": source.id,
                "user_id": user.id,
                "apikey_id": made.id,
                "expires_at": expires_at,
            }
        )
        return secret

    @api.model
    def _source_of(self, apikey_id):
        """The source that an API key opens; empty where it is bound to none."""
        self.flush_model(["apikey_id", "source_id"])
        self.env.cr.execute("SELECT source_id FROM usage_ingestion_key WHERE apikey_id = %s", (apikey_id,))
        return self.env["usage.source"].browse([source_id for (source_id,) in self.env.cr.fetchall()])

    def action_revoke(self):
        """Stop these keys at once."""
        # Whoever may change the source may stop its keys; API keys belong to the service user.
        self.source_id.check_access("write")
        keys = self.sudo().filtered(lambda key: not key.revoked_at)
        keys.apikey_id.unlink()
        keys.revoked_at = fields.Datetime.now()
        return True

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.orm.models import NO_ACCESS

MIN_SECRET_CHARS = 16
FORMER_DAYS = 7


class UsageSource(models.Model):
    """The secret that requests are signed with. Set and replaced, never read: not by an administrator, not in a log."""

    _inherit = "usage.source"

    # Read by the signature check alone, under sudo.
    http_secret = fields.Char(groups=NO_ACCESS, copy=False)
    http_former_secret = fields.Char(groups=NO_ACCESS, copy=False)
    http_former_until = fields.Datetime(
        string="Former Secret Works Until",
        readonly=True,
        copy=False,
        help="Producers change to the new secret until then, each when it suits it.",
    )
    http_new_secret = fields.Char(
        string="New Secret",
        compute="_compute_http_new_secret",
        inverse="_inverse_http_new_secret",
        groups="odoo_usage_billing.group_usage_manager",
        help="Set it here; it is never shown again. The former one works for 7 more days, unless you stop it.",
    )
    http_has_secret = fields.Boolean(string="Secret is Set", compute="_compute_http_has_secret")

    def _compute_http_new_secret(self):
        self.http_new_secret = False

    def _inverse_http_new_secret(self):
        for source in self.filtered("http_new_secret"):
            given = source.http_new_secret
            if len(given) < MIN_SECRET_CHARS:
                raise ValidationError(
                    self.env._(
                        "The secret of %(name)s is too short to protect anything. Use at least %(count)s characters.",
                        name=source.name,
                        count=MIN_SECRET_CHARS,
                    )
                )
            # Whoever may write the source sets its secret; sudo because nobody has a right on the field.
            own = source.sudo()
            if given != own.http_secret:
                source._keep_secret(
                    {
                        "http_secret": given,
                        "http_former_secret": own.http_secret,
                        "http_former_until": own.http_secret and fields.Datetime.now() + timedelta(days=FORMER_DAYS),
                    }
                )

    @api.depends("http_new_secret")
    def _compute_http_has_secret(self):
        for source in self:
            # Only whether there is one is told.
            source.http_has_secret = bool(source.sudo().http_secret)

    def _keep_secret(self, values):
        """Store secrets in a statement of their own that has no reason to fail.

        A statement that fails is written to logs with its values. So what else is waiting goes first, and the row is
        locked: neither a limit of the form nor somebody who writes the same source can make this one fail.
        """
        self.flush_recordset()
        self.lock_for_update(allow_referencing=True)
        # The caller has checked the right to write the source; nobody has one on the fields.
        self.sudo().write(values)
        self.flush_recordset()

    def _http_secrets(self):
        """The secrets that requests may be signed with now; none, if none is set."""
        self.ensure_one()
        if not self.http_secret:
            return []
        is_former = (
            self.http_former_secret and self.http_former_until and fields.Datetime.now() < self.http_former_until
        )
        return [self.http_secret, *([self.http_former_secret] if is_former else [])]

    def action_stop_former_secret(self):
        """Let the former secret work no more, from now on."""
        self.check_access("write")
        self._keep_secret({"http_former_secret": False, "http_former_until": False})

from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..models.usage_ingestion_key import GROUP

MAX_DAYS = 730


class UsageIngestionKeyWizard(models.TransientModel):
    """Makes an ingestion key and shows it once. The key itself is never stored here."""

    _name = "usage.ingestion.key.wizard"
    _description = "New Usage Ingestion Key"

    source_id = fields.Many2one("usage.source", required=True, readonly=True, ondelete="cascade")
    name = fields.Char(
        string="For",
        required=True,
        default=lambda self: self.env._("Producer"),
        help="Who will hold the key: a program, a gateway, a partner.",
    )
    expires_on = fields.Date(
        required=True,
        default=lambda self: fields.Date.today() + timedelta(days=365),
        help="The last day on which the key works.",
    )

    def action_make(self):
        """Make the key and show it, this once."""
        self.ensure_one()
        self.source_id.check_access("write")
        self._check_day()
        expires_at = fields.Datetime.to_datetime(self.expires_on) + timedelta(days=1)
        keys = self.env["usage.ingestion.key"]
        secret = keys._issue(self.source_id, self._service_user(), self.name, expires_at)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Ingestion Key Ready"),
            "res_model": "res.users.apikeys.show",
            "views": [(self.env.ref("odoo_usage_mediation.usage_ingestion_key_show_view_form").id, "form")],
            "target": "new",
            "context": {"default_key": secret},
        }

    def _check_day(self):
        today = fields.Date.today()
        if not today <= self.expires_on <= today + timedelta(days=MAX_DAYS):
            raise UserError(
                self.env._(
                    "A key needs an end, so that a lost one does not work for ever. "
                    "Choose a day from today on, at most %s days ahead.",
                    MAX_DAYS,
                )
            )

    @api.model
    def _login(self, source):
        return f"usage-ingestion-{source.id}"

    def _service_user(self):
        """The user in whose name usage of the source is stored: without password, without any other right."""
        # A usage manager makes no users; this one can do nothing but send usage of this source.
        users = self.env["res.users"].sudo().with_context(no_reset_password=True, active_test=False)
        source = self.source_id
        found = users.search([("login", "=", self._login(source))])
        if found:
            if not found.active:
                raise UserError(
                    self.env._("The service user %s was archived to stop this source. Unarchive it first.", found.login)
                )
            return found
        return users.create(
            {
                "name": self.env._("Usage of %s", source.name),
                "login": self._login(source),
                "company_id": source.company_id.id,
                "company_ids": [Command.set(source.company_id.ids)],
                "group_ids": [Command.set(self.env.ref(GROUP).ids)],
            }
        )

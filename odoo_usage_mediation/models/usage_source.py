from datetime import timezone

from odoo import api, fields, models
from odoo.exceptions import ValidationError

TEMPLATE_CODE = "template"
# A second source of these transports would take the same files or messages once more.
FETCHED = ("folder", "mqtt")


class UsageSource(models.Model):
    _inherit = "usage.source"

    transport = fields.Selection(selection_add=[("file", "File upload")], ondelete={"file": "set default"})
    profile_id = fields.Many2one(
        "usage.profile",
        tracking=True,
        ondelete="restrict",
        domain="[('company_id', 'in', (company_id, False))]",
        help="How files of this source are read.",
    )
    profile_format = fields.Selection(related="profile_id.format")
    max_megabytes = fields.Integer(
        string="Largest File (MB)",
        required=True,
        default=200,
        help="Of the file, and of its content once unpacked.",
    )
    max_rows = fields.Integer(string="Most Rows", required=True, default=250_000)
    max_seconds = fields.Integer(
        string="Longest Reading (seconds)",
        required=True,
        default=120,
        help="Reading a file stops after this time, and nothing of it is stored.",
    )

    _file_limits_positive = models.Constraint(
        "CHECK (max_megabytes > 0 AND max_rows > 0 AND max_seconds > 0)",
        "The limits of a source must be greater than zero.",
    )

    @api.constrains("transport", "profile_id", "company_id")
    def _check_profile(self):
        for source in self:
            if source.transport == "file" and not source.profile_id:
                raise ValidationError(
                    self.env._(
                        "%(name)s reads files, so it needs a profile that says how. "
                        "Choose one, or make one from a sample file.",
                        name=source.name,
                    )
                )
            owner = source.profile_id.company_id
            if owner and owner not in source.company_id.parent_ids:
                raise ValidationError(
                    self.env._(
                        "The profile %(profile)s belongs to another company than the source %(name)s.",
                        profile=source.profile_id.display_name,
                        name=source.name,
                    )
                )

    def copy_data(self, default=None):
        """A copy that fetches by itself is archived, until it has a folder or topic of its own."""
        vals_list = super().copy_data(default)
        for source, vals in zip(self, vals_list, strict=True):
            if source.transport in FETCHED and "active" not in (default or {}):
                vals["active"] = False
        return vals_list

    def _definition(self):
        """The definition that files of this source are read with."""
        self.ensure_one()
        # The store tells duplicate from conflict for every door, so readers do not.
        return {
            "time_zone": self.tz,
            **(self.profile_id.definition or {}),
            "duplicates": "database",
        }

    def _first_received(self, digest, now):
        """When a file with this digest first came, in epoch seconds as text: `@received_at` of its rows.

        Usage without a time of its own is dated so, and stays the same usage when the file comes again.
        """
        self.ensure_one()
        domain = [("checksum", "=", digest), ("source_id", "=", self.id)]
        first = self.env["usage.batch"].search(domain, order="id", limit=1) if digest else None
        moment = first.received_at if first else now
        return str(int(moment.replace(tzinfo=timezone.utc).timestamp()))

    @api.model
    def _ensure_template_sources(self, companies=None):
        """One source per company that reads the usage template."""
        profile = self.env.ref("odoo_usage_mediation.usage_profile_template")
        if companies is None:
            companies = self.env["res.company"].search([])
        known = self.with_context(active_test=False).search(
            [("company_id", "in", companies.ids), ("code", "=", TEMPLATE_CODE)]
        )
        return self.create(
            [
                {
                    "name": self.env._("Usage template"),
                    "code": TEMPLATE_CODE,
                    "company_id": company.id,
                    "transport": "file",
                    "profile_id": profile.id,
                    "tz": company.partner_id.tz or self.env.user.tz or "UTC",
                }
                for company in companies - known.company_id
            ]
        )

    def action_upload(self):
        """Upload a file of this source."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_mediation.usage_upload_action")
        return {**action, "context": {"default_source_id": self.id}}

    def action_template(self):
        """Download the template of this source."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_mediation.usage_template_action")
        return {**action, "context": {"default_source_id": self.id}}

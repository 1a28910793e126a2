import json

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.odoo_usage_billing.models.usage_copies import named_copies
from odoo.addons.odoo_usage_billing.models.usage_tz import tz_get

from ..intake import SETTINGS, columns_of, compile_definition, identity_targets, settings_of
from ..parsing import Profile, ProfileInvalid

FORMATS = [
    ("xlsx", "Excel workbook (.xlsx)"),
    ("csv", "Text with separators (.csv)"),
    ("json", "JSON"),
    ("jsonl", "JSON lines"),
    ("xml", "XML"),
    ("cloudevents", "CloudEvents"),
    ("senml", "SenML"),
    ("otlp", "OpenTelemetry (OTLP)"),
    ("greenbutton", "Green Button (ESPI)"),
    ("aemp", "AEMP / ISO 15143-3"),
    ("nem12", "Interval meter data (NEM12)"),
    ("snmp", "Answers over SNMP"),
]
ENCODINGS = [
    ("auto", "Recognise"),
    ("utf-8", "UTF-8"),
    ("utf-16", "UTF-16"),
    ("cp1252", "Windows Western (1252)"),
    ("cp1250", "Windows Central European (1250)"),
    ("iso-8859-1", "ISO Latin 1"),
    ("iso-8859-15", "ISO Latin 9"),
    ("shift_jis", "Shift JIS"),
    ("gb18030", "GB 18030"),
]
DELIMITERS = [
    ("auto", "Recognise"),
    (",", "Comma"),
    (";", "Semicolon"),
    ("\t", "Tab"),
    ("|", "Bar"),
]
# The fields that decide how a file is read: frozen once a batch was read with them.
SHAPE = (*SETTINGS, "is_advanced", "definition")


def check_storable(data):
    """Raise ValueError for texts that no database holds: NUL, and halves of surrogate pairs."""
    # Halves of pairs are what this cannot encode; its error is a ValueError.
    text = json.dumps(data, ensure_ascii=False).encode()
    if b"\\u0000" in text:
        raise ValueError("it has a NUL, which cannot be stored")


class UsageProfile(models.Model):
    """How one kind of file becomes usage events: data, never code.

    A profile that a batch was read with never changes; a change is a new version.
    """

    _name = "usage.profile"
    _description = "Usage Profile"
    _inherit = ["mail.thread"]
    _order = "name, version DESC, id"

    name = fields.Char(required=True, tracking=True)
    company_id = fields.Many2one("res.company", help="Leave empty to share the profile between companies.")
    active = fields.Boolean(default=True)
    version = fields.Integer(default=1, required=True, readonly=True, copy=False)
    previous_id = fields.Many2one("usage.profile", string="Previous Version", readonly=True, copy=False)
    description = fields.Text()
    format = fields.Selection(FORMATS, required=True, default="xlsx", tracking=True)
    delimiter = fields.Selection(DELIMITERS, required=True, default="auto")
    encoding = fields.Selection(ENCODINGS, required=True, default="auto")
    decimal = fields.Selection(
        [(".", "Point: 1234.5"), (",", "Comma: 1234,5"), ("auto", "Recognise")],
        string="Decimal Sign",
        required=True,
        default=".",
        help="For numbers that are text. Number cells of a workbook need none.",
    )
    thousands = fields.Char(string="Thousands Signs", help="Signs to pass over inside numbers, e.g. , or '")
    tz = fields.Selection(
        tz_get,
        string="Time Zone",
        help="The zone of times that come without one. Empty: the source's.",
    )
    date_formats = fields.Char(
        default="iso",
        help="Separated by semicolons, tried in order. iso reads 2026-03-31 14:05; others "
        "are built from %Y %y %m %d %b %H %I %M %S %p, e.g. %d.%m.%Y %H:%M",
    )
    header_row = fields.Integer(default=1, help="The row that holds the column names; 0 when there is none.")
    sheet = fields.Char(help="Name of the sheet. Empty: the first one.")
    formulas = fields.Selection(
        [("reject", "Refuse the row"), ("cached", "Take the stored result")],
        required=True,
        default="reject",
        help="A stored result may be out of date, and differ from what people see.",
    )
    identity = fields.Selection(
        [
            ("key", "Key columns"),
            ("column", "Its id column"),
            ("row", "File and row number"),
        ],
        string="A Record is Known by",
        required=True,
        default="key",
        help="What makes the same usage count once, however often it is sent.",
    )
    missing_quantity = fields.Selection(
        [("reject", "Refuse the row"), ("filter", "Leave the row out")],
        string="Empty Quantity",
        required=True,
        default="reject",
    )
    column_ids = fields.One2many("usage.profile.column", "profile_id", copy=True)
    is_advanced = fields.Boolean(
        string="Written as JSON",
        tracking=True,
        help="The definition is edited as JSON and the form's settings do not apply.",
    )
    definition = fields.Json(compute="_compute_definition", store=True, readonly=False, copy=True)
    definition_text = fields.Text(
        compute="_compute_definition_text",
        inverse="_inverse_definition_text",
        string="Definition (JSON)",
    )
    sample_file = fields.Binary(attachment=True, copy=False)
    sample_name = fields.Char(copy=False)
    source_ids = fields.One2many("usage.source", "profile_id")
    batch_ids = fields.One2many("usage.batch", "profile_id")
    is_used = fields.Boolean(compute="_compute_is_used")

    _version_unique = models.UniqueIndex(
        "(name, version, COALESCE(company_id, 0))",
        "A profile with this name and version exists already. Choose another name.",
    )

    @api.depends(
        *SETTINGS,
        "is_advanced",
        "column_ids",
        "column_ids.sequence",
        "column_ids.name",
        "column_ids.target",
        "column_ids.constant",
        "column_ids.metric_code",
        "column_ids.dimension",
        "column_ids.is_key",
    )
    def _compute_definition(self):
        for profile in self:
            if not profile.is_advanced:
                profile.definition = compile_definition(settings_of(profile), columns_of(profile.column_ids))

    @api.depends("definition")
    def _compute_definition_text(self):
        for profile in self:
            profile.definition_text = json.dumps(profile.definition or {}, indent=2, ensure_ascii=False)

    def _inverse_definition_text(self):
        for profile in self.filtered("is_advanced"):
            try:
                definition = json.loads(profile.definition_text or "{}")
                check_storable(definition)
                profile.definition = definition
            except (ValueError, RecursionError) as error:
                raise ValidationError(
                    self.env._(
                        "The definition is not JSON: %(error)s. Correct it there.",
                        error=error,
                    )
                ) from error

    @api.depends("batch_ids")
    def _compute_is_used(self):
        used = self.env["usage.batch"]._read_group([("profile_id", "in", self.ids)], ["profile_id"])
        used = {profile.id for (profile,) in used}
        for profile in self:
            profile.is_used = profile._origin.id in used

    @api.depends("name", "version")
    def _compute_display_name(self):
        for profile in self:
            name = profile.name or ""
            profile.display_name = f"{name} (v{profile.version})" if profile.version > 1 else name

    @api.constrains(*SHAPE, "column_ids")
    def _check_definition(self):
        for profile in self:
            try:
                Profile.from_dict(profile.definition)
            except ProfileInvalid as invalid:
                mistakes = "\n".join(f"- {where}: {what}" for where, what in invalid.errors)
                raise ValidationError(
                    self.env._(
                        "The profile %(name)s cannot be used yet. Correct these:\n%(mistakes)s",
                        name=profile.name,
                        mistakes=mistakes,
                    )
                ) from invalid

    @api.constrains("company_id")
    def _check_company_of_sources(self):
        for profile in self.filtered("company_id"):
            companies = profile.sudo().source_ids.company_id
            if any(profile.company_id not in company.parent_ids for company in companies):
                # Sources that the user may not see count as well: hence sudo above.
                raise ValidationError(
                    self.env._(
                        "Sources of other companies read with %(profile)s, so it stays shared between companies.",
                        profile=profile.display_name,
                    )
                )

    def write(self, vals):
        if any(name in vals for name in (*SHAPE, "definition_text")):
            self._check_not_used()
        # Columns change one after the other; the constraint judges when all have.
        saving = self.with_context(usage_profile_saving=True)
        return super(UsageProfile, saving).write(vals)

    def _check_not_used(self):
        """Refuse a change of a profile that a batch was read with."""
        for profile in self.filtered("is_used"):
            raise UserError(
                self.env._(
                    "%(profile)s was used to read files, so it does not change any more: a "
                    "file must always read the same. Make a new version and change that.",
                    profile=profile.display_name,
                )
            )

    def _identity_targets(self):
        """What makes up the identity of records, when it is made from key columns."""
        self.ensure_one()
        if self.is_advanced:
            return []
        return identity_targets(settings_of(self), columns_of(self.column_ids))

    def copy_data(self, default=None):
        return named_copies(self, super().copy_data(default=default), default)

    def action_new_version(self):
        """Copy to the next version and open it; sources keep the old one until switched."""
        self.ensure_one()
        latest = self.search(
            [("name", "=", self.name), ("company_id", "=", self.company_id.id)],
            order="version DESC",
            limit=1,
        )
        version = self.copy(
            {
                "name": self.name,
                "version": latest.version + 1,
                "previous_id": self.id,
            }
        )
        return version._open()

    def action_use_in_sources(self):
        """Let the sources of the previous version read with this one."""
        self.ensure_one()
        self.previous_id.source_ids.profile_id = self
        return True

    def action_export(self):
        """Download the profile as a file."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/usage/profile/{self.id}/export",
            "target": "download",
        }

    def _export_data(self):
        self.ensure_one()
        data = {
            "name": self.name,
            "version": self.version,
            "description": self.description or "",
            "definition": self.definition,
        }
        if not self.is_advanced:
            data["settings"] = settings_of(self)
            data["columns"] = columns_of(self.column_ids)
        return data

    def _open(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "name": self.display_name,
        }

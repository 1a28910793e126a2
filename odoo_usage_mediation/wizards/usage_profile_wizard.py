import base64
from itertools import chain, count
from zoneinfo import ZoneInfo

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.odoo_usage_billing.models.usage_tz import tz_get
from odoo.addons.odoo_usage_billing.store.records import plain

from ..intake import (
    COLUMN_SETTINGS,
    SETTINGS,
    columns_of,
    compile_definition,
    settings_of,
)
from ..intake.form import split_list
from ..intake.sample import known_profiles, propose, read_sample, try_definition
from ..models.usage_profile import DELIMITERS, ENCODINGS
from ..parsing import FileRefused, Profile, ProfileInvalid, Rejection
from ..parsing.dates import literal_order
from ..reasons import explain_file

PREVIEW_ROWS = 8


class UsageProfileWizard(models.TransientModel):
    """Make a profile from a sample file: sample -> columns. The preview follows each choice."""

    _name = "usage.profile.wizard"
    _description = "Usage Profile from a Sample File"

    state = fields.Selection(
        [("sample", "Sample file"), ("columns", "Columns")],
        required=True,
        default="sample",
        readonly=True,
    )
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    file = fields.Binary(string="Sample File", attachment=True)
    file_name = fields.Char()
    problem = fields.Char(readonly=True)
    problem_mend = fields.Char(readonly=True)
    known_profile_ids = fields.Many2many("usage.profile", readonly=True)
    known_profile_id = fields.Many2one(
        "usage.profile", string="A Profile That Reads It", domain="[('id', 'in', known_profile_ids)]"
    )
    known_share = fields.Char(readonly=True)
    name = fields.Char(string="Profile Name")
    make_source = fields.Boolean(
        string="Make a Source", default=True, help="Files of this kind can then be uploaded at once."
    )
    format = fields.Selection(
        [
            ("xlsx", "Excel workbook (.xlsx)"),
            ("csv", "Text with separators (.csv)"),
            ("json", "JSON"),
            ("jsonl", "JSON lines"),
        ],
        default="csv",
        readonly=True,
    )
    header_row = fields.Integer(default=1)
    sheet = fields.Char()
    delimiter = fields.Selection(DELIMITERS, default="auto")
    encoding = fields.Selection(ENCODINGS, default="auto")
    decimal = fields.Selection(
        [(".", "Point: 1234.5"), (",", "Comma: 1234,5"), ("auto", "Recognise")],
        string="Decimal Sign",
        default=".",
    )
    thousands = fields.Char(string="Thousands Signs")
    tz = fields.Selection(tz_get, string="Time Zone", default=lambda self: self.env.user.tz or "UTC")
    date_formats = fields.Char(
        default="iso",
        help="Separated by semicolons, tried in order. %d is the day, %m the month, %Y the year, %H:%M the time; "
        "iso reads 2026-03-31 14:05.",
    )
    dates_are_open = fields.Boolean(compute="_compute_dates_are_open")
    formulas = fields.Selection(
        [("reject", "Refuse the row"), ("cached", "Take the stored result")],
        default="reject",
    )
    identity = fields.Selection(
        [
            ("key", "Key columns"),
            ("column", "Its id column"),
            ("row", "File and row number"),
        ],
        string="A Record is Known by",
        default="key",
    )
    missing_quantity = fields.Selection(
        [("reject", "Refuse the row"), ("filter", "Leave the row out")],
        string="Empty Quantity",
        default="reject",
    )
    metric_id = fields.Many2one(
        "usage.metric",
        string="Metric of All Rows",
        domain="[('company_id', 'in', (company_id, False))]",
        help="For files that hold one metric and have no column for it.",
    )
    column_ids = fields.One2many("usage.profile.wizard.column", "wizard_id")
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    def action_read(self):
        """Read the sample and propose what its columns mean."""
        self.ensure_one()
        if not self.file:
            raise UserError(self.env._("Choose a sample file first."))
        self.write({"problem": False, "problem_mend": False})
        try:
            sample = read_sample(self._content(), settings_of(self))
        except FileRefused as refused:
            self.problem, self.problem_mend = explain_file(self.env, refused.code, refused.params)
            self._look_for_known([])
            return self._reopen()
        self._look_for_known([column["name"] for column in sample.columns] if sample.header_row else [])
        metrics = self.env["usage.metric"].search([("company_id", "in", [False, *self.company_id.parent_ids.ids])])
        settings, columns = propose(sample, frozenset(metrics.mapped("code")))
        if settings["encoding"] not in dict(ENCODINGS):
            settings["encoding"] = "auto"
        if settings["delimiter"] not in dict(DELIMITERS):
            settings["delimiter"] = "auto"
        self.write(
            {
                **settings,
                "state": "columns",
                "name": self.name or (self.file_name or "").rpartition(".")[0],
                "column_ids": [
                    Command.clear(),
                    *[Command.create({"sequence": place, **column}) for place, column in enumerate(columns, start=1)],
                ],
            }
        )
        return self._reopen()

    def _look_for_known(self, names):
        """Note the profiles that read the sample already, so that nobody describes a known kind of file anew."""
        allowed = ["|", ("company_id", "=", False), ("company_id", "parent_of", self.company_id.id)]
        profiles = self.env["usage.profile"].search(allowed)
        zone = {"time_zone": self.tz or "UTC"}
        definitions = {profile.id: {**zone, **(profile.definition or {})} for profile in profiles}
        found = known_profiles(self._content(), names, definitions, fields.Datetime.now().isoformat() + "Z")
        self.known_profile_ids = [Command.set([reading.key for reading in found])]
        self.known_profile_id = found[0].key if found else False
        self.known_share = found and self.env._(
            "%(good)s of %(all)s", good=found[0].good, all=found[0].good + found[0].refused
        )

    def action_use_known(self):
        """Make a source that reads with a profile that is there."""
        self.ensure_one()
        if not self.known_profile_id:
            raise UserError(self.env._("Choose a profile first."))
        self.name = self.name or (self.file_name or "").rpartition(".")[0] or self.known_profile_id.name
        return self._open_source(self._make_source(self.known_profile_id))

    def action_back(self):
        """Choose another sample file."""
        self.ensure_one()
        self.state = "sample"
        return self._reopen()

    def action_save(self):
        """Save the profile, and a source that reads with it."""
        self.ensure_one()
        if not self.name:
            raise UserError(self.env._("Give the profile a name."))
        try:
            Profile.from_dict(self._definition())
        except ProfileInvalid as invalid:
            raise UserError("\n".join(self._mistakes(invalid.errors))) from invalid
        columns = self._columns()
        profile = self.env["usage.profile"].create(
            {
                **{name: value or False for name, value in settings_of(self).items()},
                "name": self.name,
                "company_id": self.company_id.id,
                "header_row": self.header_row,
                "sample_file": self.with_context(bin_size=False).file,
                "sample_name": self.file_name,
                "column_ids": [
                    Command.create({"sequence": place, **column}) for place, column in enumerate(columns, start=1)
                ],
            }
        )
        if not self.make_source:
            return profile._open()
        return self._open_source(self._make_source(profile))

    def _open_source(self, source):
        return {
            "type": "ir.actions.act_window",
            "name": source.display_name,
            "res_model": source._name,
            "res_id": source.id,
            "view_mode": "form",
        }

    def _make_source(self, profile):
        return self.env["usage.source"].create(
            {
                "name": self.name,
                "code": self._free_code(f"profile-{profile.id}"),
                "company_id": self.company_id.id,
                "transport": "file",
                "profile_id": profile.id,
                "tz": self.tz or "UTC",
            }
        )

    def _free_code(self, code):
        taken = self.env["usage.source"].with_context(active_test=False)
        taken = set(taken.search([("company_id", "=", self.company_id.id)]).mapped("code"))
        names = chain([code], (f"{code}-{number}" for number in count(2)))
        return next(name for name in names if name not in taken)

    # -- what comes first in a date ----------------------------------------

    @api.depends("date_formats")
    def _compute_dates_are_open(self):
        for wizard in self:
            orders = {literal_order(form) for form in split_list(wizard.date_formats)}
            wizard.dates_are_open = {"day", "month"} <= orders

    def action_day_first(self):
        """Read 01/02 as the first of February."""
        return self._read_first("day")

    def action_month_first(self):
        """Read 01/02 as the second of January."""
        return self._read_first("month")

    def _read_first(self, order):
        self.ensure_one()
        kept = [form for form in split_list(self.date_formats) if literal_order(form) in ("", order)]
        self.date_formats = "; ".join(kept)
        return self._reopen()

    # -- preview -----------------------------------------------------------

    @api.depends(
        *SETTINGS,
        "state",
        "metric_id",
        *(f"column_ids.{name}" for name in COLUMN_SETTINGS),
    )
    def _compute_preview(self):
        for wizard in self:
            if wizard.state != "columns":
                wizard.preview = False
                continue
            wizard.preview = self.env["ir.qweb"]._render(
                "odoo_usage_mediation.profile_preview", wizard._preview_values()
            )

    def _preview_values(self):
        """{rows, mistakes, refused} for the preview: the first rows as they would be stored."""
        try:
            items = try_definition(self._origin._content(), self._definition(), PREVIEW_ROWS)
        except ProfileInvalid as invalid:
            return {"rows": [], "mistakes": self._mistakes(invalid.errors), "refused": ""}
        except FileRefused as refused:
            what, mend = explain_file(self.env, refused.code, refused.params)
            return {"rows": [], "mistakes": [], "refused": f"{what} {mend}"}
        return {
            "rows": [self._preview_row(item) for item in items],
            "mistakes": [],
            "refused": "",
        }

    def _definition(self):
        return {"time_zone": self.tz or "UTC", **compile_definition(settings_of(self), self._columns())}

    def _mistakes(self, errors):
        """What still lacks, in the words of the form."""
        _ = self.env._
        words = {
            "subject": _("Choose the column that holds the serial or subject."),
            "time": _("Choose the column that holds the date and time."),
            "measures": _("Choose the column that holds the quantity."),
            "external_id": _("Choose the id column, or let key columns make a record known."),
            "external_id.key": _("Tick the key columns that make a record known."),
            "measures.0.metric": _("Choose the column that holds the metric, or the metric of all rows."),
        }
        names = {"time_formats": _("Date Formats")}
        return list(dict.fromkeys(words.get(where, f"{names.get(where, where)}: {what}") for where, what in errors))

    def _preview_row(self, item):
        if type(item) is Rejection:
            what, mend = self.env["usage.suspense"]._explain(item.code, item.params)
            return {"number": item.row_number, "refused": f"{what} {mend}"}
        zone = ZoneInfo(self.tz or "UTC")
        return {
            "number": item.row_number,
            "refused": "",
            "subject": item.subject,
            "metric": item.metric,
            "occurred_at": f"{item.occurred_at.astimezone(zone):%Y-%m-%d %H:%M %Z}",
            "quantity": plain(item.quantity),
            "more": ", ".join(
                [f"{name}: {value}" for name, value in item.dimensions.items()]
                + ([item.end_user] if item.end_user else [])
            ),
        }

    def _columns(self):
        columns = columns_of(self.column_ids)
        if self.metric_id and not any(c["target"] == "metric" for c in columns):
            columns.append(
                {
                    **dict.fromkeys(COLUMN_SETTINGS, ""),
                    "target": "metric",
                    "constant": self.metric_id.code,
                    "is_key": False,
                }
            )
        return columns

    def _content(self):
        return base64.b64decode(self.with_context(bin_size=False).file or b"")

    def _reopen(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_mediation.usage_profile_wizard_action")
        return {**action, "res_id": self.id}

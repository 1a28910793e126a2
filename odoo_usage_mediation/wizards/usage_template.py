from datetime import timezone
from zoneinfo import ZoneInfo

from odoo import api, fields, models

from ..sheets import TemplateLine, TemplateTexts, write_template

MAX_LINES = 20_000
WIDTHS = {"subject": 24, "metric": 18, "occurred_at": 20, "quantity": 16}
OTHER_WIDTH = 22


class UsageTemplate(models.TransientModel):
    """Download the workbook to fill in, with the serials of a contract written in already."""

    _name = "usage.template"
    _description = "Usage Template"

    company_id = fields.Many2one("res.company", default=lambda self: self.env.company)
    source_id = fields.Many2one(
        "usage.source",
        required=True,
        domain="[('transport', '=', 'file'), ('company_id', '=', company_id), ('profile_id.format', '=', 'xlsx')]",
        default=lambda self: self._default_source_id(),
        ondelete="cascade",
    )
    contract_id = fields.Many2one(
        "contract.contract",
        domain="[('company_id', '=', company_id)]",
        help="Its devices are written in, so that only quantities are left to fill in.",
        ondelete="cascade",
    )
    occurred_at = fields.Datetime(
        string="Date and Time of the Usage",
        default=lambda self: fields.Datetime.now().replace(minute=0, second=0),
        help="Written into each row; it can be changed there.",
    )
    subject_count = fields.Integer(string="Devices", compute="_compute_subject_count")

    @api.model
    def _default_source_id(self):
        return self.env["usage.source"].search(
            [
                ("transport", "=", "file"),
                ("company_id", "=", self.env.company.id),
                ("profile_id.format", "=", "xlsx"),
            ],
            limit=1,
        )

    @api.depends("contract_id", "occurred_at")
    def _compute_subject_count(self):
        for template in self:
            template.subject_count = len(template._assignments())

    def action_download(self):
        """Download the workbook."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/usage/template/{self.id}.xlsx",
            "target": "download",
        }

    def _file_name(self):
        name = self.env._("Usage template")
        if self.contract_id:
            name = f"{name} {self.contract_id.display_name}"
        return f"{name}.xlsx"

    def _assignments(self):
        """The assignments of the contract at the chosen time, by serial."""
        self.ensure_one()
        if not self.contract_id or not self.occurred_at:
            return self.env["usage.assignment"]
        return (
            self.env["usage.assignment"]
            .search(
                [
                    ("contract_id", "=", self.contract_id.id),
                    ("subject_id.active", "=", True),
                    ("start_at", "<=", self.occurred_at),
                    "|",
                    ("end_at", "=", False),
                    ("end_at", ">", self.occurred_at),
                ],
                limit=MAX_LINES,
            )
            .sorted(lambda a: (a.subject_id.code, a.metric_id.code))
        )

    def _write(self, target):
        """Write the workbook to `target`, a binary file."""
        write_template(
            target,
            self._columns(),
            self._metrics(),
            self._lines(),
            self._texts(),
        )

    def _columns(self):
        return [
            (
                "note" if column.target == "unused" else column.target,
                column.name,
                WIDTHS.get(column.target, OTHER_WIDTH),
            )
            for column in self.source_id.profile_id.column_ids
            if column.name
        ]

    def _metrics(self):
        metrics = self.env["usage.metric"].search(
            [("company_id", "in", (False, *self.company_id.parent_ids.ids))], order="code"
        )
        return [(metric.code, metric.name, metric.uom_id.name) for metric in metrics]

    def _lines(self):
        assignments = self._assignments()
        if not assignments:
            return []
        zone = ZoneInfo(self.source_id.profile_id.tz or self.source_id.tz)
        at = self.occurred_at.replace(tzinfo=timezone.utc).astimezone(zone)
        return [
            TemplateLine(
                subject=assignment.subject_id.code,
                metric=assignment.metric_id.code,
                occurred_at=at.replace(tzinfo=None),
                note=assignment.subject_id.location or "",
            )
            for assignment in assignments
        ]

    def _texts(self):
        _ = self.env._
        zone = self.source_id.profile_id.tz or self.source_id.tz
        return TemplateTexts(
            metric_error=_("Choose one of the metrics on the sheet Metrics."),
            time_error=_("Enter a date, or a date and a time."),
            quantity_error=_("Enter a number."),
            metrics_header=(_("Code"), _("Name"), _("Unit")),
            instructions=(
                _("How to fill in the sheet Usage"),
                _("One row per device, metric and time. Keep the header row as it is."),
                _(
                    "Serial: as the device is registered. Metric: a code from the sheet "
                    "Metrics. Quantity: a number in the unit of the metric."
                ),
                _("Date and time: when the usage happened, in the time zone %s.", zone),
                _(
                    "Id: leave it empty, or give each row an id of its own. Without one, "
                    "the serial, the metric and the time make the row known: uploading the "
                    "same row again counts it once."
                ),
                _("Rows without a quantity are left out. Notes are for you."),
                _("Write values, no formulas, and do not merge cells."),
                _(
                    "Upload the file under Usage > Upload Usage. Nothing is stored before "
                    "you have seen every row and confirmed."
                ),
            ),
        )

from itertools import groupby

from odoo import api, fields, models


class UsagePreview(models.TransientModel):
    """The preview as a table with a section per contract line, as an invoice would show it."""

    _inherit = "usage.preview"

    table = fields.Html(compute="_compute_table", sanitize=False)

    @api.depends("line_ids.section", "line_ids.name", "line_ids.quantity", "line_ids.amount")
    @api.depends_context("lang")
    def _compute_table(self):
        for preview in self:
            preview.table = self.env["ir.qweb"]._render(
                "odoo_usage_billing.usage_preview_table",
                {"preview": preview, "sections": preview._sections()},
            )

    def _sections(self):
        """[(heading, total, rows)] in the order of the lines; numbers are text."""
        self.ensure_one()
        number = self.env["usage.explainer"]._number
        sections = []
        for heading, group in groupby(self.line_ids, key=lambda line: line.section):
            lines = list(group)
            rows = [
                {
                    "name": line.name,
                    "is_note": not line.unit_price and not line.amount,
                    "quantity": number(repr(line.quantity)),
                    "unit_price": number(repr(line.unit_price)) if line.unit_price else "",
                    "amount": line.amount,
                }
                for line in lines
            ]
            sections.append((heading, sum(line.amount for line in lines), rows))
        return sections

import base64
import tempfile

from odoo import fields, models

from .workbook import MAX_ROWS, Sheets, new_book

PAGE = 1000


class UsageBillingRun(models.Model):
    """The preview of a run as a workbook: a sheet of contracts, outliers first, and one of their lines."""

    _inherit = "usage.billing.run"

    preview_workbook = fields.Binary(compute="_compute_preview_workbook")

    def _compute_preview_workbook(self):
        for run in self:
            with tempfile.TemporaryFile() as target:
                run._write_preview(target)
                target.seek(0)
                run.preview_workbook = base64.b64encode(target.read())

    def _write_preview(self, target):
        """Write the workbook to a binary file, a page of rows in memory at a time."""
        book = new_book(target)
        cells = Sheets(book, self.env)
        self._write_pages(cells, self.env._("Contracts"), "usage.run.preview", CONTRACTS)
        self._write_pages(cells, self.env._("Lines"), "usage.run.preview.line", LINES)
        book.close()

    def _write_pages(self, cells, name, model, columns):
        sheet, records = cells.add(name), self.env[model]
        sheet.freeze_panes(1, 0)
        labels = records.fields_get([field for field, _width in columns], ["string"])
        cells.header(sheet, 0, [labels[field]["string"] for field, _width in columns])
        for place, (_field, width) in enumerate(columns):
            sheet.set_column(place, place, width)
        row, money = 0, {}
        while row < MAX_ROWS:
            page = records.search([("run_id", "=", self.id)], limit=PAGE, offset=row)
            for record in page:
                row += 1
                for place, (field, _width) in enumerate(columns):
                    _write_cell(cells, sheet, row, place, record, field, money)
            if len(page) < PAGE:
                break
            page.invalidate_recordset()
        sheet.autofilter(0, 0, max(row, 1), len(columns) - 1)


CONTRACTS = (
    ("finding", 14),
    ("contract_id", 30),
    ("partner_id", 30),
    ("date_invoice", 12),
    ("amount_untaxed", 14),
    ("amount_tax", 14),
    ("amount_total", 14),
    ("amount_held", 14),
    ("currency_id", 9),
    ("amount_last", 14),
    ("amount_usual", 14),
    ("usual_ratio", 10),
    ("message", 60),
    ("amount_invoiced", 14),
    ("outcome", 14),
)
LINES = (
    ("contract_id", 30),
    ("contract_line_id", 34),
    ("kind", 12),
    ("date_start", 12),
    ("date_last", 12),
    ("move_number", 9),
    ("quantity", 14),
    ("amount", 14),
    ("amount_held", 14),
    ("amount_tax", 14),
    ("currency_id", 9),
    ("amount_last", 14),
    ("amount_usual", 14),
    ("usual_ratio", 10),
    ("finding", 14),
    ("message", 60),
    ("amount_invoiced", 14),
    ("outcome", 14),
)


def _write_cell(cells, sheet, row, place, record, name, money):
    field, value = record._fields[name], record[name]
    if field.type == "date":
        cells.date(sheet, row, place, value)
    elif field.type == "monetary":
        currency = record.currency_id
        if currency not in money:
            money[currency] = cells.money(currency)
        cells.figure(sheet, row, place, value, money[currency])
    elif field.type in ("float", "integer"):
        cells.figure(sheet, row, place, value, cells.number)
    elif field.type == "selection":
        labels = dict(field._description_selection(record.env))
        cells.text(sheet, row, place, labels.get(value))
    elif field.type == "many2one":
        cells.text(sheet, row, place, value.display_name)
    else:
        cells.text(sheet, row, place, value)

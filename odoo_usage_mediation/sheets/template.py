"""The workbook that people fill in: a header, known serials, checked columns, instructions."""

from datetime import datetime
from typing import NamedTuple

from .safe import header_format, open_workbook, text

CHECKED_ROWS = 20_000
EARLIEST = datetime(2000, 1, 1)


class TemplateLine(NamedTuple):
    """One row to start with; `occurred_at` is a naive local time or None."""

    subject: str = ""
    metric: str = ""
    occurred_at: datetime | None = None
    end_user: str = ""
    note: str = ""


class TemplateTexts(NamedTuple):
    """What the workbook says in the reader's language."""

    metric_error: str
    time_error: str
    quantity_error: str
    metrics_header: tuple
    instructions: tuple


def write_template(target, columns, metrics, lines, texts):
    """Write the template.

    `columns`: [(role, header, width)], role one of subject, metric, occurred_at, quantity,
    end_user, note or None; `metrics`: [(code, name, unit)].
    """
    book = open_workbook(target)
    formats = {
        "header": header_format(book),
        "text": book.add_format({"num_format": "@"}),
        "occurred_at": book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        "quantity": book.add_format({"num_format": "#,##0.#########"}),
    }
    sheet = book.add_worksheet("Usage")
    _write_columns(sheet, columns, formats)
    for row, line in enumerate(lines, start=1):
        _write_line(sheet, row, columns, line, formats)
    _write_instructions(book, texts)
    _write_metrics(book, metrics, texts, formats)
    last_row = max(len(lines) + 1_000, CHECKED_ROWS)
    _check_cells(sheet, columns, last_row, len(metrics), texts)
    book.close()


def _write_columns(sheet, columns, formats):
    for place, (role, name, width) in enumerate(columns):
        sheet.set_column(place, place, width, formats.get(role, formats["text"]))
        sheet.write_string(0, place, text(name), formats["header"])
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, 0, len(columns) - 1)


def _write_line(sheet, row, columns, line, formats):
    for place, (role, _name, _width) in enumerate(columns):
        value = getattr(line, role, None) if role else None
        if isinstance(value, datetime):
            sheet.write_datetime(row, place, value, formats["occurred_at"])
        elif value:
            sheet.write_string(row, place, text(value), formats["text"])


def _write_instructions(book, texts):
    sheet = book.add_worksheet("Instructions")
    sheet.set_column(0, 0, 100, book.add_format({"text_wrap": True, "valign": "top"}))
    title = book.add_format({"bold": True, "font_size": 14})
    for row, sentence in enumerate(texts.instructions):
        if row:
            sheet.write_string(row + 1, 0, text(sentence))
        else:
            sheet.write_string(row, 0, text(sentence), title)


def _write_metrics(book, metrics, texts, formats):
    sheet = book.add_worksheet("Metrics")
    sheet.set_column(0, 2, 28)
    sheet.freeze_panes(1, 0)
    for place, name in enumerate(texts.metrics_header):
        sheet.write_string(0, place, text(name), formats["header"])
    for row, metric in enumerate(metrics, start=1):
        for place, value in enumerate(metric):
            sheet.write_string(row, place, text(value))


def _check_cells(sheet, columns, last_row, metric_count, texts):
    rules = {
        "occurred_at": {
            "validate": "date",
            "criteria": ">=",
            "value": EARLIEST,
            "error_message": texts.time_error[:255],
        },
        "quantity": {
            "validate": "decimal",
            "criteria": "between",
            "minimum": -1e15,
            "maximum": 1e15,
            "error_message": texts.quantity_error[:255],
        },
    }
    if metric_count:
        rules["metric"] = {
            "validate": "list",
            "source": f"=Metrics!$A$2:$A${metric_count + 1}",
            "error_message": texts.metric_error[:255],
        }
    for place, (role, _name, _width) in enumerate(columns):
        if role in rules:
            sheet.data_validation(1, place, last_row, place, rules[role])

"""Workbooks whose cells stay content: text that looks like a formula or a link is text."""

import xlsxwriter

MAX_CELL_CHARS = 32_767
MAX_ROWS = 1_048_575
MAX_COLUMNS = 16_384

OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd hh:mm",
}


def open_workbook(target, **options):
    """An XlsxWriter workbook on `target` (a path or a binary file)."""
    return xlsxwriter.Workbook(target, {**OPTIONS, **options})


def text(value):
    """`value` as text that any cell can hold."""
    if value is None:
        return ""
    clean = str(value).encode("utf-8", "replace").decode()
    return clean[:MAX_CELL_CHARS]


def header_format(book):
    """Bold on a tinted ground, as the first row of every sheet."""
    return book.add_format(
        {
            "bold": True,
            "bg_color": "#E4E0EC",
            "border": 1,
            "border_color": "#B8B0C8",
            "text_wrap": True,
            "valign": "top",
        }
    )

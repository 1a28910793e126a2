"""Cells of workbooks that people download: text stays text, also where it looks like a formula, a link or a number."""

from datetime import datetime, time

import xlsxwriter

OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
MAX_CELL_CHARS = 32_767
MAX_ROWS = 1_000_000
REFUSED_IN_NAMES = str.maketrans("", "", "[]:*?/\\'")


def new_book(target):
    """A workbook that is written row by row to a binary file."""
    return xlsxwriter.Workbook(target, OPTIONS)


class Sheets:
    """Formats and typed cells."""

    def __init__(self, book, env):
        self.book = book
        self.env = env
        self.head = book.add_format(
            {"bold": True, "bg_color": "#E4E0EC", "bottom": 1, "text_wrap": True, "valign": "top"}
        )
        self.bold = book.add_format({"bold": True, "font_size": 14})
        self.day = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        self.number = book.add_format({"num_format": "#,##0.#########"})

    def money(self, currency):
        """The format of amounts in a currency."""
        zeros = "0" * currency.decimal_places
        return self.book.add_format({"num_format": f"#,##0.{zeros}" if zeros else "#,##0"})

    def add(self, name):
        """A new sheet, named as spreadsheets allow it."""
        return self.book.add_worksheet(name.translate(REFUSED_IN_NAMES)[:31])

    def text(self, sheet, row, column, value, style=None):
        """Write text; nothing for an empty one."""
        if value:
            sheet.write_string(row, column, str(value)[:MAX_CELL_CHARS], style)

    def figure(self, sheet, row, column, value, style):
        """Write a number; nothing for None."""
        if value is not None:
            sheet.write_number(row, column, float(value), style)

    def date(self, sheet, row, column, value):
        """Write a day as a date; nothing for none."""
        if value:
            sheet.write_datetime(row, column, datetime.combine(value, time()), self.day)

    def header(self, sheet, row, titles):
        """Write column titles."""
        for column, title in enumerate(titles):
            self.text(sheet, row, column, title, self.head)

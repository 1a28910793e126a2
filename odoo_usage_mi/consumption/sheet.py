"""The .xlsx of what was used: a summary against the baseline, and each day of each subject.

Cells hold content only: text that looks like a formula, a link or a number stays text.
"""

from odoo.addons.odoo_usage_billing.report.workbook import MAX_ROWS, Sheets, new_book

from . import queries
from .late import SETTLED, late_text


def write_sheet(target, consumption, period):
    """Write the workbook of one contract's consumption in a period to a binary file."""
    contract = consumption.contracts.ensure_one()
    book = new_book(target)
    usages = consumption.in_period(period)
    Summary(book, contract, period).fill(usages)
    details = Details(book, contract.env)
    for usage in usages:
        line = consumption.line(usage.line_id)
        details.add_line(usage, queries.day_rows(line, usage.date_start, usage.date_end))
    details.close()
    book.close()


class Summary(Sheets):
    """Who, when, and per contract line: baseline, actual, variance, charge."""

    def __init__(self, book, contract, period):
        super().__init__(book, contract.env)
        self.contract = contract
        self.period = period
        self.amount = self.money(contract.currency_id)
        self.sheet = self.add(self.env._("Summary"))

    def fill(self, usages):
        """Write the head and one row per line; rows go in order."""
        sheet = self.sheet
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 10, 16)
        sheet.set_column(11, 11, 60)
        self.text(sheet, 0, 0, self.env._("Usage"), self.bold)
        for row, (title, value) in enumerate(self._facts(), start=1):
            self.text(sheet, row, 0, title)
            self.text(sheet, row, 1, value)
        self.header(sheet, 6, self._titles())
        for row, usage in enumerate(usages, start=7):
            self._row(row, usage)

    def _facts(self):
        contract = self.contract
        reference = f" ({contract.code})" if contract.code else ""
        return [
            (self.env._("Contract"), f"{contract.name}{reference}"),
            (self.env._("Customer"), contract.partner_id.display_name),
            (self.env._("Period"), f"{self.period.date_start} – {self.period.date_last}"),
            (self.env._("Time zone of days"), contract.usage_tz),
        ]

    def _titles(self):
        return [
            self.env._("Line"),
            self.env._("Metric"),
            self.env._("Unit"),
            self.env._("First Day"),
            self.env._("Last Day"),
            self.env._("Baseline"),
            self.env._("Actual"),
            self.env._("Variance"),
            self.env._("Charge (excluding taxes)"),
            self.env._("Currency"),
            self.env._("Status"),
            self.env._("After the Invoice"),
        ]

    def _row(self, row, usage):
        sheet = self.sheet
        for column, value in enumerate((usage.name, usage.metric, usage.unit)):
            self.text(sheet, row, column, value)
        self.date(sheet, row, 3, usage.date_start)
        self.date(sheet, row, 4, usage.date_last)
        for column, value in enumerate((usage.baseline, usage.actual, usage.variance), start=5):
            self.figure(sheet, row, column, value, self.number)
        self.figure(sheet, row, 8, usage.amount, self.amount)
        self.text(sheet, row, 9, self.contract.currency_id.name)
        self.text(sheet, row, 10, state_name(self.env, usage.state))
        self.text(sheet, row, 11, "; ".join(map(self._change, usage.late)))

    def _change(self, late):
        said = late_text(self.env, late)
        if late.amount is None or late.state == SETTLED:
            return said
        return f"{said}: {self.env['usage.explainer']._money(float(late.amount), self.contract.currency_id)}"


class Details(Sheets):
    """A row per day, subject and end user; a further sheet where one is full."""

    def __init__(self, book, env):
        super().__init__(book, env)
        self.sheet = None
        self.count = 0
        self._row = 0

    def add_line(self, usage, rows):
        """Write the rows of a contract line."""
        for day, serial, name, location, user, quantity, events in rows:
            row = self._next()
            self.date(self.sheet, row, 0, day)
            texts = (usage.name, usage.metric, serial, name, location, user)
            for column, value in enumerate(texts, start=1):
                self.text(self.sheet, row, column, value)
            self.figure(self.sheet, row, 7, quantity, self.number)
            self.text(self.sheet, row, 8, usage.unit)
            self.figure(self.sheet, row, 9, events, self.number)

    def close(self):
        """Filters over what was written; an empty workbook keeps its titles."""
        if not self.sheet:
            self._open()
        self.sheet.autofilter(0, 0, max(self._row, 1), 9)

    def _next(self):
        if not self.sheet or self._row >= MAX_ROWS:
            self._open()
        self._row += 1
        return self._row

    def _open(self):
        self.count += 1
        name = self.env._("Usage") if self.count == 1 else self.env._("Usage %s", self.count)
        self.sheet = self.add(name)
        self.sheet.freeze_panes(1, 0)
        for column, width in enumerate((12, 26, 16, 18, 24, 24, 24, 14, 10, 9)):
            self.sheet.set_column(column, column, width)
        titles = [
            self.env._("Day"),
            self.env._("Line"),
            self.env._("Metric"),
            self.env._("Serial"),
            self.env._("Name"),
            self.env._("Location"),
        ]
        titles += [self.env._("End User"), self.env._("Quantity"), self.env._("Unit"), self.env._("Events")]
        self.header(self.sheet, 0, titles)
        self._row = 0


def state_name(env, state):
    """The state of a period in the reader's language."""
    names = {
        "open": env._("Open"),
        "closed": env._("Closed, not invoiced yet"),
        "invoiced": env._("Invoiced"),
    }
    return names[state]

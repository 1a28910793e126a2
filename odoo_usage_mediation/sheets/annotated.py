"""Refused rows as they came, each with what is wrong and what to do."""

from .safe import MAX_COLUMNS, MAX_ROWS, header_format, open_workbook, text

NOTE_WIDTHS = (8, 60, 60)


def write_annotated(target, header, rows, titles):
    """Write `rows` of (row number, cells, reason, mend) under `header` plus the three `titles`.

    Rows are written one by one and not kept, so memory does not grow with their number.
    A column of an earlier download (one of `titles`) is left out rather than shown twice.
    """
    kept = [place for place, name in enumerate(header[: MAX_COLUMNS - 3]) if name not in titles]
    book = open_workbook(target, constant_memory=True)
    sheet = book.add_worksheet("Usage")
    top, note = header_format(book), book.add_format({"text_wrap": True, "valign": "top"})
    for place in range(len(kept)):
        sheet.set_column(place, place, 20)
    for place, width in enumerate(NOTE_WIDTHS, start=len(kept)):
        sheet.set_column(place, place, width)
    sheet.freeze_panes(1, 0)
    names = [*(header[place] for place in kept), *titles]
    for column, name in enumerate(names):
        sheet.write_string(0, column, text(name), top)
    for line, (number, cells, reason, mend) in enumerate(rows, start=1):
        if line > MAX_ROWS:
            break
        _write_row(sheet, line, kept, cells, (number, reason, mend), note)
    book.close()


def _write_row(sheet, line, kept, cells, notes, note_format):
    for column, place in enumerate(kept):
        value = text(cells[place]) if place < len(cells) else ""
        if value:
            sheet.write_string(line, column, value)
    number, reason, mend = notes
    column = len(kept)
    if number is not None:
        sheet.write_number(line, column, number)
    sheet.write_string(line, column + 1, text(reason), note_format)
    sheet.write_string(line, column + 2, text(mend), note_format)

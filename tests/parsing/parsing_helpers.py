"""Small helpers for the tests: generous limits, a frozen clock, a plain profile, workbooks."""

import io
import zipfile
from datetime import date, datetime, time, timedelta

import usage_parsing as up

LIMITS = up.Limits(
    max_bytes=50_000_000,
    max_rows=300_000,
    max_columns=200,
    max_cell_chars=4_000,
    max_ratio=200,
    max_seconds=60,
    max_depth=12,
)
DIGEST = "d" * 64


def deadline(limits=LIMITS):
    return up.Deadline(limits.max_seconds, lambda: 0.0)


def plain(**changes):
    """A profile for columns id, subject, at, qty."""
    data = {
        "format": "csv",
        "subject": "subject",
        "external_id": {"column": "id"},
        "time": "at",
        "measures": [{"metric": "energy", "quantity": "qty", "unit": "kWh"}],
    }
    data.update(changes)
    return data


def read(content, profile, limits=LIMITS, **options):
    """All items of a file."""
    if isinstance(content, str):
        content = content.encode()
    if isinstance(profile, dict):
        profile = up.Profile.from_dict(profile)
    options.setdefault("file_digest", DIGEST)
    return list(up.parse(content, profile, limits, deadline(limits), **options))


def rows(*lines, **changes):
    """The items of CSV lines under the header id,subject,at,qty."""
    text = "id,subject,at,qty\n" + "\n".join(lines) + "\n"
    return read(text, plain(**changes))


def records(items):
    return [item for item in items if type(item) is up.Record]


def codes(items):
    return [item.code for item in items if type(item) is up.Rejection]


def refused(content, profile, limits=LIMITS, **options):
    """The code with which a whole file is refused."""
    try:
        read(content, profile, limits, **options)
    except up.FileRefused as refusal:
        return refusal.code
    return None


def workbook(fill, **options):
    """The bytes of a workbook; ``fill(sheet, book)`` writes it."""
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, **options})
    fill(book.add_worksheet("Usage"), book)
    book.close()
    return out.getvalue()


def table(*lines):
    """A workbook of plain rows under id, subject, at, qty."""

    def fill(sheet, _book):
        sheet.write_row(0, 0, ["id", "subject", "at", "qty"])
        for number, line in enumerate(lines, start=1):
            sheet.write_row(number, 0, line)

    return workbook(fill)


NAMES = ["id", "subject", "at", "qty"]
XLSX = plain(format="xlsx")


def filled(rows, header=NAMES):
    """A workbook of rows of values, dates and times in their formats."""

    def fill(sheet, book):
        stamp = book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        clock = book.add_format({"num_format": "hh:mm"})
        length = book.add_format({"num_format": "[h]:mm:ss"})
        forms = {datetime: stamp, date: day, time: clock, timedelta: length}
        sheet.write_row(0, 0, header)
        for number, row in enumerate(rows, start=1):
            for place, value in enumerate(row):
                if type(value) in forms:
                    sheet.write_datetime(number, place, value, forms[type(value)])
                else:
                    sheet.write(number, place, value)

    return workbook(fill)


def patched(content, old, new, part="xl/worksheets/sheet1.xml"):
    """A workbook with something replaced in one of its parts."""
    out, source = io.BytesIO(), zipfile.ZipFile(io.BytesIO(content))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            data = source.read(name)
            assert name != part or old in data, data[:2000]
            archive.writestr(name, data.replace(old, new) if name == part else data)
    return out.getvalue()

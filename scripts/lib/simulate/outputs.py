"""Messages as files, and as what devices and gateways send. The same messages give the same bytes."""

import csv
import json
from datetime import datetime

COLUMNS = ("id", "serial", "metric", "time", "quantity", "kind", "since", "boot", "seq")
#: Of a source that reads these files; counters need their metric among its cumulative readings as well.
PROFILE = {
    "time_zone": "UTC",
    "decimal": ".",
    "subject": "serial",
    "external_id": {"column": "id"},
    "time": "time",
    "dimensions": {"reading_kind": "kind", "register_started_at": "since"},
    "measures": [{"metric": {"column": "metric"}, "quantity": "quantity"}],
}


def profile(file_format):
    """The definition of a profile that reads files of a format: csv, xlsx or jsonl."""
    signs = {"csv": {"delimiter": ",", "quote": '"'}, "xlsx": {}, "jsonl": {}}[file_format]
    return {"format": file_format, **signs, **PROFILE}


def instant(moment):
    """An aware instant in UTC, to the millisecond."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def row(message, wrap=0):
    """The cells of a message, all text."""
    number = message.number % wrap if wrap else message.number
    return (
        message.id,
        message.serial,
        message.metric,
        instant(message.at),
        message.quantity,
        message.kind,
        message.since,
        message.boot_name,
        str(number),
    )


def write_csv(messages, target, wrap=0):
    """Write to a text file; returns how many rows."""
    writer, count = csv.writer(target, lineterminator="\n"), 0
    writer.writerow(COLUMNS)
    for message in messages:
        writer.writerow(row(message, wrap))
        count += 1
    return count


def write_jsonl(messages, target, wrap=0):
    """Write one object per line to a text file; returns how many."""
    count = 0
    for message in messages:
        target.write(json.dumps(dict(zip(COLUMNS, row(message, wrap), strict=True))) + "\n")
        count += 1
    return count


def write_xlsx(messages, target, wrap=0):
    """Write a workbook to a binary file; returns how many rows. Cells are text, so that every digit stays."""
    import xlsxwriter

    book = xlsxwriter.Workbook(target, {"constant_memory": True, "strings_to_formulas": False})
    book.set_properties({"created": datetime(2026, 1, 1)})
    sheet, count = book.add_worksheet("usage"), 0
    sheet.write_row(0, 0, COLUMNS)
    for count, message in enumerate(messages, start=1):
        for column, text in enumerate(row(message, wrap)):
            sheet.write_string(count, column, text)
    book.close()
    return count


def event(message, wrap=0):
    """A JSON event as devices publish it."""
    found = {
        "id": message.id,
        "subject": message.serial,
        "metric": message.metric,
        "time": instant(message.at),
        "quantity": message.quantity,
        "seq": message.number % wrap if wrap else message.number,
    }
    if message.boot_name:
        found["boot"] = message.boot_name
    dimensions = _dimensions(message)
    return {**found, "dimensions": dimensions} if dimensions else found


def cloud_event(message):
    """A CloudEvent as gateways send it."""
    data = {"quantity": message.quantity}
    dimensions = _dimensions(message)
    return {
        "specversion": "1.0",
        "id": message.id,
        "source": "/simulate",
        "type": message.metric,
        "subject": message.serial,
        "time": instant(message.at),
        "data": {**data, "dimensions": dimensions} if dimensions else data,
    }


def _dimensions(message):
    found = {"reading_kind": message.kind, "register_started_at": message.since}
    return {name: text for name, text in found.items() if text}

"""A first look at a file for a wizard: kind, encoding, header, column types, and a few rows. Guesses, said as such."""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

from .containers import open_content
from .csv_reader import CsvRows
from .detect import SAMPLE_BYTES, column_types, detect_delimiter, detect_kind, looks_like_header, title_rows
from .encodings import detect_encoding
from .json_reader import json_items, json_lines
from .limits import Deadline, Limits
from .records import Rejection

SAMPLE_ROWS = 200


class Sniffed(NamedTuple):
    """What a file seems to be. ``columns``: [{name, type, samples, ...}] (see ``detect.column_types``).

    ``header_row``: as in a profile; 0 when the first row already holds data. ``rows``: the first data rows as text.
    """

    format: str
    encoding: str
    delimiter: str
    sheet: str
    sheets: list
    header_row: int
    columns: list
    rows: list


def sniff(content, limits: Limits, deadline: Deadline) -> Sniffed:
    """Look at the beginning of a file. Raises FileRefused like ``parse``."""
    opened = open_content(content, limits, deadline)
    if opened.kind == "xlsx":
        return _sniff_workbook(opened, limits, deadline)
    sample = opened.open(limits, deadline).read(SAMPLE_BYTES)
    encoding = detect_encoding(sample, len(sample) < SAMPLE_BYTES)
    text = sample.decode(encoding, "replace")
    kind = detect_kind(text)
    if kind in ("json", "jsonl"):
        return _sniff_objects(opened, kind, encoding, limits, deadline)
    if kind == "xml":
        return Sniffed("xml", encoding, "", "", [], 0, [], [])
    delimiter = detect_delimiter(text)
    table = CsvRows(opened.open(limits, deadline), encoding, delimiter, '"', limits)
    rows = [entry[1] for entry in islice(table, SAMPLE_ROWS) if type(entry) is not Rejection]
    return _table("csv", encoding, delimiter, "", [], rows)


def _sniff_workbook(opened, limits, deadline):
    from .xlsx_package import Package
    from .xlsx_rows import SheetRows
    from .xlsx_values import read_strings, read_styles

    package = Package(opened, limits, deadline)
    name, part = package.sheet_part("")
    sheet = SheetRows(package, part, read_strings(package), read_styles(package))
    entries = [entry for entry in islice(sheet, SAMPLE_ROWS) if any(entry[1])]
    rows = [[str(cell) for cell in entry[1]] for entry in entries]
    numbers = [entry[0] for entry in entries]
    return _table("xlsx", "", "", name, [entry[0] for entry in package.sheets], rows, numbers=numbers)


def _sniff_objects(opened, kind, encoding, limits, deadline):
    stream = opened.open(limits, deadline)
    entries = json_lines(stream, encoding, limits) if kind == "jsonl" else json_items(stream, encoding, "", limits)
    found = [entry[1] for entry in islice(entries, SAMPLE_ROWS) if type(entry) is not Rejection]
    flat = [dict(_flat(item)) for item in found]
    names = list(dict.fromkeys(name for item in flat for name in item))[: limits.max_columns]
    rows = [names, *[[item.get(name, "") for name in names] for item in flat]]
    return _table(kind, encoding, "", "", [], rows, header=True)


def _flat(item: dict, prefix: str = "", depth: int = 0):
    for name, value in item.items():
        path = prefix + name.replace(".", "\\.")
        if isinstance(value, dict) and depth < 6:
            yield from _flat(value, path + ".", depth + 1)
        elif not isinstance(value, (dict, list)):
            yield path, {None: "", True: "true", False: "false"}.get(value, value)


def _table(kind, encoding, delimiter, sheet, sheets, rows, header=None, numbers=None) -> Sniffed:
    titles = title_rows(rows) if header is None else 0
    rows = rows[titles:]
    header = looks_like_header(rows) if header is None else header
    names = [name.strip() for name in rows[0]] if header and rows else []
    data = rows[1:] if header else rows
    columns = [
        {"name": names[place] if place < len(names) else f"column {place + 1}", **found}
        for place, found in enumerate(column_types(data))
    ]
    header_row = (numbers[titles] if numbers else titles + 1) if header else 0
    return Sniffed(kind, encoding, delimiter, sheet, sheets, header_row, columns, data[:20])

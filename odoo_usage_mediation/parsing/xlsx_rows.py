"""The rows of a sheet, streamed: cells as text, with formulas and errors marked as they stand.

A portion of rows that look alike is read by one regular expression per row, one of cells in the plain form
that nearly all writers use by one per cell; a portion that is in neither goes through the XML parser, row by
row. All give the same cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import repeat

from .containers import CHUNK
from .reasons import FileRefused
from .xlsx_cells import Block, Cell, CellReader, column_place
from .xlsx_forms import Forms
from .xlsx_package import Package, parse_fragment
from .xlsx_values import inner_text

_CELL = re.compile(
    r'<c r="([A-Z]{1,3})([0-9]{1,7})"(?: s="([0-9]+)")?(?: t="([a-zA-Z]+)")?(?:/>|>'
    r"(<f[^<>]*/>|<f(?: [^<>]*)?>[^<]*</f>)?"
    r'(?:<v>([^<]*)</v>|<v/>|<is><t(?: xml:space="preserve")?>([^<]*)</t></is>)?</c>)'
)
# The same without formulas and inline texts: most portions have none, and this is a quarter faster.
_SIMPLE_CELL = re.compile(
    r'<c r="([A-Z]{1,3})([0-9]{1,7})"(?: s="([0-9]+)")?(?: t="([a-zA-Z]+)")?(?:/>|>(?:<v>([^<]*)</v>)?</c>)'
)
_ROW = re.compile(rb"<(?:[\w.-]+:)?row(?:\s([^<>]*?))?(/?)>")
_ROW_NUMBER = re.compile(rb'(?:[^<>]*\s)?r="([0-9]{1,7})"')
_SHEET_DATA = re.compile(rb"<([A-Za-z_][\w.-]*:)?sheetData(?:\s[^<>]*?)?(/?)>")
_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?worksheet\s([^<>]*)>")
_XMLNS = re.compile(rb"xmlns(?::[\w.-]+)?\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_MERGE = re.compile(rb"<(?:[\w.-]+:)?mergeCell\s[^<>]*?ref=\"([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})\"")
# The results of an array formula spill into cells that do not show a formula themselves.
_SPILL = re.compile(rb"<(?:[\w.-]+:)?f\s[^<>]*?ref=\"([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})\"[^<>]*")
_MAX_ROW_BYTES = 16 << 20
# A sheet has 16,384 columns; what the parser makes of a cell is many times as long as the cell.
_MAX_PORTION_CELLS = 100_000
_MAX_ROW_MARKS = 200_000
_MAX_HEAD_BYTES = 4 << 20
_MAX_SPANS = 100_000


class SheetRows:
    """Iterates ``(row number, cells, plain)`` of a sheet, rows with cells only, in order.

    Cells are texts, Canonical, or flawed Cells; ``plain`` promises that none is flawed and none is
    longer than the limit. ``merged`` and ``spilled`` are areas: (first row, last row, first place, last place).
    """

    def __init__(self, package: Package, part: str, strings: list, styles: list):
        self._package = package
        self._part = part
        self._reader = CellReader(strings, styles, package.date1904, package.limits)
        self._forms = Forms()
        self._head = self._foot = b""
        self._prefixed = False
        # The last row seen, with or without cells (a row that does not state its number is the next), and with cells.
        self._passed = self._last = 0
        self.merged, self.spilled = self._look_ahead()

    def _look_ahead(self) -> tuple:
        """Read the sheet once for what spans rows: (merged, spilled) areas. Refuses document types."""
        stream, tail, merged, spilled = self._package.stream(self._part), b"", set(), set()
        while data := stream.read(CHUNK):
            window = tail + data
            if b"<!DOCTYPE" in window or b"<!ENTITY" in window:
                raise FileRefused("forbidden_markup")
            if b"mergeCell" in window:
                merged.update(map(_span, _MERGE.findall(window)))
            if b'"array"' in window:
                found = [match for match in _SPILL.finditer(window) if b't="array"' in match.group(0)]
                spilled.update(_span(match.groups()) for match in found)
            if len(merged) + len(spilled) > _MAX_SPANS:
                raise FileRefused("corrupt", why=f"it has more than {_MAX_SPANS} merged or spilled areas")
            # A tag cut in two is seen whole in the next window; one seen twice does no harm.
            tail = window[-400:]
        return sorted(merged), sorted(spilled)

    def __iter__(self) -> Iterator:
        for block in self.blocks():
            yield from entries_of(block)

    def blocks(self) -> Iterator:
        """Yield the rows a portion at a time: a Block, or an iterator of ``(row number, cells, plain)``.

        Each must be used up before the next.
        """
        for whole, close in self._portions():
            self._passed = self._last
            found = self._rows(whole, close)
            if type(found) is Block and found.numbers[0] > self._last and found.numbers == sorted(set(found.numbers)):
                self._last = found.numbers[-1]
                yield found
                continue
            yield self._in_order(entries_of(found))
            self._last = max(self._last, self._passed)

    def _in_order(self, entries: Iterator) -> Iterator:
        for entry in entries:
            if entry[0] <= self._last:
                raise FileRefused("corrupt", why=f"row {entry[0]} comes after row {self._last}")
            self._last = entry[0]
            yield entry

    def _rows(self, whole: bytes, close: bytes):
        """Return the rows of a portion, read in the fastest way that is sure to be right."""
        text = _decoded(whole)
        count = text.count("<c")
        if count > _MAX_PORTION_CELLS:
            raise FileRefused("corrupt", why="a row of the sheet is too long")
        if self._prefixed or "<!" in text or not count:
            return self._parsed_rows(whole, close)
        alike = self._forms.read(text)
        block = self._reader.block(*alike) if alike else None
        if block:
            return block
        found = _SIMPLE_CELL.findall(text)
        if len(found) == count:
            return self._reader.table(found) or self._reader.rows([(*cell[:4], "", cell[4], "") for cell in found])
        found = _CELL.findall(text)
        return self._reader.rows(found) if len(found) == count else self._parsed_rows(whole, close)

    def _portions(self) -> Iterator:
        """Yield (bytes of some whole rows, their end tag) of the sheet data."""
        stream, rest = self._package.stream(self._part), b""
        begin = None
        while begin is None:
            data = stream.read(CHUNK)
            if not data:
                return
            rest += data
            begin = _SHEET_DATA.search(rest)
            if begin is None and len(rest) > _MAX_HEAD_BYTES:
                raise FileRefused("corrupt", why="the sheet has no rows")
        prefix = begin.group(1) or b""
        self._declare(rest, prefix)
        if begin.group(2):
            return
        close, rest = b"</" + prefix + b"row>", rest[begin.end() :]
        while True:
            whole, closed, rest = rest.rpartition(close)
            if closed:
                yield whole + close, close
            if len(rest) > _MAX_ROW_BYTES:
                raise FileRefused("corrupt", why="a row of the sheet is too long")
            data = stream.read(CHUNK)
            if not data:
                return
            rest += data

    def _declare(self, data, prefix):
        """Note the tags to parse a single row in: they declare the sheet's namespaces."""
        root = _ROOT.search(data)
        declared = b" ".join(_XMLNS.findall(root.group(1))) if root else b""
        self._prefixed = bool(prefix)
        self._head, self._foot = b"<" + prefix + b"row " + declared + b">", b"</" + prefix + b"row>"

    def _parsed_rows(self, data: bytes, close: bytes) -> Iterator:
        """Read rows that are not in the plain form, with the XML parser."""
        for attributes, body in _rows_in(data, close):
            stated = _ROW_NUMBER.match(attributes)
            self._passed = int(stated.group(1)) if stated else self._passed + 1
            cells = self._parsed(body) if body else []
            if cells:
                yield self._passed, cells, False

    def _parsed(self, body) -> list:
        if body.count(b"<") > _MAX_ROW_MARKS:
            raise FileRefused("corrupt", why="a row of the sheet is too long")
        node = parse_fragment(self._head + body + self._foot, self._part)
        row: list = []
        reader = self._reader
        for cell in node.iterchildren("{*}c"):
            letters = (cell.get("r") or "").rstrip("0123456789")
            place = column_place(letters) if letters.isascii() and letters.isalpha() else len(row)
            reader.fill(row, place)
            formula, value, inline = (cell.find("{*}" + name) for name in ("f", "v", "is"))
            row.append(
                reader.value(
                    cell.get("s") or "",
                    cell.get("t") or "",
                    formula is not None,
                    (value.text or "") if value is not None else "",
                    inner_text(inline) if inline is not None else "",
                )
            )
        return row


def entries_of(block) -> Iterator:
    """Yield ``(row number, cells, plain)`` of what ``blocks`` yields."""
    return zip(block.numbers, block.rows, repeat(True)) if type(block) is Block else block


def mark_spilled(row: list, areas: list, number: int) -> bool:
    """Mark the cells of a row that hold results of an array formula elsewhere; say whether there are any."""
    found = False
    while areas and areas[0][1] < number:
        areas.pop(0)
    for top, bottom, left, right in areas:
        if top > number:
            break
        for place in range(left, min(right + 1, len(row)) if number <= bottom else left):
            if type(row[place]) is not Cell and row[place]:
                row[place] = Cell.flawed(row[place], "formula")
                found = True
    return found


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise FileRefused("bad_encoding", encoding="UTF-8") from None


def _span(found: tuple) -> tuple:
    left, top, right, bottom = found
    return int(top), int(bottom), column_place(left.decode()), column_place(right.decode())


def _rows_in(data: bytes, close: bytes) -> Iterator:
    """Yield (attributes, inner bytes) of the rows in data, which ends where a row ends."""
    for piece in data.split(close):
        match = _ROW.search(piece)
        while match and match.group(2):
            yield match.group(1) or b"", b""
            match = _ROW.search(piece, match.end())
        if match:
            yield match.group(1) or b"", piece[match.end() :]

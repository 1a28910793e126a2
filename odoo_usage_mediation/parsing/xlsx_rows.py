"""The rows of a sheet, streamed: cells as text, with formulas and errors marked as they stand.

A row in the plain form that nearly all writers use is read by one regular expression; any
row that is not wholly in that form goes through the XML parser. Both give the same cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .containers import CHUNK
from .reasons import FileRefused
from .texts import Canonical
from .xlsx_package import Package, parse_fragment, xml_text
from .xlsx_values import NUMBER, inner_text, number_text, serial_text

_CELL = re.compile(
    rb'<c r="([A-Z]{1,3})[0-9]+"(?: s="([0-9]+)")?(?: t="([a-zA-Z]+)")?(?:/>|>'
    rb"(<f[^<>]*/>|<f(?: [^<>]*)?>[^<]*</f>)?"
    rb'(?:<v>([^<]*)</v>|<v/>|<is><t(?: xml:space="preserve")?>([^<]*)</t></is>)?</c>)'
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
_MAX_HEAD_BYTES = 4 << 20
_MAX_SPANS = 100_000


class Cell(str):
    """A cell that needs a person: ``flaw`` is ``formula``, ``stale`` (no result) or ``error``."""

    __slots__ = ("flaw",)


def column_place(letters: str) -> int:
    """Return the place of a column from 0: A is 0, AA is 26."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1


class SheetRows:
    """Iterates ``(row number, cells)`` of a sheet; cells are texts, Canonical, or flawed Cells."""

    def __init__(self, package: Package, part: str, strings: list, styles: list):
        self._package = package
        self._part = part
        self._strings = strings
        self._styles = styles
        self._places: dict = {}
        self._limit = package.limits.max_columns
        self._head = self._foot = b""
        self._prefixed = False
        # Areas as (first row, last row, first place, last place), sorted.
        self.merged, self.spilled = self._look_ahead()

    def _look_ahead(self) -> tuple:
        """Read the sheet once for what spans rows: (merged, spilled) spans. Refuses document types."""
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
        number = 0
        for attributes, body in self._bodies():
            stated = _ROW_NUMBER.match(attributes)
            following = int(stated.group(1)) if stated else number + 1
            if following <= number:
                raise FileRefused("corrupt", why=f"row {following} comes after row {number}")
            number = following
            yield number, self._cells(body)

    def _bodies(self) -> Iterator:
        """Yield (attributes, inner bytes) of each row element of the sheet data."""
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
        self._head = self._wrapper(rest, begin.group(1) or b"")
        if begin.group(2):
            return
        close = b"</" + (begin.group(1) or b"") + b"row>"
        rest = rest[begin.end() :]
        while True:
            whole, closed, rest = rest.rpartition(close)
            if closed:
                yield from _rows_in(whole, close)
            if len(rest) > _MAX_ROW_BYTES:
                raise FileRefused("corrupt", why="a row of the sheet is too long")
            data = stream.read(CHUNK)
            if not data:
                return
            rest += data

    def _wrapper(self, data, prefix):
        """Return a start tag that declares the sheet's namespaces, to parse a single row in."""
        root = _ROOT.search(data)
        declared = b" ".join(_XMLNS.findall(root.group(1))) if root else b""
        self._prefixed = bool(prefix)
        self._foot = b"</" + prefix + b"row>"
        return b"<" + prefix + b"row " + declared + b">"

    def _cells(self, body) -> list:
        found = _CELL.findall(body)
        if self._prefixed or len(found) != body.count(b"<c") or b"<!" in body:
            return self._parsed(body)
        row: list = []
        places, strings, add = self._places, self._strings, row.append
        for letters, style, kind, formula, value, inline in found:
            place = places.get(letters)
            if place is None:
                place = places[letters] = column_place(letters.decode())
            if place != len(row):
                self._fill(row, place)
            if kind == b"s" and value and not formula:
                try:
                    add(strings[int(value)])
                except (IndexError, ValueError):
                    raise FileRefused("corrupt", why="a shared string is missing") from None
            elif not value and not inline and not formula:
                add("")
            elif not kind and not style and value.isdigit() and len(value) < 16 and not formula:
                add(Canonical(value.decode()))
            else:
                add(self._value(style, kind, formula, value, inline))
        return row

    def _fill(self, row, place):
        if place < len(row):
            raise FileRefused("corrupt", why="the cells of a row are not in order")
        if place >= self._limit:
            raise FileRefused("too_many_columns", found=place + 1, limit=self._limit)
        row.extend([""] * (place - len(row)))

    def _value(self, style, kind, formula, value, inline):
        text = self._typed(style, kind, xml_text(value) if value else "", xml_text(inline) if inline else "")
        if not formula and kind != b"e":
            return text
        cell = Cell(text)
        cell.flaw = "error" if kind == b"e" else "formula" if value else "stale"
        return cell

    def _typed(self, style, kind, value, inline):
        if not kind or kind == b"n":
            if not value:
                return ""
            form = self._styles[int(style)] if style and int(style) < len(self._styles) else NUMBER
            return number_text(value) if form == NUMBER else serial_text(value, form, self._package.date1904)
        if kind == b"s":
            if not value.isdigit() or int(value) >= len(self._strings):
                raise FileRefused("corrupt", why="a shared string is missing")
            return self._strings[int(value)]
        if kind == b"b":
            return Canonical("true" if value == "1" else "false")
        if kind == b"d":
            return Canonical(value)
        return inline if kind == b"inlineStr" else value

    def _parsed(self, body) -> list:
        """Read a row that is not in the plain form, with the XML parser."""
        node = parse_fragment(self._head + body + self._foot, self._part)
        row: list = []
        for cell in node.iterchildren("{*}c"):
            letters = (cell.get("r") or "").rstrip("0123456789")
            place = column_place(letters) if letters.isascii() and letters.isalpha() else len(row)
            self._fill(row, place)
            if place >= self._limit:
                raise FileRefused("too_many_columns", found=place + 1, limit=self._limit)
            formula, value, inline = (cell.find("{*}" + name) for name in ("f", "v", "is"))
            row.append(
                self._value(
                    (cell.get("s") or "").encode(),
                    (cell.get("t") or "").encode(),
                    b"f" if formula is not None else b"",
                    _escaped(value.text) if value is not None else b"",
                    _escaped(inner_text(inline)) if inline is not None else b"",
                )
            )
        return row


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


def _escaped(text) -> bytes:
    return (text or "").replace("&", "&amp;").encode("utf-8")

"""The cells of a row: their kind, their style and their text become one value each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import NamedTuple

from .limits import Limits
from .reasons import FileRefused
from .texts import Canonical
from .xlsx_package import unescape_xml
from .xlsx_values import DATE_TIME, NUMBER, date_time_texts, number_text, number_texts, serial_text

_CACHE_ENTRIES = 20_000
_MAX_GAPS = 10


class Cell(str):
    """A cell that needs a person: ``flaw`` is ``formula``, ``stale`` (no result) or ``error``."""

    __slots__ = ("flaw",)

    @classmethod
    def flawed(cls, text: str, flaw: str) -> Cell:
        """Return the text of a cell together with what is wrong with it."""
        cell = cls(text)
        cell.flaw = flaw
        return cell


def column_place(letters: str) -> int:
    """Return the place of a column from 0: A is 0, AA is 26."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1


class Block(NamedTuple):
    """Rows of a sheet that look alike: their numbers, and their cells, none of which is flawed or too long."""

    numbers: list
    rows: list


class _Places(dict):
    def __missing__(self, letters):
        place = self[letters] = column_place(letters)
        return place


class _Numbers(dict):
    """Number cells seen before; most columns of a sheet repeat a few values."""

    def __missing__(self, text):
        if len(self) >= _CACHE_ENTRIES:
            self.clear()
        value = self[text] = number_text(text) if text else ""
        return value


class CellReader:
    """Turns cells as they stand in a sheet into texts, Canonical values, or flawed Cells."""

    def __init__(self, strings: list, styles: list, date1904: bool, limits: Limits):
        self._strings = strings
        self._kinds = {str(number): kind for number, kind in enumerate(styles) if kind != NUMBER}
        self._date1904 = date1904
        self._limit = limits.max_columns
        self._long_chars = limits.max_cell_chars
        self._long = max(map(len, strings), default=0) > limits.max_cell_chars
        self._places = _Places()
        self._numbers = _Numbers()

    def block(self, form, found: list):
        """Return the rows of a portion whose rows have one Form as a Block, else None: see ``xlsx_forms``.

        ``found``: (row number, value, ...) of each row, without the cells that have no value.
        """
        places = [self._places[name] for name in form.letters]
        width = places[-1] + 1
        # A Block holds its rows: they may not be much wider than what is in the file.
        if self._long or places != sorted(set(places)) or width > min(self._limit, _MAX_GAPS * len(places)):
            return None
        numbers, *values = zip(*found, strict=True)
        columns: list = [repeat("")] * width
        filled = [place for place, empty in zip(places, form.empty, strict=True) if not empty]
        for place, style, kind, cells in zip(filled, form.styles, form.kinds, values, strict=True):
            columns[place] = self._values(style, kind, cells)
            if columns[place] is None:
                return None
        return Block(list(map(int, numbers)), list(zip(*columns)))  # noqa: B905 - repeat() has no end

    def _values(self, style, kind, values):
        """Return the cells of a column of one style and type; None when one is too long."""
        if kind == "s":
            return self._shared(values)
        if kind != "inlineStr":
            return self._typed_values(self._kinds.get(style, NUMBER), values)
        text = "\n".join(values)
        if "&" in text or "_x" in text:
            values = map(unescape_xml, values)
        values = [value.strip() for value in values]
        return values if len(max(values, key=len)) <= self._long_chars else None

    def _typed_values(self, form, values) -> list:
        if form == NUMBER:
            return number_texts(values) or list(map(self._numbers.__getitem__, values))
        date1904 = self._date1904
        if form == DATE_TIME and not date1904:
            return date_time_texts(values)
        return [serial_text(value, form, date1904) for value in values]

    def table(self, found: list):
        """Return the rows of a portion in which every row has the same columns, else None. Whole columns at a time.

        ``found``: (letters, row, style, kind, value) of each cell, in order, without formulas.
        """
        letters, numbers, styles, kinds, values = zip(*found, strict=True)
        width = next((place for place, number in enumerate(numbers) if number != numbers[0]), len(numbers))
        count, rest = divmod(len(found), width)
        head, rows = letters[:width], numbers[::width]
        if rest or letters != head * count or any(numbers[place::width] != rows for place in range(1, width)):
            return None
        places = [self._places[name] for name in head]
        if places != sorted(set(places)) or places[-1] >= self._limit:
            return None
        columns: list = [repeat("")] * (places[-1] + 1)
        plain = not self._long
        for place, start in zip(places, range(width), strict=True):
            cut = slice(start, None, width)
            columns[place], flat = self._column(styles[cut], kinds[cut], values[cut])
            plain = plain and flat
        return zip(map(int, rows), zip(*columns), repeat(plain))  # noqa: B905 - repeat() has no end

    def _column(self, styles, kinds, values) -> tuple:
        """Return (values of one column, whether all are plain)."""
        count = len(values)
        if kinds.count("s") == count and "" not in values:
            return self._shared(values), True
        if kinds.count("") == count:
            used = {self._kinds.get(style, NUMBER) for style in set(styles)}
            if used == {NUMBER}:
                return list(map(self._numbers.__getitem__, values)), True
            if len(used) == 1 and "" not in values:
                return self._typed_values(used.pop(), values), True
        cells = zip(styles, kinds, values, strict=True)
        return [self.value(style, kind, "", unescape_xml(value), "") for style, kind, value in cells], False

    def _shared(self, values) -> list:
        try:
            places = list(map(int, values))
            if min(places) < 0:
                raise IndexError
            return list(map(self._strings.__getitem__, places))
        except (IndexError, ValueError):
            raise FileRefused("corrupt", why="a shared string is missing") from None

    def rows(self, found: list) -> Iterator:
        """Yield (row number, cells, plain) from cells in order: (letters, row, style, kind, formula, value, inline)."""
        places, strings, numbers, kinds = self._places, self._strings, self._numbers, self._kinds
        current, row, plain = found[0][1], [], not self._long
        add = row.append
        try:
            for letters, number, style, kind, formula, value, inline in found:
                if number != current:
                    yield int(current), row, plain
                    current, row, plain = number, [], not self._long
                    add = row.append
                place = places[letters]
                if place != len(row):
                    self.fill(row, place)
                if formula or inline:
                    add(self.value(style, kind, formula, unescape_xml(value), unescape_xml(inline)))
                    plain = False
                elif kind == "s" and value:
                    add(strings[int(value)] if value[0] != "-" else strings[len(strings)])
                elif not value:
                    add("")
                elif kind and kind != "n":
                    add(self.value(style, kind, formula, unescape_xml(value), inline))
                    plain = False
                elif style in kinds:
                    add(serial_text(value, kinds[style], self._date1904))
                else:
                    add(numbers[value])
        except (IndexError, ValueError):
            raise FileRefused("corrupt", why="a shared string is missing") from None
        yield int(current), row, plain

    def fill(self, row: list, place: int) -> None:
        """Add empty cells up to a place. Refuses places beyond the limit and out of order."""
        if place < len(row):
            raise FileRefused("corrupt", why="the cells of a row are not in order")
        if place >= self._limit:
            raise FileRefused("too_many_columns", found=place + 1, limit=self._limit)
        row.extend([""] * (place - len(row)))

    def value(self, style: str, kind: str, formula, value: str, inline: str):
        """Return one cell of any kind: ``formula`` is true for a formula, ``value`` its stored result."""
        text = self._typed(style, kind, value, inline)
        if kind == "e":
            return Cell.flawed(text, "error")
        if formula:
            return Cell.flawed(text, "formula" if value else "stale")
        return text

    def _typed(self, style, kind, value, inline):
        if not kind or kind == "n":
            form = self._kinds.get(style, NUMBER)
            if not value or form == NUMBER:
                return number_text(value) if value else ""
            return serial_text(value, form, self._date1904)
        if kind == "s" and value:
            if not value.isdigit() or int(value) >= len(self._strings):
                raise FileRefused("corrupt", why="a shared string is missing")
            return self._strings[int(value)]
        if kind == "b":
            return Canonical("true" if value == "1" else "false")
        if kind == "d":
            return Canonical(value)
        return (inline if kind == "inlineStr" else value).strip()

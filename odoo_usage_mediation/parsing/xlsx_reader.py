"""Workbooks (.xlsx): a sheet as a table; what only a person can decide is refused row by row."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from .containers import Content
from .limits import Deadline, Limits
from .profile import Profile
from .reader import Parsed, map_cells
from .reasons import FileRefused
from .records import Rejection
from .texts import storable
from .xlsx_cells import Block, Cell
from .xlsx_package import Package
from .xlsx_rows import SheetRows, entries_of, mark_spilled
from .xlsx_values import read_strings, read_styles


def read_xlsx(
    parsed: Parsed,
    content: Content,
    profile: Profile,
    limits: Limits,
    deadline: Deadline,
    context: dict,
    options: dict,
) -> Parsed:
    """Connect one sheet of a workbook to the mapper. Row numbers are those of the sheet."""
    package = Package(content, limits, deadline)
    parsed.sheet, part = package.sheet_part(profile.sheet)
    rows = SheetRows(package, part, read_strings(package), read_styles(package))
    table = _Table(rows, profile, limits)
    names = table.read_header()
    parsed.columns = [name or "" for name in names]
    return map_cells(parsed, table, names, True, profile, context, options, on_used=table.watch)


class _Table:
    """The data rows of a sheet: even in width, empty rows passed over, doubtful ones refused."""

    def __init__(self, rows: SheetRows, profile: Profile, limits: Limits):
        self._blocks = rows.blocks()
        self._merged = rows.merged
        self._spilled = rows.spilled
        self._profile = profile
        self._limits = limits
        self._names: list = []
        self._used: frozenset = frozenset()
        self._first = 0
        self._waiting: Iterator = iter(())

    def watch(self, used: set) -> None:
        """Say which places the profile uses: a formula elsewhere does not matter."""
        self._used = frozenset(used)

    def read_header(self) -> list:
        """Return the column names and stand before the first data row."""
        header, skip = self._profile.header_row, self._profile.skip_rows
        self._first = header + skip + 1
        if not header:
            self._names = self._profile.columns
            return self._names
        cells = self._header_cells(header)
        names = [str(cell).replace("\ufeff", "").strip() for cell in cells]
        while names and not names[-1]:
            names.pop()
        if not names:
            raise FileRefused("no_header", row=header)
        if len(names) > self._limits.max_columns:
            raise FileRefused("too_many_columns", found=len(names), limit=self._limits.max_columns)
        for top, bottom, left, right in self._merged:
            if top <= header <= bottom and left < len(names):
                raise FileRefused("merged_header", range=_range(top, bottom, left, right))
        self._names = self._profile.columns or names
        return self._names

    def _header_cells(self, header):
        """Return the cells of the header's row, () without one, and stand behind it."""
        for block in self._blocks:
            entries = iter(entries_of(block))
            for entry in entries:
                if entry[0] < header:
                    continue
                self._waiting = entries if entry[0] == header else chain([entry], entries)
                return entry[1] if entry[0] == header else ()
        if not header > 1:
            raise FileRefused("empty_file")
        return ()

    def __iter__(self) -> Iterator:
        width = len(self._names)
        merged = [span for span in self._merged if span[1] >= self._first and span[2] < width]
        for block in chain([self._waiting], self._blocks):
            if type(block) is Block and not merged and self._is_even(block, width):
                yield from zip(block.numbers, block.rows, strict=True)
            else:
                yield from self._looked_at(entries_of(block), width, merged)

    def _is_even(self, block, width):
        """Whether the rows of a block can be taken as they are."""
        if self._spilled or block.numbers[0] < self._first or len(block.rows[0]) != width:
            return False
        return width > 0 and all([row[0] for row in block.rows])

    def _looked_at(self, entries, width, merged):
        for number, row, plain in entries:
            if number < self._first:
                continue
            if self._spilled or len(row) != width:
                row = [*row[:width], *[""] * (width - len(row))]
            if self._spilled and mark_spilled(row, self._spilled, number):
                plain = False
            if not row[0] and not any(row) and Cell not in map(type, row):
                continue
            if plain and not merged:
                yield number, tuple(row)
                continue
            while merged and merged[0][1] < number:
                merged.pop(0)
            yield self._flaw(number, row, merged) or (number, tuple(row))

    def _flaw(self, number, row, merged):
        if merged:
            for top, bottom, left, right in merged:
                if top > number:
                    break
                if number <= bottom:
                    return self._reject(number, "merged_cell", row, range=_range(top, bottom, left, right))
        limit = self._limits.max_cell_chars
        cached = self._profile.formulas == "cached"
        for place, cell in enumerate(row):
            if type(cell) is Cell and place in self._used:
                name = self._names[place] or _letters(place)
                if cell.flaw == "error":
                    return self._reject(number, "error_cell", row, column=name, value=str(cell) or "?")
                if cell.flaw == "stale" or not cached:
                    return self._reject(number, "formula_cell", row, column=name, cell=f"{_letters(place)}{number}")
            if len(cell) > limit:
                return self._reject(number, "cell_too_long", row, column=_letters(place), found=len(cell), limit=limit)
        return None

    def _reject(self, number, code, row, **params):
        texts = {name: str(value) for name, value in params.items()}
        raw = tuple([str(cell)[: self._limits.max_cell_chars] for cell in row])
        return Rejection(number, code, texts, "", storable(raw))


def _letters(place: int) -> str:
    letters, place = "", place + 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _range(top, bottom, left, right) -> str:
    return f"{_letters(left)}{top}:{_letters(right)}{bottom}"

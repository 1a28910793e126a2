"""Workbooks (.xlsx): a sheet as a table; what only a person can decide is refused row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from .containers import Content
from .limits import Deadline, Limits
from .profile import Profile
from .reader import TITLE_ROWS, Parsed, bare_names, lacking, map_cells, may_be_header, refuse_missing
from .reasons import FileRefused
from .records import Rejection
from .texts import storable
from .xlsx_cells import Block, Cell
from .xlsx_package import Package
from .xlsx_rows import SheetRows, entries_of, mark_spilled
from .xlsx_values import read_strings, read_styles

_NOT_THIS_SHEET = ("missing_columns", "no_header", "empty_file", "merged_header")


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
    shared = (read_strings(package), read_styles(package))

    def lacks(names):
        return lacking(names, True, profile, context)

    def table_of(part):
        return _Table(SheetRows(package, part, *shared), profile, limits, lacks)

    parsed.sheet, table = _chosen_sheet(package.sheet_parts(profile.sheet), table_of)
    names = table.names
    parsed.columns = [name or "" for name in names]
    return map_cells(parsed, table, names, True, profile, context, options, on_used=table.watch)


def _chosen_sheet(parts, table_of) -> tuple:
    """Return (name, table) of the one sheet that has the columns; refuse the file where several have rows."""
    chosen, refusal, rivals = None, None, []
    for name, part in parts:
        table = table_of(part)
        try:
            table.read_header()
        except FileRefused as refused:
            if len(parts) == 1 or refused.code not in _NOT_THIS_SHEET:
                raise
            refusal = refusal or refused
            continue
        if chosen is None:
            chosen = (name, table)
        elif next(iter(table), None) is not None:
            rivals.append(name)
    if rivals:
        names = ", ".join([chosen[0], *rivals])[:200]
        raise FileRefused("bad_structure", why=f"the sheets {names} all have such rows; the profile must name one")
    if chosen is None:
        raise refusal
    return chosen


class _Table:
    """The data rows of a sheet: even in width, empty rows passed over, doubtful ones refused."""

    def __init__(self, rows: SheetRows, profile: Profile, limits: Limits, lacks: Callable):
        self._blocks = iter(rows.blocks())
        self._merged = rows.merged
        self._spilled = rows.spilled
        self._profile = profile
        self._limits = limits
        self._lacks = lacks
        self.names: list = []
        self._used: frozenset = frozenset()
        self._first = 0
        self._waiting: Iterator = iter(())

    def watch(self, used: set) -> None:
        """Say which places the profile uses: a formula elsewhere does not matter."""
        self._used = frozenset(used)

    def read_header(self) -> None:
        """Find the column names and stand before the first data row."""
        header, skip = self._profile.header_row, self._profile.skip_rows
        if header:
            header, names = self._header()
            self._refuse_merged(header, names)
            self.names = self._profile.columns or names
        else:
            self.names = self._profile.columns
        self._first = header + skip + 1

    def _header(self):
        """Return (row number, names) of the header; stand behind it. Titles may stand above it."""
        stated, entry = self._profile.header_row, self._next_entry(self._profile.header_row)
        if entry is None:
            raise FileRefused("no_header", row=stated) if stated > 1 else FileRefused("empty_file")
        stated_names = bare_names(entry[1]) if entry[0] == stated else []
        if len(stated_names) > self._limits.max_columns:
            raise FileRefused("too_many_columns", found=len(stated_names), limit=self._limits.max_columns)
        missing = []
        for _number in range(TITLE_ROWS):
            names = bare_names(entry[1])
            is_stated = entry[0] == stated and bool(names)
            if is_stated and self._profile.columns:
                return entry[0], names
            if is_stated or may_be_header(names, self._limits):
                lacks = self._lacks(names)
                if not lacks:
                    return entry[0], names
                missing = missing or lacks
            entry = self._next_entry(stated)
            if entry is None:
                break
        self._refuse_merged(stated, stated_names)
        if stated_names:
            refuse_missing(missing, stated_names)
        raise FileRefused("no_header", row=stated)

    def _refuse_merged(self, header, names):
        for top, bottom, left, right in self._merged:
            if top <= header <= bottom and left < len(names):
                raise FileRefused("merged_header", range=_range(top, bottom, left, right))

    def _next_entry(self, least):
        """The next row with cells, from a row number on; None at the end."""
        while True:
            for entry in self._waiting:
                if entry[0] >= least:
                    return entry
            block = next(self._blocks, None)
            if block is None:
                return None
            self._waiting = iter(entries_of(block))

    def __iter__(self) -> Iterator:
        width = len(self.names)
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
                name = self.names[place] or _letters(place)
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

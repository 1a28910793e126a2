"""Several files in one archive: each is read as if it had come alone, in the order of their names.

Rows are numbered on from file to file. Files of one archive have the same columns, so that a row in suspense is read
again by the columns of its batch; what is not alike is refused before the first row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .containers import Content
from .environment import header_key
from .limits import Limits
from .profile import Profile
from .reasons import FILE_REASONS, FileRefused

_SHOWN_NAMES = 5


class Members:
    """The items of all files of an archive; to its reader what ``Parsed`` is for one file."""

    def __init__(self, heads: list, start: Callable, limits: Limits):
        first = heads[0][1]
        self.format, self.encoding, self.delimiter = first.format, first.encoding, first.delimiter
        self.sheet, self.columns, self.row_count = "", first.columns, 0
        self._names = [name for name, _parsed in heads]
        self._start, self._limits = start, limits
        self._after = 0

    def skip_to(self, row_number: int) -> Members:
        """Pass over the items of rows up to and including a row number; returns self."""
        self._after = row_number
        return self

    def __iter__(self) -> Iterator:
        last = 0
        for name in self._names:
            before = last
            for item in self._items(name):
                last = before + item.row_number
                if last > self._after:
                    yield item._replace(row_number=last) if before else item
        if not self.row_count:
            raise FileRefused("empty_file")

    def _items(self, name):
        left = self._limits.max_rows - self.row_count
        # One row more than is left is one too many: the reader refuses it, in the words of the whole.
        parsed = self._start(name, self._limits._replace(max_rows=max(left, 1)))
        try:
            yield from parsed
        except FileRefused as refusal:
            if refusal.code == "too_many_rows":
                raise FileRefused("too_many_rows", limit=self._limits.max_rows) from None
            if refusal.code != "empty_file":
                raise
        self.row_count += parsed.row_count
        if self.row_count > self._limits.max_rows:
            raise FileRefused("too_many_rows", limit=self._limits.max_rows)


def parse_members(content: Content, profile: Profile, limits: Limits, start: Callable) -> Members:
    """Read the files of an archive. ``start(name, limits)`` begins to read one of them. Raises FileRefused."""
    if "row" in profile.external_id:
        # The id of a row is made of its file and its number: the same file sent alone would count again.
        raise FileRefused("several_files", found=_list(content.members))
    heads, others = [], []
    for name in content.members:
        try:
            heads.append((name, start(name, limits)))
        except FileRefused as refusal:
            if refusal.code != "empty_file":
                others.append((name, refusal))
    if not heads:
        raise others[0][1] if others else FileRefused("empty_file")
    columns = list(map(header_key, heads[0][1].columns))
    odd = [(name, None) for name, parsed in heads if list(map(header_key, parsed.columns)) != columns]
    if others or odd:
        raise FileRefused("several_files", found=_unlike(heads[0][0], [*others, *odd]))
    return Members(heads, start, limits)


def _unlike(first: str, others: list) -> str:
    name, refusal = others[0]
    why = FILE_REASONS[refusal.code].explain(refusal.params) if refusal else "Its columns are others."
    return f"{_list([first, *[other for other, _refusal in others]])} - {name}: {why}"[:400]


def _list(names) -> str:
    more = len(names) - _SHOWN_NAMES
    return ", ".join(names[:_SHOWN_NAMES])[:200] + (f" (+{more})" if more > 0 else "")

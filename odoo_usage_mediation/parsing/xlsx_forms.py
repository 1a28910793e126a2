"""Rows that look alike, as nearly all that programs write: one regular expression reads a whole row.

The form of a row (its columns, their styles and types) becomes the expression. A portion of the sheet
with any row of another form, or any cell that is more than a value, is not read here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_HEAD = re.compile(r'<row r="([0-9]{1,7})"[^<>]*>(?=<c )')
_CELL = re.compile(
    r'<c r="([A-Z]{1,3})[0-9]{1,7}"( s="[0-9]+")?( t="(?:s|n|inlineStr)")?'
    r"(?:(/)>|><v>[^<]+</v></c>|><is><t(?: xml:space=\"preserve\")?>[^<]*</t></is></c>)"
)
_INLINE = ' t="inlineStr"'
_VALUE = r"><v>([^<]+)</v></c>"
_TEXT = r'><is><t(?: xml:space="preserve")?>([^<]*)</t></is></c>'
# Beyond these, rows are read cell by cell: a sheet with so many forms gains nothing here, and an expression costs.
_MAX_COLUMNS = 100
_MAX_FORMS = 16


class Form(NamedTuple):
    """The columns of a row; ``pattern`` reads it. ``styles`` and ``kinds`` are of those that are not ``empty``."""

    pattern: re.Pattern
    letters: tuple
    empty: tuple
    styles: tuple
    kinds: tuple


class Forms:
    """The forms of rows seen so far in a sheet."""

    def __init__(self):
        self._known: dict = {}

    def read(self, text: str):
        """Return (Form, [(row number, value, ...)]) of whole rows that all have one form, else None."""
        head = _HEAD.search(text)
        if head is None:
            return None
        cells = tuple(_CELL.findall(text, head.end(), text.find("</row>", head.end())))
        count = text.count("<row")
        # Cheap, and enough to see most of what does not fit.
        if not 0 < len(cells) <= _MAX_COLUMNS or text.count("<c") != count * len(cells):
            return None
        form = self._known.get(cells)
        if form is None:
            if len(self._known) >= _MAX_FORMS:
                return None
            form = self._known[cells] = _form(cells)
        found = form.pattern.findall(text)
        return (form, found) if len(found) == count else None


def _form(cells: tuple) -> Form:
    steps = [_HEAD.pattern]
    for letters, style, kind, empty in cells:
        steps.append(f'<c r="{letters}\\1"{style}{kind}')
        steps.append("/>" if empty else _TEXT if kind == _INLINE else _VALUE)
    filled = [cell for cell in cells if not cell[3]]
    styles = tuple([style[4:-1] for _letters, style, _kind, _empty in filled])
    kinds = tuple([kind[4:-1] for _letters, _style, kind, _empty in filled])
    letters, _styles, _kinds, empty = zip(*cells, strict=True)
    return Form(re.compile("".join([*steps, "</row>"])), letters, empty, styles, kinds)

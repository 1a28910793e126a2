"""What the first rows of a table prove about how its numbers and dates are written.

A column proves its own style. Where it proves nothing, the other columns may: one file is written in one locale.
"""

from __future__ import annotations

import re
from itertools import chain

from .dates import is_date, proven_order
from .quantities import prove_style
from .texts import Canonical

AMBIGUOUS = ("ambiguous", "")
_PLAIN = (".", "")
_SPACES = " '\u00a0\u202f\u2019"
_ISO_DAY = re.compile(r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}(?![0-9])")


class Evidence:
    """The first rows of a table. ``delimiter``: of a separated text, "" for a workbook."""

    def __init__(self, rows: list, delimiter: str = ""):
        self._rows = rows
        self._delimiter = delimiter
        self._orders: dict = {}
        self._pooled_order: str | None = None

    def style(self, places: list, others: list, is_count: bool = False, assumed: str = "") -> tuple:
        """Return (decimal sign, thousands signs) of the columns at some places; ``others`` hold numbers as well.

        ``assumed``: the decimal sign where nothing proves it.
        ``is_count``: what is counted has no decimals, so that nothing is taken for granted about their sign.
        """
        own = prove_style(chain.from_iterable(map(self._texts, places)))
        if own == AMBIGUOUS and not self._is_contradicted(places):
            own = prove_style(chain.from_iterable(map(self._texts, [*places, *others])))
            is_open = own == AMBIGUOUS and not is_count
            if is_open and self._delimiter == "," and not self._has_commas([*places, *others]):
                # Who separates cells by commas writes decimals with a point.
                return _PLAIN
            if own == AMBIGUOUS and assumed:
                return assumed, _SPACES + ("," if assumed == "." else ".")
        return own

    def _has_commas(self, places):
        return any("," in text for place in places for text in self._texts(place))

    def _is_contradicted(self, places):
        """Whether some columns prove both signs, each in other rows."""
        signs = {prove_style([text])[0] for place in places for text in self._texts(place)}
        return {".", ","} <= signs

    def own_order(self, places: list) -> str:
        """Return ``day``, ``month``, ``mixed`` or "": what comes first in the dates of some columns."""
        key = tuple(places)
        if key not in self._orders:
            self._orders[key] = proven_order(chain.from_iterable(map(self._texts, places)))
        return self._orders[key]

    def order(self, places: list) -> str:
        """The same; a column that proves nothing is written as the others are."""
        if found := self.own_order(places):
            return found
        if self._pooled_order is None:
            width = max(map(len, self._rows), default=0)
            # Columns of dates only: a date among other texts is what some person wrote.
            columns = [
                texts for place in range(width) if all(map(is_date, texts := list(filter(None, self._texts(place)))))
            ]
            self._pooled_order = proven_order(chain.from_iterable(columns))
        return self._pooled_order

    def dates(self) -> list:
        """Return the places of columns that hold dates and nothing else."""
        found = []
        for place in range(max(map(len, self._rows), default=0)):
            texts = [row[place].strip() for row in self._rows if place < len(row) and row[place].strip()]
            if texts and all(is_date(text) or _ISO_DAY.match(text) for text in texts):
                found.append(place)
        return found

    def _texts(self, place):
        """The texts of a column; typed cells prove nothing about how text is written."""
        for row in self._rows:
            if place < len(row) and type(row[place]) is not Canonical:
                yield row[place].strip()

"""Tables with a column per interval of a day: each cell of an interval becomes a row of its own.

The columns of intervals are told by their names: times of day (``00:30``, ``0030``, ``00:00 - 00:30``) or numbers
behind one word (``HH01`` .. ``HH50``, ``1`` .. ``48``). Each row gives the other cells and three more: ``interval``
(``HH:MM`` by the clock of the names, or for numbers the minutes since the local midnight), ``interval_minutes``
and ``value``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .records import Rejection
from .texts import storable

#: The columns that take the place of those of the intervals.
COLUMNS = ["interval", "interval_minutes", "value"]
#: Lengths that a day is cut into, in minutes.
_LENGTHS = (5, 10, 15, 20, 30, 60)
_CLOCK = re.compile(
    r"[^0-9]*([0-9]{1,2})[:.hH_]?([0-9]{2})(?::00)?"
    r"(?:\s*(?:-|to)\s*[0-9]{1,2}[:.]?[0-9]{2}(?::00)?)?[^0-9]*"
)
_NUMBER = re.compile(r"([^0-9]*)0*([1-9][0-9]{0,2})([^0-9]*)")
_DAY = 1440
_SHORTEST_DAY = 23 * 60
_LEAST = 20


class Wide(NamedTuple):
    """How a header is cut: places of other columns, and (place, interval) of those of intervals."""

    kept: list
    intervals: list
    minutes: int

    def names(self, names: list) -> list:
        """Return the column names of the rows that come out."""
        return [*[names[place] for place in self.kept], *COLUMNS]

    def rows(self, entries: Iterator) -> Iterator:
        """Yield a row per interval; all of one row have its number."""
        for entry in entries:
            if type(entry) is Rejection:
                yield entry
                continue
            number, row = entry
            kept = [row[place] for place in self.kept]
            for place, interval in self.intervals:
                cell = row[place]
                out = [*kept, interval, str(self.minutes), cell]
                if interval.isdigit() and int(interval) >= _SHORTEST_DAY and not cell.strip():
                    # What only longer days have.
                    yield Rejection(number, "filtered", {"column": COLUMNS[-1]}, "", storable(tuple(out)))
                else:
                    yield number, out


def cut(names: list):
    """Return the Wide of a header, or None when it has no columns of a day's intervals."""
    return _by_clock(names) or _by_number(names)


def _by_clock(names):
    found = []
    for place, name in enumerate(names):
        match = _CLOCK.fullmatch(name.strip())
        if match:
            minute = int(match.group(1)) * 60 + int(match.group(2))
            if int(match.group(2)) < 60 and minute <= _DAY:
                found.append((place, minute))
    minutes = _DAY // len(found) if len(found) >= _LEAST else 0
    if minutes not in _LENGTHS or minutes * len(found) != _DAY:
        return None
    stamps = [minute for _place, minute in found]
    # Named by their ends: the first is one interval after midnight, the last is midnight.
    at_end = stamps[0] == minutes and stamps[-1] in (0, _DAY)
    begins = [(minute - minutes) % _DAY if at_end else minute for minute in stamps]
    if begins != list(range(0, _DAY, minutes)):
        return None
    places = [place for place, _minute in found]
    return _wide(names, places, [f"{begin // 60:02d}:{begin % 60:02d}" for begin in begins], minutes)


def _by_number(names):
    series: dict = {}
    for place, name in enumerate(names):
        match = _NUMBER.fullmatch(name.strip())
        if match:
            words = (match.group(1).casefold(), match.group(3).casefold())
            series.setdefault(words, []).append((int(match.group(2)), place))
    for found in series.values():
        numbers = [number for number, _place in found]
        for minutes in _LENGTHS:
            usual = _DAY // minutes
            # The longest day has an hour more.
            if numbers == list(range(1, len(numbers) + 1)) and len(numbers) in (usual, usual + 60 // minutes):
                ordinals = [str((number - 1) * minutes) for number in numbers]
                return _wide(names, [place for _number, place in found], ordinals, minutes)
    return None


def _wide(names, places, intervals, minutes):
    among = set(places)
    kept = [place for place in range(len(names)) if place not in among and names[place]]
    return Wide(kept, list(zip(places, intervals, strict=True)), minutes)

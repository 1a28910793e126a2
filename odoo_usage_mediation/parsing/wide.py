"""Tables with a column per interval of a day: each cell of an interval becomes a row of its own.

The columns of intervals are told by their names: times of day (``00:30``, ``0030``, ``00:00 - 00:30``, ``1:30 PM``) or
numbers behind one word (``HH01`` .. ``HH50``, ``1`` .. ``48``, ``H0`` .. ``H23``). Each row gives the other cells and
four more: ``interval`` (``HH:MM`` by the clock of the names, or for numbers the minutes since the local midnight),
``interval_minutes``, ``value`` and ``interval_unit`` (of energy or power, as the name says it: ``00:30 (Wh)``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .records import Rejection
from .texts import storable

#: The columns that take the place of those of the intervals.
COLUMNS = ["interval", "interval_minutes", "value", "interval_unit"]
_UNITS = frozenset("wh kwh mwh gwh kw mw varh kvarh kvar vah kvah kva".split())
_WORD = re.compile("[^\\W0-9_]+")
#: Lengths that a day is cut into, in minutes.
_LENGTHS = (5, 10, 15, 20, 30, 60)
_CLOCK = re.compile(
    r"[^0-9]*([0-9]{1,2})[:.hH_]?([0-9]{2})(?::00)?(?:\s*([AaPp])\.?[Mm]\b)?"
    r"(?:\s*(?:-|to)\s*[0-9]{1,2}[:.]?[0-9]{2}(?::00)?)?[^0-9]*"
)
_NUMBER = re.compile(r"([^0-9]*)0*([1-9][0-9]{0,2}|0)([^0-9]*)")
_DAY = 1440
_SHORTEST_DAY = 23 * 60
_LEAST = 20


class Wide(NamedTuple):
    """How a header is cut: places of other columns, and (place, interval, unit) of those of intervals."""

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
            for place, interval, unit in self.intervals:
                cell = row[place]
                out = [*kept, interval, str(self.minutes), cell, unit]
                if interval.isdigit() and int(interval) >= _SHORTEST_DAY and not cell.strip():
                    # What only longer days have.
                    yield Rejection(number, "filtered", {"column": "value"}, "", storable(tuple(out)))
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
            hour, half = int(match.group(1)), (match.group(3) or "").lower()
            hour = hour % 12 + 12 * (half == "p") if half and hour <= 12 else hour
            minute = hour * 60 + int(match.group(2))
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
            # The longest day has an hour more. Some count from 0.
            if numbers == list(range(numbers[0], numbers[0] + len(numbers))) and numbers[0] < 2:
                if len(numbers) not in (usual, usual + 60 // minutes):
                    continue
                ordinals = [str((number - numbers[0]) * minutes) for number in numbers]
                return _wide(names, [place for _number, place in found], ordinals, minutes)
    return None


def _wide(names, places, intervals, minutes):
    among = set(places)
    kept = [place for place in range(len(names)) if place not in among and names[place]]
    units = [_unit(names[place]) for place in places]
    return Wide(kept, list(zip(places, intervals, units, strict=True)), minutes)


def _unit(name):
    return next((word for word in _WORD.findall(name) if word.casefold() in _UNITS), "")

"""The ways a moment can be written: ISO 8601, epochs, spreadsheet serials, strptime-like patterns.

Each reader returns a datetime (naive = local, aware = as written) or None when the text is
not of its form. Own code instead of ``strptime``: that one depends on the process's locale
and costs four times as much.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from .dates import ORDERED, ordered_reader
from .quantities import EXACT
from .reasons import Refuse

UTC = timezone.utc
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST_SERIAL = 20_000
_SERIAL_ZERO = datetime(1899, 12, 30)
ISO = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[Tt ] *([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,12}))?)?"
    r" ?(Z|z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_TICKS = {"epoch_seconds": 1_000_000, "epoch_millis": 1_000, "epoch_micros": 1, "epoch_nanos": 0}
NAMED_FORMATS = ("iso", *_TICKS, "excel_serial", "year_first", *ORDERED)
_YEAR_FIRST = re.compile(
    r"([0-9]{4})(?:([/.])([0-9]{1,2})\2([0-9]{1,2})|()([0-9]{2})([0-9]{2}))"
    r"(?:[T ]?([0-9]{2}):?([0-9]{2})(?::?([0-9]{2})(?:[.,]([0-9]{1,12}))?)?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
# Three years of seconds: a smaller number is the time since something else than 1970.
_LEAST_MICROS = 100_000_000 * 1_000_000
_NUMBER = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,12})?")
_MONTHS = {
    name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)
}
_DIRECTIVES = {
    "Y": r"(?P<Y>[0-9]{4})",
    "y": r"(?P<y>[0-9]{2})",
    "a": r"[A-Za-z]{2,9}\.?",
    "b": r"(?P<b>[A-Za-z]{3,9})\.?",
    "f": r"(?P<f>[0-9]{1,12})",
    "p": r"(?P<p>[AaPp])\.?[Mm]\.?",
    "z": r"(?P<z>Z|GMT|UTC|[+-][0-9]{2}:?[0-9]{2})",
    "m": "m",
    "d": "d",
    "H": "H",
    "I": "I",
    "M": "M",
    "S": "S",
    "%": "%",
}


def moment_reader(form: str, year_offset: int, order: str = "") -> Callable:
    """Build ``text -> datetime or None`` for one declared format. Raises ValueError if unknown.

    ``order``: what the file proves about day and month, see ``dates``.
    """
    if form == "iso":
        return lambda text: iso_moment(text, year_offset)
    if form in _TICKS:
        return _epoch_reader(_TICKS[form])
    if form == "excel_serial":
        return _serial
    if form == "year_first":
        return lambda text: _year_first(text, year_offset)
    if form in ORDERED:
        return ordered_reader(form, order, _builder(year_offset))
    return _pattern_reader(form, year_offset)


def _year_first(text, year_offset):
    match = _YEAR_FIRST.fullmatch(text)
    if not match:
        return None
    year, _sign, month, day, _none, month_too, day_too, *clock = match.groups("")
    return _moment(year, month or month_too, day or day_too, *clock, year_offset)


def _builder(year_offset):
    def build(year, month, day, hour_and_half, minute, second, fraction, zone):
        hour, half = hour_and_half
        hour = _from_twelve(hour, half) if half else hour
        if hour is None:
            return None
        year = year if len(year) == 4 else _century(year)
        return _moment(year, month, day, hour, minute, second, fraction, zone, year_offset)

    return build


def iso_moment(text: str, year_offset: int):
    """Read ISO 8601 with blank or T, any fraction, offset or none, date alone, and 24:00:00."""
    match = ISO.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups("")
    return _moment(year, month, day, hour, minute, second, fraction, zone, year_offset)


def _moment(year, month, day, hour, minute, second, fraction, zone, year_offset):
    number = int(year)
    if number < 100:
        number += year_offset
    next_day = hour == "24"
    if next_day and (int(minute or 0) or int(second or 0) or int(fraction or 0)):
        return None
    try:
        moment = datetime(
            number,
            int(month),
            int(day),
            0 if next_day else int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction + "000000")[:6]),
            tzinfo=_offset(zone),
        )
        return moment + timedelta(days=1) if next_day else moment
    except (ValueError, OverflowError):
        return None


def _offset(zone: str):
    if not zone:
        return None
    if zone in ("Z", "z", "UTC", "GMT"):
        return UTC
    minutes = int(zone[1:3]) * 60 + int(zone[-2:] if len(zone) > 3 else 0)
    return timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))


def _epoch_reader(ticks: int) -> Callable:
    def read(text):
        if not _NUMBER.fullmatch(text):
            return None
        number = Decimal(text)
        # 0 ticks stands for nanoseconds: a thousandth of a microsecond, cut off.
        micros = int(number) // 1000 if not ticks else int(EXACT.multiply(number, Decimal(ticks)) // 1)
        if 0 <= micros < _LEAST_MICROS:
            raise Refuse("bad_time", value=text, column="", why="it counts from a start that the file does not say")
        try:
            return _EPOCH + timedelta(microseconds=micros)
        except OverflowError:
            return None

    return read


def _serial(text):
    """Read days since 1899-12-30, to the nearest millisecond: a serial carries no more.

    What would be before 1954 is a count of something else.
    """
    if not _NUMBER.fullmatch(text) or not 5 <= len(text.partition(".")[0]) <= 7 or Decimal(text) < _LEAST_SERIAL:
        return None
    millis = int((EXACT.multiply(Decimal(text), Decimal(86_400_000)) + Decimal("0.5")) // 1)
    try:
        return _SERIAL_ZERO + timedelta(milliseconds=millis)
    except OverflowError:
        return None


def _pattern_reader(form: str, year_offset: int) -> Callable:
    pattern = re.compile(_pattern(form))

    def read(text):
        match = pattern.fullmatch(text)
        if not match:
            return None
        parts = match.groupdict("")
        month, hour = parts.get("m", ""), parts.get("H", "")
        if "b" in parts:
            month = _MONTHS.get(parts["b"][:3].lower(), 0)
        if "I" in parts:
            hour = _from_twelve(parts["I"], parts.get("p", ""))
            if hour is None:
                return None
        year = parts.get("Y") or _century(parts.get("y", ""))
        return _moment(
            year,
            month,
            parts.get("d", ""),
            hour,
            parts.get("M", ""),
            parts.get("S", ""),
            parts.get("f", ""),
            parts.get("z", ""),
            year_offset,
        )

    return read


def _from_twelve(text: str, half: str):
    hour = int(text)
    if not 1 <= hour <= 12:
        return None
    return str(hour % 12 + (12 if half in ("p", "P") else 0))


def _century(text: str) -> str:
    """Two digits: 69-99 are 1969-1999, 00-68 are 2000-2068 (the POSIX rule)."""
    return str(int(text) + (1900 if int(text) > 68 else 2000))


def _pattern(form: str) -> str:
    """Turn a strptime-like format into a regular expression, or raise ValueError."""
    out, place, previous_is_directive = [], 0, False
    while place < len(form):
        if form[place] != "%":
            out.append(r"\s+" if form[place] == " " else re.escape(form[place]))
            previous_is_directive, place = False, place + 1
            continue
        letter = form[place + 1 : place + 2].replace("B", "b")
        if letter not in _DIRECTIVES:
            raise ValueError(f"unknown directive %{letter or '(nothing)'}")
        part = _DIRECTIVES[letter]
        if len(part) == 1 and part != "%":
            # Digits that touch other digits must have their full width: %Y%m%d.
            touches = previous_is_directive or form[place + 2 : place + 3] == "%"
            part = f"(?P<{letter}>[0-9]{{2}})" if touches else f"(?P<{letter}>[0-9]{{1,2}})"
        out.append(part)
        previous_is_directive, place = True, place + 2
    letters = set(re.findall(r"\?P<(\w)>", "".join(out)))
    if not (letters & {"Y", "y"} and letters & {"m", "b"} and "d" in letters):
        raise ValueError("a format needs year, month and day")
    if ("I" in letters) != ("p" in letters):
        raise ValueError("%I and %p go together")
    return "".join(out)

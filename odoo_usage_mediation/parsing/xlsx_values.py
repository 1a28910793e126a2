"""The values of spreadsheet cells: shared strings, number formats, serial dates as canonical text."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from .containers import CHUNK
from .quantities import EXACT, decimal_from_float
from .reasons import FileRefused
from .texts import Canonical
from .xlsx_package import Package, parse_fragment, unescape, unescape_xml

NUMBER, DATE, DATE_TIME, CLOCK, LENGTH = range(5)
_SIMPLE_STRING = re.compile(rb'<si><t(?: xml:space="preserve")?>([^<]*)</t></si>')
_TABLE = re.compile(rb"<([A-Za-z_][\w.-]*:)?sst(?:\s[^<>]*[^<>/])?>")
_BUILT_IN = {
    **{number: DATE for number in (14, 15, 16, 17, *range(27, 32), *range(34, 37), *range(50, 59))},
    **{number: CLOCK for number in (18, 19, 20, 21, 32, 33, 45, 47)},
    22: DATE_TIME,
    46: LENGTH,
}
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.')
_BRACKET = re.compile(r"\[([^\]]*)\]")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_ZERO_1900, _ZERO_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)
_DAY_MILLIS = 86_400_000
# Days from 1927 to 2173, beyond the leap day of 1900 that never was.
_SERIAL = re.compile(r"[1-9][0-9]{4}(?:\.[0-9]{1,18})?")
# Half milliseconds of a day's decimals, as many as there are: (factor, divisor).
_HALF_MILLIS = [(1728 * 10 ** max(0, 5 - count), 10 ** max(0, count - 5)) for count in range(19)]
_MINUTES = [f" {minute // 60:02d}:{minute % 60:02d}:" for minute in range(1440)]
_SECONDS = [f"{second:02d}" for second in range(60)]
_CACHE_ENTRIES = 20_000
_EXACT_DIGITS = 15
_WRITTEN_CHARS = 24
_SCAN = json.JSONDecoder().scan_once
_MAX_STRING_BYTES = 16 << 20
_MAX_STRING_MARKS = 300_000
# All strings are in memory while the sheet is read: so much of it, with what each costs beside its letters.
_MAX_STRINGS_MEMORY = 160 << 20


def _cost(text: str) -> int:
    """The bytes that a text takes in memory, at most."""
    return 80 + len(text) * (1 if text.isascii() else 4)


def read_strings(package: Package) -> list[str]:
    """Return the table of shared strings, in order, trimmed; rich text is joined, phonetics left out."""
    part = package.part_of_type("sharedStrings")
    if part is None:
        return []
    stream, rest, strings, head, memory = package.stream(part), b"", [], b"", 0
    while data := stream.read(CHUNK):
        rest += data
        if not head:
            begin = _TABLE.search(rest)
            if begin is None and len(rest) > _MAX_STRING_BYTES:
                break
            if begin is None:
                continue
            if b"<!DOCTYPE" in rest[: begin.start()]:
                raise FileRefused("forbidden_markup")
            head, rest = begin.group(0), rest[begin.end() :]
            close = b"</" + (begin.group(1) or b"") + b"si>"
        cut = rest.rfind(close)
        if cut < 0 and len(rest) > _MAX_STRING_BYTES:
            raise FileRefused("corrupt", why="a shared string is too long")
        if cut >= 0:
            before = len(strings)
            _append_strings(strings, rest[: cut + len(close)], head)
            memory += sum(map(_cost, strings[before:]))
            if memory > _MAX_STRINGS_MEMORY:
                raise FileRefused("bad_structure", why="the texts of the workbook are too many to be read at once")
            rest = rest[cut + len(close) :]
    return strings


def _append_strings(strings: list, data: bytes, head: bytes) -> None:
    """Add the strings of some whole ``si`` elements; ``head`` is the start tag of their table."""
    simple = _SIMPLE_STRING.findall(data)
    if len(simple) == data.count(b"<si") and b"<!" not in data:
        try:
            strings.extend([unescape_xml(text.decode("utf-8")).strip() for text in simple])
        except UnicodeDecodeError:
            raise FileRefused("bad_encoding", encoding="UTF-8") from None
        return
    if data.count(b"<") > _MAX_STRING_MARKS:
        raise FileRefused("corrupt", why="a shared string is too long")
    prefix = _TABLE.match(head).group(1) or b""
    root = parse_fragment(head + data + b"</" + prefix + b"sst>", "sharedStrings")
    for node in root.iter("{*}si"):
        strings.append(unescape(inner_text(node)).strip())


def inner_text(node) -> str:
    """Return the text of a string element: its ``t``, or those of its runs."""
    parts = []
    for child in node:
        tag = child.tag.rsplit("}", 1)[-1] if isinstance(child.tag, str) else ""
        if tag == "t":
            parts.append(child.text or "")
        elif tag == "r":
            parts.extend(run.text or "" for run in child.iter("{*}t"))
    return "".join(parts)


def read_styles(package: Package) -> list[int]:
    """Return, per cell style, what its numbers are: NUMBER, DATE, DATE_TIME, CLOCK or LENGTH."""
    part = package.part_of_type("styles")
    if part is None:
        return []
    root = package.root(part)
    custom = {node.get("numFmtId"): _format_kind(node.get("formatCode", "")) for node in root.iter("{*}numFmt")}
    formats = root.find("{*}cellXfs")
    kinds = []
    for node in formats if formats is not None else ():
        number = node.get("numFmtId", "0")
        kinds.append(
            custom[number] if number in custom else _BUILT_IN.get(int(number) if number.isdigit() else 0, NUMBER)
        )
    return kinds


def _format_kind(code: str) -> int:
    """Say what a number format shows, from its first section: letters outside quotes decide."""
    section = _LITERAL.sub("", code).split(";", 1)[0]
    brackets = [mark.lower() for mark in _BRACKET.findall(section)]
    if any(mark and set(mark) in ({"h"}, {"m"}, {"s"}) for mark in brackets):
        return LENGTH
    letters = set(_BRACKET.sub("", section).lower())
    if "general" in section.lower():
        return NUMBER
    day = bool(letters & {"y", "d"})
    clock = bool(letters & {"h", "s"})
    if day or (letters & {"m"} and not clock):
        return DATE_TIME if clock else DATE
    return CLOCK if clock else NUMBER


def number_text(text: str) -> Canonical:
    """Return a number cell as people see it: no exponent, and no digits that only binary has.

    Spreadsheets store 1.1 as 1.1000000000000001; the shortest number with the same binary
    value is meant.
    """
    if text.isdigit() and len(text) <= _EXACT_DIGITS:
        return Canonical(text)
    if not _NUMBER.fullmatch(text):
        return Canonical(text)
    if "e" not in text and "E" not in text and len(text) <= _EXACT_DIGITS + 1:
        return Canonical(text)
    if len(text) <= _WRITTEN_CHARS:
        # What spreadsheets write: its shortest form is that of the binary value, unless that has an exponent or no end.
        value, end = _SCAN(text, 0)
        shown = repr(value)
        if end == len(text) and "e" not in shown and shown[-1].isdigit():
            return Canonical(shown.removesuffix(".0"))
    value = Decimal(text)
    if len(value.as_tuple().digits) > _EXACT_DIGITS:
        value = decimal_from_float(_SCAN(str(value), 0)[0])
    if not -30 < value.adjusted() < 30:
        return Canonical(text)
    written = format(value, "f")
    return Canonical(written.rstrip("0").rstrip(".") if "." in written else written)


def number_texts(texts: Sequence):
    """Return number cells as ``number_text`` does when all are short and without exponent, else None."""
    joined = "".join(texts)
    if "e" in joined or "E" in joined or len(max(texts, key=len)) > _EXACT_DIGITS:
        return None
    return list(map(Canonical, texts))


def date_time_texts(texts: Sequence) -> list:
    """Return serial dates with a clock time, counted from 1900, as ``serial_text`` does."""
    shown = []
    for text in texts:
        if not _SERIAL.fullmatch(text):
            shown.append(serial_text(text, DATE_TIME, False))
            continue
        # Rounded half up to the millisecond, as `serial_text` does, in whole numbers that are small enough to be fast.
        part = text[6:]
        factor, divisor = _HALF_MILLIS[len(part)]
        day, millis = text[:5], (int(part) * factor // divisor + 1) // 2 if part else 0
        if millis >= _DAY_MILLIS:
            day, millis = str(int(day) + 1), 0
        seconds = millis // 1000
        minutes = seconds // 60
        clock = _day_text(day) + _MINUTES[minutes] + _SECONDS[seconds - 60 * minutes]
        millis -= 1000 * seconds
        shown.append(Canonical(f"{clock}.{millis:03d}000" if millis else clock))
    return shown


@lru_cache(maxsize=_CACHE_ENTRIES)
def _day_text(day: str) -> str:
    return (_ZERO_1900 + timedelta(days=int(day))).date().isoformat()


def serial_text(text: str, kind: int, date1904: bool) -> str:
    """Return a serial date, clock time or length as canonical ISO text; the text itself if it is none."""
    if not _NUMBER.fullmatch(text):
        return Canonical(text)
    serial = Decimal(text)
    if not -1_000_000 < serial < 3_000_000:
        return Canonical(text)
    # To the millisecond: a serial is binary and carries no more.
    millis = int((EXACT.multiply(serial, Decimal(_DAY_MILLIS)) + Decimal("0.5")) // 1)
    if kind == LENGTH:
        sign, millis = ("-", -millis) if millis < 0 else ("", millis)
        return Canonical(
            f"{sign}PT{millis // 1000}.{millis % 1000:03d}S" if millis % 1000 else f"{sign}PT{millis // 1000}S"
        )
    if serial < 0:
        return Canonical(text)
    if not date1904 and millis < 60 * _DAY_MILLIS:
        # The 1900 system believes in a 29 February 1900; before it, days count from one day later.
        millis += _DAY_MILLIS
    moment = (_ZERO_1904 if date1904 else _ZERO_1900) + timedelta(milliseconds=millis)
    if serial < 1 and kind == CLOCK:
        return Canonical(moment.time().isoformat())
    if kind == DATE and not millis % _DAY_MILLIS:
        return Canonical(moment.date().isoformat())
    return Canonical(moment.isoformat(" "))

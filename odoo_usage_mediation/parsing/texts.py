"""Texts out of rows: trimmed, normalised, null words taken as empty, small declared transformations."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable

from .reasons import Refuse

MAX_IDENTITY_CHARS = 255
# How a spreadsheet shows a number of twelve digits or more when it saves text: 4.91512E+11.
_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2}")


class Canonical(str):
    """A value that came typed (a number cell, a date cell, a JSON number), already written in
    canonical form: ``.`` as decimal sign, ISO 8601 times. The profile's separators and time
    formats describe text and do not apply to it.
    """

    __slots__ = ()


class Final(Canonical):
    """A quantity that a person put in: it is what is to be counted, in the unit of the metric."""

    __slots__ = ()


def clean(text: str) -> str:
    """Return text that any database can hold: NFC; refuses NUL and lone surrogates."""
    if text.isascii():
        if "\0" in text:
            raise Refuse("nul_byte")
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise Refuse("bad_encoding", encoding="Unicode") from None
    if "\0" in text:
        raise Refuse("nul_byte")
    return unicodedata.normalize("NFC", text)


def storable(value: object) -> object:
    """Return a row's raw content with what no database can hold made visible, all else as it was."""
    if isinstance(value, str):
        text = value.replace("\0", "\\x00")
        return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(storable(item) for item in value)
    return value


def compile_text(spec, env) -> Callable:
    """Build ``row -> text`` from a text spec of a profile (see README, "Text").

    The text is "" when the row has none. Operations run in one fixed order: json_key, split,
    strip_prefix, before, digits_only, first, last, lower, upper, map, default.
    """
    if isinstance(spec, str):
        spec = {"column": spec}
    if spec.get("exact"):
        return compile_identity({name: part for name, part in spec.items() if name != "exact"}, env)
    read = _source(spec, env)
    for name, build in _OPERATIONS:
        if spec.get(name) not in (None, False):
            read = build(read, spec[name])
    return read


def compile_identity(spec, env, missing: str = "") -> Callable:
    """Build ``row -> text`` for an identity: at most 255 characters, refused as ``missing`` when empty."""
    read, column = compile_text(spec, env), label(spec)
    rounds = env.rounds_numbers

    def bounded(row):
        text = read(row)
        if text[:2] == '="' and text[-1] == '"':
            # How spreadsheets are made to keep the digits of a number in separated text.
            text = text[2:-1].strip()
        if not text and missing:
            raise Refuse(missing, column=column)
        if len(text) > MAX_IDENTITY_CHARS:
            raise Refuse("cell_too_long", column=column, found=len(text), limit=MAX_IDENTITY_CHARS)
        if rounds and type(text) is Canonical and len(text) > 15 and text.lstrip("-").isdigit():
            raise Refuse("rounded_identity", column=column, value=text)
        if "E+" in text and _ROUNDED.fullmatch(text):
            raise Refuse("rounded_identity", column=column, value=text)
        return text

    return bounded


def as_spec(spec):
    """Return the spec of a column that is given by its bare name; all else as it is."""
    return {"column": spec} if isinstance(spec, str) else spec


def label(spec) -> str:
    """Name the column or columns of a spec for a message to a person."""
    if isinstance(spec, str):
        return spec
    for key in ("column", "columns", "constant", "join", "key", "between", "duration"):
        if key in spec:
            value = spec[key]
            return ", ".join(label(item) for item in value) if isinstance(value, list) else str(value)
    if "round" in spec:
        return label(spec["round"])
    for key in ("add", "subtract", "multiply", "max", "min"):
        if key in spec:
            return ", ".join(label(item) for item in spec[key])
    return "?"


def _source(spec: dict, env) -> Callable:
    if "constant" in spec:
        text = clean(spec["constant"])
        return lambda row: text
    if "join" in spec:
        parts = [compile_text(part, env) for part in spec["join"]]
        separator = spec.get("separator", "")
        return lambda row: separator.join([part(row) for part in parts])
    place, nulls = env.plain_place(spec), env.null_words(spec["column"])
    if place is not None:
        return _trimmed_text(place, nulls) if env.trimmed else _cell_text(place, nulls)
    get = env.getter(spec)

    def read(row):
        text = get(row)
        return "" if text in nulls else clean(text)

    return read


def _cell_text(place: int, nulls: frozenset) -> Callable:
    """The hot path: a cell of separated text, where a NUL was refused before."""

    def read(row):
        text = row[place].strip()
        if text.isascii():
            return "" if text in nulls else text
        return "" if text in nulls else clean(text)

    return read


def _trimmed_text(place: int, nulls: frozenset) -> Callable:
    """The same for a cell that is trimmed and may be Canonical (XLSX)."""

    def read(row):
        text = row[place]
        if text in nulls:
            return ""
        return text if text.isascii() and "\0" not in text else clean(text)

    return read


def json_of(cell: str):
    """Return the JSON that a cell holds, its numbers as their texts; else refuse it as bad_structure."""
    try:
        return json.loads(cell, parse_float=Canonical, parse_int=Canonical, parse_constant=Canonical)
    except (ValueError, RecursionError):
        raise Refuse("bad_structure", why="a cell that should hold JSON does not") from None


def _json_key(read, path):
    keys = path.split(".")

    def operate(row):
        text = read(row)
        if not text:
            return ""
        value = json_of(text)
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return clean(value) if isinstance(value, str) else ""

    return operate


def _split(read, how):
    separator, part = how["separator"], how["part"]

    def operate(row):
        pieces = read(row).split(separator)
        return pieces[part].strip() if -len(pieces) <= part < len(pieces) else ""

    return operate


def _strip_prefix(read, prefixes):
    def operate(row):
        text = read(row)
        for prefix in prefixes:
            if text.startswith(prefix):
                return text[len(prefix) :]
        return text

    return operate


def _before(read, marks):
    def operate(row):
        text = read(row)
        return text[: min([place for mark in marks if (place := text.find(mark)) > 0], default=len(text))]

    return operate


def _mapped(read, table):
    return lambda row: (lambda text: table.get(text, text))(read(row))


_OPERATIONS = (
    ("json_key", _json_key),
    ("split", _split),
    ("strip_prefix", _strip_prefix),
    ("before", _before),
    ("digits_only", lambda read, _on: lambda row: "".join([c for c in read(row) if c in "0123456789"])),
    ("first", lambda read, count: lambda row: read(row)[:count]),
    ("last", lambda read, count: lambda row: read(row)[-count:]),
    ("lower", lambda read, _on: lambda row: read(row).lower()),
    ("upper", lambda read, _on: lambda row: read(row).upper()),
    ("map", _mapped),
    ("default", lambda read, text: lambda row: read(row) or text),
)

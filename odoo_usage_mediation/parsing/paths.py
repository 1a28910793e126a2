"""Paths into nested objects: ``ENERGY.Total``, and values of JSON as texts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from .reasons import Refuse
from .texts import Canonical, json_of

#: The name under which a message that is a bare value is read.
BARE = "value"
#: A step of a path that stands for every item of a list.
EACH = "*"
_NESTS = frozenset('{["')
_NUMBER = re.compile(r"-?[0-9]{1,24}(?:\.[0-9]{1,24})?")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.+ -]{0,40}")


def path_of(name: str) -> list:
    """Return the steps of a path; ``\\.`` is a dot in a key."""
    return [part.replace("\0", ".") for part in name.replace("\\.", "\0").split(".")]


def bare_value(text: str):
    """Return ``{"value": ...}`` for a message that is a bare number or word (``120.5``, ``on``); else None."""
    if _NUMBER.fullmatch(text):
        return {BARE: Canonical(text)}
    return {BARE: text} if _WORD.fullmatch(text) else None


def json_getter(place: int, keys: list) -> Callable:
    """Build ``row -> text`` at a path inside the JSON of a cell."""
    get = path_getter(keys)

    def read(row):
        cell = row[place].strip()
        if not cell:
            return ""
        value = json_of(cell) if cell[0] in _NESTS else bare_value(cell) or json_of(cell)
        return get(value) if isinstance(value, dict) else ""

    return read


def first_of(readers: list, nulls: frozenset) -> Callable:
    """Build ``row -> text`` of the first reader that has one."""

    def read(row):
        text = ""
        for reader in readers:
            text = reader(row)
            if text not in nulls:
                return text
        return text

    return read


def path_getter(keys: list) -> Callable:
    """Build ``row -> text`` at a path in nested objects."""
    if len(keys) == 1:
        return _key_getter(keys[0])

    def read(row):
        value = row
        for place, key in enumerate(keys):
            if isinstance(value, Mapping):
                value = value.get(key)
            elif key == EACH and isinstance(value, (list, tuple)):
                return scalar_text([_value_at(part, keys[place + 1 :]) for part in value] or None)
            elif isinstance(value, (list, tuple)) and key.isdecimal() and int(key) < len(value):
                value = value[int(key)]
            else:
                return ""
        return scalar_text(value)

    return read


def _value_at(value, keys):
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _key_getter(key: str) -> Callable:
    def read(row):
        value = row.get(key)
        return value.strip() if type(value) is str else scalar_text(value)

    return read


def scalar_text(value: object) -> str:
    """Return a JSON value as text: null is "", true is "true"; objects and lists as JSON text."""
    if isinstance(value, Canonical):
        return value
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    try:
        return json.dumps(value, sort_keys=True)
    except RecursionError:
        raise Refuse("bad_structure", why="a value is nested too deep") from None

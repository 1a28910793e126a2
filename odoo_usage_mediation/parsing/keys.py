"""Identities of key columns that compare values: a date and a number are the same in text and in a workbook.

A date of the profile's times is its local time (its instant, where its text has an offset), a number its digits. All
other columns, and what cannot be read, compare as texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .profile import Profile, number_columns, whole_columns
from .reasons import Refuse
from .records import canonical_number
from .texts import as_spec, compile_text
from .times import UTC

_OFFSET = re.compile(r":.*(?:Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)$")


def compile_key(spec: dict, profile: Profile, env) -> list:
    """Build the readers ``row -> text`` of the parts of a key."""
    if not spec.get("values"):
        return [compile_text(part, env) for part in spec["key"]]
    moments, clocks = {}, set()
    for moment in _moments(profile.time):
        place = env.first_place(moment)
        if place is not None:
            moments[place] = moment
            clocks.add(env.first_place(as_spec(moment["clock"])) if "clock" in moment else None)
    wholes = whole_columns(profile)
    numbers = {
        env.first_place({"column": name}): {"column": name, **({"whole": True} if name in wholes else {})}
        for name in number_columns(profile)
    }
    parts = []
    for part in map(as_spec, spec["key"]):
        text, place = compile_text(part, env), env.first_place(part) if "column" in part else None
        if place is None:
            parts.append(text)
        elif place in moments:
            parts.append(_moment_text(text, moments[place], env))
        elif place in clocks:
            # Part of the date that it belongs to.
            parts.append(lambda row: "")
        else:
            parts.append(_number_text(text, numbers[place], env) if place in numbers else text)
    return parts


def _moments(spec):
    """The begin and the end of a row, each without what makes an interval of it."""
    spec = as_spec(spec)
    for moment in (spec, as_spec(spec.get("until"))):
        if moment and "column" in moment:
            yield {name: moment[name] for name in ("column", "or", "alone", "clock", "zone") if name in moment}


def _moment_text(text: Callable, spec: dict, env) -> Callable:
    instant, zone = env.time(spec), env.rules_of(spec).zone
    is_local = "zone" not in spec

    def read(row):
        written = text(row)
        if not written or written.isdigit():
            return written
        try:
            at = instant(row)
        except Refuse:
            return written
        local = is_local and not _OFFSET.search(written)
        return str(at.astimezone(zone if local else UTC).replace(tzinfo=None)) + ("" if local else "Z")

    return read


def _number_text(text: Callable, spec: dict, env) -> Callable:
    number = env.number(spec)

    def read(row):
        written = text(row)
        try:
            return canonical_number(number(row)) if written else ""
        except Refuse:
            return written

    return read

"""The hot path of tables: portions of rows read column by column, where nothing in them is doubtful.

What comes out is what reading row by row gives. A portion with anything that is refused, empty or
odd is left to that, so there is one place that decides what a row means.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from itertools import repeat

from .environment import CellEnvironment
from .quantities import MAX_DECIMALS
from .reasons import Refuse
from .records import Rejection, make_record
from .texts import MAX_IDENTITY_CHARS, Canonical

_ROUNDED_CHARS = 15
_PLAIN_TIME = {"column", "or"}
_NUMBERS = re.compile(r"(?:[+-]?[0-9]+(?:\.[0-9]*)?\n)*")


class Doubt(Exception):
    """Something in a portion needs a look at each row."""


def compile_columns(profile, env, head, measures, spec):
    """Build ``[(row number, row)] -> records, or None when in doubt``.

    Returns None for profiles that leave rows out or take several records from one: those are
    read row by row. ``head`` and ``measures`` are what the mapper compiled, ``spec`` is the first measure's.
    """
    measure = measures[0]
    if len(measures) > 1 or head.left_out or measure.left_out or measure.times or measure.suffix:
        return None
    if not isinstance(env, CellEnvironment):
        return None
    subjects = _identities(profile.subject, env) or _each(head.subject)
    ids = _identities(profile.external_id, env) if "column" in profile.external_id else None
    instants = _instants(profile.time, env, head.times)
    rest = _rest_of(head, measure, _quantities(spec["quantity"], env) or _each(measure.quantity))

    def read(portion):
        try:
            if Rejection in map(type, portion):
                return None
            numbers, rows = zip(*portion, strict=True)
            names = ids(rows) if ids else list(map(head.external_id, rows, numbers))
            starts, untils = instants(rows)
            if head.window:
                head.window.check(min(starts))
                head.window.check(max(starts))
            return list(map(make_record, zip(numbers, names, subjects(rows), *rest(rows, starts, untils))))
        except (Doubt, Refuse):
            return None

    return read


def _rest_of(head, measure, quantities_of) -> Callable:
    """Build ``rows, starts, untils -> the columns of a record from its metric on``."""

    def columns(rows, starts, untils):
        quantities = quantities_of(rows)
        if not measure.accept_negative and min(quantities) < 0:
            raise Doubt
        return (
            map(measure.metric, rows) if measure.metric else repeat(measure.constant_metric),
            starts,
            untils,
            quantities,
            map(measure.unit, rows) if measure.unit else repeat(measure.constant_unit),
            _dimensions(measure.dimensions, rows),
            map(measure.amount, rows) if measure.amount else repeat(None),
            map(head.currency, rows) if head.currency else repeat(""),
            map(head.end_user, rows) if head.end_user else repeat(""),
            map(tuple, rows),
        )

    return columns


def _dimensions(readers, rows) -> list:
    if not readers:
        return [{} for _row in rows]
    return [{name: text for name, read in readers if (text := read(row))} for row in rows]


def _each(read: Callable) -> Callable:
    return lambda rows: list(map(read, rows))


def _identities(spec, env):
    """Build ``rows -> texts`` for a column that is taken as it stands; None for any other text."""
    spec = {"column": spec} if isinstance(spec, str) else spec
    place = env.plain_place(spec) if spec.keys() <= {"column"} else None
    if place is None:
        return None
    nulls, rounds, cells_of = env.null_words(spec["column"]), env.rounds_numbers, _cells(place, env.trimmed)

    def read(rows):
        cells = cells_of(rows)
        if not nulls.isdisjoint(cells) or not _is_clean("\n".join(cells)):
            raise Doubt
        longest = max(map(len, cells))
        if longest > MAX_IDENTITY_CHARS or (rounds and longest > _ROUNDED_CHARS and Canonical in map(type, cells)):
            raise Doubt
        return cells

    return read


def _cells(place: int, trimmed: bool) -> Callable:
    if trimmed:
        return lambda rows: [row[place] for row in rows]
    return lambda rows: [row[place].strip() for row in rows]


def _quantities(spec, env):
    """Build ``rows -> Decimals`` for a column of numbers with a decimal point at most; None for any other."""
    spec = {"column": spec} if isinstance(spec, str) else spec
    place = env.plain_place(spec) if spec.keys() <= {"column"} else None
    if place is None or env.style(spec) != (".", ""):
        return None
    nulls, cells_of = env.null_words(spec["column"]), _cells(place, env.trimmed)

    def read(rows):
        cells = cells_of(rows)
        text = "\n".join([*cells, ""])
        if not _NUMBERS.fullmatch(text) or text.count("\n") > len(cells) or max(map(len, cells)) > MAX_DECIMALS:
            raise Doubt
        if not nulls.isdisjoint(cells):
            raise Doubt
        return list(map(Decimal, cells))

    return read


def _is_clean(text: str) -> bool:
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return unicodedata.is_normalized("NFC", text)


def _instants(spec, env, times) -> Callable:
    """Build ``rows -> (starts, untils)``."""
    spec = {"column": spec} if isinstance(spec, str) else spec
    if not spec.keys() <= _PLAIN_TIME:
        return lambda rows: zip(*map(times, rows), strict=True)
    stamp = env.time(spec)
    return lambda rows: (list(map(stamp, rows)), repeat(None))

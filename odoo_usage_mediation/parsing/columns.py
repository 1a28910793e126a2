"""The hot path: portions of rows read column by column, where nothing in them is doubtful.

What comes out is what reading row by row gives. A portion with anything that is refused, empty or
odd is left to that, so there is one place that decides what a row means.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from itertools import repeat

from .quantities import MAX_DECIMALS
from .reasons import Refuse
from .records import Rejection, make_record
from .texts import MAX_IDENTITY_CHARS, Canonical
from .times import times_reader

_ROUNDED_CHARS = 15
_NUMBERS = re.compile(r"(?:[+-]?[0-9]+(?:\.[0-9]*)?\n)*")


class Doubt(Exception):
    """Something in a portion needs a look at each row."""


def compile_columns(profile, env, head, measure, spec):
    """Build ``[(row number, row)] -> records, or None when in doubt``.

    Returns None for profiles that leave rows out: those are read row by row, like those that take several records
    from a row or number rows. ``head`` and ``measure`` are what the mapper compiled, ``spec`` is the measure's.
    """
    if head.left_out or measure.left_out or measure.times or measure.suffix:
        return None
    subjects = _identities(profile.subject, env) or _each(head.subject)
    ids = _identities(profile.external_id, env) if "column" in profile.external_id else None
    instants = _instants(profile.time, env, head.times)
    rest = _rest_of(profile, env, head, measure, spec)

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
            columns = (numbers, names, subjects(rows), *rest(rows, starts, untils))
            return list(map(make_record, zip(*columns, strict=False)))
        except (Doubt, Refuse):
            return None

    return read


def _rest_of(profile, env, head, measure, spec) -> Callable:
    """Build ``rows, starts, untils -> the columns of a record from its metric on``."""
    quantities_of = _quantities(spec["quantity"], env) or _each(measure.quantity)
    metrics_of = _identities(spec["metric"], env) if measure.metric else None
    amount = spec.get("amount", profile.amount)
    metrics = _common(measure.constant_metric, metrics_of or _each(measure.metric), measure.metric)
    units = _common(measure.constant_unit, _optional(spec.get("unit"), env, measure.unit, ""), measure.unit)
    amounts = _common(None, _optional(amount, env, measure.amount, None), measure.amount)
    currencies = _common("", _each(head.currency), head.currency)
    people = _common("", _optional(profile.end_user, env, head.end_user, ""), head.end_user)

    def columns(rows, starts, untils):
        quantities = quantities_of(rows)
        if not measure.accept_negative and min(quantities) < 0:
            raise Doubt
        raws = map(tuple, rows) if type(rows[0]) is list else rows
        dimensions = _dimensions(measure.dimensions, rows)
        rest = (units(rows), dimensions, amounts(rows), currencies(rows), people(rows), raws)
        return (metrics(rows), starts, untils, quantities, *rest)

    return columns


def _common(constant, read, is_read) -> Callable:
    """Build ``rows -> values`` that are read, or one constant for all."""
    return read if is_read else lambda rows: repeat(constant)


def _optional(spec, env, read, nothing) -> Callable:
    """Build ``rows -> values`` of a column that few rows have: where all are empty, no row is looked at."""
    each = _each(read)
    spec = {"column": spec} if isinstance(spec, str) else spec
    cells_of = env.cells({"column": spec["column"]}) if spec and spec.keys() <= {"column"} else None
    if not cells_of:
        return each

    def values(rows):
        cells = cells_of(rows)
        return each(rows) if cells is None or any(cells) else repeat(nothing)

    return values


def _dimensions(readers, rows) -> list:
    if not readers:
        return [{} for _row in rows]
    return [{name: text for name, read in readers if (text := read(row))} for row in rows]


def _each(read: Callable) -> Callable:
    return lambda rows: list(map(read, rows))


def _identities(spec, env):
    """Build ``rows -> texts`` for a column that is taken as it stands; None for any other text.

    Where the column has no text, another of its ``or`` list may: that is for reading row by row.
    """
    spec = {"column": spec} if isinstance(spec, str) else spec
    is_plain = "column" in spec and spec.keys() <= {"column", "or"}
    cells_of = env.cells({"column": env.names(spec)[0]}) if is_plain else None
    if cells_of is None:
        return None
    nulls, rounds = env.null_words(spec["column"]), env.rounds_numbers

    def read(rows):
        cells = cells_of(rows)
        if cells is None or not nulls.isdisjoint(cells):
            raise Doubt
        joined = "\n".join(cells)
        if "E+" in joined or '="' in joined or not _is_clean(joined):
            raise Doubt
        longest = max(map(len, cells))
        if longest > MAX_IDENTITY_CHARS or (rounds and longest > _ROUNDED_CHARS and Canonical in map(type, cells)):
            raise Doubt
        return cells

    return read


def _quantities(spec, env):
    """Build ``rows -> Decimals`` for a column of numbers with a decimal point at most; None for any other.

    In another style, or none that is proven, whole numbers and typed ones are still what they look like.
    """
    spec = {"column": spec} if isinstance(spec, str) else spec
    cells_of = env.cells(spec) if "column" in spec else None
    if cells_of is None:
        return None
    nulls, is_plain = env.null_words(spec["column"]), env.style(spec) == (".", "")

    def read(rows):
        cells = cells_of(rows)
        if cells is None or not nulls.isdisjoint(cells) or max(map(len, cells)) > MAX_DECIMALS:
            raise Doubt
        text = "\n".join([*cells, ""])
        if not _NUMBERS.fullmatch(text) or text.count("\n") > len(cells):
            raise Doubt
        if not is_plain and not all([type(cell) is Canonical or cell.isdigit() for cell in cells]):
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
    cells_of = env.cells(spec) if "column" in spec else None
    if cells_of is None:
        return lambda rows: zip(*map(times, rows), strict=True)
    read_all = times_reader(env.rules_of(spec), env.time_of_text(spec))

    def read(rows):
        cells = cells_of(rows)
        if cells is None:
            raise Doubt
        return read_all(cells), repeat(None)

    return read

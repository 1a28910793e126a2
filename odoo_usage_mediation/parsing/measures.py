"""Quantities: number expressions and conditions of a profile compiled to functions of a row."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException

from .quantities import EXACT, check_range, plain_number
from .reasons import Refuse
from .texts import Final, json_of, label

_MICROS = {"seconds": 1_000_000, "minutes": 60_000_000, "hours": 3_600_000_000, "days": 86_400_000_000}
_MICROSECOND = timedelta(microseconds=1)
# A third of a minute has no end: lengths of time are kept to 12 decimals, half away from zero.
_TWELVE = Decimal("1e-12")
_DIVIDE = Context(prec=60, rounding=ROUND_HALF_UP)
# The words of spreadsheets in several languages.
_YES = frozenset(
    "yes true wahr vrai verdadero vero waar verdadeiro sant sand sann prawda pravda tosi igaz ja oui".split()
)
_NO = frozenset(
    "no false falsch faux falso onwaar falskt falsk usann fa\u0142sz nepravda ep\u00e4tosi hamis nein non nee".split()
)
_ISO_DURATION = re.compile(
    r"P(?:([0-9]{1,9})W)?(?:([0-9]{1,9})D)?"
    r"(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,12}(?:\.[0-9]{1,9})?)S)?)?"
)
_CLOCK = re.compile(r"(?:([0-9]{1,6}):)?([0-9]{1,6}):([0-5]?[0-9](?:\.[0-9]{1,9})?)")


def compile_expression(spec, env, missing: str = "missing_quantity") -> Callable:
    """Build ``row -> Decimal`` from an expression of a profile (see README, "Quantity").

    Arithmetic is exact. Refuses ``missing``, bad_quantity, and what reading times refuses.
    """
    if isinstance(spec, str):
        spec = {"column": spec}
    if "column" in spec and "else" in spec:
        return _column_or_other(spec, env, missing)
    if "column" in spec:
        return _column(spec, env, missing)
    if "constant" in spec:
        value = Decimal(spec["constant"])
        return lambda row: value
    if "between" in spec:
        return _between(spec, env)
    if "duration" in spec:
        return _duration(spec, env, missing)
    if "round" in spec:
        return _rounded(compile_expression(spec["round"], env, missing), spec["decimals"])
    for name, build in _ARITHMETIC.items():
        if name in spec:
            parts = [compile_expression(part, env, missing) for part in spec[name]]
            return _guarded(build(parts), label(spec))
    raise ValueError(f"no such expression: {spec!r}")


def _column_or_other(spec, env, missing):
    """Read a column, or where it is empty or not in the file, another expression."""
    known = len(env.missing)
    first = {name: part for name, part in spec.items() if name != "else"}
    read, get, nulls = _column(first, env, missing), env.getter(first), env.null_words(spec["column"])
    lacks, env.missing[known:] = env.missing[known:], []
    other = compile_expression(spec["else"], env, missing)
    if len(env.missing) > known:
        # Neither is there: the first one is what to ask for.
        env.missing[known:] = lacks[:1]
        return read
    if lacks or spec.get("alone"):
        return other if lacks else read
    return lambda row: other(row) if get(row) in nulls else read(row)


def _column(spec, env, missing):
    read = env.number(spec, missing)
    if spec.get("sum"):
        read = _number_or_list(read, env.getter(spec), spec["column"], missing)
    if "clock" in spec:
        read = _number_or_clock(read, env.getter(spec), _MICROS[spec["clock"]], spec["column"])
    if "empty_as" in spec:
        get, nulls = env.getter(spec), env.null_words(spec["column"])
        inner, instead = read, Decimal(spec["empty_as"])
        read = lambda row: instead if get(row) in nulls else inner(row)  # noqa: E731
    if "factor" not in spec:
        return read
    factor, multiply, get = Decimal(spec["factor"]), EXACT.multiply, env.getter(spec)
    scaled = _guarded(lambda row: multiply(read(row), factor), spec["column"])
    return lambda row: read(row) if type(get(row)) is Final else scaled(row)


def _number_or_clock(read: Callable, get: Callable, micros: int, column: str) -> Callable:
    """Read a length of time that some write as a number and others as 0:01:05 or PT65S."""

    def either(row):
        text = get(row)
        if text.count(":") == 1:
            why = "it may be hours and minutes, or minutes and seconds"
            raise Refuse("bad_quantity", value=text[:60], column=column, why=why)
        count = duration_micros(text) if ":" in text or text[:1] == "P" else None
        return read(row) if count is None else length_of_time(count, micros)

    return either


def _number_or_list(read: Callable, get: Callable, column: str, missing: str) -> Callable:
    """Read a number, or the sum of a list of numbers: a device may tell its total per phase."""

    def either(row):
        text = get(row)
        if text[:1] != "[":
            return read(row)
        parts = json_of(text)
        if not parts:
            raise Refuse(missing, column=column, value="nothing")
        total = Decimal(0)
        for part in parts:
            if not isinstance(part, str):
                raise Refuse("bad_quantity", value=text[:60], column=column, why="not all of the list are numbers")
            total = EXACT.add(total, plain_number(part, column))
        return total

    return either


def _rounded(read: Callable, decimals: int) -> Callable:
    step = Decimal(1).scaleb(-decimals)
    return lambda row: read(row).quantize(step, rounding=ROUND_HALF_UP, context=_DIVIDE)


def _guarded(compute: Callable, column: str) -> Callable:
    def guarded(row):
        try:
            value = compute(row)
        except DecimalException:
            raise Refuse("bad_quantity", value="?", column=column, why="the result has too many digits") from None
        return check_range(value, str(value)[:60], column)

    return guarded


def _sum(parts):
    def compute(row):
        total = parts[0](row)
        for part in parts[1:]:
            total = EXACT.add(total, part(row))
        return total

    return compute


def _product(parts):
    def compute(row):
        total = parts[0](row)
        for part in parts[1:]:
            total = EXACT.multiply(total, part(row))
        return total

    return compute


_ARITHMETIC = {
    "add": _sum,
    "subtract": lambda parts: lambda row: EXACT.subtract(parts[0](row), parts[1](row)),
    "multiply": _product,
    "max": lambda parts: lambda row: max([part(row) for part in parts]),
    "min": lambda parts: lambda row: min([part(row) for part in parts]),
}


def _between(spec, env):
    start, end = [env.time(moment if isinstance(moment, dict) else {"column": moment}) for moment in spec["between"]]
    micros = _MICROS[spec["in"]]
    # Between two instants, so an hour that the clocks skip or repeat is counted as it passed.
    return lambda row: length_of_time((end(row) - start(row)) // _MICROSECOND, micros)


def length_of_time(count: int, micros: int) -> Decimal:
    """Return ``count`` microseconds in a unit of ``micros`` each, to 12 decimals half up."""
    whole, rest = divmod(count, micros)
    if not rest:
        return Decimal(whole)
    return _DIVIDE.divide(Decimal(count), Decimal(micros)).quantize(_TWELVE, context=_DIVIDE).normalize(_DIVIDE)


def _duration(spec, env, missing):
    name = spec["duration"]
    source = {**spec, "column": name}
    get, nulls, micros = env.getter(source), env.null_words(name), _MICROS[spec["in"]]

    def read(row):
        text = get(row)
        if text in nulls:
            raise Refuse(missing, column=name, value=text or "nothing")
        count = duration_micros(text)
        if count is None:
            raise Refuse("bad_quantity", value=text[:60], column=name, why="it is not a length of time")
        return length_of_time(count, micros)

    return read


def duration_micros(text: str):
    """Return the microseconds of ``PT1H30M``, ``1:30:00`` or ``05:20`` (minutes, seconds), or None.

    Weeks and days count 7 and 1 times 86,400 s; months and years have no length and are refused.
    """
    match = _ISO_DURATION.fullmatch(text)
    if match and text not in ("P", "PT") and text[-1] != "T":
        weeks, days, hours, minutes, seconds = match.groups()
    else:
        match = _CLOCK.fullmatch(text)
        if not match:
            return None
        weeks = days = None
        hours, minutes, seconds = match.groups()
    whole = ((int(weeks or 0) * 7 + int(days or 0)) * 24 + int(hours or 0)) * 60 + int(minutes or 0)
    return whole * 60_000_000 + int(EXACT.multiply(Decimal(seconds or 0), Decimal(1_000_000)) // 1)


def compile_conditions(conditions: list, env):
    """Build ``row -> name of the column that leaves it out, or None``; None when there are no conditions."""
    tests = [(condition["column"], _condition(condition, env)) for condition in conditions]
    if not tests:
        return None

    def failing(row):
        for column, holds in tests:
            if not holds(row):
                return column
        return None

    return failing


def _says_yes(text, nulls, column):
    """Say whether a cell says yes, as programs write it or a spreadsheet translates it; nothing is no."""
    word = text.casefold()
    if word in _YES:
        return True
    if text in nulls or word in _NO:
        return False
    raise Refuse("bad_structure", why=f"{column} says neither yes nor no ({text[:20]})")


_PLACES = {"prefix": str.startswith, "suffix": str.endswith, "contains": str.__contains__}


def _condition(spec, env):
    get, nulls = env.getter(spec), env.null_words(spec["column"])
    fold = (lambda text: text.casefold()) if spec.get("ignore_case") else (lambda text: text)
    if "empty" in spec:
        return lambda row: (get(row) in nulls) is spec["empty"]
    if "yes" in spec:
        return lambda row: _says_yes(get(row), nulls, spec["column"]) is spec["yes"]
    for name, holds in _PLACES.items():
        for key, wanted in ((name, True), (f"not_{name}", False)):
            if key in spec:
                part = fold(spec[key])
                return lambda row: holds(fold(get(row)), part) is wanted
    for name, wanted in (("equals", True), ("in", True), ("not_equals", False), ("not_in", False)):
        if name in spec:
            values = spec[name] if isinstance(spec[name], list) else [spec[name]]
            among = frozenset(fold(value.strip()) for value in values)
            # A word for nothing is as good as no text.
            empty = nulls if "" in among else frozenset()
            return lambda row: ((text := get(row)) in empty or fold(text) in among) is wanted
    raise ValueError(f"no such condition: {spec!r}")

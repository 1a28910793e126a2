"""The rules of a profile: each check appends (where, what) to a list, so all errors show at once."""

from __future__ import annotations

import codecs
import json
from zoneinfo import ZoneInfo

from .profile_specs import (
    check_conditions,
    check_expression,
    check_text,
    check_time,
    is_text,
    is_texts,
    is_whole,
    require,
)
from .time_formats import moment_reader

_CHOICES = {
    "ragged": ("reject", "pad"),
    "formulas": ("reject", "cached"),
    "ambiguous_time": ("reject", "first", "second", "in_order"),
    "duplicates": ("database",),
    "decimal": (".", ",", "auto"),
    "assumed_decimal": ("", ".", ","),
    "quote": ('"', "'", ""),
}
_WHOLE = {"header_row": 1_000, "skip_rows": 100_000, "year_offset": 9_000}
_TEXTS = ("encoding", "delimiter", "records_path", "row_element", "thousands", "time_zone")


def check_profile(values: dict, formats: tuple) -> list:
    """Return all mistakes of a profile's fields as [(where, what), ...]; empty when it is sound."""
    errors: list = []
    try:
        json.dumps(values)
    except (TypeError, ValueError, RecursionError):
        return [("profile", "must be plain JSON data")]
    _check_simple(values, formats, errors)
    _check_reading(values, errors)
    _check_mapping(values, errors)
    return errors


def _check_simple(values, formats, errors):
    require(errors, "format", values.get("format") in formats, f"must be one of {', '.join(formats)}")
    for name, choices in _CHOICES.items():
        if name in values:
            require(errors, name, values[name] in choices, f"must be one of {choices}")
    for name, limit in _WHOLE.items():
        if name in values:
            sound = is_whole(values[name]) and 0 <= values[name] <= limit
            require(errors, name, sound, f"must be a whole number from 0 to {limit}")
    for name in _TEXTS:
        if name in values:
            require(errors, name, isinstance(values[name], str), "must be text")
    sheet = values.get("sheet", "")
    require(errors, "sheet", isinstance(sheet, str) or is_whole(sheet), "must be a name or a number from 0")
    columns = values.get("columns", [])
    sound = isinstance(columns, list) and all(item is None or is_text(item) for item in columns)
    require(errors, "columns", sound, "must be a list of names (null for a column without use)")
    if sound:
        names = [item for item in columns if item is not None]
        require(errors, "columns", len(names) == len(set(names)), "names must differ")
    inside = values.get("json_columns", [])
    require(errors, "json_columns", is_texts(inside) and all(map(is_text, inside)), "must be a list of column names")
    if values.get("format") in ("csv", "xlsx") and values.get("header_row") == 0:
        require(errors, "columns", bool(columns), "are needed when there is no header row")
    wide = values.get("wide", False)
    require(errors, "wide", isinstance(wide, bool), "must be true or false")
    require(errors, "wide", not wide or values.get("format") in ("csv", "xlsx"), "is for csv and xlsx")
    if values.get("format") == "xml":
        require(errors, "row_element", is_text(values.get("row_element")), "is required for xml")


def _check_reading(values, errors):
    delimiter = values.get("delimiter", "auto")
    if isinstance(delimiter, str) and delimiter != "auto":
        sound = len(delimiter) == 1 and delimiter not in '"\r\n\0'
        require(errors, "delimiter", sound, "must be one character, or auto")
    encoding = values.get("encoding", "auto")
    if isinstance(encoding, str) and encoding != "auto":
        require(errors, "encoding", _is_text_codec(encoding), "is not a known text encoding")
    thousands = values.get("thousands", "")
    if isinstance(thousands, str):
        sound = all(sign in ".,' \u00a0\u202f\u2019_" for sign in thousands)
        sound = sound and str(values.get("decimal", ".")) not in thousands
        require(errors, "thousands", sound, "must be separator signs other than the decimal sign")
    zone = values.get("time_zone", "UTC")
    if isinstance(zone, str):
        require(errors, "time_zone", _is_zone(zone), "is not a known time zone")
    formats = values.get("time_formats", ["iso"])
    if not isinstance(formats, list) or not formats:
        errors.append(("time_formats", "must be a list with at least one format"))
    else:
        for form in formats:
            _check_format(form, errors)
    require(errors, "null_words", is_texts(values.get("null_words", [])), "must be a list of texts")
    words = values.get("column_null_words", {})
    sound = isinstance(words, dict) and all(is_texts(item) for item in words.values())
    require(errors, "column_null_words", sound, "must give a list of texts per column")


def _check_mapping(values, errors):
    for name in ("subject", "end_user", "currency"):
        if values.get(name) is not None or (name == "subject" and name in values):
            check_text(errors, name, values[name])
    if "time" in values:
        check_time(errors, "time", values["time"])
    _check_identity(values.get("external_id"), errors)
    check_conditions(errors, "where", values.get("where", []))
    dimensions = values.get("dimensions", {})
    if not isinstance(dimensions, dict):
        errors.append(("dimensions", "must give a text per name"))
    else:
        for name, spec in dimensions.items():
            require(errors, f"dimensions.{name}", is_text(name), "needs a name")
            check_text(errors, f"dimensions.{name}", spec)
    if values.get("amount") is not None:
        check_expression(errors, "amount", values["amount"])
    _check_measures(values.get("measures"), errors)


def _check_identity(spec, errors):
    if not isinstance(spec, dict):
        errors.append(("external_id", "must be an object"))
    elif "else" in spec:
        other = spec["else"] if isinstance(spec["else"], dict) else {}
        sound = {"key"} <= set(other) <= {"key", "values"}
        require(errors, "external_id.else", sound, "must be an object with key")
        check_text(errors, "external_id", {name: part for name, part in spec.items() if name != "else"})
        _check_identity(other, errors)
    elif "key" in spec:
        require(errors, "external_id", set(spec) <= {"key", "repeats", "values"}, "with key takes repeats and values")
        for name in ("repeats", "values"):
            require(errors, f"external_id.{name}", isinstance(spec.get(name, True), bool), "must be true or false")
        sound = isinstance(spec["key"], list) and spec["key"]
        require(errors, "external_id.key", sound, "must be a list with at least one text")
        for place, part in enumerate(spec["key"] if sound else []):
            check_text(errors, f"external_id.key.{place}", part)
    elif "row" in spec:
        require(errors, "external_id", spec == {"row": True}, "with row must be exactly {row: true}")
    else:
        check_text(errors, "external_id", spec)


def _check_measures(measures, errors):
    if not isinstance(measures, list) or not measures:
        errors.append(("measures", "must be a list with at least one measure"))
        return
    for place, measure in enumerate(measures):
        where = f"measures.{place}"
        if not isinstance(measure, dict):
            errors.append((where, "must be an object"))
            continue
        _check_measure(where, measure, errors)
    suffixes = [item.get("id_suffix", "") for item in measures if isinstance(item, dict)]
    # Explicit and distinct: an id must not change when a measure is added beside it.
    require(
        errors,
        "measures",
        len(suffixes) == len({str(s) for s in suffixes}),
        "each measure but one needs an id_suffix of its own",
    )


def _check_measure(where, measure, errors):
    known = {
        "metric",
        "quantity",
        "unit",
        "when",
        "on_negative",
        "on_missing",
        "id_suffix",
        "time",
        "dimensions",
        "amount",
        "reading",
        "optional",
    }
    for name in sorted(set(measure) - known):
        errors.append((f"{where}.{name}", "is not a field of a measure"))
    for name in ("metric", "quantity"):
        require(errors, f"{where}.{name}", name in measure, "is required")
    if "metric" in measure:
        check_text(errors, f"{where}.metric", measure["metric"], constant_word=True)
    if "quantity" in measure:
        check_expression(errors, f"{where}.quantity", measure["quantity"])
    if "amount" in measure:
        check_expression(errors, f"{where}.amount", measure["amount"])
    if "unit" in measure:
        _check_unit(f"{where}.unit", measure["unit"], errors)
    check_conditions(errors, f"{where}.when", measure.get("when", []))
    require(
        errors,
        f"{where}.reading",
        measure.get("reading", "usage") in ("usage", "register"),
        "must be usage or register",
    )
    for name, choices in (("on_negative", ("reject", "accept")), ("on_missing", ("reject", "filter"))):
        require(errors, f"{where}.{name}", measure.get(name, choices[0]) in choices, f"must be one of {choices}")
    require(errors, f"{where}.optional", isinstance(measure.get("optional", True), bool), "must be true or false")
    require(errors, f"{where}.id_suffix", isinstance(measure.get("id_suffix", ""), str), "must be text")
    if "time" in measure:
        check_time(errors, f"{where}.time", measure["time"])
    dimensions = measure.get("dimensions", {})
    require(errors, f"{where}.dimensions", isinstance(dimensions, dict), "must give a text per name")
    for name, spec in dimensions.items() if isinstance(dimensions, dict) else ():
        check_text(errors, f"{where}.dimensions.{name}", spec)


def _check_unit(where, unit, errors):
    if isinstance(unit, str):
        return
    if isinstance(unit, dict):
        spec = {name: value for name, value in unit.items() if name not in ("expect", "allowed")}
        check_text(errors, where, spec)
        require(errors, f"{where}.expect", isinstance(unit.get("expect", ""), str), "must be text")
        require(errors, f"{where}.allowed", is_texts(unit.get("allowed", [])), "must be a list of texts")
    else:
        errors.append((where, "must be a text (the unit) or an object"))


def _check_format(form, errors):
    try:
        moment_reader(form, 0)
    except (ValueError, TypeError, AttributeError) as error:
        errors.append(("time_formats", f"{form!r} cannot be used: {error}"))


def _is_text_codec(name):
    try:
        return codecs.lookup(name)._is_text_encoding and "\n".encode(name) is not None
    except (LookupError, UnicodeError, ValueError):
        return False


def _is_zone(name):
    try:
        return bool(ZoneInfo(name))
    except (KeyError, ValueError, OSError):
        return False

"""A look at a sample file: its columns, its first rows, and what they seem to mean."""

import re
import time
from itertools import islice
from typing import NamedTuple

from ..parsing import Deadline, FileRefused, Limits, Profile, ProfileInvalid, parse, sniff
from ..parsing.detect import column_types
from ..parsing.known import best, readings

SAMPLE_ROWS = 200
SAMPLE_LIMITS = Limits(
    max_bytes=100_000_000,
    max_rows=1_000_000,
    max_columns=500,
    max_cell_chars=10_000,
    max_ratio=500,
    max_seconds=20,
    max_depth=20,
)
# A profile that takes any row: what it reads is thrown away, the cells are what counts.
ANY_ROW = {
    "subject": {"constant": "x"},
    "time": {"constant": "2000-01-01T00:00:00Z"},
    "external_id": {"row": True},
    "measures": [{"metric": "x", "quantity": {"constant": "1"}}],
    "ragged": "pad",
    "formulas": "cached",
}
# Words in a column name that give away its meaning, with the kind of values it must hold.
# Short words count as whole words only.
MEANINGS = (
    ("occurred_at", "time", "date time day datum zeit tag fecha heure jour period"),
    (
        "subject",
        None,
        "serial serie device gerät asset meter zähler subject machine maschine appareil equipo"
        " toestel phone msisdn matricola",
    ),
    ("amount", "number", "amount betrag price preis montant importe bedrag"),
    ("end_user", None, "user benutzer employee mitarbeiter email person"),
    (
        "external_id",
        None,
        "uuid transaction reference referenz beleg record event id nr ref",
    ),
    ("metric", "text", "metric metrik type typ kind art service"),
    (
        "quantity",
        "number",
        "quantity qty usage volume page seite count menge anzahl total kwh value wert cantidad"
        " quantité quantità aantal hoeveelheid",
    ),
)


class Sample(NamedTuple):
    """How a sample was read, and its columns: [{name, type, samples, ...}]."""

    format: str
    delimiter: str
    encoding: str
    header_row: int
    columns: list


def read_sample(content, settings):
    """The Sample of a file. Raises FileRefused.

    `settings`: `header_row`, and `sheet` of a workbook. A first row that holds data, not
    names, is found out; a header further down is where the person says it is.
    """
    if settings["header_row"] > 1 or settings.get("sheet"):
        return _read_below(content, settings)
    found = sniff(content, SAMPLE_LIMITS, _deadline())
    if found.format == "xml":
        raise FileRefused("wrong_file_type", found="XML", expected="CSV, Excel, JSON")
    if not found.columns:
        raise FileRefused("empty_file")
    flat = found.format in ("csv", "xlsx")
    return Sample(
        found.format,
        found.delimiter or "auto",
        found.encoding or "auto",
        found.header_row if flat else 1,
        found.columns,
    )


def _read_below(content, settings):
    file_format = "xlsx" if content.startswith(b"PK\x03\x04") else "csv"
    definition = {**ANY_ROW, "format": file_format, "header_row": settings["header_row"] or 1}
    if file_format == "xlsx" and settings.get("sheet"):
        definition["sheet"] = settings["sheet"]
    parsed = _parse(content, definition)
    rows = [[str(cell) for cell in item.raw or ()] for item in islice(parsed, SAMPLE_ROWS)]
    types = column_types(rows)
    types += [{"type": "empty", "samples": []}] * (len(parsed.columns) - len(types))
    return Sample(
        file_format,
        parsed.delimiter or "auto",
        parsed.encoding or "auto",
        definition["header_row"],
        [{"name": name, **kind} for name, kind in zip(parsed.columns, types, strict=False)],
    )


def known_profiles(content, names, definitions, received_at):
    """The Readings of the definitions ({key: definition}) that read a sample best, those of one rank."""
    profiles = []
    for key, definition in definitions.items():
        try:
            profiles.append((key, Profile.from_dict(definition)))
        except ProfileInvalid:
            continue
    try:
        return best(readings(content, names, profiles, SAMPLE_LIMITS, _deadline(), {"received_at": received_at}))
    except FileRefused:
        return []


def try_definition(content, definition, count):
    """The first `count` records or rejections that a definition makes of a sample."""
    parsed = _parse(content, definition)
    return list(islice(parsed, count))


def propose(sample, metrics=frozenset()):
    """({setting: value}, [column values]) for the form: a guess that a person corrects.

    `metrics`: codes; a column that holds nothing else says which metric a row reports, whatever its name.
    """
    targets = _targets(sample.columns)
    for place, column in enumerate(sample.columns):
        if targets[place] == "unused" and "metric" not in targets and _are_among(column["samples"], metrics):
            targets[place] = "metric"
    formats = [
        form
        for column, target in zip(sample.columns, targets, strict=True)
        if target == "occurred_at"
        for form in column.get("time_formats", [])
    ]
    settings = {
        "format": sample.format,
        "delimiter": sample.delimiter,
        "encoding": sample.encoding,
        "header_row": sample.header_row,
        "date_formats": "; ".join(dict.fromkeys(formats)) or "iso",
        "identity": "column" if "external_id" in targets else "key",
        **_number_style(sample.columns),
    }
    columns = [
        {
            "name": column["name"],
            "target": target,
            "is_key": target in ("subject", "metric", "occurred_at"),
            "samples": ", ".join(str(text) for text in column["samples"])[:120],
        }
        for column, target in zip(sample.columns, targets, strict=True)
    ]
    return settings, columns


def _are_among(samples, codes):
    texts = {str(text) for text in samples} - {""}
    return bool(texts) and texts <= codes


def _number_style(columns):
    numbers = [column for column in columns if column["type"] == "number"]
    signs = {sign for column in numbers for sign in column.get("decimals", ())}
    if signs not in ({"."}, {","}):
        # What the sample leaves open, each file proves for itself, or its rows wait.
        is_open = signs or any(column.get("ambiguous") for column in numbers)
        return {"decimal": "auto" if is_open else ".", "thousands": False}
    decimal = signs.pop()
    other = "," if decimal == "." else "."
    grouped = any(other in text for column in numbers for text in column["samples"])
    return {"decimal": decimal, "thousands": other if grouped else False}


def _targets(columns):
    """A meaning per column: by its name, else the first time and the first number."""
    targets = []
    for column in columns:
        targets.append(_meaning(column["name"], column["type"], targets))
    for target, wanted in (("occurred_at", "time"), ("quantity", "number")):
        free = [
            place for place, column in enumerate(columns) if column["type"] == wanted and targets[place] == "unused"
        ]
        if target not in targets and free:
            targets[free[0]] = target
    return targets


def _meaning(name, kind, taken):
    plain = name.casefold().replace("_", " ")
    for target, wanted, words in MEANINGS:
        if target in taken and target != "quantity":
            continue
        if wanted and kind not in (wanted, "empty"):
            continue
        if any(_says(plain, word) for word in words.split()):
            return target
    return "unused"


def _says(name, word):
    if len(word) > 3:
        return word in name
    return re.search(rf"\b{word}\b", name) is not None


def _parse(content, definition):
    profile = Profile.from_dict(definition)
    return parse(content, profile, SAMPLE_LIMITS, _deadline(), file_digest="0" * 64)


def _deadline():
    return Deadline(SAMPLE_LIMITS.max_seconds, time.monotonic)

"""Formats that give nested objects instead of cells: which reader serves which format."""

from __future__ import annotations

from collections.abc import Iterator

from .aemp import aemp_objects, aemp_rows
from .cloudevents import check_events
from .containers import Content, open_content
from .csv_reader import CsvRows
from .detect import SAMPLE_BYTES, detect_kind
from .encodings import detect_encoding
from .environment import CellEnvironment, ObjectEnvironment
from .greenbutton import greenbutton_rows
from .json_reader import json_items, json_lines, lists_in
from .limits import Deadline, Limits
from .mapper import RowMapper, Window
from .nem12 import nem12_rows
from .otlp import otlp_rows
from .paths import BARE, bare_value
from .profile import Profile, number_columns
from .reader import Parsed
from .reasons import FileRefused
from .records import Rejection
from .senml import senml_rows
from .snmp import dump_rows, walk_rows
from .texts import Canonical
from .xml_reader import xml_rows

_FLEETS = ["Fleet.Equipment", "fleet.Equipment", "fleet.equipment", "equipment", "Equipment"]


def read_objects(parsed: Parsed, content: Content, profile: Profile, limits, deadline, context, options) -> Parsed:
    """Connect a JSON or XML file to the mapper."""
    rows = object_rows(content, profile, limits, deadline, parsed.encoding, context, is_file=True)
    env = ObjectEnvironment(profile, context)
    return parsed.ready(rows, RowMapper(profile, env, **options))


def object_rows(
    content: Content, profile: Profile, limits, deadline, encoding: str, context: dict, is_file: bool = False
) -> Iterator:
    """Return the rows of a file or message: ``(number, object)`` or Rejections."""
    if profile.format == "greenbutton":
        return greenbutton_rows(content, limits, deadline)
    if profile.format == "aemp":
        return _machines(content, limits, deadline, encoding)
    if profile.format == "nem12":
        return nem12_rows(CsvRows(content.open(limits, deadline), encoding, ",", '"', limits))
    if profile.format == "snmp":
        return _devices(content, limits, deadline, encoding)
    if profile.format == "xml":
        return xml_rows(content.open(limits, deadline), profile.row_element, limits)
    lines = profile.format == "jsonl" or (profile.format != "json" and _has_lines(content, limits, deadline, encoding))
    if is_file and profile.format in ("json", "jsonl"):
        lines = _is_lines(content, profile, limits, deadline, encoding)
    path = "resourceMetrics" if profile.format == "otlp" and not lines else profile.records_path
    if profile.format == "otlp" and is_file and not lines:
        path = "resourceMetrics|resource_metrics"
    if "|" in path:
        path = "" if lines else _path_there(content, path.split("|"), limits, deadline, encoding)
    outer, _slash, inner = path.partition("/")
    stream = content.open(limits, deadline)
    if profile.format == "senml":
        return senml_rows(stream, encoding, limits, lines, context)
    items = json_lines(stream, encoding, limits) if lines else json_items(stream, encoding, outer, limits)
    if inner:
        return lists_in(items, inner)
    if profile.format == "cloudevents":
        return check_events(items)
    return otlp_rows(items, lines, limits) if profile.format == "otlp" else items


def _machines(content, limits, deadline, encoding) -> Iterator:
    """The readings of a fleet snapshot, which is XML or JSON."""
    sample = content.open(limits, deadline).read(SAMPLE_BYTES).decode(encoding, "replace")
    if detect_kind(sample) == "xml":
        return aemp_rows(content.open(limits, deadline), limits)
    path = _path_there(content, _FLEETS, limits, deadline, encoding)
    return aemp_objects(json_items(content.open(limits, deadline), encoding, path, limits))


def _devices(content, limits, deadline, encoding) -> Iterator:
    """The devices of a walk as text, or of JSON: one object, a list, or one per line."""
    sample = content.open(limits, deadline).read(SAMPLE_BYTES).decode(encoding, "replace")
    if detect_kind(sample) == "csv":
        table = CsvRows(content.open(limits, deadline), encoding, "\0", "", limits)
        return walk_rows((entry[1][0] for entry in table if type(entry) is not Rejection), limits)
    lines = _has_lines(content, limits, deadline, encoding)
    stream = content.open(limits, deadline)
    return dump_rows(json_lines(stream, encoding, limits) if lines else json_items(stream, encoding, "", limits))


def _is_lines(content, profile, limits, deadline, encoding) -> bool:
    """Say whether a JSON file is one document or one per line, whichever of them its profile names."""
    if profile.format == "jsonl":
        sample = content.open(limits, deadline).read(SAMPLE_BYTES).decode(encoding, "replace")
        return not sample.lstrip("\ufeff \t\r\n").startswith("[")
    return _has_lines(content, limits, deadline, encoding)


def _path_there(content, paths, limits, deadline, encoding) -> str:
    """Return the first of some paths that leads to the rows of a document; "" for a document that is a list."""
    sample = content.open(limits, deadline).read(SAMPLE_BYTES).decode(encoding, "replace")
    if sample.lstrip("\ufeff \t\r\n").startswith("["):
        return ""
    for path in paths[:-1]:
        try:
            next(json_items(content.open(limits, deadline), encoding, path, limits), None)
            return path
        except FileRefused as refusal:
            if refusal.code != "bad_structure":
                raise
    return paths[-1]


def _has_lines(content, limits, deadline, encoding) -> bool:
    sample = content.open(limits, deadline).read(SAMPLE_BYTES).decode(encoding, "replace")
    return detect_kind(sample) == "jsonl" and len(sample.strip().splitlines()) > 1


class MessageReader:
    """Reads many small payloads by one profile: compiled once, for message brokers and the API."""

    def __init__(self, profile: Profile, limits: Limits, *, window: Window = Window()):
        self._profile = profile
        self._limits = limits.checked()
        self._context: dict = {}
        self._mapper = RowMapper(profile, ObjectEnvironment(profile, self._context), window=window)
        self._takes_bare = profile.format == "json" and BARE in number_columns(profile)

    def read(self, payload: bytes, deadline: Deadline, context: dict | None = None) -> list:
        """Return the items of one payload; ``context`` is read as columns ``@name``.

        Raises FileRefused when the payload as a whole cannot be read.
        """
        content = open_content(payload, self._limits, deadline)
        if content.packing:
            raise FileRefused("wrong_file_type", found="an archive", expected="a message")
        encoding = detect_encoding(payload[:SAMPLE_BYTES], len(payload) <= SAMPLE_BYTES)
        self._context.clear()
        self._context.update(context or {})
        bare = bare_value(payload.decode(encoding, "replace").strip()) if self._takes_bare else None
        if bare:
            return list(self._mapper.items([(1, bare)]))
        entries = object_rows(content, self._profile, self._limits, deadline, encoding, self._context)
        return list(self._mapper.items(_bounded(entries, self._limits)))


def _bounded(entries, limits):
    for count, entry in enumerate(entries):
        if count >= limits.max_rows:
            raise FileRefused("too_many_rows", limit=limits.max_rows)
        yield entry


def parse_rows(
    entries,
    profile: Profile,
    *,
    columns: list | None = None,
    file_digest: str = "",
    window: Window = Window(),
    context: dict | None = None,
) -> list:
    """Map rows that are at hand: typed in, or corrected and sent again from suspense.

    ``entries``: (row number, row) pairs; a row is a list or tuple of texts, with ``columns``
    naming them, or an object (dict). Rows of the wrong width become rejections. A value that a
    person put in is Canonical: the profile's separators and time formats do not apply to it.
    """
    entries = list(entries)
    options = {"file_digest": file_digest, "window": window}
    if all(isinstance(row, dict) for _number, row in entries):
        env = ObjectEnvironment(profile, context or {})
    else:
        names = columns or profile.columns
        typed = profile.format == "xlsx" or any(isinstance(cell, Canonical) for _number, row in entries for cell in row)
        env = CellEnvironment(profile, context or {}, names, typed)
        entries = [_fitted(number, row, names, profile, typed) for number, row in entries]
    mapper = RowMapper(profile, env, **options)
    if env.missing:
        raise FileRefused(
            "missing_columns", columns=", ".join(env.missing), found=", ".join(filter(None, columns or []))
        )
    return list(mapper.items(entries))


def _fitted(number, row, names, profile, typed):
    if isinstance(row, dict) or len(row) != len(names):
        params = {"found": str(len(row)), "expected": str(len(names)), "why": "after correction"}
        return Rejection(number, "bad_row_shape", params, "", row)
    if not typed:
        return number, row if type(row) is list else list(row)
    # Text from a workbook's suspense: numbers were written in canonical form when they were read.
    canonical = profile.format == "xlsx" and profile.decimal != "."
    return number, [_cell(cell, canonical) for cell in row]


def _cell(cell, canonical):
    if isinstance(cell, Canonical):
        return cell
    cell = str(cell).strip()
    return Canonical(cell) if canonical and _is_plain_number(cell) else cell


def _is_plain_number(text: str) -> bool:
    return text.replace(".", "", 1).lstrip("-").isdigit()

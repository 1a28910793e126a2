"""A profile: how one kind of file becomes usage records, as plain data. No code, no formulas to run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any

from .profile_check import check_profile

FORMATS = (
    "csv",
    "xlsx",
    "json",
    "jsonl",
    "xml",
    "cloudevents",
    "senml",
    "otlp",
    "greenbutton",
    "aemp",
    "nem12",
    "snmp",
)


class ProfileInvalid(Exception):
    """The profile cannot be used. ``errors`` lists every mistake: [(where, what), ...]."""

    def __init__(self, errors: list):
        self.errors = errors
        super().__init__("; ".join(f"{where}: {what}" for where, what in errors))


@dataclass(frozen=True)
class Profile:
    """One mapping, validated. Build it with ``from_dict``; every field is JSON data.

    The README of this folder says what each field means; ``profile_check`` holds the rules.
    """

    format: str
    subject: Any
    measures: list
    time: dict
    external_id: dict
    # the shape of the file
    encoding: str = "auto"
    delimiter: str = "auto"
    quote: str = '"'
    header_row: int = 1
    columns: list = field(default_factory=list)
    json_columns: list = field(default_factory=list)
    wide: bool = False
    skip_rows: int = 0
    ragged: str = "reject"
    sheet: Any = ""
    formulas: str = "reject"
    records_path: str = ""
    row_element: str = ""
    # how values are written
    decimal: str = "."
    assumed_decimal: str = ""
    thousands: str = ""
    time_zone: str = "UTC"
    time_formats: list = field(default_factory=lambda: ["iso"])
    year_offset: int = 0
    ambiguous_time: str = "reject"
    null_words: list = field(default_factory=list)
    column_null_words: dict = field(default_factory=dict)
    # what else a record carries, and which rows count
    where: list = field(default_factory=list)
    dimensions: dict = field(default_factory=dict)
    end_user: Any = None
    amount: Any = None
    currency: Any = None
    duplicates: str = "database"

    @classmethod
    def from_dict(cls, data: dict) -> Profile:
        """Return the validated profile, or raise ProfileInvalid with all errors at once."""
        known = {item.name for item in fields(cls)}
        if not isinstance(data, dict):
            raise ProfileInvalid([("profile", "must be an object")])
        errors = [(str(name), "is not a field of a profile") for name in data if name not in known]
        values = {name: value for name, value in data.items() if name in known}
        required = [item.name for item in fields(cls)][:5]
        errors += [(name, "is required") for name in required if name not in values]
        errors += check_profile(values, FORMATS)
        if errors:
            raise ProfileInvalid(errors)
        # A copy through JSON: later changes to the caller's data cannot reach a valid profile.
        return cls(**json.loads(json.dumps(values)))

    def to_dict(self) -> dict:
        """Return plain JSON data that ``from_dict`` accepts; fields at their default are left out."""
        empty = Profile("", "", [], {}, {})
        values = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in ("format", "subject", "measures", "time", "external_id") or value != getattr(
                empty, item.name
            ):
                values[item.name] = json.loads(json.dumps(value))
        return values


def number_columns(profile: Profile) -> list:
    """The names of all columns that hold numbers, alternatives included."""
    specs = [profile.amount]
    for measure in profile.measures:
        specs += [measure["quantity"], measure.get("amount")]
    return list(dict.fromkeys(name for spec in specs for name in _columns_in(spec)))


def whole_columns(profile: Profile) -> set:
    """The names of the columns that hold counts."""
    specs = [measure["quantity"] for measure in profile.measures]
    return {name for spec in specs if isinstance(spec, dict) and spec.get("whole") for name in _columns_in(spec)}


def _columns_in(spec):
    if isinstance(spec, str):
        yield spec
    elif isinstance(spec, list):
        for part in spec:
            yield from _columns_in(part)
    elif isinstance(spec, dict):
        if "column" in spec:
            yield from [spec["column"], *spec.get("or", [])]
        for name in ("add", "multiply", "max", "min", "subtract", "round", "else"):
            yield from _columns_in(spec.get(name))

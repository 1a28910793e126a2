"""Which of some profiles reads a file: asked of the first rows, so that nobody describes a known kind of file anew."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from .limits import Deadline, Limits
from .profile import Profile
from .reader import lacking, parse
from .reasons import FileRefused
from .records import Record

LOOKED_AT = 200


class Reading(NamedTuple):
    """What a profile makes of the first items of a file."""

    key: object
    good: int
    refused: int
    metrics: int


def readings(content, names: list, profiles: Iterable, limits: Limits, deadline: Deadline, context: dict) -> list:
    """Return the Readings of ``(key, profile)`` that give at least as many records as refusals, the best first.

    The best leaves the fewest rows to a person, and of several the one that knows the most metrics. ``names`` are those
    of the header, where the file has one: a profile that lacks a column is not tried.
    """
    found = []
    for key, profile in profiles:
        is_table = profile.format in ("csv", "xlsx") and profile.header_row and not profile.columns
        if is_table and lacking(names, False, profile, context):
            continue
        reading = _reading(content, key, profile, limits, deadline, context)
        if reading and reading.good and reading.good >= reading.refused:
            found.append(reading)
    return sorted(found, key=_rank)


def _rank(reading: Reading) -> tuple:
    # Of a million, so that this stays whole.
    return reading.refused * 1_000_000 // (reading.good + reading.refused), -reading.metrics


def best(found: list) -> list:
    """Return the readings that are as good as the first."""
    return [reading for reading in found if _rank(reading) == _rank(found[0])]


def _reading(content, key, profile: Profile, limits, deadline, context):
    try:
        parsed = parse(content, profile, limits, deadline, file_digest="-", context=context)
        items = list(islice(parsed, LOOKED_AT))
    except FileRefused as refusal:
        if refusal.code == "timed_out":
            raise
        return None
    good = [item for item in items if type(item) is Record]
    refused = [item for item in items if type(item) is not Record and item.code != "filtered"]
    return Reading(key, len(good), len(refused), len({item.metric for item in items} - {""}))

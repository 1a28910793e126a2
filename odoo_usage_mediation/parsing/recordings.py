"""Recorded messages of a broker as text: one per line, as the usual subscribers print them.

``topic {...}`` with a tab or a blank between, the time of receipt before it or not; or an object per line with
``topic``, ``payload`` (an object or its text) and ``tst``. Each becomes ``[topic, message, received]``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from .reasons import Refuse
from .records import Rejection
from .texts import Canonical, json_of, storable

_STAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?:Z|Z?[+-][0-9]{2}:?[0-9]{2})?"
    r"|[0-9]{10}(?:\.[0-9]{1,9})?)[\t ]+"
)
_TOPIC = re.compile(r"[^\t {][^\t{]*[\t ]")
_FIELDS = 3


def is_recording(profile, text: str) -> bool:
    """Say whether a profile reads recorded messages: a topic, a message in JSON, and perhaps when it was received.

    Where cells may have quotes, lines with a tab are those of a table.
    """
    has_columns = 2 <= len(profile.columns) <= _FIELDS and profile.json_columns == profile.columns[1:2]
    if not has_columns or profile.delimiter != "\t" or profile.header_row:
        return False
    return not profile.quote or "\t" not in text.lstrip("\ufeff \t\r\n").partition("\n")[0]


def recorded_rows(lines: Iterator, width: int) -> Iterator:
    """Yield (line number, cells) of lines; ``width``: how many of the three cells the profile has names for."""
    for entry in lines:
        if type(entry) is Rejection:
            yield entry
            continue
        number, (line,) = entry
        try:
            cells = _object_cells(line) if line.lstrip("\ufeff \t").startswith("{") else _line_cells(line)
        except Refuse as refusal:
            yield Rejection(number, refusal.code, refusal.params, "", storable((line,)))
        else:
            yield number, cells[:width]


def _object_cells(line) -> list:
    """The cells of a message that was printed as an object."""
    value = json_of(line.strip("\ufeff \t"))
    if not isinstance(value, dict) or not isinstance(value.get("topic"), str):
        raise Refuse("bad_structure", why="the object of a recorded message has no topic")
    payload, received = value.get("payload", ""), value.get("tst")
    text = payload if isinstance(payload, str) else _json(payload)
    return [value["topic"].strip(), text.strip(), _offset_once(received) if isinstance(received, str) else ""]


def _json(value) -> str:
    """Write what ``json_of`` read: its numbers as they stood."""
    if isinstance(value, dict):
        return "{" + ", ".join([f"{json.dumps(name)}: {_json(part)}" for name, part in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json, value)) + "]"
    return value if isinstance(value, Canonical) else json.dumps(value)


def _line_cells(line) -> list:
    text = line.lstrip("\ufeff \t").rstrip("\r\n ")
    stamp = _STAMP.match(text)
    if stamp and not _TOPIC.match(text, stamp.end()):
        # A moment is the topic itself, or what stands in its place.
        stamp = None
    received = _offset_once(stamp.group(1)) if stamp else ""
    text = text[stamp.end() :] if stamp else text
    if "\t" in text:
        topic, _tab, message = text.partition("\t")
    elif " {" in text:
        topic, _blank, message = text.partition(" {")
        message = "{" + message
    else:
        topic, blank, message = text.rpartition(" ")
        if not blank:
            raise Refuse("bad_row_shape", found=1, expected=2, why="too few")
    return [topic.strip(), message.strip(), received]


def _offset_once(stamp: str) -> str:
    """``10:02:03Z+0100``, as one subscriber prints local times, is ``10:02:03+0100``."""
    return re.sub(r"Z(?=[+-][0-9]{2}:?[0-9]{2}$)", "", stamp)

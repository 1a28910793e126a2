"""CloudEvents 1.0: structured events, one or a batch (a JSON list or JSON Lines).

Columns are the attributes (``id``, ``source``, ``type``, ``subject``, ``time``, extensions) and
``data.<path>``. (source, id) is the identity: ``"external_id": {"key": ["source", "id"]}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .records import Rejection
from .texts import Canonical, storable

REQUIRED = ("specversion", "id", "source", "type")


def check_events(entries: Iterable) -> Iterator:
    """Pass on well-formed events; the others become rejections that name the attribute."""
    for entry in entries:
        if type(entry) is Rejection:
            yield entry
            continue
        number, event = entry
        why = event_flaw(event)
        yield Rejection(number, "bad_structure", {"why": why}, "", storable(event)) if why else entry


def event_flaw(event: dict) -> str:
    """Return what is wrong with the attributes of an event, "" when nothing is."""
    for name in REQUIRED:
        value = event.get(name)
        if not isinstance(value, str) or type(value) is Canonical or not value.strip():
            return f"the attribute {name} is missing or not a text"
    if event["specversion"].split(".")[0] != "1":
        return f"specversion {event['specversion'][:20]} is not 1.x"
    for name in ("subject", "time", "datacontenttype", "dataschema"):
        if (
            name in event
            and event[name] is not None
            and (not isinstance(event[name], str) or type(event[name]) is Canonical)
        ):
            return f"the attribute {name} is not a text"
    if "data" in event and "data_base64" in event:
        return "it has both data and data_base64"
    if "data_base64" in event:
        return "its data is binary"
    return ""

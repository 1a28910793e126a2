"""A request's content as an intake: with the source's profile where it has one for this kind of body."""

from functools import partial
from typing import NamedTuple

from ..api import CLOUD_EVENTS, JSON, NATIVE, NDJSON, CheckedItems
from ..intake import Intake
from ..intake.units import units_of
from ..parsing.texts import storable

# What a profile may read at this door; each is JSON or JSON Lines.
PLAIN_FORMATS = ("json", "jsonl")
OTHER_FORMATS = ("senml", "otlp")
# NUL, and halves of surrogate pairs.
ODDITIES = (b"\\u0000", b"\\ud", b"\\uD")


class NoProfile:
    """Stands where a profile would: the event has its own id."""

    def _identity_targets(self):
        return []


class Feed(NamedTuple):
    """What an intake asks of a source, with the limits of requests."""

    profile_id: object
    definition: dict
    max_megabytes: int
    max_rows: int
    max_seconds: int

    def _definition(self):
        return self.definition


class RequestIntake(Intake):
    """Reads the content of one request. Raises FileRefused, at once or while reading."""

    def __init__(self, source, kind, content, context):
        self.own_profile, definition = _definition(source, kind)
        profile = source.profile_id if self.own_profile else NoProfile()
        limits = (source.http_max_megabytes, source.http_max_items, source.http_max_seconds)
        super().__init__(Feed(profile, definition, *limits), content, context)
        if not self.own_profile:
            strict = definition["format"] in PLAIN_FORMATS
            self.parsed = CheckedItems(self.parsed, partial(units_of, source.env, source.company_id.id), strict)

        # What no database can hold is written as an escape in JSON, and may stand where nothing reads it.
        self._has_oddities = any(sign in content for sign in ODDITIES)

    def _records(self, items):
        if self._has_oddities:
            items = [item._replace(raw=storable(item.raw)) for item in items]
        return super()._records(items)


def _definition(source, kind):
    """(whether it is the source's own, the definition) for a kind of body."""
    own = source._definition() if source.profile_id else {}
    form = own.get("format")
    plain = kind in (JSON, NDJSON)
    layout = {"format": "jsonl" if kind == NDJSON else "json"} if plain else {}
    is_own = form == "cloudevents" or (plain and form in (*PLAIN_FORMATS, *OTHER_FORMATS))
    if is_own:
        definition = {**own, **layout} if form in PLAIN_FORMATS else own
    else:
        standard = NATIVE if plain else CLOUD_EVENTS
        definition = {**standard, **layout, "time_zone": source.tz, "duplicates": "database"}
    if definition.get("encoding", "auto") == "auto":
        # A file may be anything; what is sent as JSON is UTF-8, and nothing is guessed.
        definition = {**definition, "encoding": "utf-8"}
    return is_own, definition

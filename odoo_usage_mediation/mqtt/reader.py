"""One message to records, refusals and what is left out: by a profile, or by the definition of its kind.

Pure but for the clock that bounds how long a message may take.
"""

import json
import time
from datetime import datetime, timezone

from odoo.addons.odoo_usage_billing.store.records import Refusal

from ..api import CheckedItems
from ..intake.form import OWN_ID
from ..intake.reading import (
    LEFT_OUT,
    MAX_CELL_CHARS,
    MAX_COLUMNS,
    MAX_DEPTH,
    MAX_RATIO,
    MEGABYTE,
    Refused,
    _part,
    usage_record,
)
from ..intake.units import units_of
from ..parsing import Deadline, FileRefused, Limits, MessageReader, Profile, Rejection, derive_external_id
from ..parsing.environment import ObjectEnvironment
from ..parsing.json_reader import check_item
from ..parsing.mapper import RowMapper
from ..parsing.reasons import Refuse
from ..parsing.sparkplug import BIRTHS, DATA, decode, parse_topic
from ..parsing.texts import Canonical, storable
from .definitions import NATIVE, SENML, SPARKPLUG
from .messages import Mark, Read
from .topics import subject_of

# The decoder of `parsing`: numbers keep their text.
DECODER = json.JSONDecoder(parse_float=Canonical, parse_int=Canonical, parse_constant=Canonical)
PLAIN_BYTES = 65_536
PORTION = 200
# Escapes may stand for what no database holds; they are rare, so they are looked for first.
ESCAPE = b"\\u"
MAX_NUMBER_DIGITS = 18
MAX_PRODUCER_CHARS = 255


class MessageContext:
    """The columns `@topic`, `@subject`, `@message` and `@received_at` of the message at hand."""

    __slots__ = ("message", "subject")

    def get(self, name, default=""):
        """The text of a column of the message itself."""
        if name == "message":
            return self.message.identity
        if name == "received_at":
            return self.message.arrived_at
        return {"topic": self.message.topic, "subject": self.subject}.get(name, default)


class Reader:
    """Reads the messages of one source. Made once per listener; holds no record of the ORM."""

    def __init__(self, source):
        self.kind = source.mqtt_payload
        self.level = source.mqtt_subject_level
        self.sequence_path = (source.sequence_path or "").split(".") if source.sequence_path else []
        self.boot_path = (source.sequence_boot_path or "").split(".") if source.sequence_boot_path else []
        self.limits = Limits(
            max_bytes=source.max_megabytes * MEGABYTE,
            max_rows=source.max_rows,
            max_columns=MAX_COLUMNS,
            max_cell_chars=MAX_CELL_CHARS,
            max_ratio=MAX_RATIO,
            max_seconds=source.max_seconds,
            max_depth=MAX_DEPTH,
        )
        self.by_profile = bool(source.profile_id) if self.kind == "sparkplug" else self.kind == "profile"
        self.identity = source.profile_id._identity_targets() if self.by_profile else []
        definition = self._definition(source)
        self.profile = Profile.from_dict(definition)
        # The units of the metrics, by code; `prepare` reads them for each batch.
        self.units = {}
        self.own_attributes = {path[0] for path in (self.sequence_path, self.boot_path) if path}
        self._context = MessageContext()
        self.mapper = RowMapper(self.profile, ObjectEnvironment(self.profile, self._context))
        self._is_plain = self.profile.format == "json" and not self.profile.records_path
        # By columns, messages are read side by side; what only the message itself says is then out of reach.
        self._is_context_free = self._is_plain and (
            (self.kind == "native" and not source.mqtt_receipt_time) or not _names_context(definition)
        )
        self._messages = None if self.kind == "sparkplug" else MessageReader(self.profile, self.limits)

    def _definition(self, source):
        if self.by_profile:
            return source._definition()
        known = {"native": NATIVE, "senml": SENML, "sparkplug": SPARKPLUG}[self.kind]
        if source.mqtt_receipt_time:
            known = {**known, "time": {"column": "time", "or": ["@received_at"]}}
        return {"time_zone": source.tz, **known}

    def prepare(self, env, company_id):
        """Know the metrics as they are now."""
        self.units = units_of(env, company_id)

    def read_all(self, messages):
        """Read the messages of a batch that are not read yet."""
        if self._is_context_free:
            entries = [self._plain_entry(message) for message in messages]
            plain = [place for place, entry in enumerate(entries) if entry and messages[place].read is None]
            for start in range(0, len(plain), PORTION):
                places = plain[start : start + PORTION]
                items = self.mapper.by_columns([entries[place] for place in places])
                if items:
                    self._take(messages, places, items)
        for number, message in enumerate(messages, start=1):
            if message.read is None:
                message.read = self.read(message, number)

    def _take(self, messages, places, items):
        """Keep the items, one each, of the messages at some places."""
        items = [
            item._replace(raw=storable(item.raw)) if ESCAPE in messages[place].payload else item
            for place, item in zip(places, items, strict=True)
        ]
        checked = self._checked_events(items) if self.kind == "native" else items
        for place, item, sound in zip(places, items, checked, strict=True):
            message = messages[place]
            message.read = Read()
            subject = subject_of(message.topic, self.level)
            self._sort(message.read, message, place + 1, item, sound, subject, False)

    def read(self, message, number):
        """The Read of one message, the `number`-th of its batch. What cannot be read is a refusal in it."""
        if message.topic is None:
            return Read().refuse(message, number, "bad_encoding", {"encoding": "UTF-8 (topic)"})
        if self.kind == "sparkplug":
            return self._read_sparkplug(message, number)
        read, subject = Read(), subject_of(message.topic, self.level)
        try:
            items = self._one_object(message, subject) or self._items(message, subject)
        except FileRefused as refused:
            # A message is one item: its refusal as a whole is an item's reason.
            return read.refuse(message, number, "bad_structure", {"why": str(refused).rstrip(".")}, subject or None)
        if not items:
            return read.refuse(message, number, "bad_structure", {"why": "it has no item"}, subject or None)
        if ESCAPE in message.payload:
            items = [item._replace(raw=storable(item.raw)) for item in items]
        checked = self._checked_events(items) if self.kind == "native" else items
        for item, sound in zip(items, checked, strict=True):
            self._sort(read, message, number, item, sound, subject, len(items) > 1)
        return read

    def _plain_entry(self, message):
        """What the mapper takes of a payload that is one small JSON object, as nearly all are; None for any other."""
        payload = message.payload
        if not self._is_plain or message.topic is None or payload[:1] != b"{" or len(payload) > PLAIN_BYTES:
            return None
        try:
            text = payload.decode()
            value, end = DECODER.raw_decode(text)
        except (ValueError, RecursionError):
            # What is wrong with it is told by the reader for everything.
            return None
        if end != len(text) or len(text) > self.limits.max_bytes:
            return None
        return check_item(1, value, end, self.limits)

    def _one_object(self, message, subject):
        entry = self._plain_entry(message)
        if entry is None:
            return None
        self._context.message, self._context.subject = message, subject
        return list(self.mapper.items([entry]))

    def _items(self, message, subject):
        context = {"topic": message.topic, "subject": subject, "message": message.identity}
        context["received_at"] = message.arrived_at
        return self._messages.read(message.payload, Deadline(self.limits.max_seconds, time.monotonic), context)

    def _checked_events(self, items):
        """JSON events with what a profile cannot see checked as at the HTTP door; their numbers are ours."""
        if self.own_attributes:
            items = [self._without_own_attributes(item) for item in items]
        return list(CheckedItems(items, lambda: self.units, strict=True))

    def _without_own_attributes(self, item):
        if type(item) is Rejection:
            return item
        return item._replace(raw={name: item.raw[name] for name in item.raw if name not in self.own_attributes})

    def _sort(self, read, message, number, item, sound, subject, many):
        """Put one item where it belongs. `sound`: the same item, checked."""
        try:
            mark = self._mark(item, subject) if self.sequence_path else None
        except Refuse as refusal:
            read.refusals.append(self.refusal(message, number, item, refusal, subject))
            return
        if mark and mark not in read.marks:
            read.marks.append(mark)
        if type(sound) is Rejection:
            self.reject(read, message, number, sound, subject)
        elif subject and sound.subject != subject:
            mismatch = Refuse("subject_mismatch", topic_subject=subject, subject=sound.subject)
            read.refusals.append(self.refusal(message, number, item, mismatch, sound.subject))
        else:
            self._accept(read, message, number, sound, many)

    def _accept(self, read, message, number, item, many):
        external_id = self._external_id(item)
        if many and external_id.startswith(message.identity):
            # Several items of a message without ids: its identity, and the place of the item in it.
            external_id = f"{message.identity}-{item.row_number}{external_id[len(message.identity) :]}"
        read.records.append(usage_record(item, number, external_id))

    def _external_id(self, item):
        if not self.identity:
            return item.external_id
        own = item.dimensions.get(OWN_ID)
        return own or derive_external_id([_part(item, name) for name in self.identity])

    def reject(self, read, message, number, rejection, subject):
        """Sort a rejection of the parsers: left out on purpose, or refused."""
        if rejection.code in LEFT_OUT:
            read.filtered += 1
            return
        reason = Refuse(rejection.code, **rejection.params)
        read.refusals.append(self.refusal(message, number, rejection, reason, subject))

    def refusal(self, message, number, item, reason, subject):
        """One item of a message as a refusal of the store, with its topic."""
        raw = item.raw
        kept = {"@topic": message.topic, **raw} if isinstance(raw, dict) else {"@topic": message.topic, "item": raw}
        return Refusal(Refused(number, subject or None, item.metric or None, kept), reason.code, reason.params)

    # -- numbers ------------------------------------------------------------

    def _mark(self, item, subject):
        text = _at_path(item.raw, self.sequence_path)
        if text == "":
            return None
        if not text.isdecimal() or len(text) > MAX_NUMBER_DIGITS:
            raise Refuse("bad_structure", why=f"its sequence number {text[:40]} is not a whole number")
        record = None if type(item) is Rejection else item
        # The topic is what the broker vouches for: nobody numbers the messages of another.
        producer = subject or (record.subject if record else "")
        if not producer:
            return None
        # A refused message has its place among the others by its time as well.
        at = record.occurred_at if record else self.mapper.instant(item.raw)
        return Mark(producer, int(text), at, _at_path(item.raw, self.boot_path) if self.boot_path else "")

    # -- Sparkplug B --------------------------------------------------------

    def _read_sparkplug(self, message, number):
        read, address = Read(), parse_topic(message.topic)
        if address is None:
            read.filtered = 1
            return read
        try:
            if len(address.producer) > MAX_PRODUCER_CHARS:
                raise Refuse("cell_too_long", column="topic", found=len(address.producer), limit=MAX_PRODUCER_CHARS)
            if len(message.payload) > self.limits.max_bytes:
                raise Refuse("bad_structure", why=f"it has more than {self.limits.max_bytes} bytes")
            read.sparkplug = address, decode(message.payload)
        except Refuse as refusal:
            return read.refuse(message, number, refusal.code, refusal.params)
        return read

    def resolve(self, message, number, node):
        """The Read of a Sparkplug message, by what its edge node's births said.

        Without a profile, only names of billable metrics count. A birth or death is left out: it says
        what is, not what was used.
        """
        address, payload = message.read.sparkplug
        read = Read()
        if address.kind in BIRTHS:
            node.born(address, payload)
        elif address.kind not in DATA:
            node.died(address, payload)
        if address.kind not in DATA or not payload.metrics:
            read.filtered = 1
            return read
        subject = subject_of(message.topic, self.level)
        self._context.message, self._context.subject = message, subject
        for metric in payload.metrics:
            try:
                row = node.row(address, payload, metric)
            except Refuse as refusal:
                read.refuse(message, number, refusal.code, refusal.params, subject or address.producer)
                return read
            if self.by_profile or (row["name"] in self.units and row["value"]):
                self._sort_metric(read, message, number, row, subject)
            else:
                read.filtered += 1
        return read

    def _sort_metric(self, read, message, number, row, subject):
        for item in self.mapper.items([(number, row)]):
            if type(item) is Rejection:
                self.reject(read, message, number, item, subject)
            else:
                read.records.append(usage_record(item, number, self._external_id(item)))

    @staticmethod
    def sparkplug_mark(address, payload, node):
        """The number of a Sparkplug message; None for deaths of nodes, which have none."""
        if payload.seq is None or address.kind == "NDEATH":
            return None
        stamp = payload.timestamp or 0
        seconds, millis = divmod(min(stamp, 253_402_300_799_000), 1000)
        at = datetime.fromtimestamp(seconds, timezone.utc).replace(microsecond=millis * 1000)
        return Mark(address.node, payload.seq, at, node.birth)


def _names_context(definition):
    """Whether a definition names a column of the message itself."""
    return '"@' in json.dumps(definition)


def _at_path(raw, path):
    value = raw
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return "" if value is None or isinstance(value, dict | list | bool) else str(value).strip()

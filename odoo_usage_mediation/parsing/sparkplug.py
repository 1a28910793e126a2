"""Sparkplug B: topics and payloads of edge nodes and devices; births, aliases, deaths.

Payloads are Protocol Buffers; only the fields that usage needs are read, the rest is passed over. What a
birth defines lives in a ``Node``, plain data that the caller keeps between messages. Columns of a row:
``name``, ``value``, ``timestamp`` (epoch milliseconds), ``datatype``, ``is_historical``, ``group``,
``edge``, ``device``, ``producer`` (group/edge or group/edge/device).
"""

from __future__ import annotations

import struct
from decimal import Decimal
from typing import NamedTuple, Optional

from .protobuf import BYTES, FIXED32, FIXED64, VARINT, field, wire_fields
from .quantities import decimal_from_float
from .reasons import Refuse
from .texts import MAX_IDENTITY_CHARS, Canonical, clean

NAMESPACE = "spBv1.0"
BIRTHS, DATA, DEATHS = ("NBIRTH", "DBIRTH"), ("NDATA", "DDATA"), ("NDEATH", "DDEATH")
MAX_METRICS = 10_000
_MAX_METRIC_FIELDS = 64
_BOOLEAN = 11
_SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}
_UNSIGNED_BITS = {5: 8, 6: 16, 7: 32, 8: 64, 13: 64}
_REBIRTH = b"Node Control/Rebirth"
# Field numbers of a metric -> its attribute.
_WHOLE = {2: "alias", 3: "timestamp", 4: "datatype", 5: "is_historical", 7: "is_null"}


class Address(NamedTuple):
    """Who speaks: the parts of a topic ``spBv1.0/group/KIND/edge[/device]``."""

    group: str
    kind: str
    edge: str
    device: str

    @property
    def node(self) -> str:
        """The edge node, which numbers its messages and owns the aliases."""
        return f"{self.group}/{self.edge}"

    @property
    def producer(self) -> str:
        """The edge node or its device."""
        return f"{self.node}/{self.device}" if self.device else self.node

    @property
    def command_topic(self) -> str:
        """Where the edge node listens for commands."""
        return f"{NAMESPACE}/{self.group}/NCMD/{self.edge}"


class Metric(NamedTuple):
    """One metric of a payload. ``value``: Decimal, bool or text; None when it has none that usage can have."""

    name: str
    alias: Optional[int]
    timestamp: Optional[int]
    datatype: int
    value: object
    is_historical: bool


class Payload(NamedTuple):
    """One message. ``seq`` is None where the kind of message has none (NDEATH)."""

    timestamp: Optional[int]
    seq: Optional[int]
    metrics: list


def parse_topic(topic: str) -> Optional[Address]:
    """Return who speaks, or None when the topic is no edge node's or device's message."""
    parts = topic.split("/")
    if len(parts) not in (4, 5) or parts[0] != NAMESPACE or not all(parts):
        return None
    group, kind, edge = parts[1:4]
    device = parts[4] if len(parts) == 5 else ""
    if kind not in BIRTHS + DATA + DEATHS or (kind[0] == "D") != bool(device):
        return None
    return Address(group, kind, edge, device)


def decode(content: bytes) -> Payload:
    """Read a payload; raise Refuse ``bad_structure`` when the bytes are none."""
    timestamp = seq = None
    metrics = []
    for number, kind, value in wire_fields(content, MAX_METRICS + 8):
        if number == 2 and kind == BYTES:
            metrics.append(_metric(value))
        elif number in (1, 3) and kind == VARINT:
            timestamp, seq = (value, seq) if number == 1 else (timestamp, value)
        elif number in (1, 2, 3):
            raise Refuse("bad_structure", why=f"field {number} of the payload has wire type {kind}")
    if seq is not None and seq > 255:
        raise Refuse("bad_structure", why=f"its seq is {seq}, above 255")
    return Payload(timestamp, seq, metrics)


def _metric(content: bytes) -> Metric:
    read = {"alias": None, "timestamp": None, "datatype": 0, "is_historical": 0, "is_null": 0}
    name, raw = "", None
    for number, kind, value in wire_fields(content, _MAX_METRIC_FIELDS):
        if number in _WHOLE and kind == VARINT:
            read[_WHOLE[number]] = value
        elif number == 1 and kind == BYTES:
            name = _text(value)
        elif 10 <= number <= 15:
            raw = (number, kind, value)
    value = None if read["is_null"] or raw is None else _value(*raw, read["datatype"])
    return Metric(name, read["alias"], read["timestamp"], read["datatype"], value, bool(read["is_historical"]))


def _value(number: int, kind: int, value, datatype: int):
    wanted = {10: VARINT, 11: VARINT, 12: FIXED32, 13: FIXED64, 14: VARINT, 15: BYTES}[number]
    if kind != wanted:
        raise Refuse("bad_structure", why=f"field {number} of a metric has wire type {kind}")
    if number == 14:
        return bool(value)
    if number == 15:
        return _text(value)
    if number == 12:
        return _single(value)
    if number == 13:
        return decimal_from_float(struct.unpack("<d", value)[0])
    return _whole(value, datatype)


def _whole(value: int, datatype: int) -> Decimal:
    """Signed numbers travel as two's complement in an unsigned field."""
    bits = _SIGNED_BITS.get(datatype)
    if bits:
        value &= (1 << bits) - 1
        return Decimal(value - (1 << bits) if value >> (bits - 1) else value)
    return Decimal(value & ((1 << _UNSIGNED_BITS.get(datatype, 64)) - 1))


def _single(content: bytes) -> Decimal:
    """The shortest decimal that is this number in 32 bits: what the device meant by 0.1."""
    value = decimal_from_float(struct.unpack("<f", content)[0])
    if not value.is_finite():
        return value
    for digits in range(1, 10):
        short = Decimal(format(value, f".{digits}g"))
        try:
            if struct.pack("<f", short) == content:
                return short
        except OverflowError:
            # Rounded up beyond what 32 bits hold.
            continue
    return value


def _text(content: bytes) -> str:
    try:
        return clean(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise Refuse("bad_encoding", encoding="UTF-8") from None


class Node:
    """What is known of one edge node: its birth, and which alias means what. JSON data, kept by the caller."""

    def __init__(self, data: Optional[dict] = None):
        data = data or {}
        self.birth: str = data.get("birth", "")
        self.death: Optional[int] = data.get("death")
        self.is_online: bool = data.get("is_online", False)
        # alias -> [device, name, datatype]; aliases are unique within the edge node.
        self.aliases: dict = {int(alias): list(known) for alias, known in data.get("aliases", {}).items()}

    def to_dict(self) -> dict:
        """Return plain JSON data."""
        return {
            "birth": self.birth,
            "death": self.death,
            "is_online": self.is_online,
            "aliases": {str(alias): known for alias, known in self.aliases.items()},
        }

    def born(self, address: Address, payload: Payload) -> None:
        """Take in a birth: it defines the aliases of its node or device anew."""
        if address.kind == "NBIRTH":
            self.birth = str(payload.timestamp or "")
            self.death = _death_number(payload)
            self.is_online = True
            self.aliases = {}
        else:
            self.aliases = {alias: known for alias, known in self.aliases.items() if known[0] != address.device}
        for metric in payload.metrics:
            if metric.alias is not None and metric.name:
                self.aliases[metric.alias] = [address.device, metric.name, metric.datatype]

    def died(self, address: Address, payload: Payload) -> None:
        """Take in a death; one that belongs to an earlier birth (another bdSeq) changes nothing."""
        if address.kind == "NDEATH" and _death_number(payload) == self.death:
            self.is_online = False

    def row(self, address: Address, payload: Payload, metric: Metric) -> dict:
        """Return a metric as a row for a profile; raise Refuse ``unknown_alias``."""
        name, datatype = metric.name, metric.datatype
        if not name:
            known = self.aliases.get(metric.alias)
            if known is None or known[0] != address.device:
                raise Refuse("unknown_alias", alias=metric.alias, node=address.node)
            name, datatype = known[1], known[2]
        if len(name) > MAX_IDENTITY_CHARS:
            raise Refuse("cell_too_long", column="name", found=len(name), limit=MAX_IDENTITY_CHARS)
        at = metric.timestamp if metric.timestamp is not None else payload.timestamp
        return {
            "name": name,
            "value": _shown(_typed(metric.value, datatype)),
            "timestamp": "" if at is None else str(at),
            "datatype": Canonical(datatype),
            "is_historical": "true" if metric.is_historical else "false",
            "group": address.group,
            "edge": address.edge,
            "device": address.device,
            "producer": address.producer,
        }


def _typed(value, datatype: int):
    """Data messages may leave the type to the birth: signed numbers are told apart by it."""
    if type(value) is Decimal and datatype in _SIGNED_BITS and value >= 0 and value == value.to_integral_value():
        return _whole(int(value), datatype)
    return value


def _shown(value) -> str:
    if value is None:
        return ""
    if type(value) is bool:
        return "true" if value else "false"
    return Canonical(format(value, "f")) if type(value) is Decimal else value


def _death_number(payload: Payload) -> Optional[int]:
    for metric in payload.metrics:
        if metric.name == "bdSeq" and type(metric.value) is Decimal:
            return int(metric.value)
    return None


def rebirth_command(timestamp: int) -> bytes:
    """Return the payload that asks an edge node for its births again. ``timestamp``: epoch milliseconds."""
    metric = field(1, _REBIRTH) + field(3, timestamp) + field(4, _BOOLEAN) + field(14, 1)
    return field(1, timestamp) + field(2, metric)

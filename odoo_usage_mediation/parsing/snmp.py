"""Answers of devices over SNMP: one row per device, with the counters of the printer MIB by name.

Reads walks as text (``OID = Counter32: 4711`` or ``OID 4711``, numeric or below ``mib-2``, ``iso``,
``enterprises``) and JSON objects of OID and value. A new device begins where an OID comes again. Columns: ``serial``,
``model``, ``name``, ``page_counter``, ``uptime``, those of ``printer_records``, and ``oid.<OID>`` for all else (dots
written ``\\.``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .limits import Limits
from .printer_records import OWN_COUNTERS, known_columns
from .reasons import FileRefused
from .records import Rejection
from .texts import Canonical

_NAMES = {
    "1.3.6.1.2.1.43.5.1.1.17.1": "serial",
    "1.3.6.1.2.1.25.3.2.1.3.1": "model",
    "1.3.6.1.2.1.43.5.1.1.16.1": "name",
    "1.3.6.1.2.1.43.10.2.1.4.1.1": "page_counter",
    "1.3.6.1.2.1.1.3.0": "uptime",
}
_ROOTS = (
    ("SNMPv2-SMI::mib-2.", "1.3.6.1.2.1."),
    ("SNMPv2-SMI::enterprises.", "1.3.6.1.4.1."),
    ("mib-2.", "1.3.6.1.2.1."),
    ("enterprises.", "1.3.6.1.4.1."),
    ("iso.", "1."),
    (".", ""),
)
_WORDS = {
    "Printer-MIB::prtGeneralSerialNumber.1": "serial",
    "Printer-MIB::prtGeneralPrinterName.1": "name",
    "Printer-MIB::prtMarkerLifeCount.1.1": "page_counter",
    "HOST-RESOURCES-MIB::hrDeviceDescr.1": "model",
}
_LINE = re.compile(r"(\S+)\s*=\s*(?:([A-Za-z][A-Za-z0-9 -]*):\s?)?(.*)")
# The next line of bytes that do not fit into one.
_BYTES = re.compile(r"(?:[0-9A-Fa-f]{2} ?)+")
# As `snmpwalk -Oq` prints it: no sign between, no type.
_BARE_LINE = re.compile(r"((?:\.|iso\.|mib-2\.|enterprises\.|1\.3\.6\.|[\w-]+::)\S+) ()(\S.*)")


def walk_rows(lines: Iterable, limits: Limits) -> Iterator:
    """Yield (line, device) of a walk as text. Lines that go on with a text are passed over."""
    device, began, known, bytes_of = {}, 1, False, None
    for number, line in enumerate(lines, start=1):
        match = _LINE.match(line) or _BARE_LINE.match(line)
        name = _named(match.group(1)) if match else None
        if name is None:
            if bytes_of and all(map(_BYTES.fullmatch, (line.strip(), device[bytes_of]))):
                device[bytes_of] += " " + line.strip()
            continue
        known, bytes_of = True, name if match.group(2) == "Hex-STRING" else None
        if name in device:
            yield began, _row(device)
            device, began = {}, number
        if len(device) >= limits.max_columns * 100:
            raise FileRefused("too_many_columns", found=len(device), limit=limits.max_columns * 100)
        device[name] = _value(match.group(2) or "", match.group(3))
    if not known:
        raise FileRefused("bad_structure", why="no line of it is an answer (OID = type: value)")
    yield began, _row(device)


def dump_rows(items: Iterable) -> Iterator:
    """Yield (ordinal, device) of JSON objects of OID and value."""
    for entry in items:
        if type(entry) is Rejection:
            yield entry
        else:
            number, values = entry
            yield number, _row({_named(oid) or oid: value for oid, value in values.items()})


def _named(oid):
    if oid in _WORDS:
        return _WORDS[oid]
    for root, numbers in _ROOTS:
        if oid.startswith(root):
            oid = numbers + oid[len(root) :]
            break
    if oid in _NAMES:
        return _NAMES[oid]
    return oid if "::" in oid or re.fullmatch(r"[0-9]+(\.[0-9]+)+", oid) else None


def _value(kind, text):
    text = text.strip().strip('"').strip()
    if kind == "Hex-STRING":
        return _printable(text)
    if kind.startswith(("Counter", "Gauge", "INTEGER")) and text.lstrip("-").isdigit():
        return Canonical(text)
    return text


def _printable(text):
    """Texts with an odd sign at their end are shown as bytes: the text, where the others are readable."""
    try:
        plain = bytes.fromhex(text).rstrip(b"\0 ").decode("ascii")
    except ValueError:
        return text
    return plain if plain.isprintable() else text


def _row(device):
    own = known_columns(device)
    named = {name: device.get(name) or own.get(name, "") for name in (*_NAMES.values(), *OWN_COUNTERS)}
    return {**named, "oid": {name: value for name, value in device.items() if name not in named}}

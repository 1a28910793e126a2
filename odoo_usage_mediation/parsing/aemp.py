"""Equipment telematics after ISO 15143-3 (AEMP 2.0), XML or JSON: one row per machine and reading.

Columns: ``oem``, ``model``, ``equipment_id``, ``serial``, ``pin``, ``metric`` (the element's name, e.g.
``CumulativeOperatingHours``), ``value``, ``unit``, ``time``. Readings named Cumulative, FuelUsed and Distance
are registers. A machine without any reading is counted as ``filtered``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .containers import Bounded
from .limits import Limits
from .paths import scalar_text
from .records import Rejection
from .texts import storable
from .xml_reader import flatten, local_name, xml_elements

# Element of the reading -> (element of the value, element of the unit or the unit itself).
READINGS = {
    "CumulativeOperatingHours": ("Hour", "=h"),
    "CumulativeIdleHours": ("Hour", "=h"),
    "CumulativeIdleNonOperatingHours": ("Hour", "=h"),
    "CumulativePowerTakeOffHours": ("Hour", "=h"),
    "CumulativeActiveRegenerationHours": ("Hour", "=h"),
    "CumulativeLoadCount": ("Count", "="),
    "CumulativePayloadTotals": ("Payload", "PayloadUnits"),
    "FuelUsed": ("FuelConsumed", "FuelUnits"),
    "FuelUsedLast24": ("FuelConsumed", "FuelUnits"),
    "DEFUsed": ("DEFConsumed", "DEFUnits"),
    "Distance": ("Odometer", "OdometerUnits"),
    "FuelRemaining": ("Percent", "=%"),
    "DEFRemaining": ("Percent", "=%"),
}
_HEADER = {
    "oem": "OEMName",
    "model": "Model",
    "equipment_id": "EquipmentID",
    "serial": "SerialNumber",
    "pin": "PIN",
}


def aemp_rows(stream: Bounded, limits: Limits) -> Iterator:
    """Yield (ordinal, reading), or a Rejection ``filtered`` for a machine without readings."""
    return _numbered(map(_element, xml_elements(stream, frozenset(["Equipment"]), limits, 10_000)))


def aemp_objects(entries: Iterable) -> Iterator:
    """The same for the machines of a snapshot in JSON: ``entries`` of json_items."""
    return _numbered(entry if type(entry) is Rejection else _object(entry[1]) for entry in entries)


def _numbered(machines):
    """Number the readings of machines, each (header, readings); what was refused before stays as it is."""
    number = 0
    for machine in machines:
        if type(machine) is Rejection:
            yield machine
            continue
        header, readings = machine
        for name, values in readings:
            number += 1
            yield number, _row(header, name, values)
        if not readings:
            number += 1
            yield Rejection(number, "filtered", {"column": "readings (none)"}, "", storable(header))


def _element(machine):
    header, readings = {}, []
    for child in machine:
        name = local_name(child)
        if name == "EquipmentHeader":
            values = flatten(child)
            header = {column: values.get(element, "") for column, element in _HEADER.items()}
        elif name in READINGS:
            readings.append((name, flatten(child)))
    return header, readings


def _object(machine):
    # Some write the names with a small letter first.
    parts, header = _folded(machine), dict.fromkeys(_HEADER, "")
    stated = parts.get("equipmentheader")
    if isinstance(stated, dict):
        stated = _folded(stated)
        header = {column: scalar_text(stated.get(element.casefold())) for column, element in _HEADER.items()}
    found = [(name, parts.get(name.casefold())) for name in READINGS]
    return header, [(name, _texts(reading)) for name, reading in found if isinstance(reading, dict)]


def _folded(item: dict) -> dict:
    return {name.casefold(): value for name, value in item.items()}


def _texts(reading):
    return {name.lstrip("@"): scalar_text(value) for name, value in reading.items()}


def _row(header: dict, name: str, values: dict) -> dict:
    value, unit = READINGS[name]
    folded = _folded(values)
    return {
        **header,
        "metric": name,
        "value": folded.get(value.casefold(), ""),
        "unit": unit[1:] if unit.startswith("=") else folded.get(unit.casefold(), ""),
        "time": folded.get("/@datetime") or folded.get("datetime", ""),
    }

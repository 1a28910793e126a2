"""Green Button (ESPI in Atom): one row per interval reading, with the reading type worked in.

Columns: ``usage_point`` (where two of one file have the same name, with what stands before: ``5/01``),
``meter_reading``, ``start`` (epoch seconds), ``duration`` (seconds), ``value`` (times the power of ten), ``unit``,
``flow`` (1 delivered, 19 received), ``cost`` (in ``currency``: the file has hundred-thousandths), ``currency``,
``quality``, ``accumulation`` (4 = delta, 3 = cumulative: a register), ``tariff`` (tou), ``finer`` (the meter reading of
the same usage point, unit and direction that says the same in shorter intervals, if there is one). The file is read
twice: types may stand behind the readings that need them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain

from .containers import Content
from .limits import Deadline, Limits
from .quantities import EXACT, plain_number
from .reasons import Refuse
from .records import Rejection
from .texts import Canonical, storable
from .xml_reader import flatten, local_name, xml_elements

UNITS = {
    "5": "A",
    "29": "V",
    "31": "J",
    "33": "Hz",
    "38": "W",
    "42": "m3",
    "61": "VA",
    "63": "var",
    "71": "VAh",
    "72": "Wh",
    "73": "varh",
    "119": "ft3",
    "128": "USgal",
    "132": "Btu",
    "134": "L",
    "169": "therm",
}
CURRENCIES = {
    "36": "AUD",
    "124": "CAD",
    "156": "CNY",
    "208": "DKK",
    "356": "INR",
    "392": "JPY",
    "554": "NZD",
    "578": "NOK",
    "643": "RUB",
    "752": "SEK",
    "756": "CHF",
    "826": "GBP",
    "840": "USD",
    "978": "EUR",
}
# Elements in one entry: a block of a year in five minutes has half a million.
MAX_NODES = 1_000_000
_COST_UNIT = Decimal("0.00001")


def greenbutton_rows(content: Content, limits: Limits, deadline: Deadline) -> Iterator:
    """Yield (ordinal, reading) or a Rejection."""
    types, readings, spans = _look_up(content.open(limits, deadline), limits)
    finer, shared = _finer(spans, types, readings), _shared_names(spans)
    number = 0
    for entry in xml_elements(content.open(limits, deadline), frozenset(["entry"]), limits, MAX_NODES):
        blocks = [node for node in entry.iter("{*}IntervalBlock")]
        if not blocks:
            continue
        place = _path(_links(entry, "up") or _links(entry, "self"), "IntervalBlock")
        kind, also = _kind(types, readings, place), {"finer": finer[place]} if place in finer else {}
        owner, point = _owner_and_point(place)
        name = f"{owner}/{point}" if point in shared and owner else point
        for block in blocks:
            for node in block.iterchildren("{*}IntervalReading"):
                number += 1
                values = flatten(node)
                try:
                    yield number, {"usage_point": name, **_row(values, kind, place), **also}
                except Refuse as refusal:
                    yield Rejection(number, refusal.code, refusal.params, "", storable(values))


def _kind(types, readings, place):
    kind = types.get(readings.get(place, ""))
    return next(iter(types.values())) if kind is None and len(types) == 1 else kind


def _finer(spans, types, readings) -> dict:
    """Return {address of a meter reading: that of one that gives the same time in shorter intervals}.

    A utility may list the hours of a month and its days: added up they would count twice.
    """
    series: dict = {}
    for place, (first, last, length) in spans.items():
        kind = _kind(types, readings, place) or {}
        flow = kind.get("flowDirection", "")
        if _owner_and_point(place)[1] and kind.get("uom"):
            alike = (_owner_and_point(place), kind["uom"], flow if flow not in ("", "0") else "1")
            series.setdefault(alike, []).append((length, first, last, place))
    found = {}
    for entries in series.values():
        entries.sort()
        for number, (length, first, last, place) in enumerate(entries):
            for shorter, begin, end, other in entries[:number]:
                if shorter < length and begin < last and first < end:
                    found.setdefault(place, other)
    return found


def _span(blocks, known):
    """The (begin, end, shortest interval) of readings, beside those that are known."""
    first, last, shortest = known or (None, None, None)
    for node in chain.from_iterable(block.iter("{*}timePeriod") for block in blocks):
        texts = [node.findtext(f"{{*}}{name}", "").strip() for name in ("start", "duration")]
        if all(text.isdecimal() and len(text) < 16 for text in texts):
            begin, length = int(texts[0]) // (1000 if _is_millis(texts[0]) else 1), int(texts[1])
            first = begin if first is None else min(first, begin)
            last = begin + length if last is None else max(last, begin + length)
            shortest = length if shortest is None else min(shortest, length)
    return None if first is None else (first, last, shortest)


def _owner_and_point(place: str) -> tuple:
    """The name of a usage point, and what stands before it: the subscription or the customer."""
    steps = place.split("/")
    if "UsagePoint" not in steps[:-1]:
        return "", ""
    number = steps.index("UsagePoint")
    return steps[number - 1] if number else "", steps[number + 1]


def _shared_names(places) -> set:
    """Names that several usage points of a file have, each below another subscription."""
    points = set(map(_owner_and_point, places))
    return {name for name, count in Counter(point for _owner, point in points).items() if count > 1}


def _look_up(stream, limits) -> tuple[dict, dict, dict]:
    """Return {address of a type: its fields}, {address of a meter reading: address of its type}, {...: its span}."""
    types: dict = {}
    readings: dict = {}
    spans: dict = {}
    for entry in xml_elements(stream, frozenset(["entry"]), limits, MAX_NODES):
        content = entry.find("{*}content")
        body = local_name(content[0]) if content is not None and len(content) else ""
        address = next(iter(_links(entry, "self")), "")
        blocks = list(entry.iter("{*}IntervalBlock"))
        if blocks:
            place = _path(_links(entry, "up") or _links(entry, "self"), "IntervalBlock")
            if span := _span(blocks, spans.get(place)):
                spans[place] = span
        if body == "ReadingType":
            types[_type_key(address)] = flatten(content[0])
        elif body == "MeterReading":
            related = [link for link in _links(entry, "related") if "/ReadingType/" in "/" + link]
            readings[address] = _type_key(next(iter(related), ""))
    return types, readings, spans


def _type_key(address: str) -> str:
    """Return what is the same in whole and in relative addresses of a reading type."""
    return address[max(address.rfind("ReadingType/"), 0) :]


def _links(entry, relation: str) -> list[str]:
    return [
        link.get("href", "").strip().rstrip("/")
        for link in entry.iterchildren("{*}link")
        if link.get("rel") == relation
    ]


def _path(links: list, last: str) -> str:
    """Return the address before ``/IntervalBlock``: that of the meter reading."""
    return links[0].split(f"/{last}", 1)[0] if links else ""


def _row(values: dict, kind, place: str) -> dict:
    if kind is None:
        raise Refuse("bad_structure", why="its reading type is not in the file")
    uom = kind.get("uom", "")
    cost = values.get("cost", "")
    return {
        "meter_reading": place,
        "start": _start(values.get("timePeriod/start", "")),
        "duration": Canonical(values.get("timePeriod/duration", "") or kind.get("intervalLength", "")),
        "value": _scaled(values.get("value", ""), kind.get("powerOfTenMultiplier", "0")),
        "unit": UNITS.get(uom, f"uom {uom}" if uom else ""),
        "flow": kind.get("flowDirection", ""),
        "cost": Canonical(format(EXACT.multiply(plain_number(cost, "cost"), _COST_UNIT), "f")) if cost else "",
        "currency": CURRENCIES.get(kind.get("currency", ""), kind.get("currency", "")),
        "quality": values.get("ReadingQuality/quality", ""),
        "accumulation": kind.get("accumulationBehaviour", ""),
        "tariff": values.get("tou", ""),
    }


def _is_millis(start: str) -> bool:
    """Say whether a time counts milliseconds, as some exports write it: in seconds it would be after the year 5000."""
    return start.isdecimal() and 12 <= len(start) < 16


def _start(text: str) -> str:
    if not _is_millis(text):
        return Canonical(text)
    return Canonical(format(EXACT.scaleb(Decimal(text), -3).normalize(EXACT), "f"))


def _scaled(value: str, power: str) -> str:
    if not value:
        return ""
    steps = plain_number(power or "0", "powerOfTenMultiplier")
    if not -15 <= steps <= 15 or steps % 1:
        raise Refuse("bad_quantity", value=power[:20], column="powerOfTenMultiplier", why="it is out of range")
    return Canonical(format(EXACT.scaleb(plain_number(value, "value"), steps), "f"))

"""Interval meter data after NEM12 (Australia): one row per interval of a 300 record.

Columns: ``nmi``, ``meter``, ``register``, ``suffix`` (E1 = consumed, B1 = fed in), ``unit`` (kWh, kvarh or kVAh: Wh and
MWh are scaled), ``start`` (market time, UTC+10 all year), ``minutes``, ``value``, ``quality`` (of the record, or of the
interval where a 400 record says so), ``date``, ``interval`` (from 1). All intervals of a record have its line number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from .quantities import EXACT, plain_number
from .reasons import Refuse
from .records import Rejection
from .texts import Canonical, storable

_UNITS = {
    prefix + unit.upper(): ("k" + unit, power)
    for unit in ("Wh", "varh", "VAh")
    for prefix, power in (("", -3), ("K", 0), ("M", 3))
}
_LENGTHS = ("5", "15", "30")
_DAY = 1440


def nem12_rows(entries: Iterable) -> Iterator:
    """Yield (line, interval) or a Rejection. ``entries``: (line, cells) of the separated text."""
    meter, record, flaws = None, None, []
    for entry in entries:
        if type(entry) is Rejection:
            # In the order of lines, so that reading can go on behind any of them.
            if record:
                yield from _day(meter, *record, flaws)
            record, flaws = None, []
            yield entry
            continue
        number, cells = entry
        kind = cells[0].strip()
        if kind == "400":
            flaws.append((number, cells))
            continue
        if record:
            yield from _day(meter, *record, flaws)
        record, flaws = None, []
        if kind == "200":
            meter = cells
        elif kind == "300":
            record = (number, cells)
        elif kind not in ("100", "500", "900"):
            yield _refused(number, cells, "a line begins with none of 100, 200, 300, 400, 500 and 900")
    if record:
        yield from _day(meter, *record, flaws)


def _day(meter, number, cells, flaws):
    try:
        yield from _intervals(meter, number, cells, flaws)
    except Refuse as refusal:
        yield Rejection(number, refusal.code, refusal.params, "", storable(_raw(cells)))


def _intervals(meter, number, cells, flaws):
    if meter is None or len(meter) < 9 or meter[8].strip() not in _LENGTHS:
        raise Refuse("bad_structure", why="no 200 record with an interval of 5, 15 or 30 minutes stands before it")
    minutes = int(meter[8])
    count = _DAY // minutes
    if len(cells) < 3 + count:
        raise Refuse("bad_row_shape", found=len(cells), expected=3 + count, why="too few")
    try:
        midnight = datetime.strptime(cells[1].strip(), "%Y%m%d")
    except ValueError:
        raise Refuse("bad_time", value=cells[1][:60], column="IntervalDate", why="it is no date") from None
    unit, power = _UNITS.get(meter[7].strip().upper(), (meter[7].strip(), 0))
    qualities = _qualities(cells[2 + count].strip(), count, flaws)
    head = {
        "nmi": meter[1].strip(),
        "meter": meter[6].strip(),
        "register": meter[3].strip(),
        "suffix": meter[4].strip(),
        "unit": unit,
        "minutes": str(minutes),
        "date": cells[1].strip(),
    }
    rows = []
    for place, value in enumerate(cells[2 : 2 + count]):
        start = midnight + timedelta(minutes=minutes * place)
        stamp = f"{start:%Y-%m-%dT%H:%M:%S}+10:00"
        own = {"interval": str(place + 1), "start": Canonical(stamp), "quality": qualities[place]}
        rows.append((number, {**head, **own, "value": _scaled(value.strip(), power)}))
    yield from rows


def _qualities(stated, count, flaws):
    found = [stated] * count
    for _number, cells in flaws:
        bounds = [cell.strip() for cell in cells[1:3]]
        if len(cells) < 4 or not all(bound.isdigit() for bound in bounds):
            raise Refuse("bad_structure", why="a 400 record does not say which intervals it is about")
        first, last = map(int, bounds)
        for place in range(max(first, 1), min(last, count) + 1):
            found[place - 1] = cells[3].strip()
    return found


def _scaled(value, power):
    if not value or not power:
        return value
    return Canonical(format(EXACT.scaleb(plain_number(value, "IntervalValue"), power), "f"))


def _refused(number, cells, why):
    return Rejection(number, "bad_structure", {"why": why}, "", storable(_raw(cells)))


def _raw(cells):
    return {"cells": ",".join(cells)[:4_000]}

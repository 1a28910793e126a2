"""Guiding by columns: what guiding one by one gives, several times faster, where nothing about a record is odd."""

from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import compress, repeat
from typing import NamedTuple

from .instants import OFFSET_CHARS, UTC, is_steady, placed, stamps
from .records import digest_of, dimension_key, plain
from .rows import make_guided

NO_SLOT = -1
HOUR_CHARS, MINUTE_CHARS = len("2026-01-31T12"), len("2026-01-31T12:00")
SPANS = {HOUR_CHARS: timedelta(minutes=59, seconds=59), MINUTE_CHARS: timedelta(seconds=59)}
ZEROS = ":00:00+00:00"


class Clock(dict):
    """{the beginning of an instant's stamp: (local day, slot)}; None where the rest of the stamp matters as well."""

    def __init__(self, zone, slot_minutes):
        super().__init__()
        self.zone = zone
        self.slot_minutes = slot_minutes
        self.chars = MINUTE_CHARS if slot_minutes else HOUR_CHARS

    def __missing__(self, start):
        first = datetime.fromisoformat(start + ZEROS[self.chars - HOUR_CHARS :])
        spot = self.spot(first)
        known = is_steady(first, self.zone) and spot == self.spot(first + SPANS[self.chars])
        self[start] = spot if known else None
        return self[start]

    def spot(self, instant):
        """(local day, slot) of an instant."""
        _at, day, minute = placed(instant, self.zone)
        return day, minute - minute % self.slot_minutes if self.slot_minutes else NO_SLOT


class Place(NamedTuple):
    """Where all records of one serial and metric of a batch belong."""

    owner: object
    clock: Clock
    dimension_names: tuple


class Places(dict):
    """{(serial, metric's code): Place}; None where more than one owner, or none, has it from `first` to `last`."""

    def __init__(self, guide, first, last):
        super().__init__()
        self.guide, self.first, self.last = guide, first, last
        self.clocks = {}

    def __missing__(self, pair):
        self[pair] = self._find(*pair)
        return self[pair]

    def _find(self, serial, code):
        way = self.guide.way(serial, code)
        owner = way and way.owner_at(self.first)
        if not owner or (owner.end_at and owner.end_at <= self.last) or self.guide.closed.get(owner.contract_line_id):
            return None
        key = owner.zone, way.metric.slot_minutes
        clock = self.clocks.get(key)
        if clock is None:
            clock = self.clocks[key] = Clock(*key)
        return Place(owner, clock, way.metric.dimension_names)


def guide_by_columns(guide, records, oldest, newest):
    """A Guided row for each record, in order; None for each that needs a look of its own."""
    columns = tuple(zip(*records, strict=True))
    found = _find(guide, columns, oldest, newest)
    if None not in found:
        return _rows(guide, records, columns, found)
    good = list(compress(records, found))
    rows = iter(_rows(guide, good, tuple(zip(*good, strict=True)), list(filter(None, found))) if good else ())
    return [place and next(rows) for place in found]


def _find(guide, columns, oldest, newest):
    """The Place of each record, or None where it is not certain or the record may be refused."""
    _number, _name, subjects, codes, instants, quantities, *_rest = columns
    first, last = min(instants), max(instants)
    places = Places(guide, max(first, oldest), min(last, newest))
    found = list(map(places.__getitem__, zip(subjects, codes, strict=True)))
    if first < oldest or last > newest:
        found = [place if oldest <= at <= newest else None for place, at in zip(found, instants, strict=True)]
    if {at.tzinfo for at in instants} != {UTC}:
        found = [place if at.tzinfo is UTC else None for place, at in zip(found, instants, strict=True)]
    if min(quantities) < 0:
        found = [None if quantity < 0 else place for place, quantity in zip(found, quantities, strict=True)]
    return found


def _rows(guide, records, columns, found):
    names, subjects, codes, instants, quantities, amounts, dimensions, people, _raw, voids, replaces, _ = columns[1:]
    owners, clocks, dimension_names = zip(*found, strict=True)
    ats = stamps(instants)
    texts = [
        text if text[-1] != "0" and "E" not in text else plain(quantity)
        for text, quantity in zip(map(str, quantities), quantities, strict=True)
    ]
    spots = [
        clock[stamp[: clock.chars]] or clock.spot(instant)
        for clock, stamp, instant in zip(clocks, ats, instants, strict=True)
    ]
    days, slots = zip(*spots, strict=True)
    if amounts.count(None) == len(amounts) and not (any(dimensions) or any(people) or any(voids) or any(replaces)):
        # What digest_of says of such records.
        contents = [
            f"{subject}\x1f{code}\x1f{stamp}\x1f{text}\x1f\x1f"
            for subject, code, stamp, text in zip(subjects, codes, ats, texts, strict=True)
        ]
        digests = [blake2b(content.encode(), digest_size=16).hexdigest() for content in contents]
    else:
        digests = list(map(digest_of, records, ats, texts))
    end_users = [owner.end_user_id for owner in owners]
    if any(people):
        known = guide.end_users.get
        end_users = [person and known(person) or other for person, other in zip(people, end_users, strict=True)]
    keys = repeat("")
    if any(dimensions):
        named = zip(dimensions, dimension_names, strict=True)
        keys = [dimension_key(said, names) if said else "" for said, names in named]
    return list(
        map(
            make_guided,
            zip(
                [blake2b(name.encode(), digest_size=16).hexdigest() for name in names],
                digests,
                records,
                owners,
                end_users,
                [stamp[:-OFFSET_CHARS] for stamp in ats],
                days,
                slots,
                texts,
                keys,
                strict=False,
            ),
        )
    )

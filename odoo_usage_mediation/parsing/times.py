"""Times: text to an aware UTC instant, through a declared zone and declared formats.

Never guesses: a local time that does not exist, or exists twice, is refused unless the
profile says which one is meant. Fractions beyond microseconds are cut off, not rounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from .dates import literal_order
from .reasons import Refuse
from .texts import Canonical
from .time_formats import ISO, iso_moment, moment_reader

UTC = timezone.utc
_CACHE_ENTRIES = 20_000
_SECOND, _HOUR_LONG, _DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
_HOUR = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3])")


class TimeRules:
    """How the times of one profile are written: zone (or its name), formats, year offset, ambiguous hour."""

    __slots__ = ("_days", "_repeated", "ambiguous", "formats", "year_offset", "zone", "zone_name")

    def __init__(self, zone: str | tzinfo, formats: list, year_offset: int, ambiguous: str):
        self.zone_name = str(zone)
        self.zone = ZoneInfo(zone) if isinstance(zone, str) else zone
        self.formats = formats
        self.year_offset = year_offset
        self.ambiguous = ambiguous
        self._days: dict = {}
        # Days on which a local time was read that exists twice.
        self._repeated: set = set()

    def to_utc(self, moment: datetime, shown: str) -> datetime:
        """Return the UTC instant of a local or aware moment, or refuse it."""
        try:
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
            offset = self._day_offset(moment)
            if offset is not None:
                return (moment - offset).replace(tzinfo=UTC)
            return self._doubtful(moment, shown)
        except OverflowError:
            raise Refuse("bad_time", value=shown, column="", why="it is out of range") from None

    def offset_during(self, start: datetime, length: timedelta):
        """Return the zone's offset when it is the same at both ends, else None.

        No zone changes its clocks twice within a day, so equal ends mean: no change between.
        """
        try:
            moments = (start, start + length - _SECOND)
            offsets = {moment.replace(tzinfo=UTC) - self._doubtful(moment, "") for moment in moments}
        except (OverflowError, Refuse):
            return None
        return offsets.pop() if len(offsets) == 1 else None

    def _day_offset(self, moment):
        key = moment.toordinal()
        if key not in self._days:
            if len(self._days) >= _CACHE_ENTRIES:
                self._days.clear()
            midnight = datetime(moment.year, moment.month, moment.day)
            self._days[key] = self.offset_during(midnight, _DAY)
        return self._days[key]

    def _doubtful(self, moment, shown):
        first = moment.replace(tzinfo=self.zone, fold=0)
        second = moment.replace(tzinfo=self.zone, fold=1)
        at = first.astimezone(UTC)
        if first.utcoffset() == second.utcoffset():
            return at
        if at.astimezone(self.zone).replace(tzinfo=None) != moment.replace(fold=0):
            raise Refuse("nonexistent_local_time", value=shown, zone=self.zone_name)
        if self.ambiguous == "reject":
            raise Refuse("ambiguous_local_time", value=shown, zone=self.zone_name)
        self._repeated.add(at.date())
        return second.astimezone(UTC) if self.ambiguous == "second" else at

    def later(self, at: datetime):
        """Return the other instant that has the local time of an instant, if it was read from one; else None."""
        if at is None or at.date() not in self._repeated:
            return None
        local = at.astimezone(self.zone)
        again = local.replace(fold=1)
        return None if local.fold or again.utcoffset() == local.utcoffset() else again.astimezone(UTC)


def time_reader(rules: TimeRules, column: str, nulls: frozenset, own: str = "", order: str = "") -> Callable:
    """Build ``text -> UTC datetime`` for one column. Refuses missing_time, bad_time and DST doubts.

    ``own``, ``order``: what the column proves about day and month, and what the whole file does (see ``dates``).
    """
    slow = _slow_reader(rules, column, nulls, own, order)
    if rules.formats == ["iso"]:
        return _iso_reader(rules, slow)
    if rules.formats[0] == "iso":
        return _iso_reader(rules, _remembering(slow))
    return _remembering(slow)


def _remembering(slow: Callable) -> Callable:
    seen: dict[str, datetime] = {}

    def read(text):
        at = seen.get(text)
        if at is None:
            at = slow(text)
            if len(seen) >= _CACHE_ENTRIES:
                seen.clear()
            seen[text] = at
        return at

    return read


def times_reader(rules: TimeRules, read: Callable) -> Callable:
    """Build ``texts -> UTC datetimes``, where ``read`` reads one: of ISO 8601 without an offset, or all in UTC."""
    if rules.formats[0] != "iso":
        return lambda texts: list(map(read, texts))
    hours, parse = _Hours(rules), datetime.fromisoformat

    def read_all(texts):
        if {text[13:14] for text in texts} == {":"}:
            try:
                # With an offset, the hours are looked up for their spelling alone.
                if {text[-1] for text in texts} == {"Z"}:
                    return [parse(text[:-1] + "+00:00") for text in texts if hours[text[:13]]]
                if {text[-6:] for text in texts} == {"+00:00"}:
                    return [parse(text) for text in texts if hours[text[:13]]]
                return [parse(hours[text[:13]] + text[13:] + "+00:00") for text in texts]
            except (ValueError, OverflowError, KeyError):
                pass
        return list(map(read, texts))

    return read_all


class _Hours(dict):
    """{text of a local hour: text of the hour in UTC}. A KeyError where it takes more than that."""

    def __init__(self, rules: TimeRules):
        super().__init__()
        self.rules = rules

    def __missing__(self, hour):
        head, tail = _utc_hour(self.rules, hour)
        if tail != "+00:00":
            raise KeyError(hour)
        if len(self) >= _CACHE_ENTRIES:
            self.clear()
        self[hour] = head
        return head


def _iso_reader(rules: TimeRules, slow: Callable) -> Callable:
    """The hot path: the zone is asked once per written hour, C code does the rest.

    ``2025-07-01 14`` in Berlin is known as ("2025-07-01 12", "+00:00"): the text's hour is
    exchanged for the UTC hour before it is parsed.
    """
    hours: dict[str, tuple] = {}
    look_up, parse = hours.get, datetime.fromisoformat

    def read(text):
        known = look_up(text[:13])
        if known is None:
            if len(hours) >= _CACHE_ENTRIES:
                hours.clear()
            known = hours[text[:13]] = _utc_hour(rules, text[:13])
        head, tail = known
        if head and text[13:14] == ":":
            try:
                if text[-1] == "Z":
                    at = parse(text[:-1] + "+00:00")
                else:
                    at = parse(text if text[-6] in "+-" else head + text[13:] + tail)
                return at if at.tzinfo is UTC else at.astimezone(UTC)
            except (ValueError, OverflowError):
                pass
        return slow(text)

    return read


def _utc_hour(rules: TimeRules, hour: str) -> tuple:
    """Return (text of the hour to parse, its offset) when one offset holds for all of it, else ("", "")."""
    plain = _HOUR.fullmatch(hour) and not (rules.year_offset and hour[:2] == "00")
    start = iso_moment(hour + ":00:00", rules.year_offset) if plain else None
    if start is None:
        return "", ""
    try:
        offset = start.replace(tzinfo=UTC) - rules.to_utc(start, "")
        if rules.to_utc(start + _HOUR_LONG - _SECOND, "") != (start + _HOUR_LONG - _SECOND - offset).replace(
            tzinfo=UTC
        ):
            return "", ""
        minutes, odd = divmod(offset, timedelta(minutes=1))
        if odd:
            return "", ""
        if minutes % 60 == 0:
            return (start - offset).isoformat(" ")[:13], "+00:00"
    except (OverflowError, Refuse):
        return "", ""
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return start.isoformat(" ")[:13], f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def _slow_reader(rules: TimeRules, column: str, nulls: frozenset, own: str, order: str) -> Callable:
    readers, unused, is_open = _readers(rules, own, order)

    def read(text):
        if text in nulls:
            raise Refuse("missing_time", column=column, value=text or "nothing")
        if type(text) is Canonical and ISO.fullmatch(text):
            # A typed date cell: the written formats of the profile describe texts, not cells.
            moment = iso_moment(text, rules.year_offset)
            if moment is not None:
                return rules.to_utc(moment, text)
        moment, why = _moment_of(text, readers, is_open)
        if moment is not None:
            return rules.to_utc(moment, text)
        if any(reader(text) is not None for reader in unused):
            why = f"other dates of the column begin with the {own or order}"
        raise Refuse("bad_time", value=text[:60], column=column, why=why)

    return read


def _moment_of(text, readers, is_open):
    """Return (moment, "") or (None, why not). ``is_open``: readers that disagree read nothing."""
    found = None
    try:
        for reader in readers:
            moment = reader(text)
            if moment is None:
                continue
            if not is_open:
                return moment, ""
            if found is not None and moment != found:
                return None, "day and month cannot be told apart"
            found = moment
    except Refuse as refusal:
        return None, refusal.params["why"]
    return found, "no declared format fits"


def _readers(rules, own, order):
    """Return (readers to try, those that the file disproves, whether both orders of day and month are open).

    A written format is not used where the column proves the other order. Formats of both orders are for files that
    prove one of them.
    """
    said = [literal_order(form) for form in rules.formats]
    both = {"day", "month"} <= set(said)
    proof = order if both else own
    used, unused = [], []
    for form, first in zip(rules.formats, said, strict=True):
        is_other = first and proof in ("day", "month") and first != proof
        (unused if is_other else used).append(moment_reader(form, rules.year_offset, order))
    return used, unused, both and proof not in ("day", "month")

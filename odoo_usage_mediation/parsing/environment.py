"""Column access: how a compiled profile reaches a value, in a row of cells or in a nested object."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta

from .evidence import AMBIGUOUS, Evidence
from .paths import first_of, json_getter, path_getter, path_of
from .profile import Profile, number_columns
from .quantities import number_reader
from .reasons import FileRefused, Refuse
from .texts import Canonical, as_spec, label
from .times import TimeRules, time_reader
from .zones import MAX_ZONES, zone_of

_BLANKS = re.compile(r"\s+")
_SAYS_UTC = re.compile(r"(?i)(?<![A-Z])UTC(?![A-Z]| ?[+-]?[0-9])")
_MIDNIGHT = re.compile(r"[T ]00:00(?::00(?:\.0+)?)?$")
_DAY_ALONE = re.compile(
    r"(?:(?:[A-Za-z]{2,9}[.,]? )?[0-9]{1,4}([-/. ])[0-9A-Za-z]{1,9}\1[0-9]{1,4}|[0-9]{8})"
    r"(?:[T ]00:00(?::00(?:\.0+)?)?)?"
)
_OTHER_DATE = re.compile(
    "(?i)install|warrant|purchas|contract|lease|expir|manufactur|garantie|kauf|vertrag|first|creat|added|enrol|end|replace"
    "|uptime|boot|start|since|firmware|build|version"
)
_TEXTS, _NOTHING = {str, Canonical}, {type(None)}


def _reading(read: Callable, place: int, trimmed: bool) -> Callable:
    if trimmed:
        return lambda row: read(row[place])
    return lambda row: read(row[place].strip())


def header_key(name: str) -> str:
    """Make column names comparable: case and blanks do not count, nor does a byte order mark."""
    return _BLANKS.sub(" ", name.replace("\ufeff", "").strip()).casefold()


def loose_key(name: str) -> str:
    """Make spellings of one name comparable: ``Usage_Start Date`` is ``usageStartDate``."""
    return "".join([sign for sign in name.casefold() if sign.isalnum() or sign in "%$\u20ac\u00a3"])


class Environment:
    """What specs compile against: columns, null words, number and time rules of one file.

    Columns named ``@name`` read from ``context``, values about the file or message (topic,
    file name, time of receipt) that the caller supplies.
    """

    def __init__(self, profile: Profile, context: dict):
        self.profile = profile
        self.context = context
        self.missing: list[str] = []
        # Columns of optional measures that the file does not have.
        self.lacking: list[str] = []
        self.used: set[int] = set()
        written = (profile.time_formats, profile.year_offset, profile.ambiguous_time)
        self._rules, self._utc_rules = TimeRules(profile.time_zone, *written), TimeRules("UTC", *written)
        words = ["", *[word.strip() for word in profile.null_words]]
        self._nulls = frozenset(words)
        self._column_nulls = {
            header_key(name): frozenset([*words, *[word.strip() for word in extra]])
            for name, extra in profile.column_null_words.items()
        }
        # Whether cells come trimmed already.
        self.trimmed = False
        # Spreadsheet numbers hold 15 digits; a longer identity in a number cell has been rounded.
        self.rounds_numbers = False
        self._numbers: dict = {}
        self._times: dict = {}

    def null_words(self, column: str) -> frozenset:
        """Return the texts that mean "nothing" in a column; "" is always one."""
        return self._column_nulls.get(header_key(column), self._nulls)

    def getter(self, spec: dict) -> Callable:
        """Build ``row -> trimmed text`` ("" when absent) for ``column`` and its ``or`` list."""
        readers = []
        for name in self.names(spec):
            read = self._context_getter(name[1:]) if name.startswith("@") else self._getter(name)
            if read is not None:
                readers.append(read)
        if not readers:
            if not spec.get("optional"):
                self.missing.append(spec["column"])
            return lambda row: ""
        return readers[0] if len(readers) == 1 else first_of(readers, self.null_words(spec["column"]))

    def names(self, spec: dict) -> list:
        """Return the names to look under, the best first."""
        return [spec["column"], *spec.get("or", [])]

    def plain_place(self, spec: dict):
        """Return the place of a column that holds plain text in a row of cells, else None."""
        return None

    def first_place(self, spec: dict):
        """Return the place of the column that a spec reads first, in a row of cells; else None."""
        return None

    def cells(self, spec: dict):
        """Build ``rows -> trimmed texts`` for a column that stands for itself; None for any other spec.

        None in place of the texts: one of them takes more than trimming.
        """
        return None

    def _context_getter(self, name):
        context = self.context
        return lambda row: str(context.get(name, "")).strip()

    def _getter(self, name: str):
        """Return ``row -> trimmed text``, or None when the file has no such column."""
        raise NotImplementedError

    def number(self, spec: dict, missing: str = "missing_quantity") -> Callable:
        """Build ``row -> Decimal`` for a column; null words are refused as ``missing``."""
        get, column = self.getter(spec), spec["column"]
        is_whole = spec.get("whole", False)
        key = (column, missing, is_whole)
        if key not in self._numbers:
            decimal, thousands = self.style(spec)
            decimal = "whole" if is_whole and decimal == "ambiguous" else decimal
            booked, nulls = self.profile.decimal == "auto", self.null_words(column)
            self._numbers[key] = number_reader(decimal, thousands, column, nulls, missing, booked, is_whole)
        read, place = self._numbers[key], self.plain_place(spec)
        if place is not None:
            return _reading(read, place, self.trimmed)
        return lambda row: read(get(row))

    def style(self, spec: dict) -> tuple:
        """Return how numbers of a column are written: (decimal sign, thousands signs)."""
        if self.profile.decimal != "auto":
            return self.profile.decimal, self.profile.thousands
        return AMBIGUOUS

    def orders(self, spec: dict) -> tuple:
        """Return what a column of dates, and the whole file, prove about day and month; "" for nothing."""
        return "", ""

    def rules_of(self, spec: dict) -> TimeRules:
        """Return how the times of a column are written: one whose name says UTC is no local time."""
        names = self.names(spec) if "column" in spec else []
        return self._utc_rules if names and all(map(_SAYS_UTC.search, names)) else self._rules

    def later(self, at):
        """Return the second instant of a local time that the clocks repeat, for the first one; else None."""
        return self._rules.later(at)

    def time_of_text(self, spec: dict) -> Callable:
        """Build ``text -> UTC datetime`` for a column, or for several."""
        column = label(spec)
        if column not in self._times:
            nulls = self.null_words(column)
            self._times[column] = time_reader(self.rules_of(spec), column, nulls, *self.orders(spec))
        return self._times[column]

    def time(self, spec: dict) -> Callable:
        """Build ``row -> UTC datetime`` for a column, or for several joined with a blank."""
        if zone := self._optional(spec.get("zone")):
            return self._time_in_zones({name: part for name, part in spec.items() if name != "zone"}, zone)
        read = self.time_of_text(spec)
        if "columns" in spec:
            getters = [self.getter(part if isinstance(part, dict) else {"column": part}) for part in spec["columns"]]
            return lambda row: read(" ".join([get(row) for get in getters]).strip())
        if "constant" in spec:
            return lambda row: read(spec["constant"])
        if "interval" in spec:
            return self._interval_time(read, spec)
        clock, day = self._optional(spec.get("clock")), self.getter(spec)
        if clock:
            column = label(as_spec(spec["clock"]))
            return lambda row: read(_with_clock(day(row), clock(row), column))
        if as_spec(spec.get("clock") or {}).get("needed"):
            return lambda row: read(_with_own_clock(day(row), label(spec)))
        get, place = self.getter(spec), self.plain_place(spec)
        if place is not None:
            return _reading(read, place, self.trimmed)
        return lambda row: read(get(row))

    def _interval_time(self, read, spec):
        """Build ``row -> start of an interval`` of a wide table: by its clock, or minutes after the local midnight."""
        day, interval, zone = self.getter(spec), self.getter({"column": spec["interval"]}), self.rules_of(spec).zone

        def start(row):
            text, place = day(row), interval(row)
            if not place.isdigit() or not _DAY_ALONE.fullmatch(text):
                # A person who corrected the time said all of it.
                return read(_with_clock(text, place, spec["interval"]))
            midnight = read(text)
            at = midnight + timedelta(minutes=int(place))
            if at.astimezone(zone).date() != midnight.astimezone(zone).date():
                raise Refuse("bad_time", value=f"{text} + {place} min", column=label(spec), why="the day is shorter")
            return at

        return start

    def _time_in_zones(self, spec, zone_text):
        """Build ``row -> UTC datetime`` where a column says in which zone the time of its row is."""
        readers, nulls = {}, self.null_words("")

        def read(row):
            name = zone_text(row)
            if name not in readers:
                zone = self._rules.zone if name in nulls else zone_of(name, self._rules.zone)
                if zone is None or len(readers) >= MAX_ZONES:
                    raise Refuse("bad_time", value=name[:60], column=label(spec), why="this time zone is not known")
                readers[name] = self._in_zone(zone, spec)
            return readers[name](row)

        return read

    def _in_zone(self, zone, spec):
        mine = self._rules, self._times
        self._rules = TimeRules(zone, mine[0].formats, mine[0].year_offset, mine[0].ambiguous)
        self._times = {}
        try:
            return self.time(spec)
        finally:
            self._rules, self._times = mine

    def _optional(self, spec):
        """Return ``row -> text`` of a column, or None when the spec is none or the file has no column for it."""
        if spec is None:
            return None
        known = len(self.missing)
        get = self.getter(as_spec(spec))
        lacks = len(self.missing) > known
        del self.missing[known:]
        return None if lacks else get


def _with_clock(day: str, clock: str, column: str) -> str:
    """Join a date and the time of day beside it; what has its time already stays as it is."""
    if not _DAY_ALONE.fullmatch(day):
        return day
    if not clock:
        raise Refuse("missing_time", column=column, value="nothing")
    if ":" in clock and _DAY_ALONE.match(clock):
        return clock
    # What is no time of day makes a text that no format reads.
    return f"{_MIDNIGHT.sub('', day)} {clock}"


def _with_own_clock(text: str, column: str) -> str:
    """Return a moment as it is; a date alone is refused where rows are parts of a day."""
    if type(text) is not Canonical and _DAY_ALONE.fullmatch(text) and not _MIDNIGHT.search(text):
        raise Refuse("bad_time", value=text[:60], column=column, why="the time of day is missing")
    return text


class CellEnvironment(Environment):
    """Columns by place in a row of cells. ``names`` are the header's, or the profile's own.

    ``typed``: cells are trimmed, and may be Canonical (XLSX). ``evidence``: how numbers and dates are written.
    A name that no column has exactly is looked up without blanks and signs.
    """

    def __init__(self, profile, context, names: Sequence, typed: bool, evidence: Evidence | None = None):
        super().__init__(profile, context)
        self.trimmed = self.rounds_numbers = typed
        self._evidence = evidence
        self._names = names
        self._places: dict[str, list[int]] = {}
        self._loose: dict[str, set] = {}
        for place, name in enumerate(names):
            if name:
                key = header_key(name)
                self._places.setdefault(key, []).append(place)
                self._loose.setdefault(loose_key(name), set()).add(key)

    def names(self, spec):
        names = super().names(spec)
        known = list(dict.fromkeys(found for name in names if (found := self._named(name)))) or names
        # Where names of one spec mean different things, a cell that is empty is not filled from another column.
        return known[:1] if spec.get("alone") else known

    def _named(self, name):
        """Return under which name a column is found: this one, or one that differs in signs alone; else None.

        The first names of a spec are the best: another spelling of them comes before a worse one that is there exactly.
        """
        if name[:1] == "@" or header_key(name) not in self._places and self._inside(name):
            return name
        if header_key(name) in self._places:
            return header_key(name)
        # Two columns of one spelling are none: which of them is meant, nobody knows.
        alike = self._loose.get(loose_key(name), ())
        return next(iter(alike)) if len(alike) == 1 else None

    def first_place(self, spec):
        known = self._known(spec)
        return known[0] if known else None

    def _known(self, spec):
        """The places of the columns of a spec that the file has, without noting them as used."""
        keys = [header_key(name) for name in self.names(spec)]
        return [place for key in keys for place in self._places.get(key, ())]

    def time(self, spec):
        known = self.names(spec) if "column" in spec and "@" in "".join(spec.get("or", [])) else []
        if known and all(name[:1] == "@" for name in known) and self._dates_elsewhere():
            # Dated when it was received, although the file says when under a name that nobody knows.
            self.missing.append(spec["column"])
        return super().time(spec)

    def _dates_elsewhere(self):
        """Whether some column holds dates, and its name does not say that they are of another thing."""
        places = self._evidence.dates() if self._evidence else []
        return any(place < len(self._names) and not _OTHER_DATE.search(self._names[place] or "") for place in places)

    def style(self, spec):
        if self.profile.decimal != "auto" or not self._evidence:
            return super().style(spec)
        others = [place for name in number_columns(self.profile) for place in self._known({"column": name})]
        whole, assumed = spec.get("whole", False), self.profile.assumed_decimal
        return self._evidence.style(self._known(spec), others, whole, assumed)

    def orders(self, spec):
        if not self._evidence:
            # Single rows, without the file that they came from: only dates that are clear by themselves are read.
            return "", "mixed"
        names = spec.get("columns") or ([] if "constant" in spec else None)
        specs = [spec] if names is None else [{"column": name} for name in names]
        places = [place for each in specs for place in self._known(each)]
        return self._evidence.own_order(places), self._evidence.order(places)

    def _place(self, name: str):
        places = self._places.get(header_key(name))
        if not places:
            return None
        if len(places) > 1:
            raise FileRefused("duplicate_headers", columns=name)
        self.used.add(places[0])
        return places[0]

    def plain_place(self, spec: dict):
        """Return the place of a column; None for context, or a choice of several."""
        names = self.names(spec)
        if any(name.startswith("@") for name in names):
            return None
        places = [place for name in names if (place := self._place(name)) is not None]
        if self.profile.json_columns and any(self._place(name) is None and self._inside(name) for name in names):
            return None
        return places[0] if len(places) == 1 else None

    def cells(self, spec: dict):
        place = self.plain_place(spec) if spec.keys() <= {"column"} else None
        if place is None:
            return None
        if self.trimmed:
            return lambda rows: [row[place] for row in rows]
        return lambda rows: [row[place].strip() for row in rows]

    def _getter(self, name):
        place = self._place(name)
        if place is None:
            return self._inside(name)
        if self.trimmed:
            return lambda row: row[place]
        return lambda row: row[place].strip()

    def _inside(self, name):
        """Return ``row -> trimmed text`` for ``column.path``, a path inside cells of JSON; None if there is none."""
        for column in self.profile.json_columns:
            place = self._place(column) if header_key(name).startswith(header_key(column) + ".") else None
            if place is not None:
                return json_getter(place, path_of(name[name.index(".", len(column.strip())) + 1 :]))
        return None


class ObjectEnvironment(Environment):
    """Columns by path in nested objects: ``ENERGY.Total``; ``\\.`` for a dot in a key."""

    def cells(self, spec: dict):
        keys = path_of(spec["column"])
        if not spec.keys() <= {"column"} or len(keys) > 1 or keys[0].startswith("@"):
            return None
        key = keys[0]

        def read(rows):
            values = [row.get(key) for row in rows]
            kinds = set(map(type, values))
            if kinds <= _TEXTS:
                return [value if isinstance(value, Canonical) else value.strip() for value in values]
            return [""] * len(rows) if kinds == _NOTHING else None

        return read

    def _getter(self, name):
        return path_getter(path_of(name))

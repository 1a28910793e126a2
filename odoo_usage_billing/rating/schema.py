"""Records that check themselves: every value is read by the reader of its field, all findings together.

A reader takes one raw value and returns (value, problems). Numbers travel as text, so that JSON in a
database column keeps every digit; a binary floating-point number is refused because it already lost some.
"""

from __future__ import annotations

from dataclasses import MISSING, field, fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from zoneinfo import ZoneInfo

from .errors import Problem, RatingError
from .exact import to_text

#: Largest magnitude (10**30) and finest grain (10**-30) of any number: bounds work and memory.
DIGITS_MAX = 30
TEXT_MAX = 500
#: Stands for "a new dict" among the defaults of fields.
DICT = object()


def bad(code, message, name=""):
    """Return the reader's answer for a single finding; `name` is the path below the field."""
    return None, [Problem(code, name, message)]


def _decimal_of(value):
    """Return the Decimal that int, Decimal or plain ASCII text spells, else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, Decimal)):
        return Decimal(value)
    if not isinstance(value, str) or not value.isascii() or "_" in value or len(value) > 100:
        return None
    try:
        return Decimal(value.strip())
    except InvalidOperation:
        return None


def number(low=None, above=None, high=None, optional=False, digits=DIGITS_MAX):
    """Return a reader of Decimals; `low` and `high` are allowed, `above` is not."""

    def read(value):
        if value is None and optional:
            return None, ()
        found = _decimal_of(value)
        if found is None:
            return bad("not_decimal", f"{value!r} is not a decimal; write it as text, such as '12.50'.")
        if not found.is_finite():
            return bad("not_finite", f"{value!r} is not a finite number; write the number itself.")
        exponent = found.as_tuple().exponent
        if exponent < -digits or found.adjusted() > digits:
            return bad("out_of_range", f"{value!r} needs more than {digits} digits on one side.")
        if low is not None and found < low:
            return bad("out_of_range", f"{value} is below {low}; give {low} or more.")
        if above is not None and found <= above:
            return bad("out_of_range", f"{value} is not above {above}; give more than {above}.")
        if high is not None and found > high:
            return bad("out_of_range", f"{value} is above {high}; give {high} or less.")
        return found if found else found.copy_abs(), ()

    return read


def whole(low=0, high=10**9):
    """Return a reader of integers between `low` and `high`; text digits are accepted."""
    as_number = number(low, None, high)

    def read(value):
        found, problems = as_number(value)
        if problems:
            return found, problems
        if found != int(found):
            return bad("out_of_range", f"{value} is not a whole number; give an integer.")
        return int(found), ()

    return read


def choice(*options):
    """Return a reader that accepts one of the texts `options`."""

    def read(value):
        if value not in options:
            return bad("not_choice", f"{value!r} is not one of {', '.join(map(str, options))}.")
        return value, ()

    return read


def numbers(limit):
    """Return a reader of a list of at most `limit` Decimals, as a tuple."""
    read_one = number()

    def read(value):
        if not isinstance(value, (list, tuple)) or len(value) > limit:
            return bad("not_list", f"A list of at most {limit} numbers is needed.")
        found = [read_one(item) for item in value]
        problems = [Problem(p.code, str(i), p.message) for i, (_v, list_) in enumerate(found) for p in list_]
        return tuple(item for item, _problems in found), problems

    return read


def flag(value):
    """Read true or false."""
    if not isinstance(value, bool):
        return bad("not_boolean", f"{value!r} is neither true nor false; give one of them.")
    return value, ()


def text(value):
    """Read a text of bounded length."""
    if not isinstance(value, str) or len(value) > TEXT_MAX:
        return bad("not_text", f"A text of at most {TEXT_MAX} characters is needed.")
    return value, ()


def texts(value):
    """Read a list of texts as a tuple."""
    if not isinstance(value, (list, tuple)):
        return bad("not_list", "A list of texts is needed.")
    if any(text(item)[1] for item in value):
        return bad("not_text", f"Each item must be a text of at most {TEXT_MAX} characters.")
    return tuple(value), ()


def weekdays(value):
    """Read a list of weekday numbers, 0 = Monday to 6 = Sunday."""
    days = value if isinstance(value, (list, tuple)) else [None]
    if any(type(day) is not int or day not in range(7) for day in days):
        return bad("not_list", "A list of weekdays is needed, 0 = Monday to 6 = Sunday.")
    return tuple(sorted(set(value))), ()


def clock_minutes(value):
    """Read a local clock time "HH:MM", "00:00" to "24:00", kept as text."""
    hours, colon, minutes = value.partition(":") if isinstance(value, str) else ("", "", "")
    digits = hours.isdecimal() and minutes.isdecimal() and len(hours) == len(minutes) == 2
    if not colon or not digits or int(minutes) > 59 or int(hours) * 60 + int(minutes) > 1440:
        return bad("out_of_range", f"{value!r} is not a clock time; give HH:MM, 00:00 to 24:00.")
    return value, ()


def text_map(value):
    """Read a dict of texts to texts."""
    if not isinstance(value, dict):
        return bad("not_record", "An object of texts is needed.")
    if any(text(key)[1] or text(item)[1] for key, item in value.items()):
        return bad("not_text", "Each key and value must be a text.")
    return dict(value), ()


def number_map(read_one):
    """Return a reader of a dict from text to numbers read by `read_one`."""

    def read(value):
        if not isinstance(value, dict):
            return bad("not_record", "An object of numbers is needed.")
        result, problems = {}, []
        for key, raw in value.items():
            result[str(key)], found = read_one(raw)
            problems += [Problem(p.code, str(key), p.message) for p in found]
        return result, problems

    return read


def instant(value):
    """Read an ISO 8601 instant with its offset, or an aware datetime, as an aware datetime; None passes."""
    if value is None:
        return None, ()
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            value = None
    if not isinstance(value, datetime) or value.tzinfo is None:
        return bad("not_instant", "Give an instant with its offset, such as 2026-03-29T01:00:00+01:00.")
    return value, ()


def zone(value):
    """Read the name of a time zone of the IANA data base."""
    try:
        ZoneInfo(value)
    except (ValueError, TypeError, LookupError, OSError):
        return bad("not_zone", f"{value!r} is not a time zone; give a name such as Europe/Brussels.")
    return value, ()


def record(cls):
    """Return a reader of one nested record of `cls`, given as an instance or as a dict."""

    def read(value):
        if isinstance(value, cls):
            return value, ()
        try:
            return cls.from_dict(value), ()
        except RatingError as error:
            return None, error.problems

    return read


def records(cls, limit):
    """Return a reader of a list of at most `limit` records of `cls`."""
    one = record(cls)

    def read(value):
        if not isinstance(value, (list, tuple)):
            return bad("not_list", f"{type(value).__name__} where a list is needed; give a list.")
        if len(value) > limit:
            return bad("too_many", f"{len(value)} items; at most {limit} are allowed.")
        result, problems = [], []
        for index, raw in enumerate(value):
            item, found = one(raw)
            result.append(item)
            problems += [Problem(p.code, joined(str(index), p.field), p.message) for p in found]
        return tuple(result), problems

    return read


def column(reader, default=MISSING):
    """Return a dataclass field whose value is read by `reader`; without a default it is required.

    A value that is the default itself is not read, so a default of None needs no reader that knows None.
    """
    if isinstance(default, dict):
        return field(default_factory=dict, metadata={"reader": reader})
    return field(default=default, metadata={"reader": reader})


def joined(path, name):
    """Return the dotted path of `name` below `path`."""
    return f"{path}.{name}" if path and name else path or name


def plain(value, keep_zeros=False):
    """Return `value` as JSON-able data: decimals as text, records and tuples as dicts and lists.

    Agreed numbers are written in one way ("1.5"); with `keep_zeros` amounts keep their cents ("1.50").
    """
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, Decimal):
        return format(value, "f") if keep_zeros else to_text(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


class Record:
    """Base of the kernel's frozen dataclasses: reads, checks and writes itself."""

    keeps_zeros = False

    def __post_init__(self):
        problems = []
        for name, reader, default in _specs(type(self)):
            raw = getattr(self, name)
            if raw is default:
                continue
            value, found = reader(raw)
            object.__setattr__(self, name, value)
            problems += [Problem(p.code, joined(name, p.field), p.message) for p in found]
        problems = problems or list(self.check())
        if problems:
            raise RatingError(problems)

    @classmethod
    def trusted(cls, **values):
        """Return a record of values the kernel made itself: complete, of the right types, not read again."""
        new = object.__new__(cls)
        object.__setattr__(new, "__dict__", values)
        return new

    def check(self):
        """Return the findings that concern several fields at once; the base has none."""
        return ()

    @classmethod
    def from_dict(cls, data):
        """Return the record that a JSON-able dict describes; RatingError lists all findings."""
        if not isinstance(data, dict):
            raise RatingError([Problem("not_record", "", "An object with named values is needed.")])
        specs = {name: default for name, _reader, default in _specs(cls)}
        problems = [
            Problem("unknown_key", str(key), f"{cls.__name__} has no {key!r}; remove or rename it.")
            for key in data
            if key not in specs
        ]
        problems += [
            Problem("missing", name, f"{cls.__name__} needs {name}; give it.")
            for name, default in specs.items()
            if default is MISSING and name not in data
        ]
        try:
            if not any(p.code == "missing" for p in problems):
                result = cls(**{name: data[name] for name in specs if name in data})
        except RatingError as error:
            problems += error.problems
        if problems:
            raise RatingError(problems)
        return result

    def to_dict(self):
        """Return the record as a JSON-able dict; values equal to their default are left out."""
        result = {}
        for name, _reader, default in _specs(type(self)):
            value = getattr(self, name)
            written = value != ({} if default is DICT else default)
            if written or self.keeps_zeros and str(value) != str(default) and isinstance(value, Decimal):
                result[name] = plain(value, self.keeps_zeros)
        return result


@cache
def _specs(cls):
    """Return (name, reader, default) of each field; DICT stands for a new dict."""
    return tuple(
        (spec.name, spec.metadata["reader"], DICT if spec.default_factory is not MISSING else spec.default)
        for spec in fields(cls)
    )

"""The door: bytes, a profile and limits in; records and rejections out, in order.

Everything that can be known before the first row (kind, encoding, header, columns) is decided
when ``parse`` is called and may raise FileRefused there; what shows later raises in iteration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, islice

from .containers import Content, open_content
from .csv_reader import CsvRows
from .dates import ORDERED, literal_order
from .detect import SAMPLE_BYTES, detect_delimiter, detect_kind, expect_kind
from .encodings import declared_encoding, detect_encoding
from .environment import CellEnvironment
from .evidence import Evidence
from .limits import Deadline, Limits
from .mapper import RowMapper, Window
from .profile import Profile
from .reasons import FileRefused
from .recordings import is_recording, recorded_rows
from .records import Rejection
from .wide import cut

_SAMPLE_ROWS = 1_000
# Titles above a header: as many rows as a person still calls the top of a file.
TITLE_ROWS = 40
_PORTION_ROWS = 500


class Parsed:
    """The items of one file: iterate once for Records and Rejections, in the order of the file.

    ``format``, ``encoding``, ``delimiter``, ``sheet`` and ``columns`` say how it was read ("" or
    empty where it does not apply); ``row_count`` counts the data rows read so far.
    """

    def __init__(self, profile: Profile, limits: Limits, deadline: Deadline):
        self.format = profile.format
        self.encoding = ""
        self.delimiter = ""
        self.sheet = ""
        self.columns: list[str] = []
        self.row_count = 0
        self._limits = limits
        self._deadline = deadline
        self._rows = iter(())
        self._mapper = None
        self._left_out = 0

    def ready(self, rows, mapper: RowMapper) -> Parsed:
        """Set the rows to read and the mapper to use; returns self."""
        self._rows, self._mapper = rows, mapper
        return self

    def skip_to(self, row_number: int) -> Parsed:
        """Pass over the rows up to and including a row number; returns self. Counts stay those of the file."""
        if self._mapper.counts_repeats:
            # Those rows decide which numbers later repeats get, so they are read and their items left out.
            self._left_out = row_number
        else:
            self._rows = self._after(iter(self._rows), row_number)
        return self

    def _after(self, rows, row_number):
        for entry in rows:
            if entry[0] > row_number:
                yield entry
                break
            self.row_count += 1
        yield from rows

    def __iter__(self) -> Iterator:
        items = self._mapper.items(chain.from_iterable(self._counted()))
        if self._left_out:
            items = (item for item in items if item.row_number > self._left_out)
        return iter(items)

    def _counted(self):
        # Counted in portions: a counter per row would cost as much as the reading itself.
        rows, limit = iter(self._rows), self._limits.max_rows
        while portion := list(islice(rows, max(0, min(_PORTION_ROWS, limit - self.row_count)))):
            self.row_count += len(portion)
            self._deadline.check()
            yield portion
        if not self.row_count:
            raise FileRefused("empty_file")
        if next(rows, None) is not None:
            raise FileRefused("too_many_rows", limit=limit)


def parse(
    content,
    profile: Profile,
    limits: Limits,
    deadline: Deadline,
    *,
    file_digest: str = "",
    window: Window = Window(),
    context: dict | None = None,
) -> Parsed:
    """Read a file by a profile. ``content``: bytes, or a seekable binary file object.

    ``file_digest``: needed when the profile derives identities from rows (``external_id``
    ``{"row": true}``); see ``containers.file_digest``. ``window``: instants accepted.
    ``context``: texts that the profile reads as columns ``@name``. Raises FileRefused.
    """
    limits.checked()
    opened = open_content(content, limits, deadline)
    options = {"file_digest": file_digest, "window": window}
    if opened.members:
        from .members import parse_members

        def start(name, limits):
            alone, told = opened._replace(member=name, members=()), {**(context or {}), "file_name": name}
            return _parse(alone, profile, limits, deadline, told, options)

        return parse_members(opened, profile, limits, start)
    return _parse(opened, profile, limits, deadline, context or {}, options)


def _parse(opened: Content, profile, limits, deadline, context: dict, options: dict) -> Parsed:
    """Read one file: its kind, encoding and header now, its rows in iteration."""
    parsed = Parsed(profile, limits, deadline)
    if profile.format == "xlsx" or opened.kind == "xlsx":
        # Rows of a workbook that come again from suspense are text: with a decimal comma they would be misread.
        if profile.format != opened.kind and (profile.format != "csv" or profile.decimal == ","):
            found = "a workbook" if opened.kind == "xlsx" else "no workbook"
            raise FileRefused("wrong_file_type", found=found, expected=profile.format.upper())
        from .xlsx_reader import read_xlsx

        return read_xlsx(parsed, opened, profile, limits, deadline, context, options)
    sample = opened.open(limits, deadline).read(SAMPLE_BYTES)
    parsed.encoding = declared_encoding(detect_encoding(sample, len(sample) < SAMPLE_BYTES), profile.encoding)
    text = sample.decode(parsed.encoding, "replace")
    expect_kind(detect_kind(text), profile.format)
    if profile.format == "csv":
        return _read_csv(parsed, opened, text, profile, limits, deadline, context, options)
    from .object_readers import read_objects

    return read_objects(parsed, opened, profile, limits, deadline, context, options)


def _read_csv(parsed: Parsed, opened: Content, text, profile, limits, deadline, context, options) -> Parsed:
    parsed.delimiter = detect_delimiter(text) if profile.delimiter == "auto" else profile.delimiter
    stream = opened.open(limits, deadline)
    if is_recording(profile, text):
        parsed.columns = profile.columns
        rows = recorded_rows(CsvRows(stream, parsed.encoding, "\0", "", limits), len(profile.columns))
        return map_cells(parsed, rows, profile.columns, False, profile, context, options)
    table = CsvRows(stream, parsed.encoding, parsed.delimiter, profile.quote, limits)
    rows = iter(table)
    names = read_header(rows, profile, limits, lambda names: lacking(names, False, profile, context))
    table.width, table.pad = len(names), profile.ragged == "pad"
    parsed.columns = [name or "" for name in names]
    return map_cells(parsed, rows, names, False, profile, context, options)


def read_header(rows: Iterator, profile: Profile, limits: Limits, lacks: Callable) -> list:
    """Consume rows up to the first data row and return the column names.

    Header and skipped rows count non-empty rows for text, so a blank first line is no header. Where the header's row
    lacks columns (``lacks`` names them), titles may stand above it: the next rows are tried.
    """
    if not profile.header_row:
        skip(rows, profile.skip_rows)
        return profile.columns
    entry = None
    for number in range(profile.header_row):
        entry = next(rows, None)
        if entry is None:
            raise FileRefused("empty_file" if not number else "no_header", row=profile.header_row)
    names, missing = _header_names(entry, profile, limits), ()
    if not profile.columns and (missing := lacks(names)):
        names = _header_below(rows, limits, lacks) or refuse_missing(missing, names)
    skip(rows, profile.skip_rows)
    return profile.columns or names


def _header_names(entry, profile, limits):
    if type(entry) is Rejection:
        refuse_header(entry, profile)
    names = bare_names(entry[1])
    if not names:
        raise FileRefused("no_header", row=profile.header_row)
    if len(names) > limits.max_columns:
        raise FileRefused("too_many_columns", found=len(names), limit=limits.max_columns)
    return names


def _header_below(rows, limits, lacks):
    for entry in islice(rows, TITLE_ROWS):
        names = bare_names(entry[1]) if type(entry) is not Rejection else []
        if may_be_header(names, limits) and not lacks(names):
            return names
    return []


def bare_names(cells) -> list:
    """Return the names in a row of cells, without the empty ones at its end."""
    names = [str(cell).replace("\ufeff", "").strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    return names


def may_be_header(names: list, limits: Limits) -> bool:
    """Say whether a row is worth a look: at least two names."""
    return sum(map(bool, names)) > 1 and len(names) <= limits.max_columns


def lacking(names: list, typed: bool, profile: Profile, context: dict) -> list:
    """Return the columns that a profile needs and a header does not have."""
    if profile.wide:
        wide = cut(names)
        if wide is None:
            return ["00:00 ... 23:30"]
        names = wide.names(names)
    env = CellEnvironment(profile, context, names, typed)
    try:
        RowMapper(profile, env, file_digest="-")
    except FileRefused:
        # A name that stands twice: whoever reads on says so.
        return []
    return env.missing


def refuse_missing(missing: list, names: list) -> None:
    """Refuse a file for the columns that it lacks."""
    known = ", ".join(name for name in names if name)[:300]
    raise FileRefused("missing_columns", columns=", ".join(dict.fromkeys(missing)), found=known or "none")


def refuse_header(entry: Rejection, profile: Profile) -> None:
    """Turn a refused header row into a refused file: without it no row has a meaning."""
    if entry.code == "too_many_columns":
        raise FileRefused("too_many_columns", **entry.params)
    if entry.code == "bad_encoding":
        raise FileRefused("bad_encoding", **entry.params)
    raise FileRefused("no_header", row=profile.header_row)


def skip(rows: Iterator, count: int) -> None:
    """Pass over a number of rows."""
    next(islice(rows, count, count), None)


def map_cells(parsed, rows, names, typed, profile, context, options, on_used=None) -> Parsed:
    """Compile the profile for a table of cells and connect rows and mapper.

    ``on_used`` is told the places of the columns that the profile uses.
    """
    evidence, rows, everything = None, iter(rows), set(range(len(names)))
    wide = cut(names) if profile.wide else None
    if wide:
        rows, names = wide.rows(rows), wide.names(names)
        parsed.columns = names
    if profile.decimal == "auto" or any(form in ORDERED or literal_order(form) for form in profile.time_formats):
        sample = list(islice(rows, _SAMPLE_ROWS))
        rows = chain(sample, rows)
        evidence = Evidence([entry[1] for entry in sample if type(entry) is not Rejection], parsed.delimiter)
    env = CellEnvironment(profile, context, names, typed, evidence)
    mapper = RowMapper(profile, env, **options)
    if env.missing:
        refuse_missing(env.missing, names)
    if on_used:
        on_used(everything if wide else env.used)
    return parsed.ready(rows, mapper)

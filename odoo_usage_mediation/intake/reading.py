"""One file of one source: read in chunks of records, refusals and rows left out."""

import hashlib
import time
from decimal import Decimal
from itertools import islice, repeat
from typing import NamedTuple

from odoo.addons.odoo_usage_billing.store.pause import collector_paused
from odoo.addons.odoo_usage_billing.store.records import Refusal, make_record, plain

from ..parsing import Canonical, Deadline, Final, Limits, Profile, Rejection, derive_external_id, parse, parse_rows
from ..parsing.environment import header_key
from .form import CORRECTIONS, OWN_ID

CHUNK_ROWS = 20_000
MAX_COLUMNS = 500
MAX_CELL_CHARS = 10_000
MAX_RATIO = 500
MAX_DEPTH = 20
MEGABYTE = 1_000_000
OWN_NAMES = frozenset((OWN_ID, *CORRECTIONS))
LEFT_OUT = ("filtered",)


class Refused(NamedTuple):
    """What the store keeps of a row that could not be read as a record."""

    row_number: int
    subject: str | None
    metric: str | None
    raw: object
    external_id: None = None
    occurred_at: None = None
    quantity: None = None
    amount: None = None
    dimensions: None = None
    end_user: None = None


class Chunk(NamedTuple):
    """Consecutive rows of a file: received = records + refusals + filtered."""

    records: list
    refusals: list
    filtered: list
    last_row: int = 0


class Rows:
    """What a source makes of rows: its profile applied, its identity derived, refusals kept."""

    def __init__(self, source):
        self.identity = source.profile_id._identity_targets()
        self.profile = Profile.from_dict(source._definition())
        metrics = [measure["metric"] for measure in self.profile.measures]
        self._many = len(metrics) > 1
        self._fixed_metrics = {name for name in metrics if isinstance(name, str)}
        # A measure's bare text is the code of its metric, not a column.
        self._first_metric = {} if isinstance(metrics[0], str) else metrics[0]

    def _named(self, columns):
        self.columns = columns
        self._subject = self._cell_reader(self.profile.subject)
        self._metric = self._cell_reader(self._first_metric)

    def sorted_out(self, items):
        """The Chunk of a list of items."""
        last_row = items[-1].row_number if items else 0
        rejected = [item for item in items if type(item) is Rejection]
        if rejected:
            items = [item for item in items if type(item) is not Rejection]
        return Chunk(
            self._records(items) if items else [],
            [self._refusal(item) for item in rejected if item.code not in LEFT_OUT],
            [item for item in rejected if item.code in LEFT_OUT],
            last_row,
        )

    def shown(self, rejection):
        """A rejection as a row to show: with the serial and metric as they stand in the file."""
        return self._refusal(rejection).record

    def _records(self, items):
        """Records of the parsers as the store takes them, by columns where none has dimensions."""
        columns = list(zip(*items, strict=True))
        if self.identity:
            columns[1] = list(map(self._external_id, items))
        numbers, names, subjects, metrics, instants, _, quantities, _, dimensions, amounts, _, people, raws = columns
        if any(dimensions):
            return list(map(usage_record, items, numbers, names))
        none = repeat(None)
        people = [person or None for person in people] if any(people) else none
        rows = (numbers, names, subjects, metrics, instants, quantities, amounts, none, people, raws, none, none)
        return list(map(make_record, zip(*rows, repeat(False), repeat(False), strict=False)))

    def _external_id(self, item):
        """The producer's id, else one from what the record says, however that was written.

        Made from values, not from text: a date cell, `1.2.2026` and `2026-02-01` are one identity.
        """
        own = item.dimensions.get(OWN_ID)
        return own or derive_external_id([_part(item, name) for name in self.identity])

    def _refusal(self, rejection):
        raw, metric = rejection.raw, rejection.metric
        refused = Refused(
            rejection.row_number,
            self._subject(raw),
            metric or self._said_metric(raw),
            # Two measures of one row may be refused: the metric keeps them apart in suspense.
            {"cells": raw, "metric": metric} if self._many and metric in self._fixed_metrics else raw,
        )
        return Refusal(refused, rejection.code, dict(rejection.params))

    def _said_metric(self, raw):
        """The metric of a row that its reader could not get to: its code where the profile knows what the row says."""
        said = self._metric(raw)
        return self._first_metric.get("map", {}).get(said, said)

    def _cell_reader(self, spec):
        """Build `raw row -> text or None` for a text spec that names a column; else always None."""
        names = _column_names(spec)
        if not self.columns:
            return lambda raw: _first([raw.get(name) for name in names]) if isinstance(raw, dict) else None
        places = [place for name in names if (place := self._place(name)) is not None]
        return lambda raw: _first([raw[place] for place in places if _has(raw, place)])

    def _place(self, name):
        """Where a column stands in the rows of this file, or None."""
        names = [header_key(column) for column in self.columns]
        return names.index(header_key(name)) if header_key(name) in names else None


class Intake(Rows):
    """Reads `content` (bytes, or a seekable binary file) as the source says.

    Raises FileRefused, at once or while reading. A file comes with its `digest`, so that it is
    never held in memory as a whole.
    """

    def __init__(self, source, content, context=None, digest=None, more_seconds=0):
        super().__init__(source)
        self.content = content
        self.digest = digest or hashlib.sha256(content).hexdigest()
        limits = Limits(
            max_bytes=source.max_megabytes * MEGABYTE,
            max_rows=source.max_rows,
            max_columns=MAX_COLUMNS,
            max_cell_chars=MAX_CELL_CHARS,
            max_ratio=MAX_RATIO,
            max_seconds=source.max_seconds + more_seconds,
            max_depth=MAX_DEPTH,
        )
        self.parsed = parse(
            content,
            self.profile,
            limits,
            Deadline(limits.max_seconds, time.monotonic),
            file_digest=self.digest,
            context=context,
        )
        # The column names of the file, in its order; empty for formats without columns.
        self._named(list(self.parsed.columns or []))

    def chunks(self, size=CHUNK_ROWS, after=0):
        """The rows of the file after row number `after`, about `size` at a time. Can be read once.

        What comes of one row is never split over two chunks.
        """
        items = iter(self.parsed.skip_to(after) if after else self.parsed)
        self._ahead = next(items, None)
        while self._ahead is not None:
            yield self._chunk(items, size)

    @collector_paused()
    def _chunk(self, items, size):
        batch = [self._ahead, *islice(items, size - 1)]
        while (ahead := next(items, None)) is not None and ahead.row_number == batch[-1].row_number:
            batch.append(ahead)
        self._ahead = ahead
        return self.sorted_out(batch)

    def each(self, take, size=CHUNK_ROWS, after=0):
        """Hand chunk after chunk to `take`, and yield what it answers.

        The garbage collector waits until the rows of a chunk are gone: looking through them costs as much as
        reading them.
        """
        chunks = self.chunks(size, after)
        while True:
            with collector_paused():
                chunk = next(chunks, None)
                if chunk is None:
                    return
                answer = take(chunk)
                chunk = None
            yield answer


class Reread(Rows):
    """Rows of suspense read again, with the profile as it is now and what a person corrected."""

    def __init__(self, source, columns, context=None):
        super().__init__(source)
        self._context = context or {}
        self._named(list(columns or self.profile.columns or []))

    def read(self, row_number, raw, correction, digest):
        """The Chunk of one row. Raises FileRefused when the profile no longer fits its columns."""
        cells, metric = (raw["cells"], raw["metric"]) if _is_part(raw) else (raw, None)
        own = {name[1:]: cells[name] for name in cells if name[:1] == "@"} if isinstance(cells, dict) else {}
        items = parse_rows(
            [(row_number, self._corrected(cells, correction or {}, metric))],
            self.profile,
            columns=self.columns,
            file_digest=digest or "",
            context={**self._context, **own},
        )
        return self.sorted_out([item for item in items if metric is None or item.metric in (metric, "")])

    def _corrected(self, cells, correction, metric):
        cells = dict(cells) if isinstance(cells, dict) else list(cells)
        specs = {"subject": self.profile.subject, "occurred_at": self.profile.time}
        for measure in self.profile.measures:
            if metric not in (None, measure["metric"]):
                continue
            specs["quantity"] = measure["quantity"]
            specs["metric"] = {} if isinstance(measure["metric"], str) else measure["metric"]
        for name, value in correction.items():
            spec = specs.get(name) or {}
            self._put(cells, spec, _as_said(spec, value) if name == "metric" else value, name == "quantity")
        return cells

    def _put(self, cells, spec, value, is_quantity=False):
        names = _column_names(spec)
        if is_quantity and isinstance(spec, dict):
            names += _column_names(spec.get("else") or {})
        if not names or value is None:
            return
        # Said in the unit of the metric, whatever factor the profile has for the file's own numbers.
        value = Final(value) if is_quantity else Canonical(value)
        if isinstance(cells, dict):
            cells[names[0]] = value
            return
        places = [place for name in names if (place := self._place(name)) is not None and place < len(cells)]
        if places:
            cells[places[0]] = value


def _as_said(spec, code):
    """What a row says for the code of a metric: the map of the profile read backwards."""
    return next((said for said, meant in spec.get("map", {}).items() if meant == code), code)


def _is_part(raw):
    return isinstance(raw, dict) and set(raw) == {"cells", "metric"}


def _column_names(spec):
    """The columns that a text, time or quantity of a profile may come from, the first one first."""
    if isinstance(spec, str):
        return [spec]
    return [spec["column"], *spec.get("or", [])] if spec.get("column") else []


def _first(values):
    """The first of some cells that holds something, shortened for people; else None."""
    return next((str(value)[:120] for value in values if value not in (None, "")), None)


def _has(raw, place):
    return isinstance(raw, list | tuple) and place < len(raw)


def row_cells(raw):
    """The cells of a row as it came, as a list of texts."""
    if isinstance(raw, dict):
        if _is_part(raw):
            return row_cells(raw["cells"])
        return [f"{name}: {value}" for name, value in raw.items()]
    if isinstance(raw, list | tuple):
        return [str(cell) for cell in raw]
    return [] if raw is None else [str(raw)]


def usage_record(item, number, external_id):
    """A record of the parsers as the store takes it: without its own id and what it corrects among the dimensions."""
    _number, _id, subject, metric, at, _until, quantity, _unit, dimensions, amount, _currency, person, raw = item
    voids = replaces = None
    if dimensions:
        voids, replaces = (dimensions.get(name) or None for name in CORRECTIONS)
        dimensions = {name: value for name, value in dimensions.items() if name not in OWN_NAMES}
    return make_record(
        (
            number,
            external_id,
            subject,
            metric,
            at,
            quantity,
            amount,
            dimensions or None,
            person or None,
            raw,
            voids,
            replaces,
            False,
            False,
        )
    )


def _part(item, name):
    if name.startswith("dimension:"):
        return item.dimensions.get(name.partition(":")[2], "")
    value = getattr(item, name)
    if name == "occurred_at":
        return value.isoformat()
    return plain(value) if isinstance(value, Decimal) else str(value or "")

"""One file of one source: read in chunks of records, refusals and rows left out."""

import hashlib
import time
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from odoo.addons.odoo_usage_billing.store.records import Refusal, UsageRecord, plain

from ..parsing import Deadline, Limits, Profile, Rejection, derive_external_id, parse
from .form import CORRECTIONS, OWN_ID

CHUNK_ROWS = 20_000
MAX_COLUMNS = 500
MAX_CELL_CHARS = 10_000
MAX_RATIO = 500
MAX_DEPTH = 20
MEGABYTE = 1_000_000
LEFT_OUT = ("filtered", "duplicate_in_file")


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


class Intake:
    """Reads `content` (bytes) as the source says. Raises FileRefused, at once or while reading."""

    def __init__(self, source, content, context=None):
        self.content = content
        self.digest = hashlib.sha256(content).hexdigest()
        self.identity = source.profile_id._identity_targets()
        self.profile = Profile.from_dict(source._definition())
        metrics = [measure["metric"] for measure in self.profile.measures]
        self._many = len(metrics) > 1
        self._fixed_metrics = {name for name in metrics if isinstance(name, str)}
        limits = Limits(
            max_bytes=source.max_megabytes * MEGABYTE,
            max_rows=source.max_rows,
            max_columns=MAX_COLUMNS,
            max_cell_chars=MAX_CELL_CHARS,
            max_ratio=MAX_RATIO,
            max_seconds=source.max_seconds,
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

        self._subject = self._cell_reader(self.profile.subject)
        # A measure's bare text is the code of its metric, not a column.
        first = metrics[0]
        self._metric = self._cell_reader({} if isinstance(first, str) else first)

    @property
    def columns(self):
        """The column names of the file, in its order; empty for formats without columns."""
        return list(self.parsed.columns or [])

    def chunks(self, size=CHUNK_ROWS):
        """The rows of the file, `size` at a time. Can be read once."""
        items = iter(self.parsed)
        while batch := list(islice(items, size)):
            chunk = Chunk([], [], [])
            for item in batch:
                if type(item) is not Rejection:
                    chunk.records.append(self._record(item))
                elif item.code in LEFT_OUT:
                    chunk.filtered.append(item)
                else:
                    chunk.refusals.append(self._refusal(item))
            yield chunk

    def _record(self, item):
        return UsageRecord(
            item.row_number,
            self._external_id(item),
            item.subject,
            item.metric,
            item.occurred_at,
            item.quantity,
            item.amount,
            without_names(item.dimensions),
            item.end_user or None,
            item.raw,
            **corrected(item.dimensions),
        )

    def _external_id(self, item):
        """The producer's id, else one from what the record says, however that was written.

        Made from values, not from text: a date cell, `1.2.2026` and `2026-02-01` are one identity.
        """
        if not self.identity:
            return item.external_id
        own = item.dimensions.get(OWN_ID)
        return own or derive_external_id([_part(item, name) for name in self.identity])

    def _refusal(self, rejection):
        metric = rejection.metric if rejection.metric in self._fixed_metrics else None
        raw = rejection.raw
        refused = Refused(
            rejection.row_number,
            self._subject(raw),
            metric or self._metric(raw),
            # Two measures of one row may be refused: the metric keeps them apart in suspense.
            {"cells": raw, "metric": metric} if self._many and metric else raw,
        )
        return Refusal(refused, rejection.code, dict(rejection.params))

    def shown(self, rejection):
        """A rejection as a row to show: with the serial and metric as they stand in the file."""
        return self._refusal(rejection).record

    def _cell_reader(self, spec):
        """Build `raw row -> text or None` for a text spec that names a column; else always None."""
        name = spec if isinstance(spec, str) else spec.get("column")
        if not name:
            return lambda raw: None
        if not self.columns:
            return lambda raw: _short(raw.get(name)) if isinstance(raw, dict) else None
        names = [column.casefold().strip() for column in self.columns]
        if name.casefold().strip() not in names:
            return lambda raw: None
        place = names.index(name.casefold().strip())
        return lambda raw: _short(raw[place]) if _has(raw, place) else None


def _short(value):
    return str(value)[:120] if value not in (None, "") else None


def _has(raw, place):
    return isinstance(raw, list | tuple) and place < len(raw)


def row_cells(raw):
    """The cells of a row as it came, as a list of texts."""
    if isinstance(raw, dict):
        if set(raw) == {"cells", "metric"}:
            return row_cells(raw["cells"])
        return [f"{name}: {value}" for name, value in raw.items()]
    if isinstance(raw, list | tuple):
        return [str(cell) for cell in raw]
    return [] if raw is None else [str(raw)]


def without_names(dimensions):
    """The dimensions of a record, without its own id and what it corrects."""
    if OWN_ID in dimensions or not CORRECTIONS.keys().isdisjoint(dimensions):
        dimensions = {name: value for name, value in dimensions.items() if name != OWN_ID and name not in CORRECTIONS}
    return dimensions or None


def corrected(dimensions):
    """What a record voids or replaces, as the store names it."""
    if CORRECTIONS.keys().isdisjoint(dimensions):
        return {}
    return {attribute: dimensions[name] for name, attribute in CORRECTIONS.items() if dimensions.get(name)}


def _part(item, name):
    if name.startswith("dimension:"):
        return item.dimensions.get(name.partition(":")[2], "")
    value = getattr(item, name)
    if name == "occurred_at":
        return value.isoformat()
    return plain(value) if isinstance(value, Decimal) else str(value or "")

"""What storing a file would do, with nothing stored."""

import heapq
from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

from odoo.addons.odoo_usage_billing.store.records import (
    Refusal,
    content_digest,
    suspense_key,
)
from odoo.addons.odoo_usage_billing.store.writer import UsageWriter

from ..registers.rehearsal import rehearse

SHOWN_ROWS = 200


class Seen(NamedTuple):
    """A row to show: its record (or what is left of it), status, reason code and parameters."""

    record: object
    status: str
    reason: str
    params: dict


class Preview:
    """Counts of a file, its first rows (bad ones first) and the totals of the good ones."""

    def __init__(self):
        self.good = self.duplicate = self.suspended = self.filtered = 0
        self.bad_rows = []
        self.other_rows = []
        self.totals = defaultdict(lambda: [0, Decimal(0)])

    @property
    def received(self):
        """Every row is exactly one of good, duplicate, suspended, filtered."""
        return self.good + self.duplicate + self.suspended + self.filtered

    def shown(self, limit=SHOWN_ROWS):
        """The rows to show: the first refused ones, then the first others, each in file order."""
        bad = self.bad_rows[:limit]
        return bad + self.other_rows[: limit - len(bad)]


class Checker:
    """Judges chunk after chunk as the store would, remembering the ids of the whole file."""

    def __init__(self, source, received_at):
        self._source = source
        self._received_at = received_at
        self._writer = UsageWriter(source.env, source, source.env["usage.batch"], received_at)
        self._ids = {}
        self._readings = source._register_metrics()

    def judge(self, chunk):
        """(good records, refusals, duplicate records) of a chunk; refusals in file order."""
        readings = [record for record in chunk.records if self._is_reading(record)]
        others = [record for record in chunk.records if not self._is_reading(record)] if readings else chunk.records
        good, refusals, duplicates = self._writer.check(others)
        if readings:
            known = rehearse(self._source, readings, self._received_at)
            good, refusals, duplicates = good + known[0], refusals + known[1], duplicates + known[2]
        fresh = []
        for record in good:
            key = bytes.fromhex(suspense_key(record.external_id))
            digest = bytes.fromhex(content_digest(record))
            first = self._ids.setdefault(key, digest)
            if first is digest:
                fresh.append(record)
            elif first == digest:
                duplicates.append(record)
            else:
                refusals.append(Refusal(record, "conflict", {"external_id": record.external_id}))
        refusals = heapq.merge(
            chunk.refusals,
            sorted(refusals, key=_row_number),
            key=_row_number,
        )
        return fresh, list(refusals), duplicates

    def is_usage(self, record):
        """Whether a good record adds its quantity: not a void, nor what a register shows."""
        return not record.voids and not self._is_reading(record)

    def _is_reading(self, record):
        return self._readings is None or record.metric in self._readings

    def owner(self, record):
        """(contract line id, metric id) to which a good record belongs."""
        owner = self._writer.guide.way(record.subject, record.metric).owner_at(record.occurred_at)
        return owner.contract_line_id, owner.metric_id


def preview(intake, source, received_at):
    """The Preview of a file. Memory grows with the ids of the file, not with its rows."""
    seen, checker = Preview(), Checker(source, received_at)
    for chunk in intake.chunks():
        good, refusals, duplicates = checker.judge(chunk)
        seen.good += len(good)
        seen.suspended += len(refusals)
        seen.duplicate += len(duplicates)
        seen.filtered += len(chunk.filtered)
        _keep(seen.bad_rows, (Seen(r.record, "refused", r.reason, r.params) for r in refusals))
        _keep(seen.other_rows, _others(good, duplicates, chunk.filtered, intake))
        for record in filter(checker.is_usage, good):
            total = seen.totals[checker.owner(record)]
            total[0] += 1
            total[1] += record.quantity
    return seen


def _row_number(refusal):
    return refusal.record.row_number


def _keep(rows, more):
    for row in more:
        if len(rows) >= SHOWN_ROWS:
            return
        rows.append(row)


def _others(good, duplicates, filtered, intake):
    rows = [Seen(record, "duplicate", "duplicate", {}) for record in duplicates]
    rows += [Seen(intake.shown(item), "filtered", item.code, item.params) for item in filtered[:SHOWN_ROWS]]
    rows += [Seen(record, "good", "", {}) for record in good]
    return heapq.nsmallest(SHOWN_ROWS, rows, key=lambda row: row.record.row_number)

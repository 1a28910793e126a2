"""Stored chains of readings: what each new reading adds, and what a late one splits."""

from collections import defaultdict
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import NamedTuple

from odoo.addons.odoo_usage_billing.store.records import Refusal, UsageRecord, content_digest

from ..parsing import derive_external_id
from ..parsing.register import ACTUAL, ESTIMATED, KINDS, TRUE_UP, Anomaly, Reading, step
from .stored import find_readings, load_registers, load_segment, save_readings, save_registers

KIND_DIMENSION, STARTED_DIMENSION = "reading_kind", "register_started_at"
TICK = timedelta(microseconds=1)


class Item(NamedTuple):
    """One reading on its way in. `record` is for the store; `given` is what came, with its kind."""

    given: UsageRecord
    record: UsageRecord
    reading: Reading
    digest: str
    delta_id: str


class Chains:
    """Takes the readings of one batch in. Registers stay locked until the transaction ends."""

    def __init__(self, batch, writer):
        self.batch = batch
        self.source = batch.source_id
        self.env = batch.env
        self.cr = batch.env.cr
        self.writer = writer
        self.deltas, self.refusals, self.duplicates = [], [], []
        # The reading of this batch from which each delta comes, by the delta's external id.
        self.readings_of = {}
        self.new = []
        self._accepted = defaultdict(list)

    def take(self, records):
        """Take readings in; returns those whose subject or metric is not known, for the store to refuse."""
        guide = self.writer.guide
        guide.load(records)
        strange, groups = [], defaultdict(list)
        known = find_readings(self.cr, self.source.id, [record.external_id for record in records])
        for record in records:
            digest = content_digest(record)
            before = known.setdefault(record.external_id, digest)
            subject_id, metric = guide.subjects.get(record.subject), guide.metrics.get(record.metric)
            if before != digest:
                self.refusals.append(Refusal(record, "conflict", {"external_id": record.external_id}))
            elif before is not digest:
                self.duplicates.append(record)
            elif metric is None or subject_id is None or record.subject in guide.ambiguous:
                strange.append(record)
            else:
                groups[subject_id, metric.id].append((record, digest))
        registers = load_registers(self.env, self.source, list(groups))
        for key, group in groups.items():
            self._take_group(registers[key], group)
        save_readings(self.cr, self.batch, self.new)
        save_registers(self.cr, registers.values())
        return strange

    def _take_group(self, register, group):
        items = []
        for record, digest in group:
            item = self._item(register, record, digest)
            if isinstance(item, Refusal):
                self.refusals.append(item)
            else:
                items.append(item)
        for item in sorted(items, key=lambda item: (item.reading.at, KINDS.index(item.reading.kind))):
            late = register.state is not None and item.reading.at < register.state.at
            refusal = self._split(register, item) if late else self._append(register, item)
            if refusal:
                self.refusals.append(refusal)
                continue
            self._accepted[register.id].append(item)
            self.new.append((register, item))

    def _item(self, register, record, digest):
        dimensions = dict(record.dimensions or {})
        kind = dimensions.pop(KIND_DIMENSION, "") or ACTUAL
        started = dimensions.pop(STARTED_DIMENSION, "")
        record_ = record._replace(dimensions=dimensions or None)
        if kind not in KINDS:
            return Refusal(record, "bad_structure", {"why": f"{kind[:40]} is no kind of reading"})
        try:
            started_at = datetime.fromisoformat(started) if started else None
        except ValueError:
            return Refusal(record, "bad_time", {"value": started[:40], "why": "not ISO 8601"})
        if started_at and started_at.tzinfo is None:
            started_at = started_at.replace(tzinfo=timezone.utc)
        if record.voids or record.replaces:
            # A reading is corrected by another reading; usage that it gave, by a correction of that usage.
            return Refusal(record, "unknown_correction", {"external_id": record.voids or record.replaces})
        reading = Reading(record.occurred_at.astimezone(timezone.utc), record.quantity, kind, started_at)
        return Item(
            record, record_, reading, digest, derive_external_id(["delta", str(register.id), record.external_id])
        )

    # -- in order ----------------------------------------------------------

    def _append(self, register, item):
        """Let a reading follow the last one; a Refusal when it may not."""
        state, outcome = step(register.state, item.reading, register.rules)
        if type(outcome) is Anomaly:
            return Refusal(item.given, outcome.code, outcome.params)
        if outcome is not None:
            limit = register.pace.limit(outcome, self.source.register_spike_factor)
            if limit is not None:
                params = {"delta": str(outcome.quantity), "limit": str(limit)}
                return Refusal(item.given, "implausible_delta", params)
            if outcome.kind == ACTUAL:
                register.pace.note(outcome)
            self._give(self._delta_record(item, outcome), item)
        register.state = state
        return None

    def _give(self, record, item):
        self.deltas.append(record)
        self.readings_of.setdefault(record.external_id, item.given)

    def _delta_record(self, item, delta):
        """A delta as the store takes it: at the last instant before its closing reading."""
        record = item.record
        return record._replace(
            external_id=item.delta_id,
            occurred_at=delta.end - TICK,
            quantity=delta.quantity,
            # An estimate below the one before takes back what that one gave too much.
            true_up=delta.kind == TRUE_UP or delta.quantity < 0,
            raw={
                "reading": record.external_id,
                "from": str(delta.reading_from),
                "to": str(delta.reading_to),
                "start": delta.start.isoformat(),
                "kind": delta.kind,
            },
        )

    # -- late --------------------------------------------------------------

    def _split(self, register, item):
        """Let a late reading split the usage that was given across it; a Refusal when it may not."""
        segment = self._segment(register, item)
        if any(other.reading.at == item.reading.at for other in segment):
            same = next(other for other in segment if other.reading.at == item.reading.at)
            if same.reading.value == item.reading.value:
                return None
            params = {"at": item.reading.at.isoformat(), "previous": str(same.reading.value)}
            return Refusal(item.given, "reading_conflict", {**params, "reading": str(item.reading.value)})
        before, _problem = _deltas(segment, register.rules)
        wanted = sorted([*segment, item], key=lambda other: (other.reading.at, KINDS.index(other.reading.kind)))
        after, problem = _deltas(wanted, register.rules)
        if problem:
            return Refusal(item.given, problem.code, problem.params)
        changes = []
        for other in wanted:
            old, new = before.get(other.delta_id), after.get(other.delta_id)
            if new is None or (old and (old.quantity, old.kind) == (new.quantity, new.kind)):
                continue
            record = self._delta_record(other, new)
            changes.append((record._replace(replaces=record.external_id) if old else record, other))
        pending = {record.external_id for record in self.deltas}
        stored = [record for record, _other in changes if record.replaces and record.external_id not in pending]
        _good, refusals, _duplicates = self.writer.check(stored)
        if refusals:
            return Refusal(item.given, refusals[0].reason, refusals[0].params)
        came = [item, *self._accepted[register.id]]
        for record, other in changes:
            # Usage of a reading that was stored before changes because of this one.
            self._give(record, other if any(other is one for one in came) else item)
        if register.state and segment and segment[-1].reading.at >= register.state.at:
            self._restate(register, wanted)
        return None

    def _restate(self, register, items):
        """Where the register stands after its last segment changed."""
        state = None
        for item in items:
            state, _outcome = step(state, item.reading, register.rules)
        register.state = state

    def _segment(self, register, item):
        """The readings from the last certain one before a late reading to the next certain one after it."""
        rows = [
            self._stored_item(register, row)
            for row in load_segment(self.cr, register.id, item.reading.at.replace(tzinfo=None))
        ]
        at = item.reading.at
        fresh = self._accepted[register.id]
        rows = sorted([*rows, *fresh], key=lambda other: (other.reading.at, KINDS.index(other.reading.kind)))
        certain = [place for place, other in enumerate(rows) if other.reading.kind != ESTIMATED]
        first = max((place for place in certain if rows[place].reading.at <= at), default=0)
        last = min((place for place in certain if rows[place].reading.at > at), default=len(rows) - 1)
        return rows[first : last + 1]

    def _stored_item(self, register, row):
        external_id, read_at, value, kind, started_at, dimensions, end_user, subject, metric, row_number = row
        at = read_at.replace(tzinfo=timezone.utc)
        record = UsageRecord(
            row_number or 0, external_id, subject, metric, at, Decimal(value), None, dimensions, end_user
        )
        reading = Reading(at, Decimal(value), kind, started_at and started_at.replace(tzinfo=timezone.utc))
        return Item(record, record, reading, "", derive_external_id(["delta", str(register.id), external_id]))


def _deltas(items, rules):
    """({delta id: Delta}, the first Anomaly or None) of readings in order of time."""
    state, found = None, {}
    for item in items:
        state, outcome = step(state, item.reading, rules)
        if type(outcome) is Anomaly:
            return found, outcome
        if outcome is not None:
            found[item.delta_id] = outcome
    return found, None

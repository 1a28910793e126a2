"""Stored chains of readings: what each new reading adds, and what a late one splits."""

from collections import defaultdict
from datetime import datetime, timezone
from decimal import Decimal

from odoo.addons.odoo_usage_billing.store.corrections import named
from odoo.addons.odoo_usage_billing.store.identity import CONFLICT, DUPLICATE, FRESH
from odoo.addons.odoo_usage_billing.store.records import Refusal, UsageRecord, content_digest

from ..parsing.register import ACTUAL, ESTIMATED, KINDS, Anomaly, Reading, step
from .deltas import Item, delta_id, delta_record, deltas_of, in_order, restate
from .stored import find_readings, load_registers, load_segment, save_readings, save_registers
from .withdrawals import Withdrawals

KIND_DIMENSION, STARTED_DIMENSION = "reading_kind", "register_started_at"


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
        # What the store refused of usage that is written already, and which ids said what: {external key: digest}.
        self.unwritten, self.accepted_digests = [], {}
        # Usage that was derived again, with the digest of what it says now: {external key: digest}.
        self.rederived = {}
        self.registers = {}
        self._accepted = defaultdict(list)

    def take(self, records):
        """Take readings in; returns those whose subject or metric is not known, for the store to refuse.

        Corrections of readings that are stored come first, so that what follows stands on them; corrections
        of readings of this batch come after these.
        """
        self.writer.guide.load(records)
        corrections = [record for record in records if named(record)]
        known = find_readings(self.cr, self.source.id, [named(record) for record in corrections])
        strange, groups = self._sort([record for record in records if not named(record)])
        withdrawals = Withdrawals(self)
        self.lock([*groups, *withdrawals.keys_of(corrections, known)])
        for record in corrections:
            if named(record) in known:
                withdrawals.correct(record)
        for key, group in groups.items():
            self._take_group(self.registers[key], group)
        save_readings(self.cr, self.batch, self.new)
        self._accepted.clear()
        late = [record for record in corrections if named(record) not in known]
        if late:
            self.flush()
        for record in late:
            withdrawals.correct(record)
        save_registers(self.cr, self.registers.values())
        return strange

    def lock(self, keys):
        """Lock the registers of (subject id, metric id), in one order; new ones are made."""
        self.registers.update(load_registers(self.env, self.source, [key for key in keys if key not in self.registers]))

    def flush(self):
        """Write the usage that readings gave so far."""
        if self.deltas:
            self.write(self.deltas)
        self.deltas = []

    def write(self, records):
        """Write usage, and remember what became of it."""
        result = self.writer.write(records)
        self.unwritten += result.refusals
        self.accepted_digests.update(result.accepted_digests)

    def key_of(self, record):
        """(subject id, metric id) of a record, or None when one is not known."""
        guide = self.writer.guide
        subject_id, metric = guide.subjects.get(record.subject), guide.metrics.get(record.metric)
        if metric is None or subject_id is None or record.subject in guide.ambiguous:
            return None
        return subject_id, metric.id

    def _sort(self, records):
        """(records of unknown subjects or metrics, {register key: [(record, digest, revision)]})."""
        strange, groups = [], defaultdict(list)
        known = find_readings(self.cr, self.source.id, [record.external_id for record in records])
        seen = {}
        for record in records:
            digest, identity = content_digest(record), known.get(record.external_id)
            before = seen.setdefault(record.external_id, digest)
            if before is not digest:
                verdict = DUPLICATE if before == digest else CONFLICT
            else:
                verdict = identity.judge(digest) if identity else FRESH
            key = self.key_of(record)
            if verdict == CONFLICT:
                self.refusals.append(Refusal(record, "conflict", {"external_id": record.external_id}))
            elif verdict == DUPLICATE:
                self.duplicates.append(record)
            elif key is None:
                strange.append(record)
            else:
                groups[key].append((record, digest, identity.revision + 1 if identity else 1))
        return strange, groups

    def _take_group(self, register, group):
        items = []
        for record, digest, revision in group:
            item = self.item(register, record, digest, revision)
            if isinstance(item, Refusal):
                self.refusals.append(item)
            else:
                items.append(item)
        for item in in_order(items):
            late = register.state is not None and item.reading.at < register.state.at
            refusal = self._split(register, item) if late else self._append(register, item)
            if refusal:
                self.refusals.append(refusal)
                continue
            self._accepted[register.id].append(item)
            self.new.append((register, item))
            self.accepted_digests[item.given.external_id] = item.digest

    def item(self, register, record, digest, revision=1):
        """A record as an Item of a register, or the Refusal of what it says of itself."""
        dimensions = dict(record.dimensions or {})
        kind = dimensions.pop(KIND_DIMENSION, "") or ACTUAL
        started = dimensions.pop(STARTED_DIMENSION, "")
        record_ = record._replace(dimensions=dimensions or None, voids=None, replaces=None)
        if kind not in KINDS:
            return Refusal(record, "bad_structure", {"why": f"{kind[:40]} is no kind of reading"})
        try:
            started_at = datetime.fromisoformat(started) if started else None
        except ValueError:
            return Refusal(record, "bad_time", {"value": started[:40], "why": "not ISO 8601"})
        if started_at and started_at.tzinfo is None:
            started_at = started_at.replace(tzinfo=timezone.utc)
        reading = Reading(record.occurred_at.astimezone(timezone.utc), record.quantity, kind, started_at)
        return Item(record, record_, reading, digest, delta_id(register, record.external_id), revision)

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
            self._give(delta_record(item, outcome), item)
        register.state = state
        return None

    def _give(self, record, item):
        self.deltas.append(record)
        self.readings_of.setdefault(record.external_id, item.given)

    # -- late --------------------------------------------------------------

    def _split(self, register, item):
        """Let a late reading split the usage that was given across it; a Refusal when it may not."""
        at = item.reading.at
        segment = self.segment(register, at, at)
        if any(other.reading.at == item.reading.at for other in segment):
            same = next(other for other in segment if other.reading.at == item.reading.at)
            if same.reading.value == item.reading.value:
                return None
            params = {"at": item.reading.at.isoformat(), "previous": str(same.reading.value)}
            return Refusal(item.given, "reading_conflict", {**params, "reading": str(item.reading.value)})
        before, _problem = deltas_of(segment, register.rules)
        wanted = in_order([*segment, item])
        after, problem = deltas_of(wanted, register.rules)
        if problem:
            return Refusal(item.given, problem.code, problem.params)
        changes = []
        for other in wanted:
            old, new = before.get(other.delta_id), after.get(other.delta_id)
            if new is None or (old and (old.quantity, old.kind) == (new.quantity, new.kind)):
                continue
            record = delta_record(other, new)
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
            restate(register, wanted)
        return None

    def segment(self, register, after, before):
        """The readings from the last certain one at `after` or earlier to the next certain one later than `before`."""
        stored = load_segment(self.cr, register.id, after.replace(tzinfo=None), before.replace(tzinfo=None))
        rows = in_order([*[self._stored_item(register, row) for row in stored], *self._accepted[register.id]])
        certain = [place for place, other in enumerate(rows) if other.reading.kind != ESTIMATED]
        first = max((place for place in certain if rows[place].reading.at <= after), default=0)
        last = min((place for place in certain if rows[place].reading.at > before), default=len(rows) - 1)
        return rows[first : last + 1]

    def _stored_item(self, register, row):
        external_id, read_at, value, kind, started_at, dimensions, end_user, subject, metric, row_number, id_ = row
        at = read_at.replace(tzinfo=timezone.utc)
        record = UsageRecord(
            row_number or 0, external_id, subject, metric, at, Decimal(value), None, dimensions, end_user
        )
        reading = Reading(at, Decimal(value), kind, started_at and started_at.replace(tzinfo=timezone.utc))
        return Item(record, record, reading, "", delta_id(register, external_id), id=id_)

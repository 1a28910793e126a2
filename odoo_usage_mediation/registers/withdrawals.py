"""Readings that no longer count: withdrawn, or replaced by another, and the usage on both sides derived again."""

from decimal import Decimal
from typing import NamedTuple

from odoo.addons.odoo_usage_billing.store.corrections import named
from odoo.addons.odoo_usage_billing.store.identity import BY_BATCH, CONFLICT, DUPLICATE
from odoo.addons.odoo_usage_billing.store.records import Refusal, UsageRecord, content_digest, suspense_key

from ..parsing import derive_external_id
from .deltas import TICK, delta_id, delta_record, deltas_of, in_order, restate
from .stored import find_readings, load_targets, save_readings, standing_deltas, withdraw


class Change(NamedTuple):
    """Usage up to a reading, before and after; None: there is none. `record` says it to the store."""

    register: object
    item: object
    before: Decimal | None
    after: Decimal | None
    record: UsageRecord


class Plan(NamedTuple):
    """What a register becomes: its changes, its readings where they changed, and where it then stands."""

    register: object
    changes: list
    wanted: list
    is_last: bool
    gone: list


class Withdrawals:
    """Withdraws readings for a Chains, whose registers are locked."""

    def __init__(self, chains):
        self.chains = chains
        self.cr = chains.cr
        self.source = chains.source

    def keys_of(self, corrections, known):
        """The registers that corrections touch: (subject id, metric id)."""
        ids = [known[named(record)].event_id for record in corrections if named(record) in known]
        keys = [target.key for target in load_targets(self.cr, [id_ for id_ in ids if id_])]
        keys += [self.chains.key_of(record) for record in corrections if not record.voids]
        return [key for key in keys if key]

    def correct(self, record):
        """Take one correction in: a record that voids a reading, or replaces it by its own."""
        digest = content_digest(record)
        known = find_readings(self.cr, self.source.id, [record.external_id, named(record)])
        own, target = known.get(record.external_id), known.get(named(record))
        verdict = own and own.judge(digest)
        if verdict == DUPLICATE:
            self.chains.duplicates.append(record)
            return
        refusal = self._correct(record, digest, own, target, verdict)
        if refusal:
            self.chains.refusals.append(refusal)
        else:
            self.chains.accepted_digests[record.external_id] = digest

    def _correct(self, record, digest, own, target, verdict):
        if verdict == CONFLICT and record.replaces != record.external_id:
            return Refusal(record, "conflict", {"external_id": record.external_id})
        # What a voided batch had corrected stays withdrawn, so that its file may come again.
        is_again = own and own.taken_back == BY_BATCH and target and target.taken_back
        if not is_again:
            if target is None or target.event_id is None:
                return Refusal(record, "unknown_correction", {"external_id": named(record)})
            if target.taken_back:
                return Refusal(record, "voided_already", {"external_id": named(record)})
        new = None
        if not record.voids:
            new = self._new(record, digest, own.revision + 1 if own else 1)
            if isinstance(new, Refusal):
                return new
        targets = [] if is_again else load_targets(self.cr, [target.event_id])
        found = self.plan(targets, new, record)
        if isinstance(found, Refusal):
            return found
        self.apply(found, record, new, digest)
        return None

    def prepare(self, targets, record=None):
        """Lock what a person withdraws; (register, Item) of the record that counts instead, None or its Refusal."""
        keys = [target.key for target in targets]
        if record:
            self.chains.writer.guide.load([record])
            keys += [key for key in [self.chains.key_of(record)] if key]
        self.chains.lock(keys)
        return self._new(record, content_digest(record), 1) if record else None

    def _new(self, record, digest, revision):
        """(register, Item) of the reading that counts instead, or the Refusal of its record."""
        key = self.chains.key_of(record)
        if key is None:
            _good, refusals, _duplicates = self.chains.writer.check([record._replace(replaces=None)])
            if refusals:
                return refusals[0]._replace(record=record)
        register = self.chains.registers[key]
        item = self.chains.item(register, record, digest, revision)
        return item if isinstance(item, Refusal) else (register, item)

    # -- what changes --------------------------------------------------------

    def plan(self, targets, new, record):
        """[Plan], one per register, of withdrawing `targets` and taking `new` (register, Item) in; or a Refusal."""
        registers = {}
        for target in targets:
            registers.setdefault(self.chains.registers[target.key], []).append(target)
        if new:
            registers.setdefault(new[0], [])
        plans = []
        for register, gone in registers.items():
            added = [new[1]] if new and new[0] is register else []
            found = self._plan(register, gone, added, record)
            if isinstance(found, Refusal):
                return found
            plans.append(found)
        return plans

    def _plan(self, register, gone, added, record):
        instants = [target.read_at for target in gone]
        instants += [item.reading.at for item in added]
        segment = self.chains.segment(register, min(instants) - TICK, max(instants))
        numbers = {target.id for target in gone}
        wanted = in_order([*[item for item in segment if item.id not in numbers], *added])
        after, problem = deltas_of(wanted, register.rules)
        if problem:
            return Refusal(record, problem.code, problem.params)
        changes = self._changes(register, min(instants), segment, wanted, after, gone)
        if isinstance(changes, str):
            return Refusal(record, "unknown_correction", {"external_id": changes})
        stored = [change.record for change in changes if named(change.record)]
        _good, refusals, _duplicates = self.chains.writer.check(stored)
        if refusals:
            return Refusal(record, refusals[0].reason, refusals[0].params)
        last = [*segment, *added]
        is_last = register.state is None or max(item.reading.at for item in last) >= register.state.at
        return Plan(register, changes, wanted, is_last, gone)

    def _changes(self, register, low, segment, wanted, after, gone):
        """[Change] from the usage that is stored to the usage `after`; the id of usage that is not at hand.

        The reading before `low`, from which the segment begins, keeps its own usage.
        """
        before, _problem = deltas_of(segment, register.rules)
        touched = segment[bool(segment) and segment[0].reading.at < low :]
        items = {item.delta_id: item for item in [*touched, *wanted[len(segment) - len(touched) :]]}
        stored, missing = standing_deltas(self.cr, self.source, list(items))
        changes = []
        for name, item in items.items():
            old, new = stored.get(name), after.get(name)
            if new and old and item.id and (new.quantity, (new.end - TICK).replace(tzinfo=None)) == old:
                continue
            if name in missing:
                if item.id and new == before.get(name):
                    continue
                return name
            record = self._record(item, old, new, gone)
            if record:
                changes.append(Change(register, item, old and old[0], new and new.quantity, record))
        return changes

    def _record(self, item, old, new, gone):
        """What says the change of a delta to the store, or nothing."""
        if new:
            record = delta_record(item, new)
            return record._replace(replaces=record.external_id) if old else record
        if not old:
            return None
        # The same usage may be taken back more than once over the years: each time by an id of its own.
        causes = [str(target.id) for target in gone] or [item.record.external_id]
        void_id = derive_external_id(["withdrawn", item.delta_id, *causes[:1]])
        return item.record._replace(external_id=void_id, voids=item.delta_id, quantity=Decimal(0), derived=True)

    # -- doing it ------------------------------------------------------------

    def apply(self, plans, record, new, digest=None, reason=None, is_whole_batch=False):
        """Store what was planned. `record`: what asked for it; without a digest, a person did."""
        chains = self.chains
        if new:
            save_readings(self.cr, chains.batch, [new])
        by = new[1] if new else None
        withdraw(
            self.cr,
            chains.env.uid,
            chains.batch.id,
            [
                (
                    target.id,
                    record.external_id if record and digest and not new else None,
                    digest if not new else None,
                    reason,
                    is_whole_batch,
                    by and by.record.external_id,
                    by and by.revision,
                )
                for plan in plans
                for target in plan.gone
            ],
        )
        for plan in plans:
            for target in plan.gone:
                chains.rederived[suspense_key(delta_id(plan.register, target.external_id))] = None
            for change in plan.changes:
                chains.readings_of[change.record.external_id] = record or change.item.record
                chains.rederived[suspense_key(change.item.delta_id)] = content_digest(change.record)
            if plan.is_last:
                restate(plan.register, plan.wanted)
        chains.write([change.record for plan in plans for change in plan.changes])

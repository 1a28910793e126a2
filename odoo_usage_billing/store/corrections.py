"""Corrections: records that take an earlier event back, or take it back and count themselves instead."""

from collections import defaultdict
from datetime import datetime
from typing import NamedTuple

from .identity import BY_BATCH, CONFLICT, DUPLICATE, load_identities, revision_key
from .records import Refusal, content_digest
from .voids import void_events


class Original(NamedTuple):
    """A stored event that a correction names."""

    id: int
    occurred_at: datetime
    contract_line_id: int
    usage_date: object
    voids_event_id: int | None


class Correction(NamedTuple):
    """A correction that may be stored. `row`: what it counts instead, as the writer guides it, or None."""

    record: object
    digest: str
    key: str
    original: Original | None
    row: tuple | None


def named(record):
    """The external id that a record corrects, or nothing."""
    return record.voids or record.replaces


def layers(records):
    """Records in groups to be stored one after the other: corrections apart, after what they name.

    The order of records with one id is kept, whatever the number of records between them.
    """
    if not any(record.voids or record.replaces for record in records):
        return [records]
    depths, groups = {}, defaultdict(list)
    for record in records:
        name = named(record)
        depth = max(depths.get(record.external_id, 0), depths.get(name, 0))
        # Corrections stand on odd layers, all others on even ones.
        depth += depth % 2 != bool(name)
        if name:
            depths[name] = depth
        # What names a correction comes after it.
        depths[record.external_id] = depth + bool(name)
        groups[depth].append(record)
    return [groups[depth] for depth in sorted(groups)]


class Corrections:
    """Plans and stores the corrections among the records of one write."""

    def __init__(self, writer, records, pending=frozenset()):
        """`pending`: external ids that are good but, in a mere check, not stored."""
        self.writer = writer
        self.pending = pending
        self.refusals, self.duplicates, self.planned = [], [], []
        self._seen, self._taken = {}, set()
        names = {record.external_id for record in records} | {named(record) for record in records}
        self.known = load_identities(writer.cr, writer.source, names)
        self.originals = self._load_originals()
        writer.guide.hold(list({original.contract_line_id for original in self.originals.values()}))
        writer.guide.load([record for record in records if record.replaces and not record.voids])
        for record in records:
            self._sort(record)

    def _load_originals(self):
        self.writer.cr.execute(
            "SELECT id, occurred_at, contract_line_id, usage_date, voids_event_id FROM usage_event WHERE id = ANY(%s)",
            ([identity.event_id for identity in self.known.values()],),
        )
        return {row[0]: Original(*row) for row in self.writer.cr.fetchall()}

    def _sort(self, record):
        digest = content_digest(record)
        verdict = self._judge(record, digest)
        if verdict == DUPLICATE:
            self.duplicates.append(record)
        elif isinstance(verdict, Refusal):
            self.refusals.append(verdict)
        else:
            self._seen[record.external_id] = digest
            self._taken.add(named(record))
            self.planned.append(verdict)

    def _judge(self, record, digest):
        """DUPLICATE, a Refusal, or the Correction to store."""
        own, target = self.known.get(record.external_id), self.known.get(named(record))
        before = self._seen.get(record.external_id)
        if before == digest or (own and own.judge(digest, record.derived) == DUPLICATE):
            return DUPLICATE
        itself = record.replaces == record.external_id
        if before or (own and own.judge(digest, record.derived) == CONFLICT and not itself):
            return Refusal(record, "conflict", {"external_id": record.external_id})
        original = None
        # What a voided batch had corrected stays taken back, so that its file may come again.
        if not (own and own.taken_back == BY_BATCH and target and target.taken_back):
            original = self.originals.get(target.event_id) if target else None
            refusal = self._refuse(record, target, original)
            if refusal:
                return refusal
        row = None
        if not record.voids:
            row = self.writer._guide_one(record)
            if isinstance(row, Refusal):
                return row
        revision = own.revision + 1 if own else 1
        return Correction(record, digest, revision_key(self.writer.source, record.external_id, revision), original, row)

    def _refuse(self, record, target, original):
        name = named(record)
        if target is None and name in self.pending and name not in self._taken:
            return None
        if target is None or (original and original.voids_event_id):
            return Refusal(record, "unknown_correction", {"external_id": name})
        if target.taken_back or name in self._taken:
            return Refusal(record, "voided_already", {"external_id": name})
        if original is None:
            return Refusal(record, "event_retired", {"external_id": name})
        if self.writer.guide.is_closed(original.contract_line_id, original.usage_date):
            return Refusal(record, "locked_period", {"usage_date": original.usage_date.isoformat()})
        return None

    def store(self):
        """Store what was planned; returns how many records that is."""
        writer, planned = self.writer, self.planned
        ids = iter(writer.next_ids(len(planned) + sum(bool(item.row) for item in planned)))
        claims, voids, fresh = [], [], []
        for item in planned:
            void_id = next(ids)
            event_id = next(ids) if item.row else void_id
            record, original = item.record, item.original
            claims.append((item.key, item.digest, event_id))
            if original:
                voids.append((void_id, original.id, original.occurred_at, record.row_number, record.external_id))
            if item.row:
                fresh.append((event_id, item.row))
        writer.claim_or_serialize(claims)
        void_events(writer.cr, voids, writer.batch.id, writer.received_at.replace(tzinfo=None))
        writer.store(fresh)
        return len(planned)

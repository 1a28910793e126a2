"""The one writer behind every door: file, API, MQTT, manual entry.

`write` guides, dedupes and stores a batch inside the caller's transaction; see README.md.
"""

import io
import json
from datetime import timedelta

import psycopg2.errors

from odoo.exceptions import ConcurrencyError

from .buckets import Bucket, escape, upsert
from .corrections import Corrections, layers, named
from .guide import NO_SLOT, Guide
from .identity import CONFLICT, DUPLICATE, load_identities, revision_key
from .records import (
    Refusal,
    WriteResult,
    content_digest,
    dimension_key,
    external_key,
    plain,
)
from .schema import ensure_partitions

COPY_KEYS = "COPY usage_event_key (source_id, external_key, content_digest, event_id) FROM STDIN"
COPY_EVENTS = (
    "COPY usage_event (id, company_id, source_id, batch_id, row_number, external_id,"
    " subject_id, assignment_id, contract_line_id, metric_id, end_user_id, occurred_at,"
    " received_at, usage_date, usage_slot, quantity, amount, dimensions, dimension_key)"
    " FROM STDIN"
)


def copy_rows(cr, statement, rows):
    """COPY text rows (each ending in a newline) and leave the transaction usable or failed."""
    cr.copy_expert(statement, io.StringIO("".join(rows)))


class UsageWriter:
    """Writes the records of one batch of one source. Create one per transaction."""

    def __init__(self, env, source, batch, received_at):
        """`received_at` is an aware UTC instant: when the records reached us.

        Without a batch nothing can be written, only checked, and nothing is locked.
        """
        self.env = env
        self.cr = env.cr
        self.source = source
        self.batch = batch
        self.received_at = received_at
        self.guide = Guide(env, source, locking=bool(batch))
        self.oldest = received_at - timedelta(days=source.max_age_days)
        self.newest = received_at + timedelta(minutes=source.max_ahead_minutes)

    def anew(self):
        """A writer of the same batch that knows what was registered meanwhile."""
        return UsageWriter(self.env, self.source, self.batch, self.received_at)

    def write(self, records):
        """Store `records`; return counts and refusals. Suspense is left to `batch`.

        Raises serialization failures unchanged: the caller's framework retries.
        """
        received, accepted = 0, 0
        refusals, duplicates, keys = [], [], {}
        for layer in layers(list(records)):
            received += len(layer)
            if layer and named(layer[0]):
                corrections = Corrections(self, layer)
                accepted += corrections.store()
                refusals += corrections.refusals
                duplicates += corrections.duplicates
                keys.update({external_key(item.record.external_id): item.digest for item in corrections.planned})
                continue
            self.guide.load(layer)
            guided, refused = self._guide_all(layer)
            refused, known = self._tell_known(refused)
            fresh, repeated = self._dedupe(guided, refused)
            self.store(fresh)
            accepted += len(fresh)
            refusals += refused
            duplicates += repeated + known
            keys.update({row[0]: row[1] for _id, row in fresh})
        return WriteResult(
            received=received,
            accepted=accepted,
            duplicate=len(duplicates),
            suspended=len(refusals),
            refusals=refusals,
            duplicates=duplicates,
            accepted_keys=keys,
        )

    def check(self, records):
        """What `write` would answer, with nothing written: (good, refusals, duplicates)."""
        good, refusals, duplicates = [], [], []
        for layer in layers(list(records)):
            if layer and named(layer[0]):
                corrections = Corrections(self, layer, {record.external_id for record in good})
                good += [item.record for item in corrections.planned]
                refusals += corrections.refusals
                duplicates += corrections.duplicates
                continue
            self.guide.load(layer)
            guided, refused = self._guide_all(layer)
            refused, known = self._tell_known(refused)
            unique, repeated = self._unique_in_batch(guided, refused)
            fresh = self._drop_known(unique, refused, repeated)
            good += [row[2] for _key, row in fresh]
            refusals += refused
            duplicates += repeated + known
        return good, refusals, duplicates

    # -- guiding -----------------------------------------------------------

    def _guide_all(self, records):
        guided, refusals = [], []
        for record in records:
            row = self._guide_one(record)
            if isinstance(row, Refusal):
                refusals.append(row)
            else:
                guided.append(row)
        return guided, refusals

    def _guide_one(self, record):
        """(external key, digest, record, metric, subject, owner, day, slot) or a Refusal."""
        guide = self.guide
        metric = guide.metrics.get(record.metric)
        if metric is None:
            return Refusal(record, "unknown_metric", {"metric": record.metric})
        subject_id = guide.subjects.get(record.subject)
        if subject_id is None or record.subject in guide.ambiguous:
            return self._refuse_subject(record)
        occurred_at = record.occurred_at
        if not self.oldest <= occurred_at <= self.newest:
            return self._refuse_time(record)
        if record.quantity < 0 and not (metric.accepts_negative or record.true_up):
            return Refusal(record, "negative_quantity", {"quantity": plain(record.quantity)})
        owner = guide.owner_at(subject_id, metric.id, occurred_at.replace(tzinfo=None))
        if owner is None:
            return Refusal(
                record,
                "no_assignment",
                {
                    "subject": record.subject,
                    "metric": record.metric,
                    "occurred_at": f"{occurred_at:%Y-%m-%d %H:%M} UTC",
                },
            )
        day, minute = guide.local.at(occurred_at, owner.zone)
        if guide.is_closed(owner.contract_line_id, day):
            return Refusal(record, "locked_period", {"usage_date": day.isoformat()})
        slot = minute - minute % metric.slot_minutes if metric.slot_minutes else NO_SLOT
        return (
            external_key(record.external_id),
            content_digest(record),
            record,
            metric,
            subject_id,
            owner,
            day,
            slot,
        )

    def _refuse_subject(self, record):
        if record.subject in self.guide.ambiguous:
            return Refusal(record, "ambiguous_subject", {"subject": record.subject})
        company_id = self.guide.elsewhere.get(record.subject)
        if company_id in self.env.user.company_ids.ids:
            company = self.env["res.company"].browse(company_id)
            return Refusal(
                record,
                "other_company_subject",
                {"subject": record.subject, "company": company.display_name},
            )
        return Refusal(record, "unknown_subject", {"subject": record.subject})

    def _refuse_time(self, record):
        occurred_at = f"{record.occurred_at:%Y-%m-%d %H:%M} UTC"
        if record.occurred_at < self.oldest:
            return Refusal(
                record,
                "time_too_old",
                {"occurred_at": occurred_at, "days": self.source.max_age_days},
            )
        return Refusal(
            record,
            "time_in_future",
            {"occurred_at": occurred_at, "minutes": self.source.max_ahead_minutes},
        )

    # -- identity ----------------------------------------------------------

    def _tell_known(self, refused):
        """(refusals, duplicates): a refused record that is stored already is a duplicate.

        A file sent again after its period was invoiced, or after a device was
        reassigned, is the same usage, not late usage.
        """
        if not refused:
            return [], []
        known = load_identities(self.cr, self.source.id, {refusal.record.external_id for refusal in refused})
        refusals, duplicates = [], []
        for refusal in refused:
            identity = known.get(refusal.record.external_id)
            verdict = identity and identity.judge(content_digest(refusal.record))
            if verdict == DUPLICATE:
                duplicates.append(refusal.record)
            else:
                refusals.append(_conflict(refusal.record) if verdict == CONFLICT else refusal)
        return refusals, duplicates

    def _unique_in_batch(self, guided, refusals):
        """One row per external id; repeats become duplicates or conflicts."""
        unique, duplicates = {}, []
        for row in guided:
            first = unique.setdefault(row[0], row)
            if first is row:
                continue
            if first[1] == row[1]:
                duplicates.append(row[2])
            else:
                refusals.append(_conflict(row[2]))
        return [unique[key] for key in sorted(unique)], duplicates

    def _dedupe(self, guided, refusals):
        """Claim the keys of `guided`; rows whose key is known leave the list.

        The common case has no duplicate: one COPY into the key table proves it.
        When the unique index objects, a savepoint is rolled back and the known
        ones are told apart by one query before the rest is claimed.
        """
        unique, duplicates = self._unique_in_batch(guided, refusals)
        if not unique:
            return [], duplicates
        ids = self.next_ids(len(unique))
        try:
            with self.cr.savepoint(flush=False):
                self._claim([(row[0], row[1], id_) for id_, row in zip(ids, unique, strict=True)])
        except psycopg2.errors.UniqueViolation:
            fresh = self._drop_known(unique, refusals, duplicates)
            ids = ids[: len(fresh)]
            self.claim_or_serialize([(key, row[1], id_) for id_, (key, row) in zip(ids, fresh, strict=True)])
            unique = [row for _key, row in fresh]
        return list(zip(ids, unique, strict=True)), duplicates

    def next_ids(self, count):
        """As many new event ids, in order."""
        self.cr.execute("SELECT nextval('usage_event_id_seq') FROM generate_series(1, %s)", (count,))
        return [row[0] for row in self.cr.fetchall()]

    def _claim(self, claims):
        source_id = self.source.id
        copy_rows(
            self.cr,
            COPY_KEYS,
            [f"{source_id}\t{key}\t{digest}\t{id_}\n" for key, digest, id_ in claims],
        )

    def claim_or_serialize(self, claims):
        """Claim (key, digest, event id) that this snapshot does not know.

        A key committed by another transaction after our snapshot began shows up
        as a unique violation here; only a retry on a fresh snapshot can tell
        duplicate from conflict, so it is raised as the contention it is.
        """
        if not claims:
            return
        try:
            with self.cr.savepoint(flush=False):
                self._claim(claims)
        except psycopg2.errors.UniqueViolation as clash:
            raise ConcurrencyError("usage keys were claimed by a concurrent transaction") from clash

    def _drop_known(self, unique, refusals, duplicates):
        """[(key to claim, row)] of the rows of `unique` that are new; others go to their list."""
        known = load_identities(self.cr, self.source.id, [row[2].external_id for row in unique])
        fresh = []
        for row in unique:
            identity = known.get(row[2].external_id)
            verdict = identity and identity.judge(row[1])
            if verdict == DUPLICATE:
                duplicates.append(row[2])
            elif verdict == CONFLICT:
                refusals.append(_conflict(row[2]))
            else:
                fresh.append((revision_key(row[2].external_id, identity.revision + 1) if identity else row[0], row))
        return fresh

    # -- storing -----------------------------------------------------------

    def store(self, fresh):
        """Store (event id, guided row) as events and add them to their buckets."""
        if fresh:
            self._store_events(fresh)
            self._store_buckets(fresh)

    def _store_events(self, fresh):
        days = {row[2].occurred_at.date() for _id, row in fresh}
        ensure_partitions(self.cr, min(days), max(days))
        company_id, source_id = self.source.company_id.id, self.source.id
        batch_id = self.batch.id
        received = self.received_at.replace(tzinfo=None)
        people = self.guide.end_users
        lines = []
        for id_, (_key, _digest, record, metric, subject_id, owner, day, slot) in fresh:
            dims = record.dimensions
            person = people.get(record.end_user, 0) or owner.end_user_id
            lines.append(
                f"{id_}\t{company_id}\t{source_id}\t{batch_id}\t{record.row_number}\t"
                f"{escape(record.external_id)}\t{subject_id}\t{owner.assignment_id}\t"
                f"{owner.contract_line_id}\t{metric.id}\t{person or NULL}\t"
                f"{record.occurred_at.replace(tzinfo=None)}\t{received}\t{day}\t{slot}\t"
                f"{plain(record.quantity)}\t"
                f"{NULL if record.amount is None else plain(record.amount)}\t"
                f"{escape(json.dumps(dims, sort_keys=True)) if dims else NULL}\t"
                f"{escape(dimension_key(dims, metric.dimension_names))}\n"
            )
        copy_rows(self.cr, COPY_EVENTS, lines)

    def _store_buckets(self, fresh):
        buckets = {}
        people = self.guide.end_users
        for _id, (_key, _digest, record, metric, subject_id, owner, day, slot) in fresh:
            grain = (
                owner.contract_line_id,
                day,
                metric.id,
                subject_id,
                people.get(record.end_user, 0) or owner.end_user_id,
                slot,
                dimension_key(record.dimensions, metric.dimension_names),
            )
            occurred_at = record.occurred_at.replace(tzinfo=None)
            bucket = buckets.get(grain)
            if bucket is None:
                buckets[grain] = Bucket(record.quantity, record.amount, occurred_at)
            else:
                bucket.add(record.quantity, record.amount, occurred_at)
        upsert(self.cr, self.source.company_id.id, buckets, copy_rows)


NULL = "\\N"


def _conflict(record):
    return Refusal(record, "conflict", {"external_id": record.external_id})

"""The one writer behind every door: file, API, MQTT, manual entry.

`write` guides, dedupes and stores a batch inside the caller's transaction; see README.md.
"""

from datetime import date, timedelta
from itertools import chain, islice

import psycopg2.errors

from odoo.exceptions import ConcurrencyError

from . import buckets
from .by_columns import NO_SLOT, guide_by_columns, say
from .copying import copy_rows
from .corrections import Corrections, layers, named
from .events import copy_events
from .guide import Guide
from .identity import CONFLICT, DUPLICATE, FRESH, is_any_known, load_identities, load_odd, revision_key
from .instants import OFFSET_CHARS, placed
from .pause import collector_paused
from .records import (
    Refusal,
    WriteResult,
    content_digest,
    digest_of,
    dimension_key,
    plain,
)
from .rows import make_guided
from .schema import ID_BLOCK, hold_partitions

#: Fewer records than this are not worth a look whether they were here before.
FEW = 100
COPY_KEYS = "COPY usage_event_key (source_id, external_key, content_digest, event_id) FROM STDIN"


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

    @collector_paused()
    def write(self, records):
        """Store `records`; return counts and refusals. Suspense is left to `batch`.

        Raises serialization failures unchanged: the caller's framework retries.
        """
        received, accepted = 0, 0
        refusals, duplicates, digests = [], [], {}
        for layer in layers(list(records)):
            received += len(layer)
            if layer and named(layer[0]):
                corrections = Corrections(self, layer)
                accepted += corrections.store()
                refusals += corrections.refusals
                duplicates += corrections.duplicates
                digests.update({item.record.external_id: item.digest for item in corrections.planned})
                continue
            guided, refused, known = self._guide_all(layer)
            fresh, repeated = self._dedupe(guided, refused)
            self.store(fresh)
            accepted += len(fresh)
            refusals += refused
            duplicates += repeated + known
            digests.update([(row[2].external_id, row[1]) for _id, row in fresh])
        return WriteResult(
            received=received,
            accepted=accepted,
            duplicate=len(duplicates),
            suspended=len(refusals),
            refusals=refusals,
            duplicates=duplicates,
            accepted_digests=digests,
        )

    @collector_paused()
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
            guided, refused, known = self._guide_all(layer)
            unique, repeated = self._unique_in_batch(guided, refused)
            fresh = self._drop_known(unique, refused, repeated)
            good += [row.record for _key, row in fresh]
            refusals += refused
            duplicates += repeated + known
        return good, refusals, duplicates

    # -- guiding -----------------------------------------------------------

    def _guide_all(self, records):
        """(Guided rows, Refusals, duplicates) of `records`, each in their order."""
        said, known = self._leave_known(say(records, self.source.key_form)) if records else (None, [])
        if not said or not said.records:
            return [], [], known
        self.guide.load(said.records)
        rows = guide_by_columns(self.guide, said, self.oldest, self.newest)
        if None in rows:
            rows = [row or self._guide_one(record) for row, record in zip(rows, said.records, strict=True)]
        refusals = [row for row in rows if type(row) is Refusal]
        if not refusals:
            return rows, [], known
        refusals, told = self._tell_known(refusals)
        return [row for row in rows if type(row) is not Refusal], refusals, known + told

    def _leave_known(self, said):
        """(the rest of what is said, duplicates): a batch that begins or ends with what is known is no news.

        What is stored just as it came needs no guiding then.
        """
        keys, source_id = said.keys, self.source.id
        if len(keys) < FEW or len(set(keys)) < len(keys) or not is_any_known(self.cr, source_id, [keys[0], keys[-1]]):
            return said, []
        odd = load_odd(self.cr, source_id, keys, said.digests)
        if len(odd) == len(keys):
            return said, []
        is_odd = [place in odd for place in range(len(keys))]
        return said.only(is_odd), [record for record, left in zip(said.records, is_odd, strict=True) if not left]

    def _guide_one(self, record):
        """A Guided row or a Refusal."""
        guide = self.guide
        way = guide.way(record.subject, record.metric)
        if way is None:
            return self._refuse_names(record)
        occurred_at, quantity = record.occurred_at, record.quantity
        if not self.oldest <= occurred_at <= self.newest:
            return self._refuse_time(record)
        if quantity < 0 and not (way.metric.accepts_negative or record.true_up):
            return Refusal(record, "negative_quantity", {"quantity": plain(quantity)})
        owner = way.owner_at(occurred_at)
        if owner is None:
            return self._refuse_owner(record)
        at, day, minute = placed(occurred_at, owner.zone)
        line_id = owner.contract_line_id
        if not owner.days[0] <= day <= owner.days[1]:
            return self._refuse_day(record, owner, day)
        if guide.closed.get(line_id) and guide.is_closed(line_id, date.fromisoformat(day)):
            return Refusal(record, "locked_period", {"usage_date": day})
        quantity, slots = plain(quantity), way.metric.slot_minutes
        person = guide.end_users.get(record.end_user) if record.end_user else 0
        return make_guided(
            (
                revision_key(self.source, record.external_id),
                digest_of(record, at, quantity),
                record,
                owner,
                person or owner.end_user_id,
                at[:-OFFSET_CHARS],
                day,
                minute - minute % slots if slots else NO_SLOT,
                quantity,
                dimension_key(record.dimensions, way.metric.dimension_names) if record.dimensions else "",
            )
        )

    def _refuse_names(self, record):
        if record.metric not in self.guide.metrics:
            return Refusal(record, "unknown_metric", {"metric": record.metric})
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

    def _refuse_owner(self, record):
        occurred_at = f"{record.occurred_at:%Y-%m-%d %H:%M} UTC"
        params = {"subject": record.subject, "metric": record.metric, "occurred_at": occurred_at}
        return Refusal(record, "no_assignment", params)

    def _refuse_day(self, record, owner, day):
        line = self.env["contract.line"].sudo().browse(owner.contract_line_id)
        params = {"subject": record.subject, "line": line.display_name, "usage_date": day}
        return Refusal(record, "outside_line", params)

    # -- identity ----------------------------------------------------------

    def _tell_known(self, refused):
        """(refusals, duplicates): a refused record that is stored already is a duplicate.

        A file sent again after its period was invoiced, or after a device was
        reassigned, is the same usage, not late usage.
        """
        if not refused:
            return [], []
        known = load_identities(self.cr, self.source, {refusal.record.external_id for refusal in refused})
        refusals, duplicates = [], []
        for refusal in refused:
            identity = known.get(refusal.record.external_id)
            verdict = identity and identity.judge(content_digest(refusal.record), refusal.record.derived)
            if verdict == DUPLICATE:
                duplicates.append(refusal.record)
            else:
                refusals.append(_conflict(refusal.record) if verdict == CONFLICT else refusal)
        return refusals, duplicates

    def _unique_in_batch(self, guided, refusals):
        """One row per external id; repeats become duplicates or conflicts."""
        if len({row.key for row in guided}) == len(guided):
            return guided, []
        unique, duplicates = {}, []
        for row in guided:
            first = unique.setdefault(row.key, row)
            if first is row:
                continue
            if first.digest == row.digest:
                duplicates.append(row.record)
            else:
                refusals.append(_conflict(row.record))
        return list(unique.values()), duplicates

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
                self._claim([(row.key, row.digest, id_) for id_, row in zip(ids, unique, strict=True)])
        except psycopg2.errors.UniqueViolation:
            fresh = self._drop_known(unique, refusals, duplicates)
            ids = ids[: len(fresh)]
            self.claim_or_serialize([(key, row.digest, id_) for id_, (key, row) in zip(ids, fresh, strict=True)])
            unique = [row for _key, row in fresh]
        return list(zip(ids, unique, strict=True)), duplicates

    def next_ids(self, count):
        """As many new event ids, in order. They are drawn in blocks; what is left of one is not used."""
        self.cr.execute("SELECT nextval('usage_event_id_seq') FROM generate_series(1, %s)", (-(-count // ID_BLOCK),))
        blocks = [range(first, first + ID_BLOCK) for (first,) in self.cr.fetchall()]
        return list(islice(chain.from_iterable(blocks), count))

    def _claim(self, claims):
        source_id = self.source.id
        # In the order of the index: quicker, and writers of the same ids wait for each other in one order.
        copy_rows(self.cr, COPY_KEYS, sorted([f"{source_id}\t{key}\t{digest}\t{id_}\n" for key, digest, id_ in claims]))

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
        odd = load_odd(self.cr, self.source.id, [row.key for row in unique], [row.digest for row in unique])
        names = [unique[place].record.external_id for place, is_new in odd.items() if not is_new]
        known = load_identities(self.cr, self.source, names)
        fresh = []
        for place, row in enumerate(unique):
            external_id = row.record.external_id
            identity = known.get(external_id)
            verdict = identity.judge(row.digest, row.record.derived) if identity else FRESH
            if place not in odd or verdict == DUPLICATE:
                duplicates.append(row.record)
            elif verdict == CONFLICT:
                refusals.append(_conflict(row.record))
            else:
                key = revision_key(self.source, external_id, identity.revision + 1) if identity else row.key
                fresh.append((key, row))
        return fresh

    # -- storing -----------------------------------------------------------

    def store(self, fresh):
        """Store (event id, guided row) as events and add them to their buckets."""
        if fresh:
            self._store_events(fresh)
            self._store_buckets(fresh)

    def _store_events(self, fresh):
        months = {day[:7] for day in {row.at[:10] for _id, row in fresh}}
        hold_partitions(self.cr, months)
        received_at = self.received_at.replace(tzinfo=None)
        copy_events(self.cr, (self.source.company_id.id, self.source.id, self.batch.id, received_at), fresh)

    def _store_buckets(self, fresh):
        buckets.add(self.cr, self.source.company_id.id, buckets.summed([row for _id, row in fresh]))


def _conflict(record):
    return Refusal(record, "conflict", {"external_id": record.external_id})

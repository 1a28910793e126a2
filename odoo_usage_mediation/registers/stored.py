"""The rows of registers and readings: locked, read, added."""

import json
from datetime import datetime, timezone
from decimal import Decimal
from typing import NamedTuple

from odoo.addons.odoo_usage_billing.store.identity import BY_BATCH, BY_RECORD, Identity, load_identities

from ..parsing.register import RegisterRules, RegisterState
from .spikes import Pace

MAKE = """
    INSERT INTO usage_register (source_id, company_id, subject_id, metric_id, rollover, max_per_day, state,
                                create_uid, write_uid, create_date, write_date)
    VALUES %s ON CONFLICT (source_id, subject_id, metric_id) DO NOTHING
"""
LOCK = """
    SELECT r.id, r.subject_id, r.metric_id, r.rollover::text, r.max_delta::text, r.max_per_day::text,
           r.tracking::text
      FROM usage_register r
      JOIN (SELECT unnest(%s) AS subject_id, unnest(%s) AS metric_id) wanted USING (subject_id, metric_id)
     WHERE r.source_id = %s
     ORDER BY r.id
       FOR UPDATE OF r
"""
SAVE = """
    UPDATE usage_register r
       SET tracking = v.tracking::jsonb, state = v.state, last_at = v.last_at::timestamp,
           last_value = v.last_value::numeric, write_date = now() AT TIME ZONE 'UTC'
      FROM (VALUES %s) AS v (id, tracking, state, last_at, last_value)
     WHERE r.id = v.id
"""
ADD = """
    INSERT INTO usage_reading (register_id, source_id, company_id, batch_id, row_number, external_id,
                               revision, content_digest, read_at, value, kind, started_at, dimensions, end_user,
                               subject_code, delta_external_id, create_uid, write_uid, create_date, write_date)
    VALUES %s
"""
SEGMENT = """
    SELECT d.external_id, d.read_at, d.value::text, d.kind, d.started_at, d.dimensions, d.end_user,
           d.subject_code, m.code, d.row_number, d.id
      FROM usage_reading d
      JOIN usage_register r ON r.id = d.register_id
      JOIN usage_metric m ON m.id = r.metric_id
     WHERE d.register_id = %(register_id)s
       AND NOT EXISTS (SELECT FROM usage_reading_withdrawal w WHERE w.reading_id = d.id)
       AND d.read_at >= COALESCE(
           (SELECT MAX(read_at) FROM usage_reading f
             WHERE register_id = %(register_id)s AND kind <> 'estimated' AND read_at <= %(after)s
               AND NOT EXISTS (SELECT FROM usage_reading_withdrawal w WHERE w.reading_id = f.id)), '-infinity')
       AND d.read_at <= COALESCE(
           (SELECT MIN(read_at) FROM usage_reading l
             WHERE register_id = %(register_id)s AND kind <> 'estimated' AND read_at > %(before)s
               AND NOT EXISTS (SELECT FROM usage_reading_withdrawal w WHERE w.reading_id = l.id)), 'infinity')
     ORDER BY d.read_at, d.id
"""
IDENTITIES = """
    SELECT d.external_id, d.revision, d.id, d.content_digest,
           CASE WHEN w.id IS NULL THEN '' WHEN w.is_whole_batch THEN %(by_batch)s ELSE %(by_record)s END
      FROM usage_reading d
      LEFT JOIN usage_reading_withdrawal w ON w.reading_id = d.id
     WHERE d.source_id = %(source_id)s AND d.external_id = ANY(%(names)s)
     UNION ALL
    SELECT w.external_id, 0, NULL, w.content_digest, ''
      FROM usage_reading_withdrawal w
     WHERE w.source_id = %(source_id)s AND w.external_id = ANY(%(names)s)
     ORDER BY 1, 2
"""
WITHDRAW = """
    INSERT INTO usage_reading_withdrawal (reading_id, source_id, company_id, batch_id, external_id, content_digest,
                                          reason, is_whole_batch, replaced_by_id, create_uid, write_uid,
                                          create_date, write_date)
    SELECT d.id, d.source_id, d.company_id, v.batch_id, v.external_id, v.content_digest, v.reason,
           v.is_whole_batch, n.id, v.uid, v.uid, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
      FROM (VALUES %s) AS v (reading_id, batch_id, external_id, content_digest, reason, is_whole_batch, by_name,
                             by_revision, uid)
      JOIN usage_reading d ON d.id = v.reading_id
      LEFT JOIN usage_reading n
             ON n.source_id = d.source_id AND n.external_id = v.by_name AND n.revision = v.by_revision
"""


class Target(NamedTuple):
    """A stored reading that is to be withdrawn; `key`: subject and metric of its register."""

    id: int
    key: tuple
    read_at: datetime
    external_id: str
    row_number: int


class RegisterRow:
    """A register during a batch."""

    __slots__ = ("id", "pace", "rules", "state")

    def __init__(self, id_, rules, tracking):
        self.id = id_
        self.rules = rules
        self.state = RegisterState.from_dict(tracking["state"]) if tracking.get("state") else None
        self.pace = Pace(tracking.get("rates", ()))


def find_readings(cr, source_id, external_ids):
    """{external id: Identity} of the readings, and of the records that withdrew one, that a source has stored.

    The `event_id` of an identity is the reading, or None.
    """
    names = list(external_ids)
    cr.execute(IDENTITIES, {"source_id": source_id, "names": names, "by_batch": BY_BATCH, "by_record": BY_RECORD})
    found = {}
    for name, revision, reading_id, digest, taken_back in cr.fetchall():
        before = found[name].digests if name in found else frozenset()
        found[name] = Identity(revision, reading_id, before | {digest}, taken_back, digest)
    return found


def standing_deltas(cr, source, names):
    """({external id: (quantity, naive occurred at)} of the usage that counts, ids of usage no longer at hand)."""
    known = load_identities(cr, source, names)
    ids = {identity.event_id: name for name, identity in known.items() if not identity.taken_back}
    cr.execute("SELECT id, quantity::text, occurred_at FROM usage_event WHERE id = ANY(%s)", (list(ids),))
    found = {ids[event_id]: (Decimal(quantity), at) for event_id, quantity, at in cr.fetchall()}
    return found, set(ids.values()) - found.keys()


def load_targets(cr, reading_ids):
    """[(reading id, (subject id, metric id), read at, external id, row number)] of readings, the oldest first."""
    cr.execute(
        "SELECT d.id, r.subject_id, r.metric_id, d.read_at, d.external_id, COALESCE(d.row_number, 0)"
        "  FROM usage_reading d JOIN usage_register r ON r.id = d.register_id"
        " WHERE d.id = ANY(%s) AND NOT EXISTS (SELECT FROM usage_reading_withdrawal w WHERE w.reading_id = d.id)"
        " ORDER BY d.read_at, d.id",
        (list(reading_ids),),
    )
    return [Target(row[0], (row[1], row[2]), row[3].replace(tzinfo=timezone.utc), *row[4:]) for row in cr.fetchall()]


def withdraw(cr, uid, batch_id, rows):
    """Keep that readings are withdrawn. Rows: (reading id, external id and digest of the record that named it,
    reason, whether with its batch, external id and revision of the reading that counts instead).
    """
    if rows:
        cr.execute_values(
            WITHDRAW,
            [(row[0], batch_id, *row[1:], uid) for row in rows],
            template="(%s::integer, %s::integer, %s::text, %s::text, %s::text, %s::boolean, %s::text, %s::integer,"
            " %s::integer)",
        )


def find_deltas(cr, source_id, external_ids):
    """Those external ids under which readings of a source gave usage."""
    cr.execute(
        "SELECT delta_external_id FROM usage_reading WHERE source_id = %s AND delta_external_id = ANY(%s)",
        (source_id, external_ids),
    )
    return {external_id for (external_id,) in cr.fetchall()}


def load_registers(env, source, keys):
    """{(subject id, metric id): RegisterRow}, locked in order; new ones are made."""
    if not keys:
        return {}
    env["usage.register"].flush_model()
    found = _locked(env.cr, source, keys)
    missing = sorted(set(keys) - found.keys())
    if missing:
        source.flush_recordset()
        env.cr.execute_values(
            MAKE,
            [(source.id, source.company_id.id, *key, source.id, source.id, env.uid, env.uid) for key in missing],
            template="(%s, %s, %s, %s, (SELECT register_rollover FROM usage_source WHERE id = %s),"
            " (SELECT register_max_per_day FROM usage_source WHERE id = %s), 'running', %s, %s,"
            " now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')",
        )
        found = _locked(env.cr, source, keys)
    return found


def _locked(cr, source, keys):
    cr.execute(LOCK, ([key[0] for key in keys], [key[1] for key in keys], source.id))
    return {
        (subject_id, metric_id): RegisterRow(
            id_, RegisterRules(*(Decimal(bound) if bound and Decimal(bound) else None for bound in bounds)), tracking
        )
        for id_, subject_id, metric_id, *bounds, tracking in (
            (*row[:-1], json.loads(row[-1] or "{}")) for row in cr.fetchall()
        )
    }


def load_segment(cr, register_id, after, before):
    """The readings that stand, from the last certain one at `after` or earlier to the first one later than `before`.

    Both are naive UTC instants.
    """
    cr.execute(SEGMENT, {"register_id": register_id, "after": after, "before": before})
    return cr.fetchall()


def save_readings(cr, batch, new):
    """Add the readings of `new`: (RegisterRow, Item)."""
    if not new:
        return
    uid = batch.env.uid
    cr.execute_values(
        ADD,
        [
            (
                register.id,
                batch.source_id.id,
                batch.company_id.id,
                batch.id,
                item.record.row_number,
                item.record.external_id,
                item.revision,
                item.digest,
                item.reading.at.replace(tzinfo=None),
                str(item.reading.value),
                item.reading.kind,
                item.reading.started_at and item.reading.started_at.replace(tzinfo=None),
                json.dumps(item.record.dimensions) if item.record.dimensions else None,
                item.record.end_user,
                item.record.subject,
                item.delta_id,
                uid,
                uid,
            )
            for register, item in new
        ],
        template="(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s::numeric, %s, %s, %s::jsonb, %s, %s, %s, %s, %s,"
        " now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')",
    )


def save_registers(cr, registers):
    """Keep where registers stand."""
    rows = [
        (
            row.id,
            json.dumps({"state": row.state and row.state.to_dict(), "rates": row.pace.to_list()}),
            "replacing" if row.state and row.state.awaiting_opening else "running",
            row.state and row.state.at.replace(tzinfo=None),
            row.state and str(row.state.value),
        )
        for row in registers
    ]
    if rows:
        cr.execute_values(SAVE, rows)

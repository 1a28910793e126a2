"""The rows of registers and readings: locked, read, added."""

import json
from decimal import Decimal

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
                               content_digest, read_at, value, kind, started_at, dimensions, end_user,
                               subject_code, delta_external_id, create_uid, write_uid, create_date, write_date)
    VALUES %s
"""
SEGMENT = """
    SELECT d.external_id, d.read_at, d.value::text, d.kind, d.started_at, d.dimensions, d.end_user,
           d.subject_code, m.code, d.row_number
      FROM usage_reading d
      JOIN usage_register r ON r.id = d.register_id
      JOIN usage_metric m ON m.id = r.metric_id
     WHERE d.register_id = %(register_id)s
       AND d.read_at >= COALESCE((SELECT MAX(read_at) FROM usage_reading
                                   WHERE register_id = %(register_id)s AND kind <> 'estimated'
                                     AND read_at <= %(at)s), '-infinity')
       AND d.read_at <= COALESCE((SELECT MIN(read_at) FROM usage_reading
                                   WHERE register_id = %(register_id)s AND kind <> 'estimated'
                                     AND read_at > %(at)s), 'infinity')
     ORDER BY d.read_at, d.id
"""


class RegisterRow:
    """A register during a batch."""

    __slots__ = ("id", "pace", "rules", "state")

    def __init__(self, id_, rules, tracking):
        self.id = id_
        self.rules = rules
        self.state = RegisterState.from_dict(tracking["state"]) if tracking.get("state") else None
        self.pace = Pace(tracking.get("rates", ()))


def find_readings(cr, source_id, external_ids):
    """{external id: content digest} of the readings that a source has stored."""
    cr.execute(
        "SELECT external_id, content_digest FROM usage_reading WHERE source_id = %s AND external_id = ANY(%s)",
        (source_id, external_ids),
    )
    return dict(cr.fetchall())


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


def load_segment(cr, register_id, at):
    """The stored readings between the certain ones on both sides of a naive UTC instant."""
    cr.execute(SEGMENT, {"register_id": register_id, "at": at})
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
        template="(%s, %s, %s, %s, %s, %s, %s, %s, %s::numeric, %s, %s, %s::jsonb, %s, %s, %s, %s, %s,"
        " now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')",
    )


def save_registers(cr, registers):
    """Keep where registers stand."""
    rows = [
        (
            row.id,
            json.dumps({"state": row.state.to_dict(), "rates": row.pace.to_list()}),
            "replacing" if row.state.awaiting_opening else "running",
            row.state.at.replace(tzinfo=None),
            str(row.state.value),
        )
        for row in registers
        if row.state
    ]
    if rows:
        cr.execute_values(SAVE, rows)

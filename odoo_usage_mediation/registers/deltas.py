"""Readings and deltas of one register as values: what lies between readings, as records of the store."""

from datetime import timedelta
from typing import NamedTuple

from odoo.addons.odoo_usage_billing.store.records import UsageRecord

from ..parsing import derive_external_id
from ..parsing.register import KINDS, TRUE_UP, Anomaly, Reading, step

TICK = timedelta(microseconds=1)


class Item(NamedTuple):
    """One reading on its way in. `record` is for the store; `given` is what came, with its kind."""

    given: UsageRecord
    record: UsageRecord
    reading: Reading
    digest: str
    delta_id: str
    revision: int = 1
    # Of a reading that is stored.
    id: int | None = None


def delta_id(register, external_id):
    """The external id of the usage up to a reading of a register."""
    return derive_external_id(["delta", str(register.id), external_id])


def delta_record(item, delta):
    """A delta as the store takes it: at the last instant before its closing reading."""
    record = item.record
    return record._replace(
        external_id=item.delta_id,
        occurred_at=delta.end - TICK,
        quantity=delta.quantity,
        # An estimate below the one before takes back what that one gave too much.
        true_up=delta.kind == TRUE_UP or delta.quantity < 0,
        derived=True,
        raw={
            "reading": record.external_id,
            "from": str(delta.reading_from),
            "to": str(delta.reading_to),
            "start": delta.start.isoformat(),
            "kind": delta.kind,
        },
    )


def in_order(items):
    """Items as a register is read: by time, a closing reading before the opening one."""
    return sorted(items, key=lambda item: (item.reading.at, KINDS.index(item.reading.kind)))


def restate(register, items):
    """Where a register stands after its last readings."""
    state = None
    for item in items:
        state, _outcome = step(state, item.reading, register.rules)
    register.state = state


def deltas_of(items, rules):
    """({delta id: Delta}, the first Anomaly or None) of readings in order of time."""
    state, found = None, {}
    for item in items:
        state, outcome = step(state, item.reading, rules)
        if type(outcome) is Anomaly:
            return found, outcome
        if outcome is not None:
            found[item.delta_id] = outcome
    return found, None

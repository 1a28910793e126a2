"""One batch of messages in one transaction: events, suspense, numbers and gaps, counts; COMMIT.

Nothing here acknowledges. What is raised is raised whole: contention and outages are for the caller to try
again on a fresh transaction, anything else for it to find the message that cannot be stored.
"""

from datetime import timezone
from typing import NamedTuple

import psycopg2
import psycopg2.errors

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import ConcurrencyError
from odoo.sql_db import PoolError

from odoo.addons.odoo_usage_billing.store.pause import collector_paused

from .messages import refusal
from .producers import Producers

CONTENTION = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
    ConcurrencyError,
)
# The database is away, full or closing down: nothing is wrong with the messages.
OUTAGE = (psycopg2.OperationalError, psycopg2.InterfaceError, PoolError)
# Counted among the former by the driver, but it is a value that does not fit.
NO_OUTAGE = (psycopg2.errors.ProgramLimitExceeded,)
MAX_WHY_CHARS = 300


class Outcome(NamedTuple):
    """What became of a batch: received = accepted + duplicate + suspended + filtered."""

    messages: int
    accepted: int
    duplicate: int
    suspended: int
    filtered: int
    newest_at: object
    rebirths: frozenset


def commit(registry, settings, reader, messages):
    """Store messages in a transaction of their own; returns the Outcome once it is committed."""
    with registry.cursor() as cr:
        return store(_environment(cr, settings), settings, reader, messages)


def commit_poison(registry, settings, message, attempts, error):
    """Keep a message that cannot be stored in suspense, with what went wrong."""
    with registry.cursor() as cr:
        env = _environment(cr, settings)
        why = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
        params = {"attempts": str(attempts), "why": why[:MAX_WHY_CHARS].replace("\0", "")}
        batch = _batch(env, settings)
        batch._store([], [refusal(message, 1, "poison", params)])
        return _outcome(batch, [message], None, frozenset())


def _environment(cr, settings):
    # The listener acts for the whole feed: what it may store is what the source says.
    env = api.Environment(cr, SUPERUSER_ID, {})
    company = env["usage.source"].browse(settings.source_id).company_id
    return env(context={"allowed_company_ids": company.ids, "tracking_disable": True})


def _batch(env, settings):
    source = env["usage.source"].browse(settings.source_id)
    received_at = fields.Datetime.now()
    values = {"name": f"MQTT {received_at:%Y-%m-%d %H:%M:%S}", "source_id": source.id, "received_at": received_at}
    if source.mqtt_payload == "profile" or (source.mqtt_payload == "sparkplug" and source.profile_id):
        values["profile_id"] = source.profile_id.id
    return env["usage.batch"].create(values)


@collector_paused()
def store(env, settings, reader, messages):
    """Store messages in the caller's transaction; returns the Outcome, not committed."""
    source = env["usage.source"].browse(settings.source_id)
    reader.prepare(env, source.company_id.id)
    if source.mqtt_receipt_time:
        _date(env, source, messages)
    reader.read_all(messages)
    reads, producers, rebirths = _numbered(env, settings, source, reader, messages)
    batch = _batch(env, settings)
    records = [record for read in reads for record in read.records]
    batch._store(
        records,
        [refused for read in reads for refused in read.refusals],
        sum(read.filtered for read in reads),
    )
    producers.save(batch)
    newest_at = max((record.occurred_at for record in records), default=None)
    return _outcome(batch, messages, newest_at, rebirths)


def _date(env, source, messages):
    """Say when each message first arrived; what was read with another instant is read again."""
    keys = {message: message.identity for message in messages if message.topic is not None}
    first = env["usage.arrival"]._first(source, keys.values(), fields.Datetime.now())
    for message, key in keys.items():
        arrived_at = f"{first[key].isoformat()}+00:00"
        if message.arrived_at != arrived_at:
            message.arrived_at, message.read = arrived_at, None


def _numbered(env, settings, source, reader, messages):
    """(reads, producers, edge nodes to ask for their births), with all numbers taken in."""
    producers = Producers(env, source, settings.sequence_rules)
    received_at = fields.Datetime.now().replace(tzinfo=timezone.utc)
    names = {mark.producer for message in messages for mark in message.read.marks}
    names |= {message.read.sparkplug[0].node for message in messages if message.read.sparkplug}
    producers.load(names)
    if reader.kind != "sparkplug":
        for message in messages:
            for mark in message.read.marks:
                producers[mark.producer].observe(mark, received_at)
        return [message.read for message in messages], producers, frozenset()
    reads, rebirths = [], set()
    for number, message in enumerate(messages, start=1):
        read, is_lost = _resolved(reader, producers, message, number, received_at)
        reads.append(read)
        if is_lost:
            rebirths.add(message.read.sparkplug[0].command_topic)
    return reads, producers, frozenset(rebirths)


def _resolved(reader, producers, message, number, received_at):
    """(the Read of a Sparkplug message, whether its edge node should be asked for its births)."""
    if not message.read.sparkplug:
        return message.read, False
    address, payload = message.read.sparkplug
    producer = producers[address.node]
    read = reader.resolve(message, number, producer.node)
    mark = reader.sparkplug_mark(address, payload, producer.node)
    has_gap = bool(mark) and producer.observe(mark, received_at)
    unknown = any(refused.reason == "unknown_alias" for refused in read.refusals)
    return read, has_gap or unknown


def _outcome(batch, messages, newest_at, rebirths):
    return Outcome(
        messages=len(messages),
        accepted=batch.accepted_count,
        duplicate=batch.duplicate_count,
        suspended=batch.suspended_count,
        filtered=batch.filtered_count,
        newest_at=newest_at,
        rebirths=rebirths,
    )

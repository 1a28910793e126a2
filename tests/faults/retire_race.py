"""A month of events is retired while others store usage of that month and of the present one, and rate what comes late;
prints what became of every record."""

import json
import random
import sys
import time
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts/lib"))

import psycopg2.errors
from bench.database import open_database
from promises import world
from promises.crowd import gather, transaction

from odoo.exceptions import ConcurrencyError, UserError

CONTRACTS, WRITERS, RECORDS, BATCH = 6, 2, 600, 20
JANUARY, PRESENT = datetime(2024, 1, 1, tzinfo=timezone.utc), datetime(2024, 3, 5, tzinfo=timezone.utc)
#: So late that January is older than what sources may still send.
LONG_AFTER = date(2140, 1, 1)
BATCHES_AFTER, MOST_BATCHES = 6, 400
PATIENCE, SECONDS = 60, 240
HELD, WANTED_WITHIN = 0.4, 30
# How far a retirement has got: it keeps writers out of January; it waits for everybody else.
IS_HELD = "SELECT 1 FROM pg_locks WHERE mode = 'ShareLock' AND relation = to_regclass('usage_event_202401') AND granted"
IS_WANTED = "SELECT 1 FROM pg_locks WHERE relation = to_regclass('usage_event_202401') AND NOT granted"
IS_WAITING = (
    "SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'usage_event'::regclass AND NOT granted"
)
# Nothing stood in the way of a month, and it is about to go.
FREE, TAKEN_BACK_WITHIN = 20240100, 1.5
IS_FREE = f"SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = {FREE} AND granted"
LEVELS = 2
REFUSED = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
    ConcurrencyError,
)


def prepare(env):
    """Contracts whose January and February are billed and posted; two of them by a percentile, read from events."""
    contracts = world.contracts(env, CONTRACTS, JANUARY.date())
    env["ir.config_parameter"].set_param("odoo_usage_billing.retention_months", "1")
    metric = env["usage.metric"].search([("code", "=", "units")])
    level = metric.copy({"name": "Level", "code": "level", "aggregation": "percentile", "percentile": 50})
    for line in contracts.contract_line_ids[:LEVELS]:
        subject = line.usage_assignment_ids.subject_id
        line.usage_assignment_ids.unlink()
        line.usage_metric_id = level
        vals = {"subject_id": subject.id, "contract_line_id": line.id, "start_at": datetime(2000, 1, 1)}
        env["usage.assignment"].create(vals)
    contracts.usage_invoice_policy = "post"
    store(env, [record(f"jan-{n}", n, JANUARY + timedelta(hours=n)) for n in range(RECORDS)])
    run = env["usage.billing.run"].create({"date_ref": date(2024, 3, 1)})
    run._list_contracts()
    while pending := run.line_ids.filtered(lambda line: line.state == "pending"):
        run._process(pending)
    price = {"target": "unit_price", "value": 0.5, "date_start": JANUARY.date()}
    env["usage.price.override"].create({**price, "contract_line_id": contracts.contract_line_ids[0].id})
    return contracts.ids


def record(name, number, at):
    """A record of a subject; the first ones report a level."""
    from odoo.addons.odoo_usage_billing.store import UsageRecord

    subject = number % CONTRACTS
    metric = "level" if subject < LEVELS else "units"
    return UsageRecord(number, name, f"A-{subject:05d}", metric, at, Decimal(number % 7 + 1))


def store(env, records):
    """One batch; what became of it."""
    source = env["usage.source"].search([("code", "=", "attack")])
    batch = env["usage.batch"].create({"name": "race", "source_id": source.id})
    batch._store(records)
    return Counter(
        sent=len(records),
        accepted=batch.accepted_count,
        duplicate=batch.duplicate_count,
        suspended=batch.suspended_count,
    )


def patiently(database, function, counts):
    """Run a request until it wins: whoever is refused by contention presses again."""
    for _press in range(PATIENCE):
        try:
            return transaction(database, function)
        except REFUSED as refused:
            counts[f"gave way: {type(refused).__name__}"] += 1
            time.sleep(random.uniform(0, 0.2))
    raise AssertionError("contention never ended")


def is_retired(env):
    """Whether January is put away."""
    return bool(env["usage.retirement"].search_count([]))


def late(name, subjects):
    """Usage of January that nobody sent before; what reads events is left out, for it stays as it was charged."""
    return [
        record(f"late-{name}-{subject}", subject, JANUARY + timedelta(days=subject))
        for subject in subjects
        if subject >= LEVELS
    ]


def write(database, writer):
    """Usage of the present month, and of January late, and of January once more; goes on a while after January went."""
    dice, counts, after = random.Random(writer), Counter(), 0
    for number in range(MOST_BATCHES):
        name, subjects = f"{writer}-{number}", dice.sample(range(CONTRACTS), 2)
        at = PRESENT + timedelta(minutes=number)
        records = [record(f"new-{name}-{n}", subjects[n % 2] + CONTRACTS * n, at) for n in range(BATCH)]
        if number % 3 == 0:
            again = [subjects[0] + CONTRACTS * dice.randrange(RECORDS // CONTRACTS)]
            records += late(name, subjects) + [record(f"jan-{n}", n, JANUARY + timedelta(hours=n)) for n in again]
        counts += patiently(database, lambda env, records=records: store(env, records), counts)
        with database.env() as env:
            after += is_retired(env)
        if after > BATCHES_AFTER:
            return counts
        time.sleep(dice.uniform(0, 0.1))
    raise AssertionError("January was never retired")


def corrections(name, subjects):
    """An event of January that is taken back."""
    (subject,) = subjects
    number = subject + CONTRACTS * int(name.rpartition("-")[2])
    return [record(f"void-{name}", number, JANUARY)._replace(voids=f"jan-{number}")]


def knock(database, number, locks, bring):
    """Bring usage or corrections of January just while its retirement has got so far."""
    counts, end = Counter(), time.monotonic() + SECONDS
    while time.monotonic() < end:
        with database.env() as env:
            if is_retired(env):
                return counts
            env.cr.execute(locks)
            is_time = env.cr.fetchone()
        if is_time:
            records = bring(f"knock-{number}-{counts['knocks']}", [number])
            counts += patiently(database, lambda env, records=records: store(env, records), counts)
            counts["knocks"] += 1
        time.sleep(0.01)
    raise AssertionError("January was never retired")


def linger(database):
    """Read events until the retirement of their month waits for that."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with database.env() as env:
            if is_retired(env):
                return Counter()
            env["usage.event"].search_count([])
            with database.env() as other:
                other.cr.execute(IS_WAITING)
                is_waited_for = other.cr.fetchone()
            # Others have time to queue behind it.
            time.sleep(HELD if is_waited_for else 0.05)
    raise AssertionError("January was never retired")


def look(database, ids):
    """Rate again what changed and read what there is, until January went."""
    counts, dice, end = Counter(), random.Random(1), time.monotonic() + SECONDS
    for turn in range(10_000):
        for id_ in ids:
            patiently(database, lambda env, id_=id_: bool(env["contract.contract"].browse(id_)._usage_adjust()), counts)
        with database.env() as env:
            events = env["usage.event"].search_count([("usage_date", "<", "2024-02-01")])
            gone = is_retired(env)
        counts["looks"] += 1
        if gone and turn > 3 or time.monotonic() > end:
            return counts + Counter(read=bool(events))
        time.sleep(dice.uniform(0, 0.3))
    raise AssertionError("January was never retired")


def begin_before(database, env):
    """Begin the transaction of `env` before January went, and wait until it did."""
    env.cr.execute("SELECT count(*) FROM usage_retirement")
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with database.env() as fresh:
            if is_retired(fresh):
                break
        time.sleep(0.05)


def look_back(database, contract_id):
    """Rate a level of January again, whose price changed, in a transaction that began before January went."""
    with database.env() as env:
        begin_before(database, env)
        try:
            found = env["contract.contract"].browse(contract_id)._usage_look()
        except REFUSED as refused:
            env.cr.rollback()
            return Counter({f"gave way: {type(refused).__name__}": 1, "looked back": 1})
        return Counter({"found without events": len(found), "looked back": 1})


def broken(cr):
    """How many invariants of the books are broken."""
    from odoo.addons.odoo_usage_billing.audit import verify

    return sum(bool(finding.broken) for finding in verify(cr, [1]))


def check(database):
    """Check the books over and over until January went, each time in a transaction that begins with that."""
    counts, end = Counter(), time.monotonic() + SECONDS
    while time.monotonic() < end:
        with database.env() as env:
            if is_retired(env):
                return counts
        with database.registry.cursor() as cr:
            counts += Counter({"checks": 1, "found broken": broken(cr)})
        time.sleep(0.2)
    raise AssertionError("January was never retired")


def check_back(database):
    """Check the books in a transaction that began before January went: it must not tell of a break."""
    with database.env() as env:
        begin_before(database, env)
        try:
            return Counter({"checked back": 1, "found broken": broken(env.cr)})
        except REFUSED as refused:
            env.cr.rollback()
            return Counter({f"gave way: {type(refused).__name__}": 1, "checked back": 1})


def reopen(database, contract_id):
    """Reset and cancel a contract's invoices once January was found free to go: they stay, or January does."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with database.env() as env:
            env.cr.execute(IS_FREE)
            if env.cr.fetchone() or is_retired(env):
                break
        time.sleep(0.01)

    def cancel(env):
        moves = env["usage.billing.period"].search([("contract_id", "=", contract_id)], order="date_start DESC").move_id
        moves.button_draft()
        moves.button_cancel()

    counts = Counter(reopened=1)
    try:
        patiently(database, cancel, counts)
    except UserError:
        counts += Counter({"reopened": -1, "kept closed": 1})
    return counts


def retire(database):
    """Retire January as soon as nothing of it is unseen, but not before somebody wants to write to it."""
    from odoo.addons.odoo_usage_billing.store import retirement

    counts, end, summed = Counter(), time.monotonic() + SECONDS, retirement.totals

    def totals(*values):
        until = time.monotonic() + WANTED_WITHIN
        with database.env() as free:
            free.cr.execute("SELECT pg_advisory_xact_lock(%s)", (FREE,))
            # Time enough for others to take something back of what was found.
            time.sleep(TAKEN_BACK_WITHIN)
            while time.monotonic() < until:
                with database.env() as env:
                    env.cr.execute(IS_WANTED)
                    if env.cr.fetchone():
                        counts["wanted meanwhile"] += 1
                        break
                time.sleep(0.01)
        return summed(*values)

    retirement.totals = totals
    while time.monotonic() < end:
        counts["tries"] += 1
        if patiently(database, lambda env: env["usage.retirement"]._retire(LONG_AFTER, [JANUARY.date()]).ids, counts):
            return counts
        time.sleep(0.05)
    raise AssertionError("January was never free of late usage that nobody had looked at")


def settle(database, ids):
    """Everything late is found, accepted and billed."""

    def bill(env):
        env["contract.contract"].browse(ids)._usage_adjust()
        env["usage.adjustment"].search([("state", "=", "draft")]).action_accept()
        env["usage.adjustment"].search([("state", "=", "accepted"), ("move_id", "=", False)]).action_bill_now()
        env["account.move"].search([("state", "=", "draft")]).action_post()

    transaction(database, bill)


def main(config, name):
    """Race, then count."""
    database = open_database(config, name)
    ids = transaction(database, prepare)
    tasks = [*((write, number) for number in range(WRITERS)), (look, ids[1:]), (look_back, ids[0]), (linger,)]
    tasks += [(check,), (check_back,), (reopen, ids[1])]
    tasks += [(knock, 4, IS_HELD, late), (knock, 5, IS_WAITING, late), (knock, 3, IS_HELD, corrections), (retire,)]
    told = sum(gather(database, tasks), Counter(accepted=RECORDS, sent=RECORDS))
    settle(database, ids)
    with database.env() as env:
        from odoo.addons.odoo_usage_billing.audit import verify

        def one(query):
            env.cr.execute(query)
            return int(env.cr.fetchone()[0] or 0)

        told["stored"] = one("SELECT count(*) FROM usage_event")
        told["retired"] = one("SELECT sum(event_count) FROM usage_retired_day")
        told["taken back"] = one(
            "SELECT count(voids_event_id) + (SELECT sum(void_count) FROM usage_retirement_total) FROM usage_event"
        )
        told["too late to take back"] = one("SELECT count(*) FROM usage_suspense WHERE reason_code = 'event_retired'")
        told["keys"] = one("SELECT count(*) FROM usage_event_key")
        told["counted"] = one("SELECT sum(event_count) FROM usage_bucket")
        told["january in place"] = one("SELECT count(*) FROM usage_event WHERE usage_date < '2024-02-01'")
        told["january"] = one("SELECT sum(event_count) FROM usage_bucket WHERE usage_date < '2024-02-01'")
        told["january billed"] = one(
            "SELECT (SELECT sum(event_count) FROM usage_charge) + (SELECT sum(event_count) FROM usage_adjustment"
            " WHERE state <> 'superseded')"
        )
        told["given back without events"] = one(
            "SELECT count(*) FROM usage_charge c JOIN usage_metric m ON m.id = c.metric_id"
            " WHERE c.state = 'released' AND m.aggregation = 'percentile' AND c.date_start < '2024-02-01'"
        )
        told["deadlocks"] = one("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        told["broken"] = [finding.code for finding in verify(env.cr, env.company.ids) if finding.broken]
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""T1: a CSV file to committed, guided, deduplicated, bucketed events, against bare COPY.

The floor copies the same rows, typed, into an unlogged table without index or constraint.
Ours reads the file through a profile and the one writer, a chunk per transaction. Each file is a month of its own,
whose days have no sums yet; T3 imports into days that have.
"""

import io
import random
import time
from datetime import date, datetime, timedelta, timezone

from odoo import Command

from .meter import Meter, medians
from .t10_billing_run import World

ID = "T1"
WHAT = "CSV file to committed, guided, deduplicated, bucketed events against bare COPY"
UNIT = "CPU us per event"
TARGET = ("<=", 10)
CHUNK = 50_000
START = datetime(2026, 1, 1, tzinfo=timezone.utc)
PROFILE = {
    "format": "csv",
    "delimiter": ",",
    "time_zone": "UTC",
    "subject": "serial",
    "external_id": {"column": "id"},
    "time": "time",
    "measures": [{"metric": {"constant": "bench"}, "quantity": "quantity"}],
}


def run(database, quick):
    """Measure pairs of (floor, ours) on fresh files; return the row's figures."""
    subjects, rows, rounds = (1_000, 50_000, 1) if quick else (10_000, 500_000, 3)
    stamp = time.time_ns()
    with database.env() as env:
        World(env).prepare()
        source_id = _prepare(env, subjects, stamp)
        env.cr.commit()
    pairs = []
    for number in range(rounds):
        content = _file(subjects, rows, f"{stamp}-{number}", months_back=number)
        floor = _floor(database, content)
        ours = import_file(database, source_id, content, "accepted", rows)
        pairs.append((1e6 * floor / rows, 1e6 * ours / rows))
    floor, ours, ratio = medians(pairs)
    return {"floor": floor, "ours": ours, "ratio": ratio, "size": f"{rows} rows"}


def _serial(number):
    return f"B{number:06d}"


def _prepare(env, subjects, stamp, definition=PROFILE):
    """A contract with `subjects` subjects, and a file source with its profile; the source's id."""
    line = _contract(env).contract_line_ids
    _subjects(env, line, subjects)
    profile = env["usage.profile"].create(
        {
            "name": f"Bench {stamp}",
            "format": definition["format"],
            "is_advanced": True,
            "definition": definition,
        }
    )
    source = env["usage.source"].create(
        {
            "name": "Bench file",
            "code": f"bench-{stamp}",
            "transport": "file",
            "profile_id": profile.id,
            "tz": "UTC",
            "max_age_days": 40000,
            "max_rows": 10_000_000,
            "max_megabytes": 2000,
            "max_seconds": 3600,
        }
    )
    return source.id


def _contract(env):
    product = env["product.product"].search([("default_code", "=", "BENCH")])
    metric = env["usage.metric"].search([("code", "=", "bench")])
    card = env["usage.rate.card"].search([("name", "=", "Bench")], limit=1)
    line = {
        "name": "Ingest",
        "product_id": product.id,
        "usage_metric_id": metric.id,
        "usage_rate_card_id": card.id,
        "recurring_invoicing_type": "post-paid",
        "date_start": date(2020, 1, 1),
    }
    return env["contract.contract"].create(
        {
            "name": "Ingest",
            "partner_id": env["res.partner"].create({"name": "Ingest"}).id,
            "contract_type": "sale",
            "line_recurrence": True,
            "usage_tz": "Europe/Brussels",
            "contract_line_ids": [Command.create(line)],
        }
    )


def _subjects(env, line, count):
    """See to `count` subjects; those that are there have their contract line."""
    known = set(env["usage.subject"].search([("code", "=like", "B%")]).mapped("code"))
    wanted = [code for code in map(_serial, range(count)) if code not in known]
    found = env["usage.subject"].with_context(tracking_disable=True).create([{"code": code} for code in wanted])
    env["usage.assignment"].create(
        [
            {
                "subject_id": subject.id,
                "contract_line_id": line.id,
                "start_at": datetime(2020, 1, 1),
            }
            for subject in found
        ]
    )


def _file(subjects, rows, prefix, months_back=0):
    """A month of readings in the order of time, as the bytes of a CSV file."""
    dice = random.Random(prefix)
    start, step = START - timedelta(days=31 * months_back), timedelta(days=30) / rows
    out = io.StringIO()
    out.write("id,serial,time,quantity,site\n")
    for number in range(rows):
        moment = (start + step * number).strftime("%Y-%m-%d %H:%M:%S")
        serial = _serial(dice.randrange(subjects))
        out.write(f"{prefix}-{number},{serial},{moment},{dice.randrange(1, 10**6) / 1000},north\n")
    return out.getvalue().encode()


def _floor(database, content):
    meter = Meter()
    body = content.split(b"\n", 1)[1]
    with database.env() as env:
        env.cr.execute(
            "CREATE UNLOGGED TABLE IF NOT EXISTS bench_floor (id text, serial text,"
            " occurred_at timestamp, quantity numeric, site text)"
        )
        env.cr.execute("TRUNCATE bench_floor")
        env.cr.commit()
        with meter.running(env.cr):
            env.cr.copy_expert("COPY bench_floor FROM STDIN (FORMAT csv)", io.BytesIO(body))
            env.cr.commit()
    return meter.cpu


def import_file(database, source_id, content, column, rows):
    """CPU seconds of importing a file whose rows all count as `column`: accepted or duplicate."""
    from odoo.addons.odoo_usage_mediation.intake import Intake

    meter = Meter()
    with database.env() as env:
        source = env["usage.source"].browse(source_id)
        batch = env["usage.batch"].create({"name": "bench", "source_id": source_id})
        env.cr.commit()

        def store(chunk):
            batch._store(chunk.records, chunk.refusals, len(chunk.filtered))
            env.cr.commit()

        with meter.running(env.cr):
            for _chunk in Intake(source, content).each(store, CHUNK):
                pass
        counts = (batch.accepted_count, batch.duplicate_count, batch.suspended_count)
        assert batch[f"{column}_count"] == rows, counts
    return meter.cpu

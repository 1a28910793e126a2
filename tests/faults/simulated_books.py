"""A simulated month with every fault comes in by every door; prints how the books differ from the truth."""

import base64
import io
import json
import sys
import tempfile
import threading
from datetime import date, datetime, timezone
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts/lib"))

from bench.database import open_database
from promises import broker
from promises.crowd import transaction
from promises.nursery import Nursery
from simulate import doors, outputs
from simulate.devices import devices
from simulate.faults import arriving
from simulate.plan import FAULTS, METRICS, Plan
from simulate.truth import Truth

import odoo

ZONE = "Europe/Brussels"
PRICES = {"energy": "0.25", "requests": "0.01", "storage": "2", "sessions": "0.001"}
DOORS = ("upload", "workbook", "folder", "http", "mqtt")
WRAP = 65_536
PARTS = 4


def plan(door, seed):
    """A month of a few devices of each kind, whose messages come by a door."""
    return Plan(
        seed=seed,
        fleet=dict(zip(METRICS, (4, 4, 2, 2), strict=True)),
        start=datetime(2026, 1, 2, tzinfo=timezone.utc),
        minutes=360,
        steps=29 * 4,
        faults={
            **FAULTS,
            "drop": 20,
            "corrupt": 15,
            "absurd": 15,
            "altered": 15,
            "silence": 5,
            "reset": 1000,
            "restart": 40,
        },
        zone=ZONE,
        prefix=door.upper(),
        rollover=1_000 if door in ("folder", "mqtt") else 0,
        wrap=WRAP,
        reorder_seconds=40_000,
    )


def main(config, name, seed="2"):
    """All doors, then the bill, then the differences."""
    database = open_database(config, name)
    plans = {door: plan(door, int(seed)) for door in DOORS}
    truths = {door: Truth(made) for door, made in plans.items()}
    with tempfile.TemporaryDirectory() as root:
        odoo.tools.config.options["usage_folder_root"] = root
        Path(root, "in").mkdir()
        with database.env() as env:
            prepare(env, plans)
            env.cr.commit()
        for door, send in SENDERS.items():
            send(database, plans[door], arriving(plans[door], truths[door]), Path(root, "in"))
    with database.env() as env:
        told = compare(env, truths)
        env.cr.rollback()
    sys.stdout.write(json.dumps(told) + "\n")


# -- the world --------------------------------------------------------------


def prepare(env, plans):
    """A contract with a line per metric, the devices as its subjects, a source per door."""
    env["account.chart.template"].try_loading("generic_coa", env.company)
    metrics = {code: _metric(env, code, how) for code, how in METRICS.values()}
    contract = env["contract.contract"].create(
        {
            "name": "Simulated",
            "partner_id": env["res.partner"].create({"name": "Simulated"}).id,
            "contract_type": "sale",
            "line_recurrence": True,
            "usage_tz": ZONE,
            "contract_line_ids": [(0, 0, _line(env, metric)) for metric in metrics.values()],
        }
    )
    lines = {line.usage_metric_id.code: line for line in contract.contract_line_ids}
    for door, made in plans.items():
        for device in devices(made):
            subject = env["usage.subject"].create({"code": device.serial})
            values = {"subject_id": subject.id, "contract_line_id": lines[device.metric].id}
            env["usage.assignment"].create({**values, "start_at": datetime(2020, 1, 1)})
        env["usage.source"].create(_source(env, door, made, metrics["energy"]))


def _metric(env, code, how):
    unit = env.ref("uom.product_uom_unit").id
    values = {"name": code, "code": code, "uom_id": unit, "aggregation": how, "per_subject": True}
    return env["usage.metric"].create(values)


def _line(env, metric):
    card = env["usage.rate.card"].create({"name": metric.code})
    price = {"charge_model": "per_unit", "unit_price": float(PRICES[metric.code])}
    values = {"card_id": card.id, "date_start": date(2020, 1, 1), **price}
    env["usage.rate.card.version"].create(values).action_activate()
    return {
        "name": metric.code,
        "product_id": env["product.product"].create({"name": metric.code, "type": "service"}).id,
        "usage_metric_id": metric.id,
        "usage_rate_card_id": card.id,
        "recurring_invoicing_type": "post-paid",
        "date_start": date(2026, 1, 1),
    }


def _source(env, door, made, energy):
    values = {
        "name": door,
        "code": door,
        "tz": "UTC",
        "max_age_days": 40_000,
        "register_metric_ids": [(4, energy.id)],
        "register_rollover": made.rollover,
        "register_max_per_day": 1_000,
    }
    kind = {"upload": "csv", "workbook": "xlsx", "folder": "jsonl"}.get(door)
    if kind:
        definition = outputs.profile(kind)
        profile = {"name": door, "format": kind, "is_advanced": True, "definition": definition}
        values["profile_id"] = env["usage.profile"].create(profile).id
    more = {
        "upload": {"transport": "file"},
        "workbook": {"transport": "file"},
        "folder": {"transport": "folder", "folder_path": "in", "folder_complete": "marker"},
        "http": {"transport": "http", "http_requests_per_minute": 100_000},
        # The port is known once there is a broker.
        "mqtt": {"transport": "mqtt", "sequence_path": "seq", "sequence_boot_path": "boot", "sequence_wrap": WRAP},
    }
    return {**values, **more[door]}


# -- the doors --------------------------------------------------------------


def _parts(messages):
    """The messages as they come in some files one after the other: what is late is in a later one."""
    messages = list(messages)
    size = -(-len(messages) // PARTS)
    return [messages[start : start + size] for start in range(0, len(messages), size)]


def upload(database, made, messages, _folder):
    """CSV files through the wizard."""
    for number, part in enumerate(_parts(messages)):
        text = io.StringIO()
        outputs.write_csv(part, text, made.wrap)
        content = text.getvalue().encode()
        transaction(database, lambda env, n=number, content=content: _confirm(env, "upload", f"{n}.csv", content))


def workbook(database, made, messages, _folder):
    """Workbooks through the wizard."""
    for number, part in enumerate(_parts(messages)):
        book = io.BytesIO()
        outputs.write_xlsx(part, book, made.wrap)
        transaction(database, lambda env, n=number, book=book: _confirm(env, "workbook", f"{n}.xlsx", book.getvalue()))


def _confirm(env, code, name, content):
    source = env["usage.source"].search([("code", "=", code)])
    values = {"source_id": source.id, "file": base64.b64encode(content), "file_name": name}
    wizard = env["usage.upload"].create(values)
    wizard.action_preview()
    assert not wizard.problem, wizard.problem
    wizard.action_confirm()


def folder(database, made, messages, path):
    """JSON lines into a watched folder."""
    for number, part in enumerate(_parts(messages)):
        with (path / f"{number}.jsonl").open("w") as target:
            outputs.write_jsonl(part, target, made.wrap)
        (path / f"{number}.jsonl.done").touch()
        with database.env() as env:
            env["usage.folder.file"]._cron_watch()


def http(database, _made, messages, _folder):
    """CloudEvents over a socket to Odoo's own application."""
    from bench.door import make_key
    from werkzeug.serving import make_server

    from odoo.http import root
    from odoo.service.server import load_server_wide_modules

    load_server_wide_modules()
    with database.env() as env:
        key = make_key(env, env["usage.source"].search([("code", "=", "http")]))
        env.cr.commit()
    server = make_server("127.0.0.1", 0, root)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        doors.send_http(messages, f"http://127.0.0.1:{server.server_port}", key, per_request=200)
    finally:
        server.shutdown()
        thread.join()


def mqtt(database, made, messages, _folder):
    """JSON events to a broker, with a listener behind it."""
    served = broker.Broker()
    try:
        with database.env() as env:
            source = env["usage.source"].search([("code", "=", "mqtt")])
            source.write({"mqtt_host": "127.0.0.1", "mqtt_port": served.port, "mqtt_batch_millis": 200})
            env.cr.commit()
        nursery = Nursery(database, ["mqtt"])
        nursery.start()
        broker.wait_connected(database)
        sent = doors.send_mqtt(messages, "127.0.0.1", served.port, made.wrap)
        taken = broker.wait_while_growing(lambda: broker.counts(database)[0], sent)
        assert taken >= sent, broker.counts(database)
        assert nursery.stop() == 0
        nursery.close()
    finally:
        served.close()


SENDERS = {"mqtt": mqtt, "upload": upload, "workbook": workbook, "folder": folder, "http": http}


# -- the books --------------------------------------------------------------


def compare(env, truths):
    """What the books hold beside the truth: {what: differences}, all of them empty or zero when it is right."""
    booked = {key: quantity for truth in truths.values() for key, quantity in truth.booked.items() if quantity}
    stored = _buckets(env)
    found = {door: _found(env, door, truth) for door, truth in truths.items()}
    found["mqtt"] |= _gaps(env, truths["mqtt"])
    return {
        "messages": sum(truth.counts["messages"] for truth in truths.values()),
        "faults": {door: dict(truth.faults) for door, truth in truths.items()},
        "days": len(booked),
        "days_that_differ": [
            [*key, str(booked.get(key)), str(stored.get(key))]
            for key in sorted(booked.keys() | stored.keys())
            if booked.get(key) != stored.get(key)
        ],
        "found": found,
        "charges_that_differ": _charges(env, truths),
    }


def _buckets(env):
    env.cr.execute(
        "SELECT s.code, m.code, b.usage_date::text, m.aggregation, sum(b.quantity_sum)::text, max(b.quantity_max)::text"
        "  FROM usage_bucket b JOIN usage_subject s ON s.id = b.subject_id JOIN usage_metric m ON m.id = b.metric_id"
        " GROUP BY 1, 2, 3, 4"
    )
    found = {row[:3]: Decimal(row[5] if row[3] == "max" else row[4]) for row in env.cr.fetchall()}
    return {key: quantity for key, quantity in found.items() if quantity}


def _found(env, door, truth):
    """Of one door: differences of counts, and of what waits in suspense."""
    env.cr.execute(
        "SELECT sum(received_count)::bigint, sum(duplicate_count)::bigint"
        "  FROM usage_batch b JOIN usage_source s ON s.id = b.source_id WHERE s.code = %s",
        (door,),
    )
    received, duplicate = env.cr.fetchone()
    conflicts, others = [], []
    for row in env["usage.suspense"].search([("source_id.code", "=", door)]):
        (conflicts if row.reason_code == "conflict" else others).append(_id_of(row))
    return {
        "received": received - truth.counts["arriving"],
        "duplicate": duplicate - truth.counts["duplicates"],
        "conflicts": sorted(set(conflicts) ^ set(truth.conflicts)),
        "suspense": sorted(set(others) ^ set(truth.suspense)),
    }


def _id_of(row):
    """The producer's id, from what was received."""
    raw = row.payload.get("raw")
    if isinstance(raw, list):
        return raw[0]
    return raw["id"] if isinstance(raw, dict) and "id" in raw else str(row.payload.get("external_id"))


def _gaps(env, truth):
    """Numbers that are missing and in no open gap, and how many numbers gaps hold beyond those."""
    spans = {}
    for gap in env["usage.gap"].search([("state", "=", "open")]):
        spans.setdefault(gap.producer_id.name, []).append(gap)
    missing = [(serial, number) for serial, numbers in truth.missing.items() for _boot, number in numbers]
    unreported = [
        (serial, number)
        for serial, number in missing
        if not any(gap.number_first <= number <= gap.number_last for gap in spans.get(serial, ()))
    ]
    reported = sum(int(gap.missing_count) for gaps in spans.values() for gap in gaps)
    return {"unreported": unreported, "gaps": reported - len(missing)}


def _charges(env, truths):
    run = env["usage.billing.run"].create({"date_ref": date(2026, 2, 1)})
    run.action_start()
    assert run.line_ids.mapped("state") == ["done"], run.line_ids.mapped("message")
    wanted = {code: Decimal(0) for code in PRICES}
    for truth in truths.values():
        for code, quantity in truth.totals(truth.booked).items():
            wanted[code] += quantity
    differing = []
    for charge in env["usage.charge"].search([]):
        quantity = wanted.pop(charge.metric_id.code)
        amount = (quantity * Decimal(PRICES[charge.metric_id.code])).quantize(Decimal("0.01"), ROUND_HALF_UP)
        if f"{charge.amount:.2f}" != str(amount):
            differing.append([charge.metric_id.code, str(amount), str(charge.amount)])
    return differing + [[code, "not charged"] for code in wanted]


if __name__ == "__main__":
    main(*sys.argv[1:])

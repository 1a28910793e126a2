"""T6: 1,000 events in a request at the HTTP door, against 1,000 records created over JSON-2.

The floor keeps the same facts as rows of `usage.suspense`, each with its batch, source, company,
key and the event as JSON: a model without followers, hierarchy or stored computations, which
neither guides nor adds up. Ours stores guided, deduplicated, bucketed events and answers for each.
Both go through Odoo's whole stack with a key of their own; the CPU of this process and of all
backends of the database counts, what the sender does is left out.
"""

import json
import random
import time
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from .meter import backend_seconds, medians
from .t01_ingest import START, _contract, _serial, _subjects
from .t10_billing_run import World

ID = "T6"
WHAT = "HTTP: 1,000 events per request against JSON-2 create of 1,000 rows"
UNIT = "CPU us per item"
TARGET = (">=", 6)
ITEMS = 1_000
SUBJECTS = 1_000
SENDERS = 100


def run(database, quick):
    """Measure pairs of (JSON-2, ours); the ratio says how many times faster ours is."""
    from .door import Door, general_key, make_key

    requests, rounds = (3, 3) if quick else (10, 5)
    stamp = time.time_ns()
    with database.env() as env:
        World(env).prepare()
        source = _prepare(env, stamp)
        ours_key, floor_key = make_key(env, source), general_key(env)
        # Rows that wait are looked through by requests of their source: those of the floor have their own.
        other = source.copy({"code": f"rows-{stamp}"})
        batch = env["usage.batch"].create({"name": "JSON-2", "source_id": other.id})
        keys = {"batch_id": batch.id, "source_id": other.id, "company_id": other.company_id.id}
        env.cr.commit()
    ours, floor = Door(database.name, ours_key), Door(database.name, floor_key)
    _send(ours, _events(stamp, "warm"))
    _create(floor, _values(keys, stamp, "warm"))
    pairs = []
    for number in range(rounds):
        names = [f"{number}-{request}" for request in range(requests)]
        work = ((_create, floor, partial(_values, keys)), (_send, ours, _events))
        # What the sender does is not measured.
        bodies = [[make(stamp, name) for name in names] for _send_one, _door, make in work]
        spent = []
        for (send, door, _make), sent in zip(work, bodies, strict=True):
            with _measured(database) as cpu:
                for body in sent:
                    send(door, body)
            spent.append(1e6 * cpu[0] / requests / ITEMS)
        pairs.append(tuple(spent))
    floor_median, ours_median, _ratio = medians(pairs)
    ratio = medians([(mine, theirs) for theirs, mine in pairs])[2]
    return {"floor": floor_median, "ours": ours_median, "ratio": ratio, "size": f"{requests} x {ITEMS}"}


def _prepare(env, stamp):
    if not env["usage.subject"].search_count([("code", "=", _serial(0))]):
        _subjects(env, _contract(env).contract_line_ids, SUBJECTS)
    return env["usage.source"].create(
        {
            "name": "Bench door",
            "code": f"door-{stamp}",
            "transport": "http",
            "tz": "UTC",
            "max_age_days": 40000,
            "http_requests_per_minute": 1_000_000,
        }
    )


def _events(stamp, name):
    """The body of a gateway's request: what some subjects used within one hour."""
    dice = random.Random(name)
    events = []
    senders = dice.sample(range(SUBJECTS), SENDERS)
    hour = START + timedelta(hours=dice.randrange(30 * 24))
    for number in range(ITEMS):
        moment = hour + timedelta(seconds=dice.randrange(3_600))
        events.append(
            {
                "id": f"{stamp}-{name}-{number}",
                "subject": _serial(dice.choice(senders)),
                "metric": "bench",
                "time": moment.isoformat(),
                "quantity": str(dice.randrange(1, 10**6)),
            }
        )
    return json.dumps(events).encode()


def _send(door, body):
    status, answer = door.post("/usage/v1/events", body)
    assert status == 200 and answer.count(b'"accepted"') == ITEMS + 1, (status, answer[:500])


def _values(keys, stamp, name):
    """The body of a JSON-2 call that keeps the same facts as rows of suspense."""
    rows = []
    for event in json.loads(_events(stamp, name)):
        at = event["time"][:19].replace("T", " ")
        rows.append(
            {
                **keys,
                "suspense_key": f"json2-{event['id']}",
                "reason_code": "poison",
                "first_seen_at": at,
                "last_seen_at": at,
                "payload": event,
            }
        )
    return json.dumps({"vals_list": rows}).encode()


def _create(door, body):
    status, answer = door.post("/json/2/usage.suspense/create", body)
    assert status == 200 and answer.count(b",") == ITEMS - 1, (status, answer[:500])


@contextmanager
def _measured(database):
    """CPU seconds of this process and of the backends that live through the block."""
    spent = [0.0]
    with database.registry.cursor() as cr:
        pids = _backends(cr)
        before = {pid: backend_seconds(pid) for pid in pids}
        python = time.process_time()
        yield spent
        spent[0] = time.process_time() - python
        cr.rollback()
        spent[0] += sum(backend_seconds(pid) - before.get(pid, 0.0) for pid in _backends(cr))


def _backends(cr):
    cr.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
    return [pid for (pid,) in cr.fetchall()]

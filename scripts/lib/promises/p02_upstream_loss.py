"""Promise 2: loss upstream of us is never silent.

Simulated devices number their messages. The listener is away while they send; the broker dies with -9 and keeps
only what it had written; its queue is too short. What did not arrive must stand in gap rows: stored + missing = sent.
"""

import itertools
from collections import defaultdict

from simulate.doors import publish
from simulate.faults import arriving
from simulate.plan import DELTA, Plan

from . import world
from .broker import Broker, Producer, listener, source, stored, wait_connected, wait_while_growing
from .nursery import Nursery

NUMBER = 2
PROMISE = "Loss upstream of us is never silent"
TARGET = "stored + reported missing = sent; unreported missing 0; reported though stored 0"
# messages while nobody listens, broker kills, messages per kill, messages against a short queue
SIZES = {"full": (100_000, 10, 1_000, 5_000), "medium": (20_000, 4, 500, 3_000), "small": (1_500, 2, 200, 1_200)}
DEVICES = 20
PLAN = Plan(fleet={DELTA: DEVICES}, minutes=1, steps=1_000_000)
SHORT_QUEUE = 1_000
# A queue that was full may have dropped the round that asks whether it is empty.
SETTLED_SECONDS, LOST_SECONDS = 5, 60
ALL = 10**9


def attack(database, size, seed):
    """Return {figures..., "holds": bool}; the crashes are real and know no seed."""
    away, kills, per_kill, flood = SIZES[size]
    broker, short = Broker(), Broker(queued=SHORT_QUEUE)
    with database.env() as env:
        world.simulated(env, PLAN)
        for code, port in (("mqtt", broker.port), ("short", short.port)):
            source(env, port, code, sequence_path="seq", sequence_boot_path="boot")
        env.cr.commit()
    try:
        usual = _attack_usual(database, broker, seed, away, kills, per_kill)
        tight = _attack_short(database, short, seed, flood)
    finally:
        broker.close()
        short.close()
    return {
        "devices": DEVICES,
        "sent": usual["sent"] + tight["sent"],
        "stored": usual["stored"] + tight["stored"],
        "broker kills": kills,
        "missing after kills": usual["missing"],
        "missing after a queue of 1,000": tight["missing"],
        "unreported missing": usual["unreported"] + tight["unreported"],
        "reported though stored": usual["wrong"] + tight["wrong"],
        "dropped as the broker says": tight["dropped"],
        "holds": not usual["unreported"]
        and not tight["unreported"]
        and not usual["wrong"]
        and not tight["wrong"]
        and tight["missing"] > 0
        and tight["dropped"] == tight["missing"],
    }


class Devices:
    """Sends numbered messages; what was sent is what was handed to the broker and acknowledged."""

    def __init__(self, port, seed):
        self.producer = Producer(port)
        self.stream = arriving(PLAN._replace(seed=seed))
        # {external id: (serial, number)}
        self.sent = {}

    def send(self, count):
        """The next `count` messages, of all devices in turn; returns their external ids."""
        messages = list(itertools.islice(self.stream, count))
        self.producer.send_all([(message.id, *publish(message)) for message in messages])
        self.sent |= {message.id: (message.serial, message.number) for message in messages}
        return [message.id for message in messages]


def _attack_usual(database, broker, seed, away, kills, per_kill):
    """Nobody listens while messages come; then the broker is killed again and again."""
    nursery = Nursery(database, ["mqtt"])
    devices = Devices(broker.port, seed)
    _begin(database, nursery, devices, "mqtt")
    nursery.kill()
    devices.send(away)
    nursery.start()
    _settle(database, nursery, devices, "mqtt")
    for _kill in range(kills):
        nursery.kill()
        devices.send(per_kill)
        broker.kill()
        broker.start()
        nursery.start()
        _settle(database, nursery, devices, "mqtt")
    return _end(database, nursery, devices, "mqtt")


def _attack_short(database, broker, seed, flood):
    """Nobody listens and the queue is too short: the broker acknowledges and drops."""
    nursery = Nursery(database, ["short"])
    devices = Devices(broker.port, seed)
    _begin(database, nursery, devices, "short")
    nursery.kill()
    devices.send(flood)
    nursery.start()
    _settle(database, nursery, devices, "short")
    return _end(database, nursery, devices, "short")


def _begin(database, nursery, devices, code):
    nursery.start()
    _settle(database, nursery, devices, code)


def _settle(database, nursery, devices, code):
    """Send on until a whole round has come through: what has not come by then was lost before it."""
    wait_connected(database, code, process=nursery.listener)
    while True:
        wait_while_growing(lambda: stored(database, code)[1], ALL, SETTLED_SECONDS)
        last = devices.send(DEVICES)
        if wait_while_growing(lambda last=last: _progress(database, code, last), ALL, LOST_SECONDS) == ALL:
            return


def _progress(database, code, last):
    """How many events are stored; ALL once the last ones are among them."""
    with database.env() as env:
        env.cr.execute(
            "SELECT count(*) FROM usage_event e JOIN usage_source s ON s.id = e.source_id"
            " WHERE s.code = %s AND e.external_id = ANY(%s)",
            (code, last),
        )
        arrived = env.cr.fetchone()[0]
    return ALL if arrived == len(last) else stored(database, code)[1]


def _end(database, nursery, devices, code):
    # The round that came through showed what is missing before it, and none of it is missing itself.
    found = _compare(database, code, devices.sent)
    wanted = found["missing"] if code == "short" else 0
    dropped = wait_while_growing(lambda: int(listener(database, "dropped_count", code)), wanted, LOST_SECONDS)
    nursery.stop()
    nursery.close()
    devices.producer.close()
    return {**found, "dropped": dropped}


def _stored(database, code):
    with database.env() as env:
        env.cr.execute(
            "SELECT external_id FROM usage_event e JOIN usage_source s ON s.id = e.source_id WHERE s.code = %s",
            (code,),
        )
        return {external_id for (external_id,) in env.cr.fetchall()}


def _compare(database, code, sent):
    """What is stored, what is missing, and what gap rows say of it."""
    arrived = _stored(database, code)
    with database.env() as env:
        env.cr.execute(
            "SELECT p.name, g.number_first::bigint, g.number_last::bigint, g.missing_count::bigint, g.state"
            "  FROM usage_gap g JOIN usage_producer p ON p.id = g.producer_id"
            "  JOIN usage_source s ON s.id = g.source_id WHERE s.code = %s",
            (code,),
        )
        gaps = env.cr.fetchall()
    missing = defaultdict(set)
    for external_id in sent.keys() - arrived:
        serial, number = sent[external_id]
        missing[serial].add(number)
    reported, wrong, whole = defaultdict(set), 0, 0
    for name, first, last, count, state in gaps:
        span = set(range(first, last + 1))
        whole += count
        if len(span & missing[name]) != count or (state == "closed") != (count == 0):
            wrong += 1
        reported[name] |= span
    unreported = sum(len(numbers - reported[name]) for name, numbers in missing.items())
    total = sum(map(len, missing.values()))
    return {
        "sent": len(sent),
        "stored": len(arrived),
        "missing": total,
        "unreported": unreported,
        "wrong": wrong + abs(whole - total),
    }

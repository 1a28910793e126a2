"""T5: MQTT messages to committed events, acknowledged after COMMIT, against parsing and acknowledging alone.

The floor is a process that takes the same messages with the same client, parses the JSON and acknowledges each.
Ours is a listener with its backends. Both get the messages while they are sent, from a real broker.
"""

import json
import multiprocessing
import os
import time

from paho.mqtt import client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from promises.broker import Broker, Producer, source, stored, wait_until
from promises.nursery import Nursery

from .meter import backend_seconds, medians
from .t01_ingest import _contract, _serial, _subjects
from .t10_billing_run import World

ID = "T5"
WHAT = "MQTT QoS 1 to committed events, acknowledged after COMMIT, against parse + ack"
UNIT = "messages per CPU s"
TARGET = (">=", 0.8)
TOPIC = "usage/+/events"


def run(database, quick):
    """Measure pairs of (floor, ours); return the row's figures, as rates."""
    subjects, messages, rounds = (100, 5_000, 1) if quick else (1_000, 40_000, 3)
    broker = Broker()
    code = f"bench-{time.time_ns()}"
    try:
        with database.env() as env:
            World(env).prepare()
            if not env["usage.subject"].search_count([("code", "=", _serial(0))]):
                _subjects(env, _contract(env).contract_line_ids, subjects)
            source(env, broker.port, code, mqtt_batch_millis=1000)
            env.cr.commit()
        pairs = []
        for number in range(rounds):
            sent = list(_messages(number, messages, subjects))
            floor = _floor(broker.port, sent)
            pairs.append((messages / floor, messages / _ours(database, broker.port, code, sent)))
    finally:
        broker.close()
    floor, ours, ratio = medians(pairs)
    return {"floor": floor, "ours": ours, "ratio": ratio, "size": f"{messages} messages"}


def _messages(turn, count, subjects):
    for number in range(count):
        serial = _serial(number % subjects)
        second = number % 86_400
        content = {
            "id": f"t5-{turn}-{number}",
            "subject": serial,
            "metric": "bench",
            "time": f"2026-01-{1 + turn:02d}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z",
            "quantity": number % 1000 / 8,
        }
        yield number, f"usage/{serial}/events", json.dumps(content)


def _floor(port, sent):
    """CPU seconds of parsing and acknowledging."""
    ready, done = multiprocessing.Event(), multiprocessing.Event()
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_parse_and_ack, args=(port, len(sent), ready, done))
    process.start()
    assert ready.wait(20)
    before = backend_seconds(process.pid)
    _send(port, sent)
    assert done.wait(300)
    seconds = backend_seconds(process.pid) - before
    process.join()
    return seconds


def _parse_and_ack(port, count, ready, done):
    client = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2, client_id=f"floor-{os.getpid()}", protocol=mqtt.MQTTv5, manual_ack=True
    )
    properties = Properties(PacketTypes.CONNECT)
    properties.ReceiveMaximum = 2_000
    taken = 0

    def received(_client, _userdata, message):
        nonlocal taken
        json.loads(message.payload)
        client.ack(message.mid, message.qos)
        taken += 1

    client.on_message = received
    client.on_subscribe = lambda *_arguments: ready.set()
    client.connect("127.0.0.1", port, 60, clean_start=True, properties=properties)
    client.subscribe(TOPIC, qos=1)
    while taken < count:
        client.loop(1)
    done.set()
    time.sleep(1)
    client.disconnect()


def _send(port, sent):
    producer = Producer(port, name=f"bench-{time.time_ns()}")
    producer.send_all(sent)
    producer.close()


def _ours(database, port, code, sent):
    """CPU seconds of a listener and its backends, from the first message to the last COMMIT."""
    nursery = Nursery(database, [code])
    nursery.start()
    assert wait_until(lambda: _is_connected(database, nursery.listener), 60)
    wanted = stored(database, code)[0] + len(sent)
    before = _seconds(database, nursery.listener)
    _send(port, sent)
    assert wait_until(lambda: stored(database, code)[0] == wanted, 300, 0.5)
    seconds = _seconds(database, nursery.listener) - before
    nursery.stop()
    nursery.close()
    return seconds


def _is_connected(database, pid):
    with database.env() as env:
        return bool(env["usage.listener"].search_count([("process_number", "=", pid), ("state", "=", "connected")]))


def _seconds(database, pid):
    with database.env() as env:
        env.cr.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
            " AND pid <> pg_backend_pid()",
            (database.name,),
        )
        return backend_seconds(pid) + sum(backend_seconds(backend) for (backend,) in env.cr.fetchall())

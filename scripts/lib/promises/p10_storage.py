"""Promise 10: the database or the disk may fail.

While a listener stores what a broker hands it, its PostgreSQL is crashed again and again, and once the disk is full
until nothing is stored any more. Afterwards everything the producer sent is there once.
"""

import itertools
import random
import threading
import time
from datetime import date

import psycopg2

import odoo

from . import world
from .broker import Broker, Producer, counts, event, sent, source, stored, summed, wait_connected, wait_until
from .cluster import Cluster
from .nursery import Nursery

NUMBER = 10
PROMISE = "The database or disk may fail"
TARGET = "lost 0; double 0; peak memory <= 256 MB; the listener goes on by itself"
#: (messages, crashes)
SIZES = {"full": (60_000, 20), "medium": (15_000, 6), "small": (2_000, 2)}
SUBJECTS = 50
PATIENCE = 600
MEGABYTES = 900


def attack(database, size, seed):
    """Return {figures..., "holds": bool}."""
    from bench.database import Database

    messages, crashes = SIZES[size]
    port = odoo.tools.config["db_port"]
    cluster, broker = Cluster(MEGABYTES), Broker()
    try:
        cluster.take_over(database.name)
        odoo.modules.registry.Registry.delete(database.name)
        here = Database(database.name)
        with here.env() as env:
            world.contracts(env, SUBJECTS, date(2024, 1, 1))
            source(env, broker.port, mqtt_batch_count=200)
            env.cr.commit()
        return _ingest(here, cluster, broker, messages, crashes, random.Random(seed))
    finally:
        broker.close()
        cluster.close()
        odoo.tools.config["db_port"] = port


def _ingest(database, cluster, broker, messages, crashes, dice):
    nursery = Nursery(database, ["mqtt"])
    pid = nursery.start()
    wait_connected(database)
    producer = Producer(broker.port)
    recoveries = []
    spans = crashes + cluster.is_bounded
    bounds = [messages * number // spans for number in range(spans + 1)]
    full = spans // 2 if cluster.is_bounded else None
    for number, (first, last) in enumerate(itertools.pairwise(bounds)):
        sending = [event(message, SUBJECTS) for message in range(first, last)]
        sender = threading.Thread(target=producer.send_all, args=(sending,))
        sender.start()
        place = dice.randrange(first, first + max(1, (last - first) // 2))
        wait_until(lambda place=place: _received(database) >= place, PATIENCE, 0.01)
        if number == full:
            _starve(database, cluster)
        else:
            cluster.crash()
        at, before = time.monotonic(), _received(database)
        wait_until(lambda before=before, last=last: _goes_on(database, before, last), PATIENCE, 0.05)
        recoveries.append(time.monotonic() - at)
        sender.join()
        wait_until(lambda last=last: _received(database) >= last, PATIENCE, 0.1)
    memory = _peak(pid)
    if memory is not None:
        nursery.stop()
    nursery.close()
    producer.close()
    return _figures(database, messages, crashes, full is not None, recoveries, memory)


def _received(database):
    """How many messages are stored or known; -1 while nobody answers."""
    try:
        return counts(database)[1]
    except psycopg2.Error:
        odoo.sql_db.close_all()
        return -1


def _goes_on(database, before, last):
    """Whether more is stored than before, or all there is."""
    received = _received(database)
    return received > before or received >= last


def _starve(database, cluster):
    """Fill the disk until nothing is stored any more, hold that a moment, then give it back."""
    cluster.fill()
    last, since = _received(database), time.monotonic()
    while time.monotonic() - since < 3:
        time.sleep(0.2)
        now = _received(database)
        if now > last:
            last, since = now, time.monotonic()
    cluster.relieve()


def _peak(pid):
    """The most memory a process had, in MB; None when it is gone."""
    try:
        with open(f"/proc/{pid}/status") as status:
            return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))
    except OSError:
        return None


def _figures(database, messages, crashes, filled, recoveries, memory):
    keys, events = stored(database)
    received, accepted, duplicate, suspended, filtered = counts(database)
    quantity, in_buckets = summed(database)
    lost, double = messages - keys, events - keys
    slowest = sorted(recoveries)[max(0, int(len(recoveries) * 0.95 + 0.5) - 1)]
    return {
        "messages": messages,
        "crashes of PostgreSQL": crashes,
        "disk filled": "once" if filled else "not allowed to mount a small one here",
        "lost": lost,
        "double": double,
        "suspended": suspended,
        "redeliveries absorbed": duplicate,
        "peak memory of the listener MB": memory or 0,
        "recovery p95 s": round(slowest, 1),
        "listener died": memory is None,
        "holds": not lost
        and not double
        and not suspended
        and memory is not None
        and received == accepted + duplicate + suspended + filtered
        and sent(messages) == quantity == in_buckets
        and memory <= 256,
    }

"""Promise 1: nothing acknowledged is lost, nothing is counted twice.

A producer sends numbered events over a real broker, one in twenty twice, while `odoo usage_consume` is killed
with -9 at random moments and started again.
"""

import itertools
import random
import threading
import time
from datetime import date

from . import world
from .broker import (
    Broker,
    Consumer,
    Producer,
    counts,
    event,
    listener,
    sent,
    source,
    stored,
    summed,
    wait_connected,
    wait_until,
)
from .nursery import Nursery

NUMBER = 1
PROMISE = "Nothing acknowledged is lost, nothing is counted twice"
TARGET = "lost 0; double 0; stopped by SIGTERM with exit code 0"
# messages, kills
SIZES = {"full": (100_000, 50), "medium": (20_000, 12), "small": (3_000, 5)}
SUBJECTS = 50
RESENT = 20
CATCH_UP_SECONDS = 600


def attack(database, size, seed):
    """Return {figures..., "holds": bool}."""
    messages, kills = SIZES[size]
    dice = random.Random(seed)
    broker = Broker()
    try:
        with database.env() as env:
            world.contracts(env, SUBJECTS, date(2024, 1, 1))
            source(env, broker.port, mqtt_batch_count=200)
            env.cr.commit()
        nursery = Nursery(database, ["mqtt"])
        nursery.start()
        # Until it has subscribed, the broker keeps nothing for it.
        wait_connected(database)
        producer = Producer(broker.port)
        began = time.monotonic()
        longest = _kill(database, nursery, producer, dice, kills, messages)
        seconds = time.monotonic() - began
        nursery.kill()
        nursery.close()
        # The last one is the command itself: what was acknowledged to nobody comes to it again.
        consumer = Consumer(database.name, "mqtt").start()
        wait_until(lambda: listener(database, "process_number") == consumer.process.pid, 120)
        wait_until(lambda: listener(database, "waiting_count") == 0, 30)
        code = consumer.stop()
        producer.close()
    finally:
        broker.close()
    return _figures(database, messages, kills, longest, seconds, code)


def _messages(first, last, dice):
    """The events of a span, and one in twenty a second time some places later."""
    again = []
    for number in range(first, last):
        yield event(number, SUBJECTS)
        if dice.random() < 1 / RESENT:
            again.append(number)
        if again and (len(again) > 20 or number == last - 1):
            key, topic, payload = event(again.pop(dice.randrange(len(again))), SUBJECTS)
            yield (key, "again"), topic, payload


def _kill(database, nursery, producer, dice, kills, messages):
    """Kill the listener somewhere in each span of messages, and once they are all there; the longest catch-up."""
    longest = 0.0
    bounds = [messages * number // kills for number in range(kills + 1)]
    for first, last in itertools.pairwise(bounds):
        sender = threading.Thread(target=producer.send_all, args=(_messages(first, last, dice),))
        sender.start()
        place = dice.randrange(first, last)
        wait_until(lambda place=place: counts(database)[1] >= place, CATCH_UP_SECONDS, 0.005)
        time.sleep(dice.uniform(0, 0.05))
        nursery.kill()
        at = time.monotonic()
        nursery.start()
        sender.join()
        wait_until(lambda last=last: counts(database)[1] >= last, CATCH_UP_SECONDS, 0.02)
        longest = max(longest, time.monotonic() - at)
    return longest


def _figures(database, messages, kills, longest, seconds, code):
    keys, events = stored(database)
    received, accepted, duplicate, suspended, filtered = counts(database)
    quantity, in_buckets = summed(database)
    lost, double = messages - keys, events - keys
    return {
        "messages": messages,
        "kills": kills,
        "lost": lost,
        "double": double,
        "redeliveries absorbed": duplicate,
        "longest catch-up s": round(longest, 1),
        "messages per s": round(messages / seconds),
        "holds": not lost
        and not double
        and not suspended
        and accepted == messages
        and received == accepted + duplicate + suspended + filtered
        and sent(messages) == quantity == in_buckets
        and code == 0,
    }

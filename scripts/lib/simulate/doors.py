"""Sends messages to a running server over HTTP, or to a broker."""

import itertools
import json
import threading
import urllib.error
import urllib.request
from collections import Counter

from .outputs import cloud_event, event

EVENTS_PATH = "/usage/v1/events"
BATCH = "application/cloudevents-batch+json"
TIMEOUT_SECONDS = 120
MOST_IN_FLIGHT = 1_000


def send_http(messages, url, key, per_request=500):
    """POST CloudEvents; returns a Counter of the answers' statuses."""
    counts, messages = Counter(), iter(messages)
    while part := list(itertools.islice(messages, per_request)):
        body = json.dumps([cloud_event(message) for message in part]).encode()
        request = urllib.request.Request(
            url.rstrip("/") + EVENTS_PATH,
            data=body,
            headers={"Authorization": f"Bearer {key}", "Content-Type": BATCH},
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                counts.update(item["status"] for item in json.load(answer)["items"])
        except urllib.error.HTTPError as error:
            why = error.read(2_000).decode(errors="replace")
            raise SystemExit(f"simulate: the server refused a request ({error.code}): {why}") from None
        except OSError as error:
            raise SystemExit(f"simulate: the server at {url} does not answer: {error}") from None
    return counts


def publish(message, wrap=0):
    """(topic, payload) of a message."""
    return f"usage/{message.serial}/events", json.dumps(event(message, wrap))


def send_mqtt(messages, host, port=1883, wrap=0):
    """Publish with QoS 1 under MQTT 5; returns once the broker has acknowledged all, how many."""
    from paho.mqtt import client as mqtt

    room, refused = threading.Semaphore(MOST_IN_FLIGHT), Counter()

    def published(_client, _userdata, _mid, reason, _properties):
        refused["refused"] += reason.value >= 128
        room.release()

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="simulate", protocol=mqtt.MQTTv5)
    client.on_publish = published
    try:
        client.connect(host, port, 60, clean_start=True)
    except OSError as error:
        raise SystemExit(f"simulate: no broker at {host}:{port}: {error}") from None
    client.loop_start()
    count = 0
    for message in messages:
        _take(room, 1)
        client.publish(*publish(message, wrap), qos=1)
        count += 1
    _take(room, MOST_IN_FLIGHT)
    client.disconnect()
    client.loop_stop()
    if refused["refused"]:
        raise SystemExit(f"simulate: the broker refused {refused['refused']} of {count} messages")
    return count


def _take(room, count):
    for _place in range(count):
        if not room.acquire(timeout=TIMEOUT_SECONDS):
            raise SystemExit("simulate: the broker acknowledges nothing")

"""A real mosquitto and real listeners as processes of our own, and a producer that knows what it sent."""

import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from paho.mqtt import client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

import odoo

CONF = """
listener {port} 127.0.0.1
user {user}
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_on_changes true
autosave_interval {autosave}
max_queued_messages {queued}
max_inflight_messages {inflight}
sys_interval 1
log_type error
"""
START = datetime(2024, 1, 1, tzinfo=timezone.utc)


def program():
    """The broker's program, or None."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def wait_until(condition, seconds, step=0.05):
    """Whether a condition came true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(step)
    return False


def wait_while_growing(measure, wanted, patience=300, step=0.1):
    """Wait until a number is reached, as long as it grows now and then; returns the number."""
    reached, since = measure(), time.monotonic()
    while reached < wanted and time.monotonic() - since < patience:
        time.sleep(step)
        before, reached = reached, measure()
        if reached > before:
            since = time.monotonic()
    return reached


class Broker:
    """One mosquitto; `kill` and `start` keep its folder, and so what it had written."""

    def __init__(self, queued=5_000_000, inflight=2_000, autosave=100, extra=""):
        self.folder = Path(tempfile.mkdtemp(prefix="usage-broker-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.conf = self.folder / "mosquitto.conf"
        self.conf.write_text(
            CONF.format(
                port=self.port,
                user=getpass.getuser(),
                folder=self.folder,
                queued=queued,
                inflight=inflight,
                autosave=autosave,
            )
            + extra
        )
        self.process = None
        self.start()

    def start(self):
        """Start, and wait until it listens."""
        self.process = subprocess.Popen(
            [program(), "-c", self.conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert wait_until(self._listens, 20), "the broker does not listen"

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def close(self):
        """Stop it and forget its folder."""
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)


class Consumer:
    """`odoo usage_consume` as a process."""

    def __init__(self, database, source, *arguments, log=None):
        config = odoo.tools.config["config"]
        self.command = [sys.executable, "-m", "odoo", "usage_consume", "-c", config, "-d", database]
        self.command += ["--source", source, "--log-level=info", *arguments]
        # The command is an addon's: the configuration must be known before the command is.
        self.environment = {**os.environ, "ODOO_RC": config}
        self.log = log or subprocess.DEVNULL
        self.process = None

    def start(self):
        """Start; returns at once."""
        self.process = subprocess.Popen(
            self.command, env=self.environment, stdout=self.log, stderr=self.log, start_new_session=True
        )
        return self

    def kill(self):
        """kill -9, at whatever it is doing."""
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=60):
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


class Producer:
    """Publishes with QoS 1 under MQTT 5 and knows what the broker acknowledged.

    Survives a broker that dies: what was not acknowledged is sent again by hand, as a device does.
    """

    def __init__(self, port, name="producer", inflight=500):
        self.port, self.name, self.inflight = port, name, inflight
        self.acknowledged = set()
        self.refused = set()
        self._keys = {}
        self._early = {}
        self._lock = threading.Lock()
        self._client = None

    def connect(self):
        """A fresh connection; retried until the broker is there."""
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=self.name, protocol=mqtt.MQTTv5)
        self._client.max_inflight_messages_set(self.inflight)
        self._client.on_publish = self._published
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 0
        assert wait_until(lambda: self._try(properties), 60), "no connection to the broker"
        self._client.loop_start()
        assert wait_until(self._client.is_connected, 20)

    def _try(self, properties):
        try:
            self._client.connect("127.0.0.1", self.port, 60, clean_start=True, properties=properties)
        except OSError:
            return False
        return True

    def _published(self, _client, _userdata, mid, reason, _properties):
        with self._lock:
            if mid in self._keys:
                self._note(self._keys.pop(mid), reason.value)
            else:
                self._early[mid] = reason.value

    def _note(self, key, code):
        (self.acknowledged if code < 128 else self.refused).add(key)

    def send(self, messages):
        """Publish (key, topic, payload) tuples; returns once all are acknowledged or the connection broke."""
        for key, topic, payload in messages:
            if not self._client.is_connected():
                break
            mid = self._client.publish(topic, payload, qos=1).mid
            with self._lock:
                if mid in self._early:
                    self._note(key, self._early.pop(mid))
                else:
                    self._keys[mid] = key
            while len(self._keys) > 4 * self.inflight and self._client.is_connected():
                time.sleep(0.002)
        wait_until(lambda: not self._keys or not self._client.is_connected(), 120, 0.005)

    def send_all(self, messages):
        """Publish until the broker has acknowledged every message, over as many connections as it takes."""
        messages = list(messages)
        for _turn in range(100):
            left = [item for item in messages if item[0] not in self.acknowledged and item[0] not in self.refused]
            if not left:
                return
            if self._client is None or not self._client.is_connected():
                self.close()
                self.connect()
            self.send(left)
        raise AssertionError("the broker does not take the messages")

    def close(self):
        """Part from the broker."""
        if self._client:
            self._client.disconnect()
            self._client.loop_stop()
        self._client = None
        self._keys, self._early = {}, {}


def event(number, subjects, **more):
    """The (key, topic, payload) of the `number`-th event: one unit more than its place in a hundred."""
    serial = f"A-{number % subjects:05d}"
    content = {
        "id": f"id-{number}",
        "subject": serial,
        "metric": "units",
        "time": (START + timedelta(seconds=number)).isoformat(),
        "quantity": number % 97 + 1,
        **more,
    }
    return number, f"usage/{serial}/events", json.dumps(content)


def source(env, port, code="mqtt", **values):
    """A source that reads from the broker on a port of this machine."""
    return env["usage.source"].create(
        {
            "name": "Broker",
            "code": code,
            "transport": "mqtt",
            "tz": "UTC",
            "max_age_days": 40000,
            "mqtt_host": "127.0.0.1",
            "mqtt_port": port,
            "mqtt_batch_millis": 200,
            **values,
        }
    )


def stored(database, code="mqtt"):
    """(keys, events) that a source has stored."""
    with database.env() as env:
        env.cr.execute(
            "SELECT (SELECT count(*) FROM usage_event_key k WHERE k.source_id = s.id),"
            " (SELECT count(*) FROM usage_event e WHERE e.source_id = s.id) FROM usage_source s WHERE s.code = %s",
            (code,),
        )
        return env.cr.fetchone()


def counts(database, code="mqtt"):
    """The summed counts of a source's batches: received, accepted, duplicate, suspended, filtered."""
    with database.env() as env:
        env.cr.execute(
            "SELECT COALESCE(sum(received_count), 0)::bigint, COALESCE(sum(accepted_count), 0)::bigint,"
            " COALESCE(sum(duplicate_count), 0)::bigint, COALESCE(sum(suspended_count), 0)::bigint,"
            " COALESCE(sum(filtered_count), 0)::bigint"
            " FROM usage_batch b JOIN usage_source s ON s.id = b.source_id WHERE s.code = %s",
            (code,),
        )
        return env.cr.fetchone()


def summed(database):
    """(quantity of all events, quantity of all buckets), as text."""
    with database.env() as env:
        env.cr.execute(
            "SELECT (SELECT COALESCE(sum(quantity), 0)::text FROM usage_event),"
            " (SELECT COALESCE(sum(quantity_sum), 0)::text FROM usage_bucket)"
        )
        return env.cr.fetchone()


def sent(messages):
    """The quantity that the first events of `event` come to, as text."""
    return str(sum(number % 97 + 1 for number in range(messages)))


def listener(database, name, code="mqtt"):
    """A field of the listener of a source, as it last wrote it."""
    with database.env() as env:
        return env["usage.listener"].search([("source_id.code", "=", code)], limit=1)[name]


def wait_connected(database, code="mqtt", seconds=300, process=None):
    """Wait until the listener of a source, or the one that is this process, is connected; fail with what it says."""
    wanted = {"state": "connected", **({"process_number": process} if process else {})}
    if not wait_until(lambda: all(listener(database, name, code) == value for name, value in wanted.items()), seconds):
        told = {name: listener(database, name, code) for name in ("state", "last_error", "seen_at", "process_number")}
        raise AssertionError(f"no listener connects: {told}")

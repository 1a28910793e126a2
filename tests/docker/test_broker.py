"""The broker's configuration, read and run: the limits are ours, and strangers stay outside."""

import getpass
import os
import shutil
import socket
import subprocess
import threading
import time

import pytest
from docker_files import DOCKER
from paho.mqtt import client as mqtt

CONF = (DOCKER / "mosquitto/mosquitto.conf").read_text()
NOT_AUTHORIZED = 135


def setting(name):
    values = [line.split(maxsplit=1)[1] for line in CONF.splitlines() if line.startswith(name + " ")]
    assert len(values) == 1, f"{name} is set once"
    return values[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("allow_anonymous", "false"),
        ("persistence", "true"),
        ("autosave_on_changes", "true"),
        ("queue_qos0_messages", "false"),
    ],
)
def test_defaults_that_lose_messages_are_changed(name, value):
    assert setting(name) == value


def test_every_queue_has_a_limit_set_on_purpose():
    assert int(setting("max_queued_messages")) >= 1_000_000
    assert int(setting("max_inflight_messages")) > 20
    for name in ("autosave_interval", "message_size_limit", "max_packet_size", "max_connections", "max_queued_bytes"):
        assert int(setting(name)) > 0


def test_devices_write_below_their_own_name_only():
    rules = [line for line in (DOCKER / "mosquitto/acl").read_text().splitlines() if line and not line.startswith("#")]
    assert rules == [
        "user usage-consumer",
        "topic read usage/#",
        "topic read $SYS/broker/#",
        "pattern write usage/%u/#",
    ]


class Client:
    """One MQTT 5 connection that remembers what the broker answered."""

    def __init__(self, port, user=None, password=None):
        self.answered, self.code, self.reasons, self.messages = threading.Event(), None, [], []
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        if user:
            self.client.username_pw_set(user, password)
        self.client.on_connect = self._connected
        self.client.on_publish = lambda _c, _u, _mid, reason, _p: self.reasons.append(reason.value)
        self.client.on_message = lambda _c, _u, message: self.messages.append(message.topic)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert self.answered.wait(5), "the broker did not answer"

    def _connected(self, _client, _userdata, _flags, reason, _properties):
        self.code = reason.value
        self.answered.set()
        if self.code:
            self.client.disconnect()

    def publish(self, topic):
        before = len(self.reasons)
        self.client.publish(topic, b"{}", qos=1)
        assert wait_until(lambda: len(self.reasons) > before)
        return self.reasons[-1]

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def wait_until(condition, seconds=5):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """Give the port of a broker that runs our configuration, with paths and port of its own."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if not program or not shutil.which("mosquitto_passwd"):
        pytest.skip("mosquitto is not installed here")
    folder = tmp_path_factory.mktemp("broker")
    (folder / "conf.d").mkdir()
    for user in ("usage-consumer", "meter-1"):
        made = [] if (folder / "passwords").exists() else ["-c"]
        subprocess.run(["mosquitto_passwd", *made, "-b", folder / "passwords", user, "secret"], check=True)
    shutil.copy(DOCKER / "mosquitto/acl", folder / "acl")
    port = _free_port()
    conf = CONF.replace("/mosquitto/data/", f"{folder}/").replace("/mosquitto/config/", f"{folder}/")
    conf = conf.replace("listener 1883", f"listener {port} 127.0.0.1\nuser {getpass.getuser()}")
    (folder / "mosquitto.conf").write_text(conf)
    log = (folder / "log").open("w")
    process = subprocess.Popen([program, "-c", folder / "mosquitto.conf"], stderr=log, stdout=log)
    try:
        assert wait_until(lambda: os.path.getsize(folder / "log") and _listens(port)), (folder / "log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait(10)
        log.close()


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize(("user", "password"), [(None, None), ("meter-1", "wrong"), ("stranger", "secret")])
def test_strangers_stay_outside(broker, user, password):
    client = Client(broker, user, password)
    assert client.code != 0
    client.close()


def test_a_device_is_told_when_it_writes_elsewhere(broker):
    device = Client(broker, "meter-1", "secret")
    assert device.publish("usage/meter-2/pages") == NOT_AUTHORIZED
    assert device.publish("elsewhere") == NOT_AUTHORIZED
    device.close()


def test_the_consumer_receives_what_a_device_sends_and_a_device_hears_nothing(broker):
    consumer, listener = Client(broker, "usage-consumer", "secret"), Client(broker, "meter-1", "secret")
    for client in (consumer, listener):
        client.client.subscribe("usage/#", qos=1)
    time.sleep(0.3)
    device = Client(broker, "meter-1", "secret")
    assert device.publish("usage/meter-1/pages") == 0
    assert wait_until(lambda: consumer.messages == ["usage/meter-1/pages"])
    assert listener.messages == []
    for client in (consumer, listener, device):
        client.close()

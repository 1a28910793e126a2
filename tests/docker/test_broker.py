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
    # Two of the consumer's batches, or they never fill.
    assert int(setting("max_inflight_messages")) == 2_000
    for name in ("autosave_interval", "message_size_limit", "max_packet_size", "max_connections", "max_queued_bytes"):
        assert int(setting(name)) > 0


def test_devices_write_below_their_own_name_only():
    rules = [line for line in (DOCKER / "mosquitto/acl").read_text().splitlines() if line and not line.startswith("#")]
    own = [line for line in rules if line.startswith("pattern write")]
    assert rules[:6] == [
        "user usage-consumer",
        "topic read usage/#",
        "topic read spBv1.0/#",
        "topic write spBv1.0/+/NCMD/+",
        "topic read $SYS/broker/#",
        "pattern write usage/%u/#",
    ]
    assert [line for line in rules[5:] if line not in own] == [
        "pattern read spBv1.0/+/NCMD/%u",
        "pattern read spBv1.0/+/DCMD/%u/+",
    ]
    assert all("/%u" in line for line in own)


def listeners():
    """The settings that follow each listener, by port."""
    found, tls = {}, (DOCKER / "mosquitto/tls.conf").read_text()
    for line in (CONF + tls).splitlines():
        if line.startswith("listener "):
            settings = found[line.split()[1]] = {}
        elif found and line and not line.startswith("#"):
            settings[line.split()[0]] = line.split(maxsplit=1)[1]
    return found


def test_no_device_has_a_session_under_another_name():
    found = listeners()
    assert set(found) == {"1883", "1884", "8883"}
    assert found["1883"]["use_username_as_clientid"] == found["8883"]["use_username_as_clientid"] == "true"
    assert "use_username_as_clientid" not in found["1884"]


def test_devices_over_tls_show_a_certificate_that_is_not_revoked():
    tls = listeners()["8883"]
    wanted = {"require_certificate": "true", "use_identity_as_username": "true", "tls_version": "tlsv1.2"}
    assert wanted.items() <= tls.items()
    assert {"cafile", "crlfile", "certfile", "keyfile"} <= set(tls)


def certificates(folder, *arguments):
    environment = {**os.environ, "USAGE_AUTHORITY": str(folder / "authority"), "USAGE_CERTS": str(folder / "certs")}
    command = [DOCKER / "certificates", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_certificates_are_made_checked_and_revoked(tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed here")
    assert certificates(tmp_path, "device", "early").returncode, "no authority yet"
    for arguments in (("broker", "usage.example.com", "192.0.2.1"), ("device", "meter-1"), ("device", "lost", "9")):
        done = certificates(tmp_path, *arguments)
        assert done.returncode == 0, done.stderr
    assert certificates(tmp_path, "revoke", "lost").returncode == 0
    for name in ("usage-consumer", "a/b", "a+b", "#", "", "a b", "a;b"):
        refused = certificates(tmp_path, "device", name)
        assert refused.returncode and refused.stderr.startswith("certificates: "), name
    verify = [
        "openssl",
        "verify",
        "-CAfile",
        tmp_path / "certs/ca.crt",
        "-crl_check",
        "-CRLfile",
        tmp_path / "certs/ca.crl",
    ]
    sound = {
        name: subprocess.run([*verify, tmp_path / f"authority/{name}.crt"], capture_output=True, check=False).returncode
        == 0
        for name in ("meter-1", "lost")
    }
    assert sound == {"meter-1": True, "lost": False}
    assert not (tmp_path / "certs/ca.key").exists()
    assert (tmp_path / "authority/ca.key").stat().st_mode & 0o077 == 0


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
    for user in ("usage-consumer", "meter-1", "meter-2"):
        made = [] if (folder / "passwords").exists() else ["-c"]
        subprocess.run(["mosquitto_passwd", *made, "-b", folder / "passwords", user, "secret"], check=True)
    shutil.copy(DOCKER / "mosquitto/acl", folder / "acl")
    port = _free_port()
    conf = CONF.replace("/mosquitto/data/", f"{folder}/").replace("/mosquitto/config/", f"{folder}/")
    conf = conf.replace("listener 1883", f"listener {port} 127.0.0.1")
    conf = conf.replace("listener 1884", f"listener {_free_port()} 127.0.0.1") + f"\nuser {getpass.getuser()}\n"
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
    consumer, listener = Client(broker, "usage-consumer", "secret"), Client(broker, "meter-2", "secret")
    for client in (consumer, listener):
        client.client.subscribe("usage/#", qos=1)
    time.sleep(0.3)
    device = Client(broker, "meter-1", "secret")
    assert device.publish("usage/meter-1/pages") == 0
    assert wait_until(lambda: consumer.messages == ["usage/meter-1/pages"])
    assert listener.messages == []
    for client in (consumer, listener, device):
        client.close()

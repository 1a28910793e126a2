"""The broker as docker/ ships it, with certificates of its own, and clients that remember what they were told."""

import getpass
import os
import socket
import ssl
import subprocess
import tempfile
import threading
from pathlib import Path

from paho.mqtt import client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from .broker import program, wait_until

DOCKER = Path(__file__).resolve().parents[3] / "docker"
CONSUMER, PASSWORD = "usage-consumer", "the consumer's own password"
DEVICE_PASSWORD = "a device's password"


class ShippedBroker:
    """mosquitto with docker/mosquitto's files: three listeners on free ports, certificates by docker/certificates."""

    def __init__(self, devices, with_password):
        self.folder = Path(tempfile.mkdtemp(prefix="usage-broker-"))
        self.authority, self.certs = self.folder / "authority", self.folder / "certs"
        self.environment = {**os.environ, "USAGE_AUTHORITY": str(self.authority), "USAGE_CERTS": str(self.certs)}
        self.certificates("broker", "localhost", "127.0.0.1")
        for device in devices:
            self.certificates("device", device)
        for user, password in ((CONSUMER, PASSWORD), (with_password, DEVICE_PASSWORD)):
            new = [] if (self.folder / "passwords").exists() else ["-c"]
            subprocess.run(["mosquitto_passwd", *new, "-b", self.folder / "passwords", user, password], check=True)
        self.device_port, self.consumer_port, self.tls_port = _free_ports(3)
        self._write_conf()
        self.log_file = self.folder / "log"
        self.process = None

    def certificates(self, *arguments):
        """Run docker/certificates."""
        subprocess.run(
            [DOCKER / "certificates", *arguments], env=self.environment, check=True, stdout=subprocess.DEVNULL
        )

    def _write_conf(self):
        (self.folder / "conf.d").mkdir()
        (self.folder / "acl").write_text((DOCKER / "mosquitto/acl").read_text())
        conf = "".join((DOCKER / "mosquitto" / name).read_text() for name in ("mosquitto.conf", "tls.conf"))
        conf = conf.replace("/mosquitto/data/", f"{self.folder}/").replace("/mosquitto/config/", f"{self.folder}/")
        for shipped, port in ((1883, self.device_port), (1884, self.consumer_port), (8883, self.tls_port)):
            conf = conf.replace(f"listener {shipped}\n", f"listener {port} 127.0.0.1\n")
        (self.folder / "mosquitto.conf").write_text(f"user {getpass.getuser()}\n{conf}")

    def start(self):
        """Start, and wait until it listens."""
        command = [program(), "-c", self.folder / "mosquitto.conf"]
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        if not wait_until(self._listens, 20):
            raise AssertionError(self.log())
        return self

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.tls_port)) == 0

    def stop(self):
        """Stop it; what it keeps stays."""
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def log(self):
        """What the broker has written so far."""
        return self.log_file.read_text(errors="replace")


def _free_ports(count):
    probes = [socket.socket() for _port in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Knocker:
    """One client that tries to get in; `code` is the broker's answer, None when it parted without one."""

    def __init__(self, port, name, version=mqtt.MQTTv5):
        self.port, self.version = port, version
        self.code = self.taken = self.error = None
        self.published, self.granted, self.heard = [], [], []
        self._settled = threading.Event()
        self.client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=name, protocol=version, reconnect_on_failure=False
        )
        self.client.on_connect = self._connected
        self.client.on_disconnect = self._parted
        self.client.on_publish = lambda _c, _u, _mid, reason, _p: self.published.append(reason.value)
        self.client.on_subscribe = lambda _c, _u, _mid, reasons, _p: self.granted.append(reasons[0].value)
        self.client.on_message = lambda _c, _u, message: self.heard.append((message.topic, message.payload))

    def password(self, user, password):
        """Present a password."""
        self.client.username_pw_set(user, password)
        return self

    def certificate(self, ca_file, pair=None, newest=None):
        """Present a certificate, or none, over TLS."""
        context = ssl.create_default_context(cafile=ca_file)
        if pair:
            context.load_cert_chain(*pair)
        if newest:
            # An old client: what it offers is below what the broker asks for.
            context.minimum_version = context.maximum_version = newest
            context.set_ciphers("ALL:@SECLEVEL=0")
        self.client.tls_set_context(context)
        return self

    def knock(self, clean=True, session_seconds=0):
        """Try; returns whether the broker let us in."""
        more = {"clean_start": clean}
        if self.version == mqtt.MQTTv5:
            more["properties"] = Properties(PacketTypes.CONNECT)
            more["properties"].SessionExpiryInterval = session_seconds
        else:
            more = {}
        try:
            self.client.connect("localhost", self.port, 60, **more)
        except OSError as error:
            self.error = str(error)
            return False
        self.client.loop_start()
        self._settled.wait(20)
        return self.code == 0 and self.client.is_connected()

    def _connected(self, _client, _userdata, _flags, reason, _properties):
        self.code = reason.value
        self._settled.set()

    def _parted(self, _client, _userdata, _flags, reason, _properties):
        self.taken = reason.value
        self._settled.set()

    def publish(self, topic, payload, retain=False):
        """The broker's answer to a message with QoS 1; None when it parts instead."""
        before = len(self.published)
        self.client.publish(topic, payload, qos=1, retain=retain)
        wait_until(lambda: len(self.published) > before or not self.client.is_connected(), 20, 0.005)
        return self.published[-1] if len(self.published) > before else None

    def subscribe(self, topic):
        """The broker's answer to a subscription."""
        before = len(self.granted)
        self.client.subscribe(topic, qos=1)
        wait_until(lambda: len(self.granted) > before or not self.client.is_connected(), 20, 0.005)
        return self.granted[-1] if len(self.granted) > before else None

    def close(self):
        """Part."""
        self.client.disconnect()
        self.client.loop_stop()

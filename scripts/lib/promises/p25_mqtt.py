"""Strangers and false friends at the broker: each case says whether anything was let through, and who was told.

A case gives (let in, told): `told` is the broker's answer to the client, or None, and then its log must have a line.
"""

import json
import socket
import ssl
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from paho.mqtt import client as mqtt

from .broker import START, wait_until
from .p25_broker import CONSUMER, DEVICE_PASSWORD, Knocker

GUESSED = "a password that was guessed"
REFUSED = 128
DAY = timedelta(days=1)


def payload(serial, name="attack"):
    """An event that would count, if it were let in."""
    content = {"id": f"{name}-{serial}", "subject": serial, "metric": "units", "time": START.isoformat(), "quantity": 1}
    return json.dumps(content)


class Forger:
    """Certificates that the authority did not mean to make, and some that it did not make at all."""

    def __init__(self, broker):
        self.broker = broker
        self.ca = x509.load_pem_x509_certificate((broker.authority / "ca.crt").read_bytes())
        self.ca_key = serialization.load_pem_private_key((broker.authority / "ca.key").read_bytes(), None)

    def pair(self, name, start, days, *, use=ExtendedKeyUsageOID.CLIENT_AUTH, key=None, issuer=None):
        """(certificate file, key file) for a name; signed by the authority unless told otherwise."""
        own = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        begins = datetime.now(timezone.utc) + start
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or self.ca.subject)
            .public_key(own.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(begins + days)
            .add_extension(x509.BasicConstraints(False, None), True)
            .add_extension(x509.ExtendedKeyUsage([use]), False)
        )
        signed = builder.sign(own if key == "own" else key or self.ca_key, hashes.SHA256())
        stem = self.broker.folder / f"forged-{x509.random_serial_number()}"
        stem.with_suffix(".crt").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        stem.with_suffix(".key").write_bytes(own.private_bytes(pem, form, serialization.NoEncryption()))
        return stem.with_suffix(".crt"), stem.with_suffix(".key")


class MqttCases:
    """The cases, by name. `meter-1`, `meter-2` and `lost` have certificates, `plain` a password."""

    def __init__(self, broker, session):
        self.broker, self.session = broker, session
        self.forger = Forger(broker)

    def all(self):
        """{name: case}."""
        return {**self._certificates(), **self._passwords(), **self._topics(), **self._sessions()}

    def device(self, name="meter-1", client="x", version=mqtt.MQTTv5, **more):
        """A device with the certificate of a name."""
        pair = (self.broker.authority / f"{name}.crt", self.broker.authority / f"{name}.key")
        return Knocker(self.broker.tls_port, client, version).certificate(self.broker.certs / "ca.crt", pair, **more)

    def plain(self, user, password, client="x", version=mqtt.MQTTv5):
        """A device with a password."""
        return Knocker(self.broker.device_port, client, version).password(user, password)

    # -- who gets in ---------------------------------------------------------

    def _certificates(self):
        forge = self.forger.pair
        stranger = ec.generate_private_key(ec.SECP256R1())
        return {
            "no certificate": lambda: self._enters(self._with(None)),
            "expired certificate": lambda: self._enters(self._with(forge("meter-1", -2 * DAY, DAY))),
            "certificate of tomorrow": lambda: self._enters(self._with(forge("meter-1", DAY, DAY))),
            "revoked certificate": lambda: self._enters(self.device("lost")),
            "certificate of another authority": lambda: self._enters(
                self._with(forge("meter-1", -DAY, 9 * DAY, key=stranger))
            ),
            "self-signed certificate": lambda: self._enters(self._with(self._self_signed())),
            "a server's certificate": lambda: self._enters(
                self._with(forge("meter-1", -DAY, 9 * DAY, use=ExtendedKeyUsageOID.SERVER_AUTH))
            ),
            "TLS 1.1": lambda: self._enters(self.device(newest=ssl.TLSVersion.TLSv1_1)),
            "MQTT without TLS at the TLS listener": self._without_tls,
        }

    def _with(self, pair):
        return Knocker(self.broker.tls_port, "x").certificate(self.broker.certs / "ca.crt", pair)

    def _self_signed(self):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "meter-1")])
        return self.forger.pair("meter-1", -DAY, 9 * DAY, key="own", issuer=name)

    def _without_tls(self):
        with socket.create_connection(("127.0.0.1", self.broker.tls_port), 20) as line:
            line.sendall(b"\x10\x11\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x04evil")
            try:
                answer = line.recv(4)
            except ConnectionError:
                answer = b""
        return answer[:1] == b"\x20", None

    def _passwords(self):
        cases = {
            "no user name": lambda: self._enters(Knocker(self.broker.device_port, "x")),
            "wrong password": lambda: self._enters(self.plain("plain", GUESSED)),
            "empty password": lambda: self._enters(self.plain("plain", "")),
            "unknown user": lambda: self._enters(self.plain("nobody", GUESSED)),
            "the consumer's name": lambda: self._enters(self.plain(CONSUMER, DEVICE_PASSWORD)),
            "a wildcard as user name": lambda: self._enters(self.plain("+", "")),
            "wrong password at the consumer's listener": lambda: self._enters(
                Knocker(self.broker.consumer_port, self.session).password(CONSUMER, GUESSED)
            ),
        }
        return cases

    @staticmethod
    def _enters(client):
        let_in = client.knock()
        told = client.code if client.code is not None and client.code >= REFUSED else None
        client.close()
        return let_in, told

    # -- what a known device may not do -----------------------------------------

    def _topics(self):
        elsewhere = {
            "another device's topic": "usage/meter-2/events",
            "a topic of nobody": "elsewhere/meter-1",
            "the broker's own topics": "$SYS/broker/publish/messages/dropped",
            "another edge node's data": "spBv1.0/group/NDATA/meter-2",
            "a command to an edge node": "spBv1.0/group/NCMD/meter-2",
            "its own name one level up": "usage/events/meter-1",
        }
        cases = {name: lambda topic=topic: self._publishes(self.device(), topic) for name, topic in elsewhere.items()}
        return cases | {
            "another device's topic, by password": lambda: self._publishes(
                self.plain("plain", DEVICE_PASSWORD), "usage/meter-2/events"
            ),
            "a packet above the limit": lambda: self._publishes(self.device(), "usage/meter-1/events", "0" * 400_000),
            "subscription to everything": lambda: self._listens("#"),
            "subscription to all usage": lambda: self._listens("usage/#"),
            "a share in the consumer's subscription": lambda: self._listens("$share/consumers/usage/+/events"),
            "a certificate and the consumer's user name": lambda: self._listens(
                "usage/#", self.device().password(CONSUMER, GUESSED)
            ),
        }

    @staticmethod
    def _publishes(client, topic, content=None):
        assert client.knock(), "a known device gets in"
        code = client.publish(topic, payload("meter-2") if content is None else content)
        parted = client.taken
        client.close()
        told = code if code is not None else parted
        return code is not None and code < REFUSED, told if told is not None and told >= REFUSED else None

    def _listens(self, topic, client=None):
        """A subscription is answered as granted; what counts is that nothing is heard."""
        client, sender = client or self.device(), self.device("meter-2")
        assert client.knock() and sender.knock(), "known devices get in"
        client.subscribe(topic)
        assert sender.publish("usage/meter-2/events", payload("meter-2", "honest")) < REFUSED
        # What the broker has for us comes before the answer to this.
        client.publish("usage/meter-1/nothing", b"")
        heard = bool(client.heard)
        client.close()
        sender.close()
        return heard, None

    # -- sessions ----------------------------------------------------------------

    def _sessions(self):
        return {
            "the consumer's session, by a certificate": lambda: self._takes_over(self.device("meter-2", self.session)),
            "the consumer's session, by a password": lambda: self._takes_over(
                self.plain("plain", DEVICE_PASSWORD, self.session)
            ),
            "another device's session": self._other_session,
        }

    def _takes_over(self, client):
        """A device gets in under the consumer's client id, and is known by its own name instead."""
        client.knock(clean=True)
        known = "meter-2" if client.port == self.broker.tls_port else "plain"
        line = f"as {known} (p5"
        wait_until(lambda: line in self.broker.log(), 20)
        client.close()
        return f"as {self.session} (p5, c1" in self.broker.log(), f"you are {known}"

    def _other_session(self):
        owner, thief = self.device("meter-1", "meter-1"), self.device("meter-2", "meter-1")
        assert owner.knock() and thief.knock()
        parted = wait_until(lambda: not owner.client.is_connected(), 0.5)
        owner.close()
        thief.close()
        return parted, "you are meter-2"


def refused_without_a_word(cases):
    """Refused publications of which neither the client nor the log says a word: the protocol has no answer for them."""
    silent = 0
    for version, qos in ((mqtt.MQTTv311, 1), (mqtt.MQTTv5, 0)):
        client = cases.device(version=version)
        assert client.knock()
        client.client.publish("usage/meter-2/events", payload("meter-2", "silent"), qos=qos)
        wait_until(lambda client=client: client.published, 5)
        silent += not [code for code in client.published if code >= REFUSED]
        client.close()
    heir = cases.device()
    heir.client.will_set("usage/meter-2/events", payload("meter-2", "will"), qos=1)
    assert heir.knock()
    heir.client.socket().close()
    heir.close()
    return silent + 1

"""One connection to the broker: MQTT 5, a session that outlives it, nothing acknowledged by itself.

Runs in the caller's thread; the network moves only while `open`, `pump` or `acknowledge` runs. A connection
that is lost is never mended: its unacknowledged messages come again on the next one.
"""

import select
import ssl
import time

from paho.mqtt import client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from .messages import Message
from .packets import ACKNOWLEDGEMENT_BYTES, READ_BYTES, Inbox, MalformedError, acknowledgements

KEEPALIVE_SECONDS = 60
OPEN_SECONDS = 15
CLOSE_SECONDS = 5
NOTHING_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
BROKE_OFF = "The connection to the broker broke off."
DROPPED_TOPIC = "$SYS/broker/publish/messages/dropped"
SESSION_TAKEN_OVER = 142
REFUSED = 128


class BrokerError(Exception):
    """The broker cannot be reached, refuses us, or has let go of us. The text is for people."""


class Library(mqtt.Client):
    """The client library, reading what it is handed: messages are taken out before, see `packets`."""

    handed = b""

    def _sock_recv(self, bufsize):
        data, self.handed = self.handed[:bufsize], self.handed[bufsize:]
        if not data:
            raise BlockingIOError
        return data


class Connection:
    """Messages received and not yet taken are in `waiting`; reading stops at the receive maximum.

    Brokers have been seen to send more than that when a session goes on: the rest stays in the network.
    """

    def __init__(self, broker):
        self.broker = broker
        self.waiting = []
        self.has_session = False
        self.dropped = None
        self.lost = ""
        self.arrived_at = 0.0
        self._connack = self._suback = None
        self._inbox = Inbox()
        # Acknowledgements on their way. They and what the library sends are never mixed within a packet.
        self._leaving = bytearray()
        self._is_stuck = False
        self._client = self._make_client()

    def _make_client(self):
        client = Library(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id=self.broker.client_id,
            protocol=mqtt.MQTTv5,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        if self.broker.username:
            client.username_pw_set(self.broker.username, self.broker.password or None)
        if self.broker.tls:
            client.tls_set_context(self._tls_context())
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._received
        client.on_disconnect = self._disconnected
        # With this set, what is to be sent waits for loop_write.
        client.on_socket_register_write = _nothing
        return client

    def _tls_context(self):
        try:
            context = ssl.create_default_context(cafile=self.broker.ca_file or None)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.broker.certificate_file:
                context.load_cert_chain(self.broker.certificate_file, self.broker.key_file or None)
        except (OSError, ssl.SSLError) as error:
            raise BrokerError(f"The CA, certificate or key file cannot be used: {error}") from error
        return context

    # -- opening and closing -------------------------------------------------

    def open(self, is_stopped):
        """Connect and subscribe, or raise BrokerError. `is_stopped()` ends the waiting."""
        broker = self.broker
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = broker.session_seconds
        properties.ReceiveMaximum = broker.receive_maximum
        place = f"{broker.host}:{broker.port}"
        try:
            self._client.connect(broker.host, broker.port, KEEPALIVE_SECONDS, clean_start=False, properties=properties)
        except (OSError, ValueError, mqtt.WebsocketConnectionError) as error:
            raise BrokerError(f"The broker {place} cannot be reached: {error}") from error
        self._wait(lambda: self._connack, is_stopped, f"The broker {place} did not answer the connection.")
        if self._connack.value >= REFUSED:
            raise BrokerError(f"The broker {place} refuses the connection: {self._connack}")
        options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
        self._client.subscribe(broker.subscription, options=options)
        # Only told where the broker lets us listen; nothing depends on it.
        self._client.subscribe(DROPPED_TOPIC, qos=0)
        self._write()
        if not self.has_session:
            self._wait(lambda: self._suback, is_stopped, f"The broker {place} did not answer the subscription.")
        # With a session, what waited in it comes first, often more than the receive maximum: the answer is
        # behind it, and read when its turn comes.

    def _wait(self, condition, is_stopped, message):
        deadline = time.monotonic() + OPEN_SECONDS
        while not condition():
            if is_stopped() or time.monotonic() > deadline:
                raise BrokerError(message)
            self.pump(0.2)
            if self.lost:
                raise BrokerError(self.lost)

    def close(self):
        """Send what is to be sent and part in peace; the session stays."""
        deadline = time.monotonic() + CLOSE_SECONDS
        while not self.lost and self._wants_write() and time.monotonic() < deadline:
            self._write()
        if not self.lost:
            self._client.disconnect()
            self._write()
        self.lost = self.lost or "closed"

    # -- moving bytes ----------------------------------------------------------

    def pump(self, timeout, most=None):
        """Wait up to `timeout` for bytes, take in what has come, send what waits.

        Stops reading at `most` waiting messages; what comes after stays with the broker or the kernel.
        """
        most = most or self.broker.receive_maximum
        sock = self._client.socket()
        if self.lost or sock is None:
            self.lost = self.lost or BROKE_OFF
            return
        may_read = len(self.waiting) < most
        if may_read and self._has_more(sock):
            timeout = 0
        try:
            readable, _writable, _failed = select.select(
                [sock] if may_read else [], [sock] if self._wants_write() else [], [], timeout
            )
        except (OSError, ValueError):
            self.lost = self.lost or BROKE_OFF
            return
        if readable or (may_read and self._has_more(sock)):
            self._read(most)
        self._write()
        if not self.lost:
            self._client.loop_misc()

    def _has_more(self, sock):
        """Whether there is something to read that `select` does not know of."""
        return self._inbox.is_ready or getattr(sock, "pending", int)()

    def _wants_write(self):
        return bool(self._leaving) or self._client.want_write()

    def _read(self, most):
        """Take in what has come while there is room."""
        try:
            while not self.lost:
                messages, others = self._inbox.take(most - len(self.waiting))
                for packet in others:
                    self._hand(packet)
                if messages:
                    self._keep(messages)
                if len(self.waiting) >= most or not self._receive():
                    return
        except MalformedError:
            self._break_off("The broker sent what is not MQTT 5.")

    def _receive(self):
        """Take bytes from the network; whether there were any."""
        sock = self._client.socket()
        if self.lost or sock is None:
            self.lost = self.lost or BROKE_OFF
            return False
        try:
            data = sock.recv(READ_BYTES)
        except NOTHING_YET:
            return False
        except OSError:
            data = b""
        if not data:
            self._break_off(BROKE_OFF)
            return False
        self._inbox.add(data)
        return True

    def _break_off(self, text):
        self.lost = self.lost or text
        sock = self._client.socket()
        if sock is not None:
            sock.close()

    def _hand(self, packet):
        """Let the library read a packet that is no message."""
        self._client.handed = packet
        if not self.lost and (self._client.loop_read() or self._client.socket() is None):
            self.lost = self.lost or BROKE_OFF

    def _write(self):
        if self.lost:
            return
        if self._is_cut():
            self._send()
        if not self._is_cut() and self._client.want_write() and self._client.loop_write():
            self.lost = self.lost or BROKE_OFF
        if self._leaving and not self.lost and not self._client.want_write():
            self._send()

    def _is_cut(self):
        """Whether acknowledgements have left in part, or TLS holds some: only the rest of them may follow."""
        return self._is_stuck or len(self._leaving) % ACKNOWLEDGEMENT_BYTES > 0

    def _send(self):
        sock = self._client.socket()
        try:
            del self._leaving[: sock.send(self._leaving)]
            self._is_stuck = False
        except NOTHING_YET:
            self._is_stuck = True
        except (OSError, AttributeError):
            self._break_off(BROKE_OFF)

    def take(self):
        """The waiting messages; they stay the broker's until they are acknowledged."""
        taken, self.waiting = self.waiting, []
        return taken

    def acknowledge(self, messages):
        """Let the broker forget messages: only for what is committed, in the order it came."""
        if self.lost:
            return
        self._leaving += acknowledgements(messages)
        self._write()

    def publish(self, topic, payload):
        """Send a command, at most once."""
        if not self.lost:
            self._client.publish(topic, payload, qos=0)
            self._write()

    # -- what paho tells ---------------------------------------------------------

    def _connected(self, _client, _userdata, flags, reason, _properties):
        self.has_session = flags.session_present
        self._connack = reason

    def _subscribed(self, _client, _userdata, _mid, reasons, _properties):
        if self._suback is not None:
            return
        self._suback = reasons[0]
        if reasons[0].value != 1:
            self.lost = self.lost or f"The broker does not grant {self.broker.subscription} with QoS 1: {reasons[0]}"

    def _received(self, _client, _userdata, message):
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = None
        self._keep([Message(topic, message.payload, message.mid, message.qos)])

    def _keep(self, messages):
        self.arrived_at = time.monotonic()
        for message in messages:
            if message.topic != DROPPED_TOPIC:
                self.waiting.append(message)
                continue
            text = message.payload[:20].decode("ascii", "replace")
            self.dropped = int(text) if text.isdecimal() else self.dropped

    def _disconnected(self, _client, _userdata, _flags, reason, _properties):
        if self.lost:
            return
        if reason.value == SESSION_TAKEN_OVER:
            self.lost = (
                f"Another connection took over the session {self.broker.client_id}. "
                "Listeners that run at once each need a name (--name) and a group to share."
            )
        else:
            self.lost = f"The connection to the broker ended: {reason}"


def _nothing(_client, _userdata, _socket):
    """For callbacks that must be set and have nothing to do."""

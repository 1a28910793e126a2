"""Messages out of the bytes of an MQTT 5 connection, many at a time. All other packets are left to the client library.

A library that calls back for each message costs several times what storing it costs.
"""

from typing import NamedTuple

from .messages import Message

PUBLISH, PUBACK = 0x30, b"\x40\x02"
ACKNOWLEDGEMENT_BYTES = 4
MAX_LENGTH_BYTES = 4
READ_BYTES = 1 << 16


class MalformedError(Exception):
    """Bytes that are not MQTT 5."""


class Packets(NamedTuple):
    """What some bytes hold: messages, other packets as they are, and the first byte not used."""

    messages: list
    others: list
    used: int


class Inbox:
    """Bytes received and not yet read: never more than the packet at hand and what came with it."""

    def __init__(self):
        self._pieces = []
        self._size = 0
        # So many bytes must be there before it is worth looking again.
        self._wanted = 0

    def add(self, data):
        """Keep bytes as they came."""
        self._pieces.append(data)
        self._size += len(data)

    @property
    def is_ready(self):
        """Whether there may be a whole packet."""
        return self._size >= max(self._wanted, 1)

    def take(self, most):
        """(at most `most` messages, other packets) in the order they came, each kind for itself."""
        if not self.is_ready:
            return [], []
        data = b"".join(self._pieces)
        messages, others, used = read_packets(data, most)
        rest = data[used:]
        self._pieces, self._size = [rest] if rest else [], len(rest)
        self._wanted = 0 if len(messages) == most else _packet_size(rest)
        return messages, others


def read_packets(data, most):
    """The Packets at the beginning of some bytes, up to the last that is whole or the `most`-th message."""
    messages, others, place, size = [], [], 0, len(data)
    while len(messages) < most and place + 1 < size:
        head, length, body = data[place], data[place + 1], place + 2
        if length > 127:
            length, body = _long_length(data, place + 1)
        end = body + length
        if not body or end > size:
            break
        # A message at most once or at least once; exactly once is asked for by nobody here.
        message = _message(data, head, body, end) if head & 0xF4 == PUBLISH else None
        if message is None:
            others.append(data[place:end])
        else:
            messages.append(message)
        place = end
    return Packets(messages, others, place)


def _message(data, head, body, end):
    """The Message of a packet, None when it is not in the common form."""
    topic_at = body + 2
    if topic_at > end:
        return None
    topic_end = topic_at + (data[body] << 8 | data[body + 1])
    place, mid, qos = topic_end, 0, head >> 1 & 1
    if qos:
        place += 2
    # An empty topic stands for another one, and is the library's to know.
    if topic_end == topic_at or place >= end:
        return None
    if qos:
        mid = data[topic_end] << 8 | data[topic_end + 1]
    length, place = data[place], place + 1
    if length > 127:
        length, place = _long_length(data, place - 1)
    place += length
    if not mid and qos or place > end:
        return None
    try:
        topic = data[topic_at:topic_end].decode()
    except UnicodeDecodeError:
        topic = None
    return Message(topic, data[place:end], mid, qos)


def _long_length(data, place):
    """(a length of up to four bytes, where it ends); (0, 0) when it is not there as a whole. Raises MalformedError."""
    length, shift = 0, 0
    for at in range(place, min(place + MAX_LENGTH_BYTES, len(data))):
        length |= (data[at] & 127) << shift
        if data[at] < 128:
            return length, at + 1
        shift += 7
    if place + MAX_LENGTH_BYTES <= len(data):
        raise MalformedError
    return 0, 0


def _packet_size(data):
    """How many bytes the packet has that begins here; one more than there are when its length is not known."""
    length, body = _long_length(data, 1)
    return body + length if body else len(data) + 1


def acknowledgements(messages):
    """The bytes that let the broker forget messages, in their order."""
    return b"".join([PUBACK + message.mid.to_bytes(2, "big") for message in messages if message.qos])

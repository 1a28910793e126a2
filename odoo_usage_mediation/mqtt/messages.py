"""A message as it came, and what reading it gave."""

import base64
import hashlib
from datetime import datetime
from typing import NamedTuple

from odoo.addons.odoo_usage_billing.store.records import Refusal

from ..intake.reading import Refused
from ..parsing.texts import storable


class Message:
    """One message of the broker. `read` keeps what its reader made of it, for another try."""

    __slots__ = ("arrived_at", "mid", "payload", "qos", "read", "topic")

    def __init__(self, topic, payload, mid=0, qos=1):
        self.topic = topic
        self.payload = payload
        self.mid = mid
        self.qos = qos
        self.read = None
        # When it first arrived, as text, where its source dates messages by that.
        self.arrived_at = ""

    @property
    def identity(self):
        """A text that is the same for the same topic and payload: for producers without ids."""
        topic = self.topic.encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(b"%d:%s%s" % (len(topic), topic, self.payload)).hexdigest()
        return f"m-{digest[:40]}"

    def kept(self):
        """The whole message as data for suspense: text where it is text, else base64."""
        try:
            return {"@topic": storable(self.topic), "payload": storable(self.payload.decode())}
        except UnicodeDecodeError:
            return {"@topic": storable(self.topic), "payload_base64": base64.b64encode(self.payload).decode()}


class Mark(NamedTuple):
    """A number that a producer gave a message; `at` is the producer's own time, None when it said none."""

    producer: str
    number: int
    at: datetime | None
    boot: str


class Read:
    """What one message holds: received = records + refusals + filtered, and at least one of them."""

    __slots__ = ("filtered", "marks", "records", "refusals", "sparkplug")

    def __init__(self):
        self.records = []
        self.refusals = []
        self.filtered = 0
        self.marks = []
        self.sparkplug = None

    def refuse(self, message, number, code, params, subject=None):
        """Refuse the message as a whole; all of it is kept."""
        self.refusals.append(refusal(message, number, code, params, subject))
        return self


def refusal(message, number, code, params, subject=None):
    """A whole message as a refusal of the store."""
    return Refusal(Refused(number, subject, None, message.kept()), code, params)

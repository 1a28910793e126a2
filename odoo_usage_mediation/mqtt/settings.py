"""What a listener needs to know, read once from its source and the environment."""

import os
from dataclasses import dataclass, field

from ..parsing.sequence import SequenceRules
from .topics import subscription

PLAIN_PORT, TLS_PORT = 1883, 8883
DEFAULT_NAME = "main"
# Sparkplug B numbers messages of an edge node from 0 to 255.
SPARKPLUG_RULES = SequenceRules(first=0, wrap=256, window=100)


@dataclass(frozen=True)
class Broker:
    """Where the broker is and who we are there. The password is in no representation."""

    host: str
    port: int
    client_id: str
    username: str
    password: str = field(repr=False)
    tls: bool
    ca_file: str
    certificate_file: str
    key_file: str
    subscription: str
    session_seconds: int
    receive_maximum: int

    def without_secret(self, text):
        """A message for people, should anything have put the password into it."""
        return text.replace(self.password, "***") if self.password else text


@dataclass(frozen=True)
class Settings:
    """A source as its listener works by it."""

    source_id: int
    source_code: str
    broker: Broker
    batch_count: int
    batch_seconds: float
    sequence_rules: SequenceRules


def read_settings(source, database, name=DEFAULT_NAME, environ=None):
    """The settings of a source; what it leaves empty comes from the environment."""
    environ = os.environ if environ is None else environ
    environ = os.environ if environ is None else environ
    # The listener acts for the whole source; nobody else may read the password.
    own = source.sudo()
    client_id = own.mqtt_client_name or f"usage-{database}-{own.code}"
    port = own.mqtt_port or int(environ.get("MQTT_PORT") or 0)
    broker = Broker(
        host=own.mqtt_host or environ.get("MQTT_HOST") or "",
        port=port or (TLS_PORT if own.mqtt_tls else PLAIN_PORT),
        client_id=client_id if name == DEFAULT_NAME else f"{client_id}-{name}",
        username=own.mqtt_username or environ.get("MQTT_USER") or "",
        password=own.mqtt_secret or environ.get("MQTT_PASSWORD") or "",
        tls=own.mqtt_tls,
        ca_file=own.mqtt_ca_file or environ.get("MQTT_CA_FILE") or "",
        certificate_file=own.mqtt_certificate_file or environ.get("MQTT_CERTIFICATE_FILE") or "",
        key_file=own.mqtt_key_file or environ.get("MQTT_KEY_FILE") or "",
        subscription=subscription(own.mqtt_topic, own.mqtt_share_group),
        session_seconds=own.mqtt_session_hours * 3600,
        receive_maximum=min(65_535, 2 * own.mqtt_batch_count),
    )
    return Settings(
        source_id=own.id,
        source_code=own.code,
        broker=broker,
        batch_count=own.mqtt_batch_count,
        batch_seconds=own.mqtt_batch_millis / 1000,
        sequence_rules=_rules(own),
    )


def _rules(source):
    if source.mqtt_payload == "sparkplug":
        return SPARKPLUG_RULES
    wrap = source.sequence_wrap or None
    return SequenceRules(first=source.sequence_first, wrap=wrap, window=min(1_000, wrap // 4) if wrap else 1_000)

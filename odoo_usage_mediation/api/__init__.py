"""A request at the HTTP door, before and after the store: plain Python, no Odoo. See README.md."""

from .answers import document, outcomes
from .binary_event import structured
from .known_keys import KnownKeys
from .native import CLOUD_EVENTS, NATIVE, CheckedItems
from .negotiate import BINARY, EVENT, EVENT_BATCH, JSON, NDJSON, accepted_encoding, check_shape, negotiate
from .refusals import RequestRefused
from .signature import SIGNATURE_HEADER, WINDOW_SECONDS, check_signature, sign
from .unpack import MAX_RATIO, unpack

__all__ = [
    "BINARY",
    "CLOUD_EVENTS",
    "EVENT",
    "EVENT_BATCH",
    "JSON",
    "MAX_RATIO",
    "NATIVE",
    "NDJSON",
    "SIGNATURE_HEADER",
    "WINDOW_SECONDS",
    "CheckedItems",
    "KnownKeys",
    "RequestRefused",
    "accepted_encoding",
    "check_shape",
    "check_signature",
    "document",
    "negotiate",
    "outcomes",
    "sign",
    "structured",
    "unpack",
]

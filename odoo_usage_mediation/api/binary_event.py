"""A CloudEvent whose attributes are headers and whose data is the body, as one structured event."""

import json
import re
from urllib.parse import unquote_to_bytes

from .refusals import RequestRefused

PREFIX = "ce-"
_NAME = re.compile(r"[a-z0-9]{1,64}")
MAX_ATTRIBUTES = 50


def structured(headers, content):
    """The event as JSON bytes. `headers`: (name, value) pairs; `content`: the data, JSON or empty."""
    attributes = {}
    for header, value in headers:
        name = header.lower()
        if not name.startswith(PREFIX):
            continue
        name = name.removeprefix(PREFIX)
        if not _NAME.fullmatch(name) or name in ("data", "database64") or len(attributes) >= MAX_ATTRIBUTES:
            raise RequestRefused("bad_event_header", header=header[:60])
        attributes[name] = _decoded(value, header)
    event = json.dumps(attributes).encode()
    if not content.strip():
        return event
    _check_json(content)
    # The data goes in as it came, so that its numbers keep every digit.
    return event[:-1] + b', "data": ' + content.removeprefix(b"\xef\xbb\xbf") + b"}"


def _decoded(value, header):
    """A header's value with its percent signs resolved, as the HTTP binding of CloudEvents writes it."""
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        raise RequestRefused("bad_event_header", header=header[:60]) from None


def _check_json(content):
    """Refuse data that is no JSON by itself: it must not reach beyond its place in the event."""
    try:
        json.loads(content.decode("utf-8-sig"), parse_int=str, parse_float=str, parse_constant=str)
    except RecursionError:
        raise RequestRefused("too_deep", limit="20") from None
    except ValueError as error:
        raise RequestRefused("bad_structure", why=f"the data is not JSON ({str(error)[:80]})") from None

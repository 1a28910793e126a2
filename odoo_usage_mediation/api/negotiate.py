"""What kind of body a request has, by what it says it has."""

from .refusals import RequestRefused

JSON = "json"
NDJSON = "ndjson"
EVENT = "event"
EVENT_BATCH = "event_batch"
BINARY = "binary"
KINDS = {
    "application/json": JSON,
    "application/x-ndjson": NDJSON,
    "application/cloudevents+json": EVENT,
    "application/cloudevents-batch+json": EVENT_BATCH,
}
# Sent with a refusal of the type, so that the sender sees what is accepted (RFC 9110, 12.5.1).
ACCEPTED = {"Accept-Post": ", ".join(KINDS)}
CHARSETS = ("", "utf-8", "utf8", "us-ascii")
# The first sign of each kind; NDJSON is judged line by line.
FIRST_SIGNS = {JSON: "{[", EVENT: "{", EVENT_BATCH: "["}
BLANKS = b" \t\r\n"


def negotiate(mimetype, charset, headers):
    """The kind of a body. `headers` is a mapping that does not mind case. Raises RequestRefused."""
    mimetype = (mimetype or "").lower()
    if (charset or "").lower() not in CHARSETS:
        raise RequestRefused("wrong_charset", charset=charset[:60])
    kind = KINDS.get(mimetype)
    if kind in (EVENT, EVENT_BATCH):
        return kind
    if headers.get("ce-specversion") or headers.get("ce-id"):
        if mimetype and kind != JSON and not mimetype.endswith("+json"):
            raise RequestRefused("wrong_data_type", found=mimetype[:120], headers=ACCEPTED)
        return BINARY
    if kind is None:
        raise RequestRefused("wrong_type", found=mimetype[:120] or "-", headers=ACCEPTED)
    return kind


def accepted_encoding(header):
    """`gzip` or an empty text; other encodings are refused with what would be accepted."""
    encoding = (header or "").strip().lower()
    if encoding in ("", "identity"):
        return ""
    if encoding in ("gzip", "x-gzip"):
        return "gzip"
    raise RequestRefused("wrong_encoding", found=encoding[:60], headers={"Accept-Encoding": "gzip"})


def check_shape(kind, content):
    """Refuse content that holds nothing, or is plainly not of the kind it claims to be."""
    if kind != BINARY and (not content or content.isspace()):
        raise RequestRefused("empty_file")
    signs = FIRST_SIGNS.get(kind)
    if signs is None:
        return
    first = content[:64].removeprefix(b"\xef\xbb\xbf").lstrip(BLANKS)[:1].decode("ascii", "replace")
    if first and first not in signs:
        raise RequestRefused({EVENT: "not_one_event", EVENT_BATCH: "not_a_list"}.get(kind, "not_json"))

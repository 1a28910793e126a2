"""The closed list of problems: code -> (status, what happened and why, what to do)."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

PROBLEMS = {
    # Who sends.
    "missing_key": (
        401,
        _lt("The request has no key."),
        _lt("Send the header Authorization: Bearer followed by the ingestion key of the source."),
    ),
    "bad_key": (
        401,
        _lt("The key opens nothing here: it is unknown, expired or revoked, or was not made for sending usage."),
        _lt("Ask for a new ingestion key of the source."),
    ),
    "unsigned": (
        401,
        _lt("The source takes signed requests only, and this one has no signature."),
        _lt("Send the header Usage-Signature: t=<unix time>,v1=<HMAC-SHA256 of t.body in hexadecimal>."),
    ),
    "malformed_signature": (
        401,
        _lt("The signature cannot be read."),
        _lt("Send Usage-Signature: t=<unix time>,v1=<64 hexadecimal digits>."),
    ),
    "stale_signature": (
        401,
        _lt("The signature's time is more than %(minutes)s minutes away from ours."),
        _lt("Set the sender's clock, and sign each request when it is sent."),
    ),
    "bad_signature": (
        401,
        _lt("The signature does not fit the body."),
        _lt("Sign the bytes as they are sent, compressed ones after compression, with the secret of the source."),
    ),
    "no_secret": (
        403,
        _lt("The source takes signed requests only, but has no secret yet, so nothing can be let in."),
        _lt("Set the secret of the source in Odoo, or let it accept unsigned requests."),
    ),
    "unbound_key": (
        403,
        _lt("The key belongs to no source."),
        _lt("Make an ingestion key in the form of the source."),
    ),
    "no_ingestion_user": (
        403,
        _lt("The key's user may not send usage."),
        _lt("Give the user the group Usage ingestion, or make a new key in the form of the source."),
    ),
    "other_source": (
        403,
        _lt("The key does not open the source that the request names."),
        _lt("Send the code of the key's own source, or none."),
    ),
    "other_company": (
        403,
        _lt("The key's user does not belong to the company of the source."),
        _lt("Make a key in the form of the source of your company."),
    ),
    "closed_source": (
        403,
        _lt("The source does not accept requests."),
        _lt("Let it accept requests in its form, or ask for a key of another source."),
    ),
    "forbidden": (403, _lt("This is not allowed."), _lt("Ask for an ingestion key of the source.")),
    # How it is sent.
    "not_found": (404, _lt("There is nothing at this address."), _lt("See /usage/v1/openapi.json.")),
    "wrong_method": (405, _lt("Usage is sent with POST."), _lt("Send the same request with POST.")),
    "wrong_type": (
        415,
        _lt("The type of the body, %(found)s, is not one that this address reads."),
        _lt("Set Content-Type to one of the types listed in the header Accept-Post."),
    ),
    "wrong_data_type": (
        415,
        _lt("The event's data is %(found)s, and only JSON is read."),
        _lt("Send the data as JSON, with Content-Type: application/json."),
    ),
    "wrong_charset": (
        415,
        _lt("The body is said to be %(charset)s, and JSON is UTF-8."),
        _lt("Send UTF-8."),
    ),
    "wrong_encoding": (
        415,
        _lt("The body is packed as %(found)s, which is not unpacked here."),
        _lt("Send it unpacked, or with Content-Encoding: gzip."),
    ),
    # How much.
    "too_large": (
        413,
        _lt("The body has more than %(limit)s bytes, the limit of the source."),
        _lt("Send it in several requests."),
    ),
    "too_large_by_far": (
        413,
        _lt("The body is larger than any source accepts."),
        _lt("Send it in several requests."),
    ),
    "too_many_rows": (
        413,
        _lt("The body has more than %(limit)s items, the limit of the source."),
        _lt("Send them in several requests."),
    ),
    "bomb_ratio": (
        413,
        _lt("The body unpacks to more than %(limit)s times its size."),
        _lt("Send it unpacked."),
    ),
    "timed_out": (
        413,
        _lt("Reading the body took longer than %(seconds)s seconds, so nothing of it is stored."),
        _lt("Send fewer items in one request."),
    ),
    "too_many_guesses": (
        429,
        _lt("Your address has sent more than %(limit)s keys a minute that open nothing here."),
        _lt("Send a key that is in force; ask for one if you have none."),
    ),
    "too_fast": (
        429,
        _lt("The source has sent more than %(limit)s requests per minute."),
        _lt("Wait as long as the header Retry-After says, and send more items in one request."),
    ),
    # What it holds.
    "bad_request": (400, _lt("The request cannot be read."), _lt("See /usage/v1/openapi.json.")),
    "empty_file": (400, _lt("The body has no items."), _lt("Send at least one item.")),
    "not_json": (
        400,
        _lt("The body is neither a JSON object nor a list of objects."),
        _lt("Send one object, or a list of them."),
    ),
    "not_one_event": (
        400,
        _lt("A structured CloudEvent is one JSON object, and the body is something else."),
        _lt("Send one event, or several as application/cloudevents-batch+json."),
    ),
    "not_a_list": (
        400,
        _lt("A batch of CloudEvents is a JSON list, and the body is something else."),
        _lt("Send a list, or one event as application/cloudevents+json."),
    ),
    "bad_event_header": (
        400,
        _lt("The header %(header)s is not an attribute of a CloudEvent."),
        _lt("Use names of small letters and digits, and percent-encoded UTF-8 in values."),
    ),
    "bad_structure": (
        400,
        _lt("The body is not what its type says: %(why)s."),
        _lt("Correct the JSON; nothing of the request is stored."),
    ),
    "wrong_file_type": (
        400,
        _lt("The body is %(found)s where %(expected)s is expected."),
        _lt("Send what the type of the request says."),
    ),
    "bad_encoding": (400, _lt("The body is not valid UTF-8."), _lt("Send UTF-8.")),
    "too_deep": (
        400,
        _lt("The body is nested deeper than %(limit)s levels."),
        _lt("Send flat items."),
    ),
    "undeclared_archive": (
        400,
        _lt("The body is packed, but the request does not say so."),
        _lt("Send it unpacked, or with Content-Encoding: gzip."),
    ),
    "corrupt": (
        400,
        _lt("The body cannot be unpacked: %(why)s."),
        _lt("Send it again, or unpacked."),
    ),
    # Our side.
    "internal": (
        500,
        _lt("Something went wrong on our side, and nothing of the request is stored."),
        _lt("Send it again later; tell the operator when it happens again."),
    ),
    "busy": (
        503,
        _lt("Others work on the same contracts right now, and nothing of the request is stored."),
        _lt("Send the same request again after the time in the header Retry-After."),
    ),
}

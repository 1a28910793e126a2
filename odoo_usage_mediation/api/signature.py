"""Signed requests: HMAC-SHA256 over the sender's time and the body as it was sent."""

import hashlib
import hmac
import re

from .refusals import RequestRefused

SIGNATURE_HEADER = "Usage-Signature"
WINDOW_SECONDS = 300
MAX_HEADER_CHARS = 1_000
_STAMP = re.compile(r"[0-9]{1,12}")
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")


def sign(secret, stamp, body):
    """The header's value for a body (bytes) sent at `stamp` (whole seconds since 1970)."""
    return f"t={stamp},v1={_digest(secret, str(stamp), body)}"


def check_signature(secrets, header, body, now):
    """Return when the header signs this body within the window around `now`; else raise RequestRefused.

    `secrets`: those that count, two while one is changed. Without one nothing is accepted. Several `v1` may be sent.
    """
    secrets = [secret for secret in secrets if secret]
    if not secrets:
        raise RequestRefused("no_secret")
    if not header:
        raise RequestRefused("unsigned")
    stamp, digests = _parts(header[:MAX_HEADER_CHARS])
    if abs(now - int(stamp)) > WINDOW_SECONDS:
        raise RequestRefused("stale_signature", minutes=WINDOW_SECONDS // 60)
    expected = [_digest(secret, stamp, body) for secret in secrets]
    # All are compared, so that time tells nothing about which one fits.
    if not any([hmac.compare_digest(one, digest) for one in expected for digest in digests]):
        raise RequestRefused("bad_signature")


def _parts(header):
    stamps, digests = [], []
    for part in header.split(","):
        name, _sign, value = part.strip().partition("=")
        if name == "t":
            stamps.append(value)
        elif name == "v1" and _DIGEST.fullmatch(value):
            digests.append(value.lower())
    if len(stamps) != 1 or not _STAMP.fullmatch(stamps[0]) or not digests:
        raise RequestRefused("malformed_signature")
    return stamps[0], digests


def _digest(secret, stamp, body):
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()

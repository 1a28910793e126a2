"""Keys that fitted their stored hash a moment ago: the slow check is made once in a while, not for each request."""

import hmac
import secrets

MAX_KNOWN = 1_000
KNOWN_SECONDS = 600


class KnownKeys:
    """Remembers (key, hash) pairs that fit, as digests under a secret of this process; no key is kept.

    Only the arithmetic is remembered. Which hashes there are, whose they are and until when is for the caller
    to ask the database each time: what is revoked, ended or replaced has no hash to compare with.
    """

    def __init__(self, verify, monotonic):
        """`verify(key, hash)` is the slow check, `monotonic()` a clock that never goes back."""
        self._verify = verify
        self._monotonic = monotonic
        self._secret = secrets.token_bytes(32)
        self._until = {}

    def fits(self, key, known):
        """Whether a key fits a stored hash. What does not fit is never remembered."""
        sign = hmac.digest(self._secret, f"{known}\0{key}".encode(), "sha256")
        now = self._monotonic()
        if self._until.get(sign, now) > now:
            return True
        if not self._verify(key, known):
            return False
        if len(self._until) >= MAX_KNOWN:
            self._until.clear()
        self._until[sign] = now + KNOWN_SECONDS
        return True

"""A gzip body unpacked within limits: a bomb is refused before it is in memory."""

import zlib

from .refusals import RequestRefused

MAX_RATIO = 100
# Below this many unpacked bytes nothing is a bomb, however even its text.
RATIO_FLOOR = 1_000_000
GZIP_WINDOW = 31
GZIP_SIGN = b"\x1f\x8b"
ZIP_SIGN = b"PK"


def unpack(body, encoding, max_bytes):
    """The plain content (bytes) of a body. Raises RequestRefused."""
    if encoding != "gzip":
        if body[:2] in (GZIP_SIGN, ZIP_SIGN):
            raise RequestRefused("undeclared_archive")
        return body
    ceiling = min(max_bytes, max(MAX_RATIO * len(body), RATIO_FLOOR))
    content = bytearray()
    while body:
        body = _member(body, content, ceiling)
        if len(content) > ceiling:
            if ceiling < max_bytes:
                raise RequestRefused("bomb_ratio", limit=MAX_RATIO)
            raise RequestRefused("too_large", limit=max_bytes)
    return bytes(content)


def _member(body, content, ceiling):
    """Append what one gzip member holds, at most one byte beyond the ceiling; return what follows it."""
    engine = zlib.decompressobj(GZIP_WINDOW)
    try:
        # One byte more than allowed is enough to know.
        content += engine.decompress(body, ceiling + 1 - len(content))
    except zlib.error as error:
        raise RequestRefused("corrupt", why=str(error)[:200]) from None
    if len(content) <= ceiling and not engine.eof:
        raise RequestRefused("corrupt", why="it ends too early")
    return engine.unused_data

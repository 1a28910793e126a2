"""A gzip body unpacked within limits: a bomb is refused before it is in memory."""

import io
import zlib

from ..parsing.gzip_stream import GzipStream
from .refusals import RequestRefused

MAX_RATIO = 100
# Below this many unpacked bytes nothing is a bomb, however even its text.
RATIO_FLOOR = 1_000_000
PIECE = 1 << 18
GZIP_SIGN = b"\x1f\x8b"
ZIP_SIGN = b"PK"


def unpack(body, encoding, max_bytes):
    """The plain content (bytes) of a body. Raises RequestRefused."""
    if encoding != "gzip":
        if body[:2] in (GZIP_SIGN, ZIP_SIGN):
            raise RequestRefused("undeclared_archive")
        return body
    ceiling = min(max_bytes, max(MAX_RATIO * len(body), RATIO_FLOOR))
    content = _content(GzipStream(io.BytesIO(body)), ceiling)
    if len(content) > ceiling:
        if ceiling < max_bytes:
            raise RequestRefused("bomb_ratio", limit=MAX_RATIO)
        raise RequestRefused("too_large", limit=max_bytes)
    return bytes(content)


def _content(stream, ceiling):
    """What a gzip stream holds, at most one byte beyond the ceiling: enough to know."""
    content = bytearray()
    try:
        while piece := stream.read(min(PIECE, ceiling + 1 - len(content))):
            content += piece
    except zlib.error as error:
        raise RequestRefused("corrupt", why=str(error)[:200]) from None
    except EOFError:
        raise RequestRefused("corrupt", why="it ends too early") from None
    return content

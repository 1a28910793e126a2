"""A gzip file unpacked piece by piece, within a number of members.

A member may hold nothing: a file of empty ones costs time and gives nothing that a limit of bytes would see.
"""

from __future__ import annotations

import io
import zlib
from typing import BinaryIO

from .reasons import FileRefused

MAX_MEMBERS = 1_000
_GZIP = 31
_PIECE = 1 << 16


class GzipStream(io.RawIOBase):
    """Reads the members of a gzip file as one content. Checks length and sum of each; zeros may follow the last."""

    def __init__(self, source: BinaryIO):
        super().__init__()
        self._source = source
        self._engine = None
        self._members = 0
        self._ahead = b""

    def readable(self) -> bool:
        """Say yes: this is a source of bytes."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes; b"" at the end. Raises what zlib raises, EOFError and FileRefused."""
        size = _PIECE if size is None or size < 0 else size
        while size and (self._engine or self._begin()):
            piece = self._ahead or self._source.read(_PIECE)
            data = self._engine.decompress(piece, size)
            self._ahead = self._engine.unconsumed_tail
            if self._engine.eof:
                self._ahead, self._engine = self._engine.unused_data, None
            elif not piece and not data:
                raise EOFError("the compressed file ends too early")
            if data:
                return data
        return b""

    def _begin(self) -> bool:
        """Stand at the beginning of the next member; False when there is none."""
        while True:
            piece = self._ahead or self._source.read(_PIECE)
            if not piece:
                return False
            # Archivers fill the last block with zeros.
            self._ahead = piece.lstrip(b"\0") if self._members else piece
            if self._ahead:
                break
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise FileRefused("corrupt", why=f"it has more than {MAX_MEMBERS} members")
        self._engine = zlib.decompressobj(_GZIP)
        return True

"""Bounded content: bytes of a file, unpacked from gzip or zip when need be, never beyond the limits.

Only file objects and bytes come in; nothing is opened by path.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from typing import BinaryIO, NamedTuple, Union

from .gzip_stream import GzipStream
from .limits import Deadline, Limits
from .reasons import FileRefused

CHUNK = 1 << 18
MAX_MEMBERS = 2_000
# Below this many unpacked bytes nothing is a bomb, however even its text.
RATIO_FLOOR = 1 << 20
# What unpacking can raise when the bytes are not what they should be.
DAMAGE = (EOFError, OSError, ValueError, NotImplementedError, zipfile.BadZipFile, zlib.error)
# Style sheets, papers and checksums hold no usage.
_COMPANIONS = (".xsl", ".xslt", ".css", ".pdf", ".md", ".htm", ".html", ".md5", ".sha256", ".png")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Content(NamedTuple):
    """Content whose size is known and allowed. ``kind`` is ``xlsx``, ``text`` or ``ole``.

    ``stream`` is the raw file (seekable); ``member`` is the zip member to read ("" when none), ``members`` are all of
    several, in the order of their names.
    """

    stream: BinaryIO
    kind: str
    packing: str
    member: str
    size: int
    members: tuple = ()

    def open(self, limits: Limits, deadline: Deadline) -> Bounded:
        """Return a new bounded reader of the unpacked bytes, from the beginning.

        All readers share the one file: open the next only when done with the last.
        """
        self.stream.seek(0)
        if self.packing == "gzip":
            source = GzipStream(self.stream)
        elif self.packing == "zip":
            source = zipfile.ZipFile(self.stream).open(self.member)
        else:
            source = self.stream
        return Bounded(source, self.size if self.packing else None, limits, deadline)


class Bounded(io.RawIOBase):
    """A stream that counts what it gives out and refuses to give more than is allowed."""

    def __init__(self, source, packed_size, limits: Limits, deadline: Deadline):
        super().__init__()
        self._source = source
        self._limits = limits
        self._deadline = deadline
        self._ceiling = None
        if packed_size is not None:
            self._ceiling = max(limits.max_ratio * packed_size, RATIO_FLOOR)
        self.count = 0

    def readable(self) -> bool:
        """Say yes: this is a source of bytes."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes (at most one chunk); b"" at the end."""
        self._deadline.check()
        try:
            data = self._source.read(CHUNK if size is None or size < 0 else min(size, CHUNK))
        except RuntimeError as error:
            # zipfile has no type of its own for "a password is needed".
            raise FileRefused("encrypted" if "password" in str(error) else "corrupt", why=str(error)[:200]) from None
        except DAMAGE as error:
            raise FileRefused("corrupt", why=str(error)[:200]) from None
        self.count += len(data)
        if self._ceiling is not None and self.count > self._ceiling:
            raise FileRefused("bomb_ratio", limit=self._limits.max_ratio)
        if self.count > self._limits.max_bytes:
            raise FileRefused("too_large", limit=self._limits.max_bytes)
        return data

    def readinto(self, buffer) -> int:
        """Fill buffer, for wrappers that ask for it."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def open_content(content: Union[BinaryIO, bytes], limits: Limits, deadline: Deadline) -> Content:
    """Look at the bytes and say what they are; raise FileRefused for what cannot be read.

    ``content`` is bytes or a seekable binary file object; a name or type claimed elsewhere
    does not count.
    """
    stream = io.BytesIO(content) if isinstance(content, (bytes, bytearray, memoryview)) else content
    size = stream.seek(0, io.SEEK_END)
    if size == 0:
        raise FileRefused("empty_file")
    if size > limits.max_bytes:
        raise FileRefused("too_large", limit=limits.max_bytes)
    stream.seek(0)
    head = stream.read(8)
    deadline.check()
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _zip_content(stream, size, limits)
    if head[:2] == b"\x1f\x8b":
        opened = Content(stream, "text", "gzip", "", size)
        _refuse_nested(opened.open(limits, deadline).read(8))
        return opened
    if head == _OLE:
        _refuse_ole(stream, limits)
    return Content(stream, "text", "", "", size)


def file_digest(content: Union[BinaryIO, bytes], limits: Limits, deadline: Deadline) -> str:
    """Return the sha256 of the bytes as received, in hexadecimal; bounded like every read."""
    stream = io.BytesIO(content) if isinstance(content, (bytes, bytearray, memoryview)) else content
    stream.seek(0)
    reader = Bounded(stream, None, limits, deadline)
    digest = hashlib.sha256()
    while data := reader.read():
        digest.update(data)
    stream.seek(0)
    return digest.hexdigest()


def _zip_content(stream, size, limits) -> Content:
    try:
        archive = zipfile.ZipFile(stream)
        members = archive.infolist()
    except DAMAGE as error:
        raise FileRefused("corrupt", why=str(error)[:200]) from None
    if len(members) > MAX_MEMBERS:
        raise FileRefused("several_files", found=f"{len(members)} members")
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        raise FileRefused("corrupt", why="two members have one name")
    if any(member.flag_bits & 1 for member in members):
        raise FileRefused("encrypted")
    if "[Content_Types].xml" in names:
        if not any(name.startswith("xl/") for name in names):
            raise FileRefused("wrong_file_type", found="an office document", expected="a workbook")
        return Content(stream, "xlsx", "zip", "", size)
    data = [name for name in names if not name.endswith("/") and not _is_litter(name)]
    # What stands beside the usage in archives of providers; alone it is what was sent.
    data = [name for name in data if not _is_companion(name)] or data
    if not data:
        raise FileRefused("empty_file")
    for name in data:
        _look_into(archive, name)
    _bound_together([archive.getinfo(name).file_size for name in data], size, limits)
    return Content(stream, "text", "zip", min(data), size, tuple(sorted(data)) if len(data) > 1 else ())


def _look_into(archive, name) -> None:
    try:
        with archive.open(name) as inner:
            _refuse_nested(inner.read(8))
    except (*DAMAGE, RuntimeError) as error:
        raise FileRefused("corrupt", why=str(error)[:200]) from None


def _bound_together(sizes: list, size: int, limits: Limits) -> None:
    """Refuse several files that are too large together; no more of a member is unpacked than its declared size."""
    if len(sizes) > 1 and sum(sizes) > max(limits.max_ratio * size, RATIO_FLOOR):
        raise FileRefused("bomb_ratio", limit=limits.max_ratio)
    if len(sizes) > 1 and sum(sizes) > limits.max_bytes:
        raise FileRefused("too_large", limit=limits.max_bytes)


def _is_litter(name: str) -> bool:
    base = name.rsplit("/", 1)[-1]
    return name.startswith("__MACOSX/") or base in (".DS_Store", "Thumbs.db") or base.startswith("._")


def _is_companion(name: str) -> bool:
    base = name.rsplit("/", 1)[-1].casefold()
    is_paper = base.startswith(("readme", "license", "licence"))
    return is_paper or base.endswith(_COMPANIONS) or (base.endswith((".json", ".xml")) and "manifest" in base)


def _refuse_nested(head: bytes) -> None:
    if head[:4] == b"PK\x03\x04" or head[:2] == b"\x1f\x8b":
        raise FileRefused("nested_archive")


def _refuse_ole(stream, limits) -> None:
    """An old binary office file: a workbook with a password looks like this, and so does .xls."""
    stream.seek(0)
    if "EncryptedPackage".encode("utf-16-le") in stream.read(limits.max_bytes):
        raise FileRefused("encrypted")
    raise FileRefused("wrong_file_type", found="an old binary office file (.xls, .doc)", expected="text or .xlsx")

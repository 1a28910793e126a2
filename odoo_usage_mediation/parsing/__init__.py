"""Bytes to usage records or rejections: pure, bounded, exact. See README.md for the interface."""

from .containers import file_digest
from .limits import Deadline, Limits
from .mapper import Window
from .object_readers import MessageReader, parse_rows
from .profile import Profile, ProfileInvalid
from .reader import Parsed, parse
from .reasons import FILE_REASONS, REASONS, FileRefused, Reason
from .records import Record, Rejection, content_digest, derive_external_id
from .safe_cell import safe_cell, safe_row
from .sniff import Sniffed, sniff
from .texts import Canonical, Final

__all__ = [
    "FILE_REASONS",
    "REASONS",
    "Canonical",
    "Deadline",
    "FileRefused",
    "Final",
    "Limits",
    "MessageReader",
    "Parsed",
    "Profile",
    "ProfileInvalid",
    "Reason",
    "Record",
    "Rejection",
    "Sniffed",
    "Window",
    "content_digest",
    "derive_external_id",
    "file_digest",
    "parse",
    "parse_rows",
    "safe_cell",
    "safe_row",
    "sniff",
]

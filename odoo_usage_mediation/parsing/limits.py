"""Every door has a size: the limits a caller must state before anything is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .reasons import FileRefused


class Limits(NamedTuple):
    """Say how much one file or message may cost. All are required; there are no defaults.

    ``max_bytes``: bytes of the file as received, and again of its content once unpacked.
    ``max_rows``: data rows (header and empty rows not counted).
    ``max_columns``: cells in one row. ``max_cell_chars``: characters in one cell.
    ``max_ratio``: unpacked bytes per received byte (gzip, zip, xlsx).
    ``max_seconds``: seconds by the caller's monotonic clock.
    ``max_depth``: nesting of JSON and XML.
    """

    max_bytes: int
    max_rows: int
    max_columns: int
    max_cell_chars: int
    max_ratio: int
    max_seconds: int
    max_depth: int

    def checked(self) -> Limits:
        """Return self, or raise ValueError: a limit of zero or less is a mistake, not "unlimited"."""
        for name, value in zip(self._fields, self, strict=True):
            if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
                raise ValueError(f"{name} must be a whole number above zero, not {value!r}")
        return self


class Deadline:
    """Stop a reader that takes too long, by a clock that the caller hands in.

    ``monotonic`` returns seconds and never goes back (``time.monotonic`` in production, a
    counter in tests). Readers ask at each chunk, so a deadline is late by one chunk at most.
    """

    __slots__ = ("_ends_at", "_monotonic", "max_seconds")

    def __init__(self, max_seconds: int, monotonic: Callable[[], float]):
        self.max_seconds = max_seconds
        self._monotonic = monotonic
        self._ends_at = monotonic() + max_seconds

    def check(self) -> None:
        """Return while there is time left, else raise FileRefused ``timed_out``."""
        if self._monotonic() > self._ends_at:
            raise FileRefused("timed_out", seconds=self.max_seconds)

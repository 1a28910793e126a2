"""Append-only storage of usage: keys, events, buckets, suspense. See README.md."""

from .records import UsageRecord, WriteResult
from .writer import UsageWriter

__all__ = ["UsageRecord", "UsageWriter", "WriteResult"]

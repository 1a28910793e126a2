"""Repeats within one file, told apart from conflicts; memory is bounded by the row limit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from .records import Record, Rejection, content_digest
from .texts import storable


def refuse_repeats(items: Iterable) -> Iterator:
    """Pass items on; a record whose identity came before becomes a rejection.

    Same content: ``duplicate_in_file``. Other content: ``conflict``. 24 bytes of digest are
    kept per identity. Only for profiles that ask for it: the database decides in any case.
    """
    seen: dict[bytes, tuple] = {}
    for item in items:
        if type(item) is not Record:
            yield item
            continue
        key = hashlib.sha256(item.external_id.encode("utf-8")).digest()[:16]
        content = content_digest(item)[:8]
        first = seen.setdefault(key, (item.row_number, content))
        if first[0] == item.row_number and first[1] == content:
            yield item
        elif first[1] == content:
            params = {"external_id": item.external_id, "first_row": str(first[0])}
            yield Rejection(item.row_number, "duplicate_in_file", params, item.metric, storable(item.raw))
        else:
            params = {"external_id": item.external_id}
            yield Rejection(item.row_number, "conflict", params, item.metric, storable(item.raw))

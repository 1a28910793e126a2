"""What a reader gives: records that can be stored, and rejections that a person can mend."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import partial
from typing import NamedTuple, Optional, Union

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# Wide enough that no quantity within the bounds of quantities.py is ever rounded here.
_WIDE = Context(prec=120, rounding=ROUND_HALF_EVEN)

Raw = Union[Sequence[str], Mapping[str, object]]


class Record(NamedTuple):
    """One usage fact as its producer stated it, in plain values.

    ``row_number``: where it stands in the source; the line number at which the row starts in
    CSV and JSON Lines (1 = first line), the sheet row in XLSX, the ordinal in JSON and XML.
    ``external_id``: identity, unique within the source for ever. ``occurred_at``: aware, UTC,
    start of the usage; ``occurred_until``: aware, UTC, exclusive end, or None for an instant.
    ``quantity`` in ``unit`` (as the profile names it; "" when none). ``amount`` in
    ``currency``, or None. ``raw``: the row as text, for lineage.
    """

    row_number: int
    external_id: str
    subject: str
    metric: str
    occurred_at: datetime
    occurred_until: Optional[datetime]
    quantity: Decimal
    unit: str
    dimensions: dict
    amount: Optional[Decimal]
    currency: str
    end_user: str
    raw: Raw


class Rejection(NamedTuple):
    """One record refused. ``code`` is a key of REASONS, ``params`` fill its templates.

    A row that is refused as a whole gives one rejection; a row of which one measure is refused
    gives one for that measure only. ``metric``: the metric that it would have reported; "" when
    the row does not say it, cannot be read, or is refused as a whole and has several. ``code``
    ``filtered`` means: left out on purpose; count it, do not put it in suspense.
    """

    row_number: int
    code: str
    params: dict
    metric: str
    raw: Raw


# A NamedTuple call costs twice a bare tuple.__new__, and this runs once per record.
make_record = partial(tuple.__new__, Record)


def canonical_number(value: Decimal) -> str:
    """Write a number in one way only: ``1``, ``1.0`` and ``1E0`` all give ``1``; never an exponent."""
    if not value:
        return "0"
    text = str(value)
    if "E" in text:
        return format(value.normalize(_WIDE), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _instant(at: datetime) -> str:
    """Write a UTC instant as days, seconds and microseconds since 1970: several times faster than ISO 8601."""
    since = at - _EPOCH
    return f"{since.days}:{since.seconds}:{since.microseconds}"


def content_digest(record: Record) -> bytes:
    """Return 32 bytes that are equal for two records exactly when they state the same fact.

    Covers subject, metric, times, quantity, unit, dimensions, amount, currency and end user;
    not the row number, the raw text, or how a number was written. The identity is left out:
    the digest answers "same id, but is it the same content?".
    """
    (_row, _id, subject, metric, start, until, quantity, unit, dimensions, amount, currency, end_user, _raw) = record
    parts = [
        "content/1",
        subject,
        metric,
        _instant(start),
        _instant(until) if until else "",
        canonical_number(quantity),
        unit,
        "" if amount is None else canonical_number(amount),
        currency,
        end_user,
    ]
    for name in sorted(dimensions) if len(dimensions) > 1 else dimensions:
        parts.append(name)
        parts.append(dimensions[name])
    return hashlib.sha256(_joined(parts)).digest()


def derive_external_id(parts: Iterable[str]) -> str:
    """Make an identity from key values: the same values give the same id, on every machine.

    ("ab", "c") and ("a", "bc") give different ids. 42 characters.
    """
    return "k-" + hashlib.sha256(_joined(["key/1", *parts])).hexdigest()[:40]


def row_external_id(file_digest: str, row_number: int) -> str:
    """Make an identity from the file's digest and the row: for producers without any key."""
    return f"f-{file_digest[:40]}-{row_number}"


def _joined(parts: list) -> bytes:
    """Write texts so that no two lists give the same bytes.

    A separator is enough while no text contains it; otherwise each text goes with its length.
    """
    text = "\x1f".join(parts)
    if text.count("\x1f") != len(parts) - 1:
        text = "\x1f\x1f" + "".join([f"{len(part)}:{part}" for part in parts])
    return text.encode("utf-8", "surrogatepass")

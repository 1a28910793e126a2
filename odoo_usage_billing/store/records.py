"""Values that cross the store's door."""

import json
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from .instants import stamp
from .keys import hashed


class UsageRecord(NamedTuple):
    """One usage fact as a producer states it, decoded but not yet guided.

    `occurred_at` is an aware instant; `quantity` is in the metric's unit;
    `external_id` is the producer's id, unique within its source for ever. A correction names another id of
    the same source: with `voids` that event is taken back, and what else the record says is ignored; with
    `replaces` it is taken back and the record counts instead. A `true_up` brings estimates to what was read
    and may be negative whatever the metric says. What is `derived` was worked out from facts kept elsewhere, one
    at a time: the last one says what counts, also when an earlier one of its id said the same.
    """

    row_number: int
    external_id: str
    subject: str
    metric: str
    occurred_at: datetime
    quantity: Decimal
    amount: Decimal | None = None
    dimensions: dict | None = None
    end_user: str | None = None
    raw: object = None
    voids: str | None = None
    replaces: str | None = None
    true_up: bool = False
    derived: bool = False


# Calling a NamedTuple costs twice a bare tuple.__new__, and this runs once per record.
make_record = partial(tuple.__new__, UsageRecord)


class Refusal(NamedTuple):
    """A record that may not become an event, with its reason code and parameters."""

    record: object
    reason: str
    params: dict


class WriteResult(NamedTuple):
    """Counts of one write, and what was refused.

    received = accepted + duplicate + suspended. `accepted_digests`: {external id: content digest}.
    """

    received: int
    accepted: int
    duplicate: int
    suspended: int
    refusals: list
    duplicates: list
    accepted_digests: dict


def storable(value):
    """A value as JSON columns can hold it: what no database takes in a text is made visible."""
    if isinstance(value, str):
        text = value.replace("\0", "\\x00")
        return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {storable(name): storable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value


def suspense_key(text):
    """The key (hex) under which a refused record of an external id, or of a text if it has none, waits."""
    return hashed((text,))[0]


def plain(number):
    """A Decimal as text without exponent or trailing zeros: 1E+3 -> '1000', 1.50 -> '1.5'."""
    text = str(number)
    if "E" in text:
        text = format(number, "f")
    if text[-1] == "0" and "." in text:
        text = text.rstrip("0")
    if text[-1] == ".":
        text = text[:-1]
    return "0" if text == "-0" else text


def content_digest(record):
    """A 128-bit digest (hex) of what a record says, independent of its spelling.

    Two records with one external id and different digests contradict each other.
    """
    return digest_of(record, stamp(record.occurred_at), plain(record.quantity))


def digest_of(record, at, quantity):
    """The content digest of a record, whose instant and quantity are at hand as texts."""
    _row, external_id, subject, metric, _at, _quantity, amount, dimensions, end_user, _raw, voids, replaces, _, _ = (
        record
    )
    content = f"{subject}\x1f{metric}\x1f{at}\x1f{quantity}\x1f{'' if amount is None else plain(amount)}\x1f"
    if end_user:
        content += end_user
    if dimensions:
        content += "\x1f" + json.dumps(dimensions, sort_keys=True)
    # A record that replaces its own id says what the record alone would say.
    if voids or (replaces and replaces != external_id):
        content += f"\x1fvoids\x1f{voids}" if voids else f"\x1freplaces\x1f{replaces}"
    return hashed((content,))[0]


def dimension_names(text):
    """The names in a metric's list of price dimensions, sorted, as a tuple."""
    return tuple(sorted(name.strip() for name in (text or "").split(",") if name.strip()))


def dimension_key(dimensions, names):
    """The canonical text of the price dimensions `names` of an event: 'band=peak;zone=2'.

    A backslash stands before what would end a name or a value; `invoicing/measure_parts.py` reads it back.
    """
    if not names or not dimensions:
        return ""
    return ";".join(
        f"{escaped(name).replace('=', EQUALS)}={escaped(dimensions[name])}"
        for name in names
        if dimensions.get(name) not in (None, "")
    )


EQUALS = "\\="


def escaped(value):
    """`value` as text in which a semicolon ends nothing."""
    return str(value).replace("\\", "\\\\").replace(";", "\\;")

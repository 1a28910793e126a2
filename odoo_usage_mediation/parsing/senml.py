"""SenML (RFC 8428) in JSON: packs of measurements with base fields resolved.

Columns: ``name``, ``unit``, ``value`` (v + bv), ``sum`` (s + bs: a register), ``string``, ``boolean``,
``time`` (epoch seconds). A time below 2**28 is relative to now: it needs ``received_at`` (epoch
seconds as text) in the context and is refused without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, DecimalException

from .containers import Bounded
from .json_reader import JsonStream, check_item, json_lines
from .limits import Limits
from .quantities import EXACT, plain_number
from .reasons import Refuse
from .records import Rejection
from .texts import Canonical, storable

_RELATIVE_BELOW = Decimal(2**28)
_BASES = ("bn", "bt", "bu", "bv", "bs", "bver")
_VALUES = ("v", "vs", "vb", "vd", "s")


def senml_rows(stream: Bounded, encoding: str, limits: Limits, lines: bool, context: dict) -> Iterator:
    """Yield (ordinal, resolved record) or a Rejection. Base fields hold until the next one of their name."""
    if lines:
        entries = json_lines(stream, encoding, limits)
    else:
        items = JsonStream(stream, encoding, limits).items("")
        entries = (check_item(number, value, length, limits) for number, value, length in items)
    base: dict = {}
    for entry in entries:
        if type(entry) is Rejection:
            yield entry
            continue
        number, record = entry
        base.update({name: record[name] for name in _BASES if name in record})
        if "n" not in record and not any(name in record for name in _VALUES):
            continue
        try:
            yield number, resolve(record, base, context)
        except Refuse as refusal:
            yield Rejection(number, refusal.code, refusal.params, "", storable(record))


def resolve(record: dict, base: dict, context: dict) -> dict:
    """Return a record with its base fields worked in, or raise Refuse."""
    version = base.get("bver", "10")
    if str(version) not in ("1", "2", "3", "4", "5", "10"):
        raise Refuse("bad_structure", why=f"SenML version {version} is not known")
    unknown = [name for name in record if name.endswith("_") and len(name) > 1]
    if unknown:
        raise Refuse("bad_structure", why=f"the field {unknown[0][:20]} must be understood and is not")
    time = _sum("t", record, base)
    at = time if time is not None else Decimal(0)
    if at < _RELATIVE_BELOW:
        if not context.get("received_at"):
            raise Refuse("missing_time", column="t", value="a time relative to now")
        at = EXACT.add(at, plain_number(str(context["received_at"]), "received_at"))
    row = {
        "name": _text(base.get("bn")) + _text(record.get("n")),
        "unit": _text(record.get("u", base.get("bu"))),
        "time": Canonical(format(at, "f")),
    }
    for column, name in (("value", "v"), ("sum", "s")):
        number = _sum(name, record, base) if name in record or (name == "v" and "bv" in base) else None
        row[column] = Canonical(format(number, "f")) if number is not None else ""
    row["string"] = _text(record.get("vs"))
    row["boolean"] = {True: "true", False: "false"}.get(record.get("vb"), "") if "vb" in record else ""
    return row


def _sum(name: str, record: dict, base: dict):
    parts = [source[key] for source, key in ((base, "b" + name), (record, name)) if key in source]
    if not parts:
        return None
    total = Decimal(0)
    for part in parts:
        if type(part) is not Canonical:
            raise Refuse("bad_structure", why=f"the field {name} is not a number")
        try:
            total = EXACT.add(total, plain_number(part, name))
        except DecimalException:
            raise Refuse("bad_quantity", value=part[:60], column=name, why="it has too many digits") from None
    return total


def _text(value) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refuse("bad_structure", why="a name, unit or text value is not a text")
    return value

"""Protocol Buffers on the wire: the fields of one message, bounded, nothing trusted."""

from __future__ import annotations

from collections.abc import Iterator

from .reasons import Refuse

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10
_UINT64 = (1 << 64) - 1


def wire_fields(data: bytes, max_fields: int) -> Iterator[tuple]:
    """Yield (field number, wire type, value) in the order of the bytes; raise Refuse where they make no sense.

    A value is a whole number for VARINT and bytes for the others. Unknown fields are for the caller to pass over.
    """
    place, size = 0, len(data)
    for _count in range(max_fields):
        if place == size:
            return
        key, place = _varint(data, place)
        number, kind = key >> 3, key & 7
        if not number:
            raise _broken("a field has no number")
        if kind == VARINT:
            value, place = _varint(data, place)
            yield number, kind, value
            continue
        if kind == BYTES:
            length, place = _varint(data, place)
        elif kind in (FIXED64, FIXED32):
            length = 8 if kind == FIXED64 else 4
        else:
            raise _broken(f"wire type {kind} is not known")
        if length > size - place:
            raise _broken("it ends in the middle of a field")
        yield number, kind, data[place : place + length]
        place += length
    if place != size:
        raise _broken(f"it has more than {max_fields} fields")


def _varint(data: bytes, place: int) -> tuple:
    value = shift = 0
    for byte in data[place : place + _MAX_VARINT_BYTES]:
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _UINT64, place
        shift += 7
    raise _broken("a number has no end")


def _broken(why: str) -> Refuse:
    return Refuse("bad_structure", why=f"as Protocol Buffers, {why}")


def varint(value: int) -> bytes:
    """Write a whole number of zero or more."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, value) -> bytes:
    """Write one field: a whole number, or bytes with their length."""
    if isinstance(value, bytes):
        return varint(number << 3 | BYTES) + varint(len(value)) + value
    return varint(number << 3 | VARINT) + varint(value)

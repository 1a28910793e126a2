"""JSON and JSON Lines: objects one by one out of a bounded stream; a long list never sits in memory.

Numbers keep their text (no float, no loss), NaN and infinity arrive as words and are refused
as quantities. Row numbers: the line in JSON Lines, the ordinal (from 1) in a JSON list.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator

from .containers import Bounded
from .encodings import ChunkDecoder
from .limits import Limits
from .reasons import FileRefused
from .records import Rejection
from .texts import Canonical, storable

_CHUNK_BYTES = 1 << 16
# One item of a list may be this long; a document that is one object as well. In memory it is many times as large.
MAX_ITEM_CHARS = 4 << 20
_DECODER = json.JSONDecoder(parse_float=Canonical, parse_int=Canonical, parse_constant=Canonical)
_BLANKS = " \t\r\n\ufeff"
_NO_BLANK = re.compile(f"[^{_BLANKS}]")
_NESTING = {dict, list}


def json_lines(stream: Bounded, encoding: str, limits: Limits) -> Iterator:
    """Yield (line number, object) or a Rejection for each non-empty line."""
    number = 0
    for line, damaged in _lines(stream, ChunkDecoder(encoding)):
        number += 1
        text = line.strip(_BLANKS)
        if not text:
            continue
        if len(text) > MAX_ITEM_CHARS:
            params = {"column": "line", "found": f"over {MAX_ITEM_CHARS}", "limit": str(limits.max_cell_chars)}
            yield Rejection(number, "cell_too_long", params, "", (storable(text[:200]),))
        elif damaged:
            yield Rejection(number, "bad_encoding", {"encoding": encoding}, "", (storable(text),))
        else:
            yield _line_entry(number, text, limits)


def _line_entry(number: int, text: str, limits: Limits):
    raw = (storable(text[: limits.max_cell_chars]),)
    try:
        value, end = _DECODER.raw_decode(text)
    except RecursionError:
        return Rejection(number, "too_deep", {"limit": str(limits.max_depth)}, "", raw)
    except ValueError as error:
        return Rejection(number, "bad_structure", {"why": f"it is not JSON ({str(error)[:80]})"}, "", raw)
    if text[end:].strip():
        return Rejection(number, "bad_structure", {"why": "there is more after the object"}, "", raw)
    return check_item(number, value, len(text), limits)


def _lines(stream: Bounded, decoder: ChunkDecoder) -> Iterator:
    """Yield (line, is damaged); of a line that is too long only the beginning."""
    pieces: list = []
    damaged, waiting = False, 0
    while True:
        data = stream.read(_CHUNK_BYTES)
        text = decoder.decode(data, not data)
        damaged = damaged or decoder.damaged
        cut = text.rfind("\n") + 1 if data else len(text)
        if data and not cut:
            if waiting <= MAX_ITEM_CHARS:
                pieces.append(text)
            waiting += len(text)
            continue
        pieces.append(text[:cut])
        for line in io.StringIO("".join(pieces), newline="\n"):
            yield line, damaged and decoder.is_damaged(line)
        pieces, waiting = [text[cut:]], len(text) - cut
        damaged = damaged and decoder.is_damaged(text[cut:])
        if not data:
            return


def check_item(number: int, value, length: int, limits: Limits):
    """Return (number, object), or a Rejection for what is no object, too deep, too wide or too long."""
    if type(value) is not dict:
        why = {"why": f"it is a {_kind(value)}, not an object"}
        return Rejection(number, "bad_structure", why, "", (storable(str(value)[:200]),))
    if len(value) > limits.max_columns:
        params = {"found": str(len(value)), "limit": str(limits.max_columns)}
        return Rejection(number, "too_many_columns", params, "", (f"{len(value)} keys",))
    if length > limits.max_cell_chars or (
        length > 4 * limits.max_depth and not _NESTING.isdisjoint(map(type, value.values()))
    ):
        flaw = _flaw(value, limits)
        if flaw:
            return Rejection(number, *flaw, "", (storable(str(value)[:200]),))
    return number, value


def _kind(value) -> str:
    return {list: "list", str: "text", Canonical: "number", type(None): "null"}.get(type(value), "truth value")


def _flaw(value, limits: Limits):
    """Walk an object without recursion; return (code, params) of the first thing too deep or too long."""
    waiting = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if depth > limits.max_depth:
            return "too_deep", {"limit": str(limits.max_depth)}
        children = item.items() if isinstance(item, dict) else enumerate(item)
        for name, child in children:
            if isinstance(child, (dict, list)):
                waiting.append((child, depth + 1))
            elif isinstance(child, str) and len(child) > limits.max_cell_chars:
                params = {"column": str(name)[:60], "found": str(len(child)), "limit": str(limits.max_cell_chars)}
                return "cell_too_long", params
    return None


class JsonStream:
    """A JSON document read from left to right; only one item at a time is in memory."""

    def __init__(self, stream: Bounded, encoding: str, limits: Limits):
        self._stream = stream
        self._decoder = ChunkDecoder(encoding)
        self._limits = limits
        self._text = ""
        self._place = 0
        self._ended = False

    def items(self, path: str) -> Iterator:
        """Yield (ordinal, value, length) of the list at ``path`` (``a.b``; "" = the document).

        An object where the list should be is one item. Raises FileRefused ``bad_structure``.
        """
        for key in path.split(".") if path else []:
            self._descend(key, path)
        if self._peek() != "[":
            value, length = self._value()
            yield 1, value, length
            if not path:
                self._finish()
            return
        self._place += 1
        number = 0
        if self._peek() == "]":
            self._place += 1
        else:
            while True:
                for value, length in self._at_hand():
                    number += 1
                    yield number, value, length
                value, length = self._value()
                number += 1
                yield number, value, length
                sign = self._peek()
                self._place += 1
                if sign == "]":
                    break
                if sign != ",":
                    raise FileRefused("bad_structure", why=f"item {number} of the list is not followed by a comma")
        if not path:
            self._finish()

    def _at_hand(self) -> Iterator:
        """Yield (value, length) of the items of a list that are in memory as a whole, with the comma behind each."""
        scan, text, place = _DECODER.scan_once, self._text, self._place
        try:
            while True:
                while text[place] in _BLANKS:
                    place += 1
                value, end = scan(text, place)
                if text[end] != ",":
                    break
                yield value, end - place
                place = self._place = end + 1
        except (IndexError, StopIteration, ValueError, RecursionError):
            # The end of what is in memory, or a flaw: both are looked at with care.
            return

    def _finish(self):
        if self._peek():
            raise FileRefused("bad_structure", why="there is more after the end of the document")

    def _descend(self, wanted, path):
        if self._peek() != "{":
            raise FileRefused("bad_structure", why=f"there is no {path}")
        self._place += 1
        while self._peek() == '"':
            key, _length = self._value()
            if self._peek() != ":":
                break
            self._place += 1
            if key == wanted:
                return
            self._peek()
            self._value()
            if self._peek() != ",":
                break
            self._place += 1
        raise FileRefused("bad_structure", why=f"there is no {path}")

    def _peek(self) -> str:
        while True:
            found = _NO_BLANK.search(self._text, self._place)
            if found:
                self._place = found.start()
                return found.group()
            self._place = len(self._text)
            if not self._fill(1):
                return ""

    def _fill(self, least: int) -> bool:
        pieces, gained = [self._text[self._place :]], 0
        while not self._ended and gained < least:
            data = self._stream.read(_CHUNK_BYTES)
            text = self._decoder.decode(data, not data)
            if self._decoder.damaged:
                raise FileRefused("bad_encoding", encoding=self._decoder.encoding)
            self._ended = not data
            pieces.append(text)
            gained += len(text)
        self._text, self._place = "".join(pieces), 0
        return gained > 0

    def _value(self):
        """Decode the value at hand; reads on, doubling, while the value may not be complete."""
        self._peek()
        while True:
            left = len(self._text) - self._place
            try:
                value, end = _DECODER.raw_decode(self._text, self._place)
                if end < len(self._text) or self._ended:
                    length, self._place = end - self._place, end
                    return value, length
            except RecursionError:
                raise FileRefused("too_deep", limit=self._limits.max_depth) from None
            except json.JSONDecodeError as error:
                # A string cut off is reported where it began, anything else cut off near the end.
                cut = error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - 12
                if self._ended or not cut:
                    raise FileRefused("bad_structure", why=f"it is not JSON ({str(error)[:80]})") from None
            if left > MAX_ITEM_CHARS:
                raise FileRefused("bad_structure", why="an item of the list is too long")
            self._fill(max(left, 1))


def json_items(stream: Bounded, encoding: str, path: str, limits: Limits) -> Iterator:
    """Yield (ordinal, object) or a Rejection for the items of a JSON document."""
    for number, value, length in JsonStream(stream, encoding, limits).items(path):
        yield check_item(number, value, length, limits)


def lists_in(entries: Iterable, name: str) -> Iterator:
    """Yield (ordinal, object) for the objects in a list of each entry, with what stands beside the list."""
    number = 0
    for entry in entries:
        if type(entry) is Rejection:
            yield entry
            continue
        beside = {key: value for key, value in entry[1].items() if key != name}
        found = entry[1].get(name)
        for item in found if type(found) is list else [None]:
            number += 1
            if type(item) is dict:
                yield number, {**beside, **item}
            else:
                yield Rejection(number, "bad_structure", {"why": f"there is no list {name}"}, "", storable(entry[1]))

"""XML: elements of one name as rows, their content as ``path/to/child`` and ``path/@attribute``.

Entities, document types and the network are off; a row that is done is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from .containers import Bounded
from .limits import Limits
from .reasons import FileRefused
from .records import Rejection

# From the end of one tag to the end of the next. The parser keeps such a piece whole, and many times its size.
MAX_PIECE_BYTES = 2 << 20


def local_name(node) -> str:
    """Return an element's name without its namespace; "" for comments and the like."""
    tag = node.tag
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""


def xml_elements(stream: Bounded, wanted: frozenset, limits: Limits, max_nodes: int) -> Iterator:
    """Yield the elements with one of the local names, each complete, in order; forget them after.

    Elements of these names inside one another belong to the outermost. One element may hold
    ``max_nodes`` others: it is the only thing that is in memory as a whole.
    """
    inside, depth, first, nodes = None, 0, True, 0
    try:
        events = etree.iterparse(
            _NoDocType(stream),
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
        )
        for event, node in events:
            if event == "start":
                depth += 1
                if first and node.getroottree().docinfo.doctype:
                    raise FileRefused("forbidden_markup")
                first = False
                if depth > limits.max_depth:
                    raise FileRefused("too_deep", limit=limits.max_depth)
                # To read the attributes of one element takes the square of their number.
                if len(node.attrib) > limits.max_columns:
                    why = f"an element {local_name(node)} has more than {limits.max_columns} attributes"
                    raise FileRefused("bad_structure", why=why)
                nodes += 1
                if inside is None and local_name(node) in wanted:
                    inside, nodes = node, 0
                if inside is not None and nodes > max_nodes:
                    why = f"an element {local_name(inside)} holds more than {max_nodes} others"
                    raise FileRefused("bad_structure", why=why)
                continue
            depth -= 1
            if node is inside:
                yield node
                inside = None
            if inside is None:
                _forget(node)
    except etree.XMLSyntaxError as error:
        raise FileRefused("corrupt", why=str(error)[:200]) from None


def _forget(node) -> None:
    node.clear()
    parent = node.getparent()
    if parent is not None:
        parent.remove(node)


class _NoDocType:
    """Looks for what must never be parsed before it is parsed: a document type, a tag or text without end."""

    def __init__(self, stream: Bounded):
        self._stream = stream
        self._head = b""
        self._open = 0

    def read(self, size: int = -1) -> bytes:
        """Pass bytes on; raise FileRefused when the head declares a type, or a tag or text is too long."""
        data = self._stream.read(size)
        place = data.rfind(b">")
        self._open = len(data) - place - 1 if place >= 0 else self._open + len(data)
        if self._open > MAX_PIECE_BYTES:
            raise FileRefused("bad_structure", why=f"a tag or text is longer than {MAX_PIECE_BYTES} bytes")
        if len(self._head) < 1 << 16:
            self._head += data
            bare = self._head.replace(b"\0", b"")
            if b"<!DOCTYPE" in bare or b"<!ENTITY" in bare:
                raise FileRefused("forbidden_markup")
        return data


def xml_rows(stream: Bounded, row_element: str, limits: Limits) -> Iterator:
    """Yield (ordinal, {path: text}) or a Rejection for each row element."""
    most = 20 * limits.max_columns
    for number, node in enumerate(xml_elements(stream, frozenset([row_element]), limits, most), start=1):
        row = flatten(node)
        if len(row) > limits.max_columns:
            params = {"found": str(len(row)), "limit": str(limits.max_columns)}
            yield Rejection(number, "too_many_columns", params, "", (f"{len(row)} values",))
            continue
        long = next((path for path, text in row.items() if len(text) > limits.max_cell_chars), None)
        if long is not None:
            params = {"column": long[:60], "found": str(len(row[long])), "limit": str(limits.max_cell_chars)}
            yield Rejection(number, "cell_too_long", params, "", (row[long][:200],))
            continue
        yield number, row


def flatten(node) -> dict:
    """Return the texts of an element by path: ``a/b``, ``a/@x``, ``/@x`` for its own; the second is ``a/b[2]``."""
    row: dict = {}
    counts: dict = {}
    waiting = [(node, "")]
    while waiting:
        item, path = waiting.pop()
        prefix = path + "/" if path else ""
        for name, value in item.attrib.items():
            _add(row, counts, f"{prefix or '/'}@{name.rsplit('}', 1)[-1]}", value.strip())
        text = (item.text or "").strip()
        if text:
            _add(row, counts, path or ".", text)
        waiting.extend((child, prefix + local_name(child)) for child in reversed(item) if local_name(child))
    return row


def _add(row, counts, path, text):
    count = counts[path] = counts.get(path, 0) + 1
    row[path if count == 1 else f"{path}[{count}]"] = text

"""CSV and other separated text: rows out of a bounded stream; one bad row never costs its neighbours.

The C module ``csv`` reads chunk by chunk. When it stumbles, only the line where the record
began is refused, and reading goes on with the next line: an unclosed quote swallows nothing.
Row numbers are line numbers (1 = first line of the file).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from operator import itemgetter

from .containers import Bounded
from .encodings import ChunkDecoder
from .limits import Limits
from .reasons import FileRefused
from .records import Rejection
from .texts import storable

_CHUNK_BYTES = 1 << 17
_FIRST_CELL = itemgetter(0)
# Empty rows do not count, but so many of them, or as many as rows are allowed, are no file of usage.
MOST_EMPTY = 1_000_000


class CsvRows:
    """Iterates ``(line number, cells)``, or a Rejection, over a separated text.

    ``width`` is set once the header is known: rows of another width are refused (or filled
    up when ``pad``); None accepts any. Empty rows are passed over. Memory holds one chunk.
    """

    def __init__(self, stream: Bounded, encoding: str, delimiter: str, quote: str, limits: Limits):
        self._stream = stream
        self._decoder = ChunkDecoder(encoding)
        self._options = {"delimiter": delimiter, "strict": True, "skipinitialspace": delimiter != " "}
        self._options.update({"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE})
        self._limits = limits
        # Quotes and a delimiter for each cell, quotes in it doubled.
        self._longest = limits.max_columns * (2 * limits.max_cell_chars + 3)
        self._line = 0
        self._rest: list[str] = []
        self._empty = 0
        self.width: int | None = None
        self.pad = False

    def __iter__(self) -> Iterator:
        quote = self._options.get("quotechar")
        for lines, careful, last in self._chunks():
            start, total = 0, len(lines)
            if not careful and (not quote or not any([quote in line for line in lines])):
                yield from self._plain(lines)
                start = total
            while start < total:
                feed = iter(lines)
                # Sets the place of a list iterator; slicing would copy the tail for each bad row.
                feed.__setstate__(start)
                reader = csv.reader(feed, **self._options)
                start = yield from self._run(reader, lines, start, careful, last)
            self._line += total - len(self._rest)

    def _chunks(self) -> Iterator:
        """Yield (whole lines, look at each row with care, is last)."""
        pieces: list[str] = []
        careful, waiting = False, 0
        while True:
            data = self._stream.read(_CHUNK_BYTES)
            text = self._decoder.decode(data, not data)
            careful = careful or self._decoder.damaged or "\0" in text
            cut = _last_break(text) if data else len(text)
            if cut < 0:
                # A line without end: what is beyond the longest possible row is not kept. Such a
                # line has a cell or a count of cells beyond its limit, so it is refused in any case.
                if waiting <= self._longest:
                    pieces.append(text)
                waiting += len(text)
                continue
            pieces.append(text[:cut])
            whole = "".join(pieces)
            pieces, waiting = [text[cut:]], len(text) - cut
            lines = self._rest + list(io.StringIO(whole, newline=""))
            self._rest = []
            if lines:
                long = max(map(len, lines)) > self._limits.max_cell_chars
                yield lines, careful or long, not data
            if not data:
                return
            # What is carried over belongs to the next rows, and so does the need for care.
            tail = "".join([*self._rest, *pieces])
            careful = bool(tail) and ("\0" in tail or self._decoder.is_damaged(tail))

    def _plain(self, lines):
        """Yield the rows of lines without quotes: one line is one record, and nothing can go wrong."""
        width, number = self.width, self._line + 1
        rows = list(csv.reader(lines, **self._options))
        if set(map(len, rows)) == {width} and all(map(_FIRST_CELL, rows)):
            yield from enumerate(rows, number)
            return
        for entry in enumerate(rows, number):
            row = entry[1]
            if len(row) == width and row[0]:
                yield entry
            else:
                place = entry[0] - number
                item = self._examine(row, lines, place, place + 1, False)
                if item is not None:
                    yield item
                width = self.width

    def _run(self, reader, lines, start, careful, last):
        """Yield the rows of one csv.reader; return the index of the line where the next one begins."""
        first, width, base = start, self.width, self._line + 1
        try:
            for row in reader:
                after = start + reader.line_num
                if len(row) == width and row[0] and after - first == 1 and not careful:
                    yield base + first, row
                else:
                    item = self._examine(row, lines, first, after, careful)
                    if item is not None:
                        yield item
                    width = self.width
                    if type(item) is Rejection and after - first > 1 and len(row) != width:
                        return first + 1
                first = after
        except csv.Error as error:
            open_end = "unexpected end of data" in str(error)
            if open_end and not last and self._may_continue(lines, first):
                self._rest = lines[first:]
                return len(lines)
            yield self._unreadable(lines[first], base + first, open_end, str(error))
            return first + 1
        return len(lines)

    def _may_continue(self, lines, first) -> bool:
        return sum(map(len, lines[first:])) <= 2 * self._limits.max_cell_chars

    def _examine(self, row, lines, first, after, careful):
        """Return None for an empty row, else (line number, cells) or a Rejection."""
        number = self._line + first + 1
        if not any(map(str.strip, row)):
            self._empty += 1
            if self._empty > max(MOST_EMPTY, self._limits.max_rows):
                raise FileRefused("too_many_rows", limit=self._limits.max_rows)
            return None
        if len(row) > self._limits.max_columns:
            return self._reject(number, "too_many_columns", row, found=len(row), limit=self._limits.max_columns)
        if careful or after - first > 1:
            refused = self._flaw(row, "".join(lines[first:after]), number)
            if refused:
                return refused
        width = self.width
        if width is None or len(row) == width:
            return number, row
        if len(row) > width and not any(map(str.strip, row[width:])):
            return number, row[:width]
        if len(row) < width and self.pad:
            return number, row + [""] * (width - len(row))
        if after - first > 1:
            # A quote opened by mistake: blame the line where it opened, read the others anew.
            return self._unreadable(lines[first], number, True, "")
        why = "too many" if len(row) > width else "too few"
        return self._reject(number, "bad_row_shape", row, found=len(row), expected=width, why=why)

    def _flaw(self, row, text, number):
        limit = self._limits.max_cell_chars
        if "\0" in text:
            return self._reject(number, "nul_byte", row)
        if self._decoder.is_damaged(text):
            return self._reject(number, "bad_encoding", row, encoding=self._decoder.encoding)
        for place, cell in enumerate(row):
            if len(cell) > limit:
                return self._reject(number, "cell_too_long", row, column=place + 1, found=len(cell), limit=limit)
        return None

    def _unreadable(self, line, number, open_end, error):
        row = [line.rstrip("\r\n")]
        if "\0" in line:
            return self._reject(number, "nul_byte", row)
        if self._decoder.is_damaged(line):
            return self._reject(number, "bad_encoding", row, encoding=self._decoder.encoding)
        if "field limit" in error or len(line) > self._limits.max_cell_chars:
            limit = self._limits.max_cell_chars
            return self._reject(number, "cell_too_long", row, column="?", found=len(line), limit=limit)
        why = "a quote is opened and not closed" if open_end else "there is text after a closing quote"
        return self._reject(number, "bad_row_shape", row, found="?", expected=self.width or "?", why=why)

    def _reject(self, number, code, row, **params):
        limits = self._limits
        raw = tuple([cell[: limits.max_cell_chars] for cell in row[: limits.max_columns]])
        texts = {name: str(value) for name, value in params.items()}
        return Rejection(number, code, texts, "", storable(raw))


def _last_break(text: str) -> int:
    """Return where the last whole line ends, or -1. A final CR may be half of a CR LF: not counted."""
    cut = text.rfind("\n") + 1
    if cut:
        return cut
    cut = text.rfind("\r", 0, len(text) - 1) + 1
    return cut or -1

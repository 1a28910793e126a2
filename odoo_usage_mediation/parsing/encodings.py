"""Bytes to text: which encoding, and chunk by chunk without losing a row to one bad byte."""

from __future__ import annotations

import codecs

from .reasons import FileRefused

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = bytes(set(range(32)) - {9, 10, 11, 12, 13, 26, 27, 28, 29, 30, 31})
# More control characters than this, in all and in a hundred bytes, and it is no text at all.
_FEW_CONTROLS, _MAX_CONTROLS_PERCENT = 4, 2


def detect_encoding(sample: bytes, complete: bool) -> str:
    """Say how a sample of a file is encoded: by its mark, as UTF-8, else as Windows-1252.

    ``complete``: the sample is the whole file, so a cut character at its end is an error.
    Raises FileRefused ``wrong_file_type`` for what is not text.
    """
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls > _FEW_CONTROLS and controls * 100 > len(sample) * _MAX_CONTROLS_PERCENT:
        _refuse_binary(sample)
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(sample, complete)
    except UnicodeDecodeError as error:
        return _single_byte(sample, error)
    return "utf-8"


def declared_encoding(found: str, declared: str) -> str:
    """Say which encoding to read with: the declared one, but with the mark that the file begins with."""
    if declared == "auto":
        return found
    marked = found in {name for _mark, name in _MARKS}
    return found if marked and codecs.lookup(declared).name.startswith(found.removesuffix("-sig")) else declared


def _single_byte(sample: bytes, error: UnicodeDecodeError) -> str:
    """UTF-8 with a few bad bytes stays UTF-8: those rows are refused, the rest is right."""
    text = sample.decode("utf-8", "replace")
    good = sum(1 for c in text if ord(c) > 127 and c != "\ufffd")
    bad = text.count("\ufffd")
    if good > bad:
        return "utf-8"
    # Bytes 80-9F are rare letters in Windows-1252, and five of them have no meaning at all.
    high = len(sample) - len(sample.translate(None, bytes(range(0x80, 0xA0))))
    if sample.translate(None, b"\x81\x8d\x8f\x90\x9d") == sample and high * 10 <= len(sample):
        return "cp1252"
    if bad * 10 > len(sample):
        raise FileRefused("wrong_file_type", found="binary data", expected="text")
    return "utf-8"


def _refuse_binary(sample: bytes) -> None:
    zeros_even, zeros_odd = sample[::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if half and max(zeros_even, zeros_odd) * 10 > half * 4 and min(zeros_even, zeros_odd) * 10 < half:
        raise FileRefused("bad_encoding", encoding="UTF-8 (it looks like UTF-16 without its mark)")
    raise FileRefused("wrong_file_type", found="binary data", expected="text")


class ChunkDecoder:
    """Decodes a stream chunk by chunk; bad bytes become marked characters, never an exception.

    After each ``decode``, ``damaged`` says whether this chunk has marks (lone surrogates or
    U+FFFD), so that the rows concerned can be found and refused one by one.
    """

    def __init__(self, encoding: str):
        self.encoding = encoding
        make = codecs.getincrementaldecoder(encoding)
        wide = codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
        self._strict, self._lenient = make("strict"), make("replace" if wide else "surrogateescape")
        self._mark = "\ufffd" if wide else None
        self.damaged = False

    def decode(self, data: bytes, final: bool) -> str:
        """Return the text of the next bytes."""
        state = self._strict.getstate()
        try:
            text = self._strict.decode(data, final)
            self.damaged = False
            return text
        except UnicodeDecodeError:
            self._lenient.setstate(state)
            text = self._lenient.decode(data, final)
            self._strict.setstate(self._lenient.getstate())
            self.damaged = True
            return text
        except UnicodeError as error:
            raise FileRefused("bad_encoding", encoding=f"{self.encoding} ({error})") from None

    def is_damaged(self, text: str) -> bool:
        """Say whether a text holds marks of bytes that could not be decoded."""
        if self._mark:
            return self._mark in text
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            return True
        return False

"""Counters and names that printers of enterprise 2435 answer in objects of their own.

Their counters are records of seven bytes: which counter, 01 04, the value in four bytes.
"""

from __future__ import annotations

from .texts import Canonical

_ROOT = "1.3.6.1.4.1.2435.2.3.9."
_RECORD = 14
_COUNTERS, _SERIAL, _MODEL = f"{_ROOT}4.2.1.5.5.10.0", f"{_ROOT}4.2.1.5.5.1.0", f"{_ROOT}1.1.7.0"
_KINDS = {"00": "own_page_counter", "01": "mono_counter", "02": "colour_counter", "06": "duplex_counter"}
#: What no other object says, besides the pages in all.
OWN_COUNTERS = tuple(_KINDS.values())


def known_columns(device: dict) -> dict:
    """Return what a device says in these objects, by column; "" for what it does not."""
    columns = {"serial": device.get(_SERIAL) or "", "model": _model(device.get(_MODEL))}
    columns.update(dict.fromkeys(_KINDS.values(), ""))
    columns.update(_counters(device.get(_COUNTERS)))
    return columns


def _model(text):
    """Return the model of a device id such as ``MFG:..;CMD:..;MDL:HL-9;CLS:PRINTER;``."""
    parts = dict(part.split(":", 1) for part in str(text or "").split(";") if ":" in part)
    return parts.get("MDL", "")


def _counters(answer):
    """Yield (column, value) of records: a list of them, or one text of bytes."""
    texts = answer if isinstance(answer, list) else [answer]
    digits = "".join(text.replace(" ", "").replace(":", "") for text in texts if isinstance(text, str)).lower()
    for place in range(0, len(digits) - _RECORD + 1, _RECORD):
        record = digits[place : place + _RECORD]
        if record[2:6] == "0104" and record[:2] in _KINDS:
            try:
                yield _KINDS[record[:2]], Canonical(int(record[6:], 16))
            except ValueError:
                continue

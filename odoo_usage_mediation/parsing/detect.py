"""What is this file? Answers from content alone: kind, delimiter, header, column types.

Used to read a file whose profile says ``auto``, and by the wizard that proposes a profile.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter

from .quantities import evidence
from .reasons import FileRefused

SAMPLE_BYTES = 1 << 16
_DELIMITERS = ",;\t|"
_DATE = re.compile(
    r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}(?:[T ].*)?|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}(?:[ T].*)?"
    r"|[0-9]{8}[ T][0-9]{4,6}|[0-9]{1,2}[- ][A-Za-z]{3,9}[- ][0-9]{2,4}(?:[ T].*)?"
)
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,' \u00a0\u202f\u2019]*(?:[eE][+-]?[0-9]{1,3})?|[+-]?\.[0-9]+")
_NULLS = {"null", "na", "n/a", "nan", "none", "missing", "nil", "-", "\\n"}
# Real moments of metering lie between 2000 and 2100; anything else is a plain number.
_EPOCHS = {"epoch_seconds": (946_684_800, 4_102_444_800)}
_EPOCHS["epoch_millis"] = tuple(bound * 1_000 for bound in _EPOCHS["epoch_seconds"])


def detect_kind(sample: str) -> str:
    """Say what a text is: ``xml``, ``json``, ``jsonl`` or ``csv``, by how it begins."""
    text = sample.lstrip("\ufeff \t\r\n")
    if text.startswith("<"):
        return "xml"
    if text.startswith("["):
        return "json"
    if text.startswith("{"):
        first = text.split("\n", 1)[0].rstrip()
        if first.endswith("}") and first.count("{") == first.count("}"):
            rest = text[len(first) :].strip()
            return "jsonl" if rest.startswith("{") or not rest else "json"
        return "json"
    return "csv"


def expect_kind(found: str, expected: str) -> None:
    """Refuse a file whose content is plainly of another kind than the profile reads."""
    families = {
        "csv": {"csv"},
        "nem12": {"csv"},
        "snmp": {"csv", "json", "jsonl"},
        "xml": {"xml"},
        "greenbutton": {"xml"},
        "aemp": {"xml", "json", "jsonl"},
    }
    allowed = families.get(expected, {"json", "jsonl"})
    if found not in allowed and not (expected == "csv" and found != "xml"):
        raise FileRefused("wrong_file_type", found=found.upper(), expected=expected.upper())


def detect_delimiter(sample: str) -> str:
    """Return the sign that splits the lines of a sample most evenly; a comma when none does."""
    best, delimiter = (0, 0), ","
    for sign in _DELIMITERS:
        counts = _widths(sample, sign)
        if not counts:
            continue
        width, lines = Counter(counts).most_common(1)[0]
        score = (lines * (width > 1), width)
        if score > best:
            best, delimiter = score, sign
    return delimiter


def _widths(sample: str, sign: str) -> list[int]:
    lines = list(io.StringIO(sample, newline=""))
    if len(lines) > 1 and not lines[-1].endswith(("\n", "\r")):
        lines.pop()
    try:
        return [len(row) for row in csv.reader(lines[:200], delimiter=sign, skipinitialspace=True) if row]
    except csv.Error:
        return []


def looks_like_header(rows: list) -> bool:
    """Say whether the first of some rows holds names: all texts, all different, no number or date."""
    if not rows:
        return False
    names = [cell.strip() for cell in rows[0]]
    filled = [name for name in names if name]
    if not filled or len(set(filled)) < len(filled):
        return False
    return not any(_NUMBER.fullmatch(name) or _DATE.fullmatch(name) for name in filled)


def title_rows(rows: list) -> int:
    """Return how many rows at the top are titles: far narrower than most rows, with a header below them."""
    filled = [sum(1 for cell in row if cell.strip()) for row in rows]
    if not filled:
        return 0
    usual = Counter(filled).most_common(1)[0][0]
    titles = next((place for place, count in enumerate(filled) if 3 * count >= 2 * usual), 0)
    return titles if usual > 2 and looks_like_header(rows[titles:]) else 0


def column_types(rows: list) -> list[dict]:
    """Describe each column of some rows: type, null words, and what a profile could say about it.

    Types: ``empty``, ``number``, ``time``, ``text``. A type holds for all non-null cells.
    """
    width = max((len(row) for row in rows), default=0)
    return [_column_type([row[place].strip() for row in rows if place < len(row)]) for place in range(width)]


def _column_type(texts: list) -> dict:
    values = [text for text in texts if text and text.casefold() not in _NULLS]
    found = {"null_words": sorted({text for text in texts if text.casefold() in _NULLS})}
    found["samples"] = list(dict.fromkeys(values))[:3]
    if not values:
        return {"type": "empty", **found}
    if all(_DATE.fullmatch(value) for value in values):
        return {"type": "time", "time_formats": _time_formats(values), **found}
    if all(_NUMBER.fullmatch(value) for value in values):
        for name, (low, high) in _EPOCHS.items():
            if all(value.isdigit() and low <= int(value) < high for value in values):
                return {"type": "time", "time_formats": [name], **found}
        styles = {style for value in values if (style := evidence(value)) is not None}
        decimals = sorted({style[0] for style in styles if style != "either"})
        return {"type": "number", "decimals": decimals, "ambiguous": "either" in styles, **found}
    return {"type": "text", **found}


def _time_formats(values: list) -> list[str]:
    """Propose formats for dates; two of them when day and month cannot be told apart."""
    if re.match(r"[0-9]{4}-", values[0]):
        return ["iso"]
    if re.match(r"[0-9]{8}", values[0]):
        digits = len(values[0]) - 9
        return ["%Y%m%d" + values[0][8] + "%H%M" + ("%S" if digits == 6 else "")]
    if re.match(r"[0-9]{4}", values[0]):
        return [f"%Y{values[0][4]}%m{values[0][4]}%d" + _clock(values[0])]
    named = re.match(r"[0-9]+([- ])[A-Za-z]+[- ]([0-9]+)", values[0])
    if named:
        return [
            f"%d{named.group(1)}%b{named.group(1)}" + ("%Y" if len(named.group(2)) == 4 else "%y") + _clock(values[0])
        ]
    sign = re.match(r"[0-9]+([-/.])", values[0]).group(1)
    parts = [re.split(r"[-/. T]", value)[:3] for value in values]
    year = "%Y" if len(parts[0][2]) == 4 else "%y"
    orders = []
    if all(int(part[0]) <= 31 and int(part[1]) <= 12 for part in parts):
        orders.append(f"%d{sign}%m{sign}{year}")
    if all(int(part[0]) <= 12 and int(part[1]) <= 31 for part in parts):
        orders.append(f"%m{sign}%d{sign}{year}")
    return [order + _clock(values[0]) for order in orders]


def _clock(value: str) -> str:
    colons = value.count(":")
    if not colons:
        return ""
    half = " %p" if value.rstrip()[-1:] in "mM" else ""
    hour = "%I" if half else "%H"
    fraction = ".%f" if re.search(r":[0-9]{2}\.[0-9]+", value) else ""
    return f" {hour}:%M" + (":%S" if colons > 1 else "") + fraction + half

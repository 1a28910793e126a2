"""Text that stays text when a person opens it in a spreadsheet."""

from __future__ import annotations

# What a spreadsheet takes for the beginning of a formula, also behind blanks of its own kind.
_TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_DROP = {0: None}


def safe_cell(text: str) -> str:
    """Return text for a CSV cell that no spreadsheet runs as a formula.

    Text that begins like a formula gets an apostrophe in front, NULs are dropped. Numbers
    should not come here: write them as numbers. ``-5`` as text becomes ``'-5``.
    """
    if not text:
        return text
    if "\0" in text:
        text = "'" + text.translate(_DROP) if text.startswith("\0") else text.translate(_DROP)
    return "'" + text if text.lstrip(" \u00a0").startswith(_TRIGGERS) else text


def safe_row(values) -> list[str]:
    """Return a row of texts, each made safe; None becomes the empty text."""
    return ["" if value is None else safe_cell(str(value)) for value in values]

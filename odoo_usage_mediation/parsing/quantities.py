"""Numbers: text to Decimal, strictly, in a declared or proven style. No float arithmetic.

A quantity has at most 24 digits before and 24 after the decimal sign. Anything else that a
number can be elsewhere (NaN, infinity, underscores, other scripts' digits) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from functools import partial

from .reasons import Refuse
from .texts import Canonical

MAX_INTEGER_DIGITS = 24
MAX_DECIMALS = 24
_CACHE_ENTRIES = 20_000

# Every operation on quantities is exact or refused: Inexact is a trap, not a rounding.
EXACT = Context(prec=150, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])

_PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_CODES = "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF INR JPY MXN NOK NZD PLN RON SEK SGD USD ZAR"
_MONEY = rf"(?:[$\u20ac\u00a3\u00a5]|{_CODES.replace(' ', '|')})?"
_BOOKED = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[+-]?)\s*{_MONEY}\s*(?P<number>[0-9.,'\u00a0\u202f\u2019 ]*[0-9])"
    rf"\s*{_MONEY}\s*(?P<last>-?)\)?"
)
# Groups of three with a blank or an apostrophe between: never a decimal sign.
_SPACED = re.compile("[+-]?[0-9]{1,3}(?:([ '\u00a0\u202f\u2019])[0-9]{3})(?:\\1[0-9]{3})*")
_DIGITS = frozenset("0123456789")
_SIGNS = ".,' \u00a0\u202f\u2019"


def decimal_from_float(value: float) -> Decimal:
    """Turn a float that a library handed over into the Decimal that people see. The only place."""
    return Decimal(repr(value))


def check_range(value: Decimal, shown: str, column: str) -> Decimal:
    """Return value, or refuse what is not finite or has too many digits."""
    if not value.is_finite():
        raise Refuse("bad_quantity", value=shown, column=column, why="it is not a number")
    if value and value.adjusted() >= MAX_INTEGER_DIGITS:
        raise Refuse("bad_quantity", value=shown, column=column, why="it is too large")
    if value.as_tuple().exponent < -MAX_DECIMALS and value != value.quantize(
        Decimal(1).scaleb(-MAX_DECIMALS), context=Context(prec=150)
    ):
        raise Refuse("bad_quantity", value=shown, column=column, why="it has too many decimals")
    return value


def plain_number(text: str, column: str) -> Decimal:
    """Read ``-12.5`` or ``1.81E-8``; refuse everything else as bad_quantity."""
    if not _PLAIN.fullmatch(text):
        raise Refuse("bad_quantity", value=text[:60], column=column, why="it is not a number")
    if len(text) > 1000:
        raise Refuse("bad_quantity", value=text[:60], column=column, why="it is too long")
    value = Decimal(text)
    if len(text) <= MAX_DECIMALS and "e" not in text and "E" not in text:
        return value
    return check_range(value, text[:60], column)


def bare(text: str) -> str:
    """Return a number without a sign of money around it; ``(12.50)`` and ``12.50-`` are below zero, as in books."""
    if text[:1] in _DIGITS and text[-1:] in _DIGITS:
        return text
    match = _BOOKED.fullmatch(text)
    if not match or match.group("open") and not text.endswith(")"):
        return text
    signs = [match.group("sign"), match.group("last"), "-" if match.group("open") else ""]
    below = [sign for sign in signs if sign == "-"]
    return text if len(below) > 1 else "".join(below) + match.group("number")


def number_reader(
    decimal: str, thousands: str, column: str, nulls: frozenset, missing: str, booked: bool = False, whole: bool = False
) -> Callable:
    """Build ``text -> Decimal`` for one column; remembers the texts it has seen, within bounds.

    ``booked``: signs of money, and the ways of books to write what is below zero, are understood.
    ``decimal`` and ``thousands`` are the signs of the style ("" for no thousands sign).
    An empty text or a null word is refused as ``missing``; with ``whole`` so is what has decimals, as bad_quantity.
    """
    plain = partial(plain_number, column=column)
    styled = _styled(decimal, thousands, column) if (decimal, thousands) != (".", "") else plain
    seen: dict[str, Decimal] = {}
    look_up = seen.get

    def slow(text):
        if text in nulls:
            raise Refuse(missing, column=column, value=text or "nothing")
        if isinstance(text, Canonical):
            value = plain(text)
        else:
            value = styled(bare(text) if booked else text)
        if whole and value != value.to_integral_value():
            raise Refuse("bad_quantity", value=text[:60], column=column, why="it is not a whole number")
        if len(seen) >= _CACHE_ENTRIES:
            seen.clear()
        if type(text) is str:
            seen[text] = value
        return value

    def read(text):
        # A typed number equals its text, but not under another style: it bypasses the memory.
        value = look_up(text) if type(text) is str else None
        return value if value is not None else slow(text)

    return read


def _styled(decimal: str, thousands: str, column: str) -> Callable:
    if decimal in ("ambiguous", "whole"):
        return lambda text: _undecided(text, column, decimal == "whole")
    point = re.escape(decimal)
    group = f"[{re.escape(thousands)}]" if thousands else None
    plain = rf"[+-]?(?:[0-9]+(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]{{1,3}})?"
    grouped = rf"[+-]?[0-9]{{1,3}}(?:{group}[0-9]{{2,3}})*{group}[0-9]{{3}}(?:{point}[0-9]*)?" if group else None
    shape = re.compile(f"{plain}|{grouped}" if grouped else plain)
    drop = {ord(sign): None for sign in thousands}
    drop[ord(decimal)] = "."

    def read(text):
        if not shape.fullmatch(text):
            raise Refuse("bad_quantity", value=text[:60], column=column, why="it is not a number")
        return plain_number(text.translate(drop), column)

    return read


def _undecided(text: str, column: str, is_whole: bool) -> Decimal:
    style = evidence(text)
    if style is None and _SPACED.fullmatch(text):
        return plain_number("".join([sign for sign in text if sign not in _SIGNS]), column)
    if style == "either" and is_whole:
        # What is counted has no decimals: the sign is that of thousands.
        return plain_number(text.replace(",", "").replace(".", ""), column)
    if style == "either":
        raise Refuse("ambiguous_number", value=text[:60], column=column)
    if style is None:
        return plain_number(text, column)
    return _styled(*style, column)(text)


def evidence(text: str):
    """Say which style a text proves: (decimal, thousands), ``either``, or None for no evidence.

    ``1.234,5`` proves comma, ``0,5`` too (no group begins with 0), ``12,34`` too (no group of
    two). ``1,234`` is either. Whole numbers and non-numbers prove nothing.
    """
    bare = text.strip().lstrip("+-")
    kinds = {sign for sign in bare if sign in _SIGNS}
    if not kinds or not bare or any(c not in _SIGNS and c not in "0123456789" for c in bare):
        return None
    marks = [sign for sign in bare if sign in ".,"]
    spaces = "".join(sorted(kinds - {".", ","}))
    if not marks:
        return None
    last = marks[-1]
    if len(set(marks)) == 2:
        other = "," if last == "." else "."
        return (last, other + spaces) if marks.count(last) == 1 else None
    if len(marks) > 1:
        return ("," if last == "." else ".", last + spaces)
    whole, part = bare.split(last)
    if spaces or len(part) != 3 or not whole or whole.startswith("0") or len(whole) > 3:
        return (last, spaces)
    return "either"


def prove_style(texts: Iterable[str]) -> tuple[str, str]:
    """Decide one column's style from a sample: (decimal, thousands), or ("ambiguous", "").

    Without any sign in the sample the plain style is right for all of it. Contradicting
    evidence also gives ambiguous: each clear value is then read for itself, the rest refused.
    """
    decimals, thousands, doubtful = set(), "", False
    for text in texts:
        text = bare(text)
        style = evidence(text)
        if style == "either":
            doubtful = True
        elif style is None and (spaced := _SPACED.fullmatch(text)):
            thousands = "".join(sorted(set(thousands) | {spaced.group(1)}))
        elif style:
            decimals.add(style[0])
            thousands = "".join(sorted(set(thousands) | set(style[1])))
    if len(decimals) == 1:
        decimal = decimals.pop()
        # One clear value decides for the doubtful ones: with a decimal point, "1,234" is grouped.
        other = ("," if decimal == "." else ".") if doubtful else ""
        return decimal, "".join(sorted((set(thousands) | set(other)) - {decimal}))
    return ("ambiguous", "")

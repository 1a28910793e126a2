"""Dates with day and month as numbers: read in the order that the file proves, never by chance.

``03/04/2025`` is read where something says what comes first: the profile, or a date of the file such as
``25/04/2025``. Dots always have the day first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from .reasons import FileRefused, Refuse

#: Named time formats -> what comes first where the file proves nothing ("" = then refused).
ORDERED = {"day_first": "day", "month_first": "month", "either_first": ""}
_DATE = re.compile(
    r"(?:[A-Za-z]{2,9}[.,]? )?([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})"
    r"(?:,?[T ] *([0-9]{1,2})[:.]([0-9]{2})(?:[:.]([0-9]{2})(?:[.,]([0-9]{1,12}))?)?"
    r"(?: ?([AaPp])\.?[Mm]\.?)? ?(Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
# January to December in several languages, short and long; no word stands for two months.
_MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "jan january januar januari janvier janv jänner jän enero ene gennaio gen janeiro",
            "feb february februar februari février févr fevrier febrero febbraio fevereiro fev",
            "mar march märz mär mrz maart mrt mars marzo março",
            "apr april avril avr abril abr aprile",
            "may mai mei mayo maggio mag maio maj",
            "jun june juni juin junio giugno giu junho",
            "jul july juli juillet juil julio luglio lug julho",
            "aug august augustus août aout agosto ago augusti",
            "sep sept september septembre septiembre settembre set setembro",
            "oct october oktober okt octobre octubre ottobre ott outubro out",
            "nov november novembre noviembre novembro",
            "dec december dezember dez décembre déc diciembre dic dicembre dezembro",
        ),
        start=1,
    )
    for word in words.split()
}
_NAMED = re.compile(
    r"(?:[^\W\d_]{2,10}[.,]* )?"
    r"(?:([0-9]{1,2})\.?[- /]+([^\W\d_]{3,10})[.,]?[- /,]*|([^\W\d_]{3,10})\.? ([0-9]{1,2}),? )([0-9]{4})"
    r"(?:,?[T ] *([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,12}))?)?"
    r"(?: ?([AaPp])\.?[Mm]\.?)? ?(Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_LITERAL = re.compile(r"%([dm])[/-]%([dm])[/-]%[Yy]")
_WORDS = {"day": "the day", "month": "the month"}


def proven_order(texts: Iterable) -> str:
    """Return what comes first in some dates: ``day``, ``month``, ``mixed``, or "" when nothing proves it.

    ``year``: two digits come first that change less than those that come last, as in 25/03/13 and 25/03/14.
    """
    texts = list(texts)
    found = {order for text in texts if (order := _order(text))}
    if not found and _is_year_first(texts):
        return "year"
    return "mixed" if len(found) > 1 else found.pop() if found else ""


def _is_year_first(texts):
    matches = [match for text in texts if (match := _DATE.fullmatch(text)) and match.group(2) != "."]
    short = [(match.group(1), match.group(4)) for match in matches if len(match.group(4)) == 2]
    firsts, lasts = {first for first, _last in short}, {last for _first, last in short}
    return len(firsts) < len(lasts) and min(map(int, firsts)) > 12


def is_date(text: str) -> bool:
    """Say whether a text is a date with day and month as numbers, in whichever order."""
    return _DATE.fullmatch(text) is not None


def _order(text: str) -> str:
    if "/" not in text and "-" not in text:
        return ""
    match = _DATE.fullmatch(text)
    if not match or match.group(2) == ".":
        return ""
    said = said_order(match)
    # With two digits of a year, 25/03/14 may begin with it; 03/25/14 cannot.
    return said if len(match.group(4)) == 4 or said == "month" else ""


def said_order(match) -> str:
    """Return what a date itself says about what comes first."""
    first, second = int(match.group(1)), int(match.group(3))
    if (first > 12) is (second > 12):
        return ""
    return "day" if first > 12 else "month"


def literal_order(form: str) -> str:
    """Return what comes first in a written format with slashes or dashes; "" for all others."""
    match = _LITERAL.match(form)
    return {"d": "day", "m": "month"}[match.group(1)] if match else ""


def ordered_reader(form: str, proven: str, build: Callable) -> Callable:
    """Build ``text -> moment or None`` for a named format. ``build`` makes a moment of texts.

    ``proven``: what the first rows of the file prove. An order that was only assumed and is disproved further down
    refuses the file, because rows before were read by it.
    """
    state = {"order": proven or ORDERED[form], "is_assumed": not proven and bool(ORDERED[form]), "used": False}

    def read(text):
        match = _DATE.fullmatch(text)
        if not match:
            return _named(text, build)
        first, sign, second, year, hour, minute, clock_second, fraction, half, zone = match.groups("")
        if state["order"] == "year" and sign != "." and len(year) == 2:
            raise Refuse("bad_time", value=text[:60], column="", why="the year may come first")
        order = "day" if sign == "." else _decided(said_order(match), state, text)
        day, month = (first, second) if order == "day" else (second, first)
        return build(year, month, day, (hour, half), minute, clock_second, fraction, zone)

    return read


def _named(text, build):
    """The moment of a date whose month has its name, ``31-Mar-2025`` or ``March 31, 2025``; else None."""
    match = _NAMED.fullmatch(text)
    if not match:
        return None
    day, name, name_first, day_second, year, hour, minute, second, fraction, half, zone = match.groups("")
    month = _MONTHS.get((name or name_first).lower())
    if month is None:
        return None
    return build(year, str(month), day or day_second, (hour, half), minute, second, fraction, zone)


def _decided(said, state, text):
    """What comes first in one date, by itself and by what is known of the file; else it is refused."""
    order = state["order"]
    if order in ("mixed", "year") or not order:
        if not said:
            raise Refuse("bad_time", value=text[:60], column="", why="day and month cannot be told apart")
        return said
    if said and said != order:
        if state["is_assumed"] and state["used"]:
            known = f"dates before it were read with {_WORDS[order]} first"
            raise FileRefused("bad_structure", why=f"the date {text[:40]} begins with {_WORDS[said]}; {known}")
        if not state["is_assumed"]:
            raise Refuse("bad_time", value=text[:60], column="", why=f"other dates begin with {_WORDS[order]}")
        state.update(order=said, is_assumed=False)
        return said
    state["used"] = state["used"] or not said
    if said:
        state["is_assumed"] = False
    return order

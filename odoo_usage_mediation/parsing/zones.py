"""Time zones as a column of a file names them: ``America/Chicago``, ``CDT``, ``UTC-05:00``."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_OFFSET = re.compile(r"(?:UTC|GMT)? ?([+-])([0-9]{1,2})(?::?([0-5][0-9]))?")
_PLACE = re.compile(r"[A-Za-z]+(?:/[A-Za-z0-9_+-]+){1,2}")
# Hours from UTC. Names that stand for several places (IST, AST) are known in those places only.
_HOURS = {
    **{"Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2},
    **{"EET": 2, "EEST": 3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7},
    **{"AKST": -9, "AKDT": -8, "HST": -10, "AWST": 8, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "JST": 9},
}
_REGIONS = {"ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver", "PT": "America/Los_Angeles"}
#: More than one file names.
MAX_ZONES = 100
_SEASONS = (datetime(2025, 1, 1), datetime(2025, 7, 1))


def zone_of(text: str, home: tzinfo):
    """Return the zone of a name, or None when it is not known. Letters mean at first what they mean at ``home``."""
    text = text.strip()
    known = text.upper()
    for season in _SEASONS:
        local = season.replace(tzinfo=home)
        if local.tzname() == known:
            return timezone(local.utcoffset())
    if known in _HOURS:
        return timezone(timedelta(hours=_HOURS[known]))
    if match := _OFFSET.fullmatch(text):
        sign, hours, minutes = match.groups("0")
        length = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-length if sign == "-" else length) if length <= timedelta(hours=14) else None
    return _place(_REGIONS.get(known, text))


def _place(name):
    if not _PLACE.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None

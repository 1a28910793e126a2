"""Time of use: which band of the local day an instant falls in, safe on days of 23 and 25 hours."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from .errors import refuse
from .exact import ZERO, as_exact

MICROSECOND = timedelta(microseconds=1)
#: Clock changes happen on quarter hours of UTC; only days with a change are looked at so closely.
CHANGE_GRAIN = timedelta(minutes=15)
#: Longest event that is divided into bands: bounds the walk over its days.
EVENT_DAYS_MAX = 400


def seconds_between(start, end):
    """Return the real seconds from `start` to `end` (aware datetimes) as a Fraction."""
    return Fraction((end - start) // MICROSECOND, 10**6)


def band_at(instant, bands, zone):
    """Return the first band whose local days and clock times cover the instant; refuse when none does."""
    local = instant.astimezone(ZoneInfo(zone))
    minutes = local.hour * 60 + local.minute
    for band in bands:
        begin, end = _minutes(band.from_time), _minutes(band.to_time)
        if begin <= minutes < end and local.weekday() in band.weekdays:
            return band
        if end <= begin and _overnight(local, minutes, begin, end, band):
            return band
    refuse("no_price", "bands", f"No time-of-use band covers {local:%A %H:%M}; close the gap.")


def _overnight(local, minutes, begin, end, band):
    """Return whether a band that runs past midnight, named by the day it begins, covers the minute."""
    if minutes >= begin:
        return local.weekday() in band.weekdays
    return minutes < end and (local.weekday() - 1) % 7 in band.weekdays


def band_runs(start, seconds, bands, zone):
    """Return [(band, from, to)]: the event cut where its band changes, in real seconds since its start."""
    if seconds > EVENT_DAYS_MAX * 86400:
        refuse("out_of_range", "parts", f"An event longer than {EVENT_DAYS_MAX} days; split it.")
    begin = start.astimezone(timezone.utc)
    length = timedelta(microseconds=int(seconds * 10**6))
    cuts = sorted({cut for cut in _cuts(begin, begin + length, bands, zone) if begin < cut < begin + length})
    runs = []
    for cut, following in pairwise([begin, *cuts, begin + length]):
        band = band_at(cut, bands, zone)
        end = seconds if following == begin + length else as_exact(seconds_between(begin, following))
        if runs and runs[-1][0] is band:
            runs[-1] = (band, runs[-1][1], end)
        else:
            runs.append((band, runs[-1][2] if runs else ZERO, end))
    return runs


def _cuts(begin, end, bands, zone):
    """Yield every UTC instant at which the band may change between two UTC instants."""
    tz = ZoneInfo(zone)
    times = {0} | {_minutes(t) for band in bands for t in (band.from_time, band.to_time)}
    day, last = begin.astimezone(tz).date(), end.astimezone(tz).date()
    while day <= last:
        midnight = datetime(day.year, day.month, day.day)
        offsets = set()
        for minutes in times:
            for fold in (0, 1):
                local = (midnight + timedelta(minutes=minutes)).replace(tzinfo=tz, fold=fold)
                offsets.add(local.utcoffset())
                yield local.astimezone(timezone.utc)
        if len(offsets) > 1:
            at = midnight.replace(tzinfo=tz).astimezone(timezone.utc)
            for _ in range(30 * 4):
                yield at
                at += CHANGE_GRAIN
        day += timedelta(days=1)


def _minutes(clock):
    """Return the minutes since local midnight of "HH:MM"."""
    return int(clock[:2]) * 60 + int(clock[3:])

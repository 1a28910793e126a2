"""Half-open intervals and billing periods: local dates for people, UTC instants for events.

A period is [start_on, end_on): end_on is the first day after it. Its instants are the local midnights in
the contract's zone, so a day has 23, 24 or 25 hours and still begins at midnight.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from .errors import refuse
from .exact import to_fraction

MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}
DAYS = {"daily": 1, "weekly": 7}
CADENCES = (*DAYS, *MONTHS)
#: actual = days over days; both_ends = the last day counts too; thirty = every month has thirty days.
BASES = ("actual", "both_ends", "thirty")
PERIODS_MAX = 40000


class Interval(NamedTuple):
    """[start, end) of two dates, or of two aware instants; empty when end <= start."""

    start: date
    end: date

    def contains(self, moment):
        """Return whether `moment` (of the same type) lies in the interval: start yes, end no."""
        return self.start <= moment < self.end

    def overlap(self, other):
        """Return the common Interval, or None when there is none."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Interval(start, end) if start < end else None


def add_months(day, months):
    """Return the date `months` later; a day the month lacks becomes its last (31 Jan + 1 = 28 Feb)."""
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def period_containing(day, cadence, anchor_on=None):
    """Return the billing period that holds local date `day`.

    Without an anchor periods follow the calendar: weeks from Monday, quarters from January. With one they
    are its anniversaries, always counted from the anchor, so that 31 January does not drift to the 28th.
    """
    if cadence not in CADENCES:
        refuse("not_choice", "cadence", f"{cadence!r} is not one of {', '.join(CADENCES)}.")
    anchor = anchor_on or date(2001, 1, 1)  # a Monday, the first of a month, a quarter and a year
    if cadence in DAYS:
        length = DAYS[cadence]
        index = (day - anchor).days // length
        start = anchor + timedelta(days=index * length)
        return Interval(start, start + timedelta(days=length))
    months = MONTHS[cadence]
    index = ((day.year - anchor.year) * 12 + day.month - anchor.month) // months
    while add_months(anchor, index * months) > day:
        index -= 1
    return Interval(add_months(anchor, index * months), add_months(anchor, (index + 1) * months))


def billing_periods(span, cadence, anchor_on=None):
    """Return the billing periods that cover Interval `span` of dates, cut to it at both ends."""
    periods, day = [], span.start
    while day < span.end:
        if len(periods) >= PERIODS_MAX:
            refuse("too_many", "span", f"More than {PERIODS_MAX} periods; shorten the span.")
        period = period_containing(day, cadence, anchor_on)
        periods.append(period.overlap(span))
        day = period.end
    return periods


def midnight(day, zone):
    """Return the UTC instant at which local date `day` begins: the first of two, the end of a gap."""
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return local.astimezone(timezone.utc)


def instants(period, zone):
    """Return the Interval of UTC instants of an Interval of local dates."""
    return Interval(midnight(period.start, zone), midnight(period.end, zone))


def local_date(instant, zone):
    """Return the local date of an aware instant: the day an event is billed on."""
    if instant.tzinfo is None:
        refuse("not_instant", "instant", "The instant has no offset from UTC; give one.")
    return instant.astimezone(ZoneInfo(zone)).date()


def days(period, basis="actual"):
    """Return the days of an Interval of dates under a basis."""
    if basis not in BASES:
        refuse("not_choice", "basis", f"{basis!r} is not one of {', '.join(BASES)}.")
    if basis == "thirty":
        start, end = period
        months = (end.year - start.year) * 12 + end.month - start.month
        return months * 30 + min(end.day, 30) - min(start.day, 30)
    return (period.end - period.start).days + (1 if basis == "both_ends" else 0)


def proration(used, period, basis="actual"):
    """Return days used / days of the period as an exact Fraction, between 0 and 1.

    With basis "both_ends" the `end` of both intervals is the last day that counts, not the day after.
    """
    common = Interval(max(used.start, period.start), min(used.end, period.end))
    total = days(period, basis)
    if total <= 0:
        refuse("out_of_range", "period", "The period has no days; give one that has.")
    return Fraction(min(max(0, days(common, basis)), total), total)


def blended(pieces, period, basis="actual"):
    """Return the figure of a period whose agreement changed within it: sum of value x days / days of it.

    `pieces` are (Interval of dates, value); they may reach beyond the period but not overlap. The result
    is an exact Fraction: a baseline amended on the 16th counts its first half and its second.
    """
    spans = sorted(span for span, _value in pieces)
    if any(later.start < earlier.end for earlier, later in pairwise(spans)):
        refuse("contradiction", "pieces", "Two pieces overlap; end one where the other begins.")
    return sum((to_fraction(value) * proration(span, period, basis) for span, value in pieces), Fraction(0))

"""A due period cut at the ends of rating terms: what is rated as one charge."""

from datetime import date, timedelta
from typing import NamedTuple

from ..rating.interval import Interval, add_months, period_containing
from .periods import Due


class Segment(NamedTuple):
    """The days of a due period that lie in one rating term.

    `term_start` and `term_end` bound the whole term, also where the contract line lives for a part of it.
    `cut_end` is where the line is taken to end, for a period that is looked at before it has ended.
    """

    due: Due
    date_start: date
    date_end: date
    term_start: date
    term_end: date
    cut_end: date = None

    @property
    def line_id(self):
        """The contract line."""
        return self.due.line_id


def segments(line, due, whole=None):
    """Return the Segments of a due period of a contract line, in order.

    `whole` is the due period that `due` was cut out of, if it was.
    """
    if line.usage_rating_term in (False, "period"):
        return [Segment(due, due.date_start, due.date_end, *full_period(line, whole or due))]
    result, day = [], due.date_start
    while day < due.date_end:
        term = rating_term(line, day)
        end = min(term.end, due.date_end)
        result.append(Segment(due, day, end, term.start, term.end))
        day = end
    return result


def rating_term(line, day):
    """The rating term that holds a local day, as an Interval of dates."""
    if line.usage_rating_term == "deal":
        return Interval(line.date_start, line.date_end + timedelta(days=1))
    anchor = line.date_start if line.usage_term_anchor == "start" else None
    return period_containing(day, line.usage_rating_term, anchor)


def line_end(line):
    """The first local day after the contract line, None when it is open."""
    return line.date_end and line.date_end + timedelta(days=1)


def full_period(line, due):
    """The whole period of which `due` may be a part: a line begins or ends within it."""
    if line.recurring_rule_type == "monthlylastday":
        first = due.date_start.replace(day=1)
        return first, max(due.date_end, add_months(first, line.recurring_interval))
    last = line.get_next_period_date_end(
        due.date_start, line.recurring_rule_type, line.recurring_interval, max_date_end=False
    )
    return due.date_start, max(due.date_end, last + timedelta(days=1))

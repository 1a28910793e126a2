"""Reference aggregations: how events become one quantity, each short enough to be read as its definition.

The data base aggregates for speed; a test feeds both the same events and demands the same digits. Values
are Decimals in the metric's unit. Results that may not end (averages) are rounded to `PLACES` decimals,
half away from zero, which is what SQL does when it rounds a numeric. No events: 0, except where said.
"""

from __future__ import annotations

from fractions import Fraction

from .bands import seconds_between
from .errors import refuse
from .exact import fixed_text, round_step, to_decimal, to_fraction

#: Decimals of a stored quantity.
PLACES = 9


def _shown(value, places=PLACES):
    """Return a Fraction as Decimal, rounded to `places` decimals."""
    return to_decimal(round_step(value, Fraction(1, 10**places)))


def total(values):
    """Return the sum of the values, exactly."""
    return to_decimal(sum((to_fraction(value) for value in values), Fraction(0)))


def count(values):
    """Return how many events there are; duplicates were removed before, by external id."""
    return to_decimal(Fraction(len(list(values))))


def unique_count(keys):
    """Return how many different keys there are."""
    return to_decimal(Fraction(len(set(keys))))


def maximum(values):
    """Return the largest value of the period; the period's own events only, nothing carried in."""
    return to_decimal(max((to_fraction(value) for value in values), default=Fraction(0)))


def latest(events):
    """Return the value of the last of (instant, value); of two at the same instant the later given."""
    best = None
    for instant, value in events:
        if best is None or instant >= best[0]:
            best = (instant, value)
    return to_decimal(to_fraction(best[1]) if best else Fraction(0))


def average(values, places=PLACES):
    """Return the plain mean of the values, zero and negative ones included."""
    values = [to_fraction(value) for value in values]
    return _shown(sum(values, Fraction(0)) / len(values) if values else Fraction(0), places)


def time_weighted_average(readings, start, end, carried_in=0, places=PLACES):
    """Return the mean level over the real seconds of [start, end) of a gauge read as (instant, level).

    The level holds until the next reading; before the first one it is `carried_in`, the last level of the
    period before. Readings outside the period are refused: they belong to another one.
    """
    level, since, sum_ = to_fraction(carried_in), start, Fraction(0)
    for instant, reading in sorted(readings, key=lambda pair: pair[0]):
        if not start <= instant < end:
            refuse("out_of_range", "readings", f"{instant} is not in [{start}, {end}); remove it.")
        sum_ += level * seconds_between(since, instant)
        level, since = to_fraction(reading), instant
    sum_ += level * seconds_between(since, end)
    return _shown(sum_ / seconds_between(start, end), places)


def time_weighted_sum(changes, start, end, carried_in=0, places=PLACES):
    """Return the mean level over [start, end) when (instant, change) add to or take from the level."""
    level, readings = to_fraction(carried_in), []
    for instant, change in sorted(changes, key=lambda pair: pair[0]):
        level += to_fraction(change)
        readings.append((instant, level))
    return time_weighted_average(readings, start, end, carried_in, places)


def percentile(values, percent=95):
    """Return the nearest-rank percentile: the smallest value with at least `percent` % at or below it.

    Rank = ceil(percent / 100 x n), counted from 1 in rising order. No interpolation: the result is always
    a value that was measured, as bandwidth contracts say.
    """
    values = sorted(to_fraction(value) for value in values)
    if not values:
        return to_decimal(Fraction(0))
    share = to_fraction(percent) / 100 * len(values)
    rank = min(max(1, -(-share.numerator // share.denominator)), len(values))
    return to_decimal(values[rank - 1])


def ratio(numerator, denominator, places=PLACES):
    """Return numerator / denominator, for instance units per subject; 0 when the denominator is 0."""
    bottom = to_fraction(denominator)
    return _shown(to_fraction(numerator) / bottom if bottom else Fraction(0), places)


def text(value, places=PLACES):
    """Return a quantity as text with a fixed number of decimals, as SQL's numeric(p, 9)::text shows it."""
    return fixed_text(to_fraction(value), places)

"""What usage costs, worked out by hand: each function yields the exact amounts of an invoice's lines.

The sums are the plainest that there are. Nothing of the product's arithmetic is used.
"""

from collections import defaultdict
from datetime import timedelta
from fractions import Fraction
from math import ceil


def rounded(amount, step):
    """Half away from zero to a multiple of `step`."""
    units = abs(amount) / step
    whole = int(units + Fraction(1, 2))
    return step * whole * (1 if amount >= 0 else -1)


def cost(line, start, end, used):
    """What the days [start, end) of a line cost, `used` being all its usage, rounded line by line."""
    inside = [one for one in used if start <= line.day(one) < end]
    return sum(
        (rounded(amount, line.step) for amount in line.kind.cost(line, start, end, inside)),
        Fraction(0),
    )


def _sum(used):
    return sum((one.quantity for one in used), Fraction(0))


def in_force(history, day):
    """What held on a day, of [(first day, figure)]."""
    return next(figure for first, figure in reversed(history) if first <= day)


def per_unit(line, start, end, used):
    """Each day's usage at the price of the day, added up per price."""
    firsts = [first for first, _price in line.prices if start < first < end]
    for begin, until in zip([start, *firsts], [*firsts, end], strict=True):
        yield _sum(one for one in used if begin <= line.day(one) < until) * in_force(line.prices, begin)


def graduated(line, _start, _end, used):
    """Tiers (bound, price, flat amount): the part of the quantity in each tier."""
    quantity, below = _sum(used), Fraction(0)
    for bound, price, flat in line.kind.tiers:
        part = (quantity if bound is None else min(quantity, bound)) - below
        if part > 0:
            yield part * price
            yield flat
        below = bound


def volume(line, _start, _end, used):
    """The tier that the whole quantity reaches prices all of it."""
    quantity = _sum(used)
    if quantity:
        price, flat = next((p, f) for bound, p, f in line.kind.tiers if bound is None or quantity <= bound)
        yield quantity * price
        yield flat


def stairs(line, _start, _end, used):
    """The tier that the quantity reaches costs its flat amount."""
    quantity = _sum(used)
    if quantity:
        yield next(flat for bound, _price, flat in line.kind.tiers if bound is None or quantity <= bound)


def packages(line, _start, _end, used):
    """Started packages."""
    yield ceil(_sum(used) / line.kind.size) * line.kind.price


def percentage(line, _start, _end, used):
    """Per cent of the quantity."""
    yield _sum(used) * line.kind.price / 100


def by_place(line, _start, _end, used):
    """A price for each place, and one for all others."""
    amounts = defaultdict(Fraction)
    for one in used:
        place = one.place if one.place in line.kind.places else ""
        amounts[place] += one.quantity * line.kind.places[place]
    yield from amounts.values()


def by_hour(line, _start, _end, used):
    """From eight to eight on working days one price, at other times the other."""
    peak, rest = Fraction(0), Fraction(0)
    for one in used:
        local = one.at.astimezone(line.zone)
        if local.weekday() < 5 and 8 <= local.hour < 20:
            peak += one.quantity
        else:
            rest += one.quantity
    yield peak * line.kind.places["peak"]
    yield rest * line.kind.places["rest"]


def above_baseline(line, start, _end, used):
    """A fee, and what lies above the agreed quantity."""
    agreed = in_force(line.baselines, start)
    yield line.kind.fee
    yield max(_sum(used) - agreed, Fraction(0)) * line.kind.price


def credited_baseline(line, start, _end, used):
    """As above; what was not used is given back at half the price."""
    agreed, quantity = in_force(line.baselines, start), _sum(used)
    yield line.kind.fee
    yield max(quantity - agreed, Fraction(0)) * line.kind.price
    yield -max(agreed - quantity, Fraction(0)) * line.kind.price / 2


def agreed_spend(line, start, _end, used):
    """Usage at its price, at least the agreed amount."""
    yield max(in_force(line.baselines, start), rounded(_sum(used) * line.kind.price, line.step))


def at_least(line, _start, _end, used):
    """Usage at its price, at least a minimum and at most a cap."""
    amount = rounded(_sum(used) * line.kind.price, line.step)
    yield min(max(amount, line.kind.floor), line.kind.ceiling)


def counted(line, _start, _end, used):
    """Events at a price each."""
    yield len(used) * line.kind.price


def highest(line, _start, _end, used):
    """The highest reading."""
    yield max((one.quantity for one in used), default=Fraction(0)) * line.kind.price


def different(line, _start, _end, used):
    """Different places seen."""
    yield len({one.place for one in used}) * line.kind.price


def calls(line, _start, _end, used):
    """A first minute, then steps of six seconds, each on a line of its own; a price per minute and a fee per call."""
    steps = sum((ceil(max(one.quantity - 60, Fraction(0)) / 6) for one in used), Fraction(0))
    yield len(used) * line.kind.price
    yield steps * 6 / 60 * line.kind.price
    yield len(used) * line.kind.fee


# -- days ------------------------------------------------------------------


def months_after(day, count):
    """The same day of the month, `count` months later; days up to the 28th only."""
    month = day.month - 1 + count
    return day.replace(year=day.year + month // 12, month=month % 12 + 1)


def periods(line, until):
    """The billing periods of a line that begin before a day, as [(first day, day after)]."""
    result, start = [], line.start
    while start < until and (line.end is None or start < line.end):
        following = start + timedelta(days=7) if line.kind.rhythm == "weekly" else None
        following = following or months_after(start, {"monthly": 1, "quarterly": 3}[line.kind.rhythm])
        result.append((start, min(following, line.end) if line.end else following))
        start = following
    return result


def billed_terms(line, spans):
    """The parts of billed periods that are priced as one: a period, or what is billed of a month or a year."""
    if line.kind.term == "period":
        return list(spans)
    found = defaultdict(list)
    for start, end in spans:
        day = start
        while day < end:
            term = day.replace(day=1) if line.kind.term == "monthly" else day.replace(month=1, day=1)
            until = min(end, months_after(term, 1 if line.kind.term == "monthly" else 12))
            found[term] += [day, until]
            day = until
    return [(min(days), max(days)) for days in found.values()]

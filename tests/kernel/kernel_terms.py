"""Trials of whole rating terms: periods, a commitment that is amended, pauses, an early end, late usage, allowances.

What was promised is worked out here day by day, in whole thousandths, without the kernel.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from fractions import Fraction

from usage_rating import Terms, Usage, allowance, rate
from usage_rating.interval import Interval, billing_periods, blended

DAY = timedelta(days=1)
CENT = Fraction(1, 100)


def run(seed, count):
    """Try `count` terms; return how many there were of each sort and what did not balance."""
    chance, found = random.Random(seed), Counter()
    for _ in range(count):
        found += commitment(chance)
        found["allowance imbalance"] += abs(grants(chance))
        found["terms"] += 1
    return found


def commitment(chance):
    """Bill a term period by period; count whether exactly what is due was billed, with one true-up where one is due."""
    start = date(2024, 1, 1) + chance.randrange(700) * DAY
    planned = Interval(start, start + chance.choice([28, 31, 90, 181, 365]) * DAY)
    ended = chance.random() < 0.3
    length = (planned.end - planned.start).days
    term = Interval(start, start + chance.randrange(1, length + 1) * DAY) if ended else planned
    pieces, amended, paused = agreements(chance, planned)
    lived = [(span.overlap(term), value) for span, value in pieces if span.overlap(term)]
    agreed = blended(lived, planned)
    terms = {"charge_model": "per_unit", "unit_price": chance.choice(["0.37", "1", "0.012345"])}
    factor = chance.choice(["1", "1", "1.5", "2"])
    terms["commitment"] = {"amount": texts(agreed), "overage_factor": factor, "true_up": chance.random() < 0.9}
    cadence = chance.choice(["monthly", "quarterly", "weekly" if length < 100 else "monthly"])
    periods = billing_periods(term, cadence, chance.choice([None, start]))
    charges, used = bill(chance, terms, periods)
    worth = by_days(lived, length)
    rated, promised = half_up(used * Fraction(terms["unit_price"])), half_up(worth)
    due = rated
    if rated < promised and terms["commitment"]["true_up"]:
        due = promised
    elif rated > promised:
        due = rated + half_up((rated - promised) * (Fraction(factor) - 1))
    billed = sum(Fraction(charge.amount) for charge in charges)
    true_ups = sum(item.code == "true-up" for charge in charges[: len(periods)] for item in charge.components)
    wanted = owed(charges, len(periods), terms, promised)
    return Counter(
        {
            "imbalance in cents": abs(billed - due) / CENT,
            "true-ups": true_ups,
            "true-ups too many or missing": abs(true_ups - wanted),
            "early ends": ended,
            "amendments": amended,
            "pauses": paused,
            "late usage": len(charges) > len(periods),
            "days outside billing periods": abs(
                (term.end - term.start - sum((p.end - p.start for p in periods), 0 * DAY)).days
            ),
        }
    )


def agreements(chance, planned):
    """Return ([(Interval, committed amount of the whole term)], amendments, pauses): nothing is agreed in a pause."""
    pieces, at, amended, paused = [], planned.start, -1, 0
    while at < planned.end:
        end = min(planned.end, at + chance.randrange(1, 400) * DAY)
        if chance.random() < 0.2:
            paused += 1
        else:
            pieces.append((Interval(at, end), str(chance.randrange(0, 3000))))
            amended += 1
        at = end
    return pieces, max(amended, 0), paused


def bill(chance, terms, periods):
    """Return (charges, quantity): one per period, and now and then one more for usage that came late."""
    charges, before, billed, agreed = [], 0, {}, Terms.from_dict(terms)
    late = chance.random() < 0.2
    for index in range(len(periods) + late):
        quantity = 0 if chance.random() < 0.2 else chance.randrange(3000)
        usage = {"quantity": quantity, "quantity_before": before, "billed_before": billed}
        charges.append(rate(Usage.from_dict({**usage, "final": index >= len(periods) - 1}), agreed))
        billed = charges[-1].to_dict().get("billed_after", {})
        before += quantity
    return charges, before


def owed(charges, periods, terms, promised):
    """Return how many true-ups the term owes by its end: one when less than promised was used by then."""
    value = sum(
        Fraction(item.amount) for charge in charges[:periods] for item in charge.components if item.code == "unit"
    )
    return int(terms["commitment"]["true_up"] and value < promised)


def by_days(pieces, length):
    """Return the promise of the days that were lived, one day at a time."""
    total = Fraction(0)
    for span, value in pieces:
        day = span.start
        while day < span.end:
            total += Fraction(int(value), length)
            day += DAY
    return total


def half_up(value):
    """Return a positive amount in whole cents."""
    return Fraction((2 * value.numerator * 100 + value.denominator) // (2 * value.denominator), 100)


def texts(value):
    """Return a fraction as decimal text with enough digits that rounding to cents is not moved."""
    scaled = value * 10**15
    nearest = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return f"{nearest // 10**15}.{nearest % 10**15:015d}"


def grants(chance):
    """Burn, expire and roll over grants through some periods; return by how much they do not balance."""
    day, granted, consumed, lapsed, held = date(2026, 1, 1), 0, 0, Fraction(0), ()
    for period in range(chance.randrange(1, 5)):
        for number in range(chance.randrange(3)):
            units = chance.randrange(100)
            granted += units
            expires = None if chance.random() < 0.4 else day + chance.randrange(90) * DAY
            held += (allowance.Grant(f"{period}-{number}", units, expires, chance.randrange(3)),)
        asked = chance.randrange(150)
        uses, held, uncovered = allowance.burn(asked, held, day)
        given = sum(Fraction(use.quantity) for use in uses)
        consumed += asked - Fraction(uncovered)
        if given != asked - Fraction(uncovered):
            return 1
        day += 30 * DAY
        held, gone = allowance.expire(held, day)
        lapsed += Fraction(gone)
    left = sum(Fraction(grant.quantity) for grant in held)
    carried, ended = allowance.roll_over(left, chance.choice([None, 20]), chance.choice([0, 50, 100]))
    return granted - consumed - lapsed - Fraction(carried) - Fraction(ended)

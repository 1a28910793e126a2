"""Price changes within a rating term: each price charges the usage that came while it held.

Usage keeps climbing the ladder across a change: a price charges for its stretch what it would charge for
all usage up to the end of the stretch, less what it would charge for the usage before. A change to the
same price therefore changes nothing, whatever the model and however uneven the usage. Fixed amounts count
for the days each price held.
"""

from __future__ import annotations

from .errors import refuse
from .exact import as_exact
from .limits import discount
from .lines import prefixed, subtracted
from .measure import measure
from .pricing import fixed_lines


def measured_at_changes(usage, terms, trace):
    """Return the Measured usage of the term so far at the end of each stretch; the last is the whole."""
    marks = usage.quantities_at_changes
    if not usage.parts and len(marks) != len(terms.stretches):
        message = f"The terms know {len(terms.stretches)} price changes, the usage {len(marks)}; give one for each."
        refuse("contradiction", "quantities_at_changes", message)
    quiet = []
    result = []
    for number, stretch in enumerate(terms.stretches):
        parts = tuple(part for part in usage.parts if part.stretch <= number)
        total = None if usage.parts else marks[number]
        result.append(measure(total, parts, stretch.price, terms, quiet))
    total = None if usage.parts else _total(usage)
    return [*result, measure(total, usage.parts, terms, terms, trace)]


def priced(measures, terms, usage_lines):
    """Return the lines of every stretch, under codes that tell how many changes came before.

    `usage_lines(measured, price)` gives what a price charges for the usage of the term so far.
    """
    held = [(item.price, item.discount_percent, item.days) for item in terms.stretches]
    held.append((terms, terms.discount_percent, terms.days))
    result, before = [], None
    for number, (measured, (price, percent, days)) in enumerate(zip(measures, held, strict=True)):
        lines = usage_lines(measured, price)
        if before is not None:
            lines = subtracted(lines, usage_lines(before, price))
        lines = lines + fixed_lines(price, days, terms.days_total)
        lines = lines + discount(lines, percent)
        result += prefixed(lines, f"change-{number}-") if number else lines
        before = measured
    return result


def _total(usage):
    """Return the quantity of the rating term so far, in the unit of the metric."""
    return as_exact(usage.quantity_before) + as_exact(usage.quantity or 0)

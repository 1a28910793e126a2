"""How events become money: models that look at each part of the usage, not only at its total.

Each takes (parts: tuple of UsagePart, price: Price) and returns Lines; parts with a negative amount or
quantity are reversals and mirror the charge they undo. Sums of lines stay exact.
"""

from __future__ import annotations

from .errors import refuse
from .exact import ZERO, as_exact, percent, quotient, round_step
from .lines import line
from .tiers import split


def dynamic(parts, price):
    """Return the sum of the amounts the events carry, times the multiplier (cost plus)."""
    carried = sum((as_exact(part.amount) for part in parts), ZERO)
    return [line("carried", "carried", carried, price.multiplier, events=len(parts))] if parts else []


def percentage(parts, price):
    """Return rate x amount plus an amount per event, after free events and free amount.

    Free as long as both the free events and the free amount last. The event that crosses the free amount
    pays the rate on its excess, and the amount per event in full. Minimum and maximum hold per event.
    """
    sums = {"base": ZERO, "charged": ZERO, "low": ZERO, "high": ZERO}
    events, running = 0, ZERO
    for part in parts:
        amount = as_exact(part.amount)
        sign = -1 if amount < 0 else 1
        base = abs(amount)
        if sign > 0:
            events, running = events + 1, running + amount
            base = _beyond_free(amount, events, running, price)
        if base is not None:
            _add_event(sums, base, sign, price)
    return _percentage_lines(sums, price)


def _beyond_free(amount, events, running, price):
    """Return the part of an event's amount that is charged, or None when the event is free."""
    if price.free_events is None and price.free_amount is None:
        return amount
    if price.free_events is not None and events > price.free_events:
        return amount
    if price.free_amount is None or running <= price.free_amount:
        return None
    return min(amount, running - as_exact(price.free_amount))


def _add_event(sums, base, sign, price):
    """Add one charged event to the sums: priced as it is, or at the minimum or maximum per event."""
    exact = percent(base, as_exact(price.rate_percent)) + as_exact(price.event_amount)
    if price.event_minimum is not None and exact < price.event_minimum:
        sums["low"] += sign
    elif price.event_maximum is not None and exact > price.event_maximum:
        sums["high"] += sign
    else:
        sums["base"] += sign * base
        sums["charged"] += sign


def _percentage_lines(sums, price):
    """Return the lines of the sums; lines without a price or a count are left out."""
    lines = []
    if sums["base"] and price.rate_percent:
        lines.append(line("percentage", "percentage", sums["base"], price.rate_percent, 100))
    if sums["charged"] and price.event_amount:
        lines.append(line("per-event", "per-event", sums["charged"], price.event_amount))
    if sums["low"]:
        lines.append(line("event-minimum", "event-minimum", sums["low"], price.event_minimum))
    if sums["high"]:
        lines.append(line("event-maximum", "event-maximum", sums["high"], price.event_maximum))
    return lines


def capacity(parts, price):
    """Return the flat amount of the lowest tier whose every limit holds; the unit is dimensions["unit"].

    Refuses usage that no tier allows: a missing open tier is a question for a person, never a zero.
    """
    used = {}
    for part in parts:
        unit = part.dimensions.get("unit", "")
        used[unit] = used.get(unit, ZERO) + as_exact(part.quantity)
    if not used and not price.bill_flat_on_zero:
        return []
    for number, tier in enumerate(price.tiers, 1):
        limits = {unit: tier.limits.get(unit, 0) for unit in used}
        if all(limits[unit] is None or used[unit] <= limits[unit] for unit in used):
            return [line(f"tier-{number}", "capacity", 1, tier.flat_amount, number=number)]
    refuse("no_price", "tiers", "The usage is above the limits of every tier; add an open tier.")


def prorated_graduated(parts, price):
    """Return a ladder climbed in full units and priced in prorated units, event by event in order.

    A part that straddles a bound is divided in proportion to its full units; a decrease takes units off
    the top. The flat amount of a tier once entered stays. `lift_to_zero` follows.
    """
    position, prorated, entered = ZERO, {}, set()
    for part in parts:
        units = as_exact(part.quantity)
        share = part.quantity if part.quantity_prorated is None else part.quantity_prorated
        if not units:
            continue
        factor = quotient(as_exact(share), units)
        low, high = min(position, position + units), max(position, position + units)
        for step in split(high, price.tiers, low):
            signed = step.units if units > 0 else -step.units
            prorated[step.number] = prorated.get(step.number, ZERO) + signed * factor
            if units > 0:
                entered.add(step.number)
        position += units
    if price.bill_flat_on_zero:
        entered.add(1)
    return _prorated_lines(prorated, entered, price)


def _prorated_lines(prorated, entered, price):
    """Return unit and flat lines in tier order."""
    lines = []
    for number, tier in enumerate(price.tiers, 1):
        code = f"tier-{number}"
        if prorated.get(number):
            lines.append(line(code, "tier-prorated", prorated[number], tier.unit_price, number=number))
        if number in entered and tier.flat_amount:
            lines.append(line(f"{code}-flat", "tier-flat", 1, tier.flat_amount, number=number))
    return lines


def lift_to_zero(lines, step):
    """Return the line that lifts a negative total to zero: a total of lines rounded to money, as they are billed."""
    below = sum([round_step(item.exact, step) for item in lines], ZERO)
    return [line("lift-to-zero", "lift-to-zero", 1, -below)] if below < 0 else []

"""Calls and sessions: seconds billed by started increments (60/1, 30/6), across time-of-use bands."""

from __future__ import annotations

from .bands import band_runs
from .errors import refuse
from .exact import ZERO, as_exact, round_step
from .lines import line, merged, mirrored, total


def time_increment(parts, price, zone):
    """Return, for all parts together, the seconds billed in each slot and the connect amounts.

    A part's quantity is its length in seconds. An increment once started is billed whole, also when it
    runs into the next slot or band, which then begins later. A part without length is not billed.
    """
    lines, rounding = [], ZERO
    for part in parts:
        seconds = as_exact(part.quantity)
        found = _event_lines(abs(seconds), part, price, zone) if seconds else []
        found = mirrored(found) if seconds < 0 else found
        if price.event_rounding_step is not None:
            exact = total(found)
            step = as_exact(price.event_rounding_step)
            rounding += round_step(exact, step, price.event_rounding) - exact
        lines = merged(lines + found) if len(lines) > 500 else lines + found
    lines = sorted(merged(lines), key=lambda item: _rank(item, price))
    return lines + ([line("event-rounding", "event-rounding", 1, rounding)] if rounding else [])


def _rank(item, price):
    """Return the place of a line in the order of the terms, whatever the order of the events."""
    codes = [band.code for band in price.bands]
    labels = dict(item.labels)
    band = codes.index(labels["band"]) if "band" in labels else -1
    return (item.message != "connect", band, int(labels.get("number", 0)))


def _event_lines(seconds, part, price, zone):
    """Return the lines of one event of positive length."""
    if not price.bands:
        runs = [(None, ZERO, seconds)]
    elif part.started_at is None:
        refuse("missing", "parts.started_at", "Time-of-use bands need the start of each event; give it.")
    else:
        runs = band_runs(part.started_at, seconds, price.bands, zone)
    lines = [] if part.continued else _connect(runs[0][0], price)
    position = ZERO
    for band, _begin, end in runs:
        slots = price.slots if band is None else band.slots
        found, position = _run_lines(slots, position, end, band)
        lines += found
    return lines


def _connect(band, price):
    """Return the connect amount of the price and of the band in which the event begins."""
    lines = []
    if price.connect_amount:
        lines.append(line("connect", "connect", 1, price.connect_amount))
    if band is not None and band.connect_amount:
        lines.append(line(f"{band.code}-connect", "connect", 1, band.connect_amount, band=band.code))
    return lines


def _run_lines(slots, position, end, band):
    """Return the lines of the seconds from `position` to `end` in one band, and the position reached."""
    lines, prefix = [], "" if band is None else f"{band.code}-"
    words = {} if band is None else {"band": band.code}
    for number, slot in enumerate(slots, 1):
        closing = end if number == len(slots) else min(end, as_exact(slots[number].start))
        if closing <= position:
            continue
        increment = as_exact(slot.increment)
        billed = round_step(closing - position, increment, "up")
        labels = {"number": number, "increment": increment, **words}
        lines.append(line(f"{prefix}slot-{number}", "slot", billed, slot.unit_price, slot.per, **labels))
        position += billed
    return lines, position

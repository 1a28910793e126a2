"""What usage costs whose parts are looked at one by one: events, calls, groups; from the definitions, in fractions.

Each model takes (price, parts, zone), parts being dicts as `UsagePart.from_dict` takes them with measured "units",
and returns [(code, exact amount)]. Bands are found by looking at every minute of the clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

from oracle_prices import NOTHING, ladder, number, rounded, summed, usage_lines, worth_of

OF_MONEY = ("percentage", "dynamic", "capacity", "prorated_graduated")


def lines(price, parts, zone, step):
    """Return the lines of parts."""
    model = price["charge_model"]
    if price.get("price_per_part"):
        return summed(line for part in parts for line in usage_lines(price, part["units"]))
    if model == "matrix":
        return matrix(price, parts, zone)
    if model == "time_increment":
        return time_increment(price, parts, zone)
    if model == "prorated_graduated":
        return prorated(price, parts, step)
    return {"percentage": percentage, "dynamic": dynamic, "capacity": capacity}[model](price, parts)


def percentage(price, parts):
    """Return rate, amount per event, and what a minimum or maximum per event makes of it.

    Events are free while both the free events and the free amount last; the one that crosses the amount pays the rate
    on its excess and the amount per event in full. A refund mirrors a charge and restores nothing.
    """
    rate, each = number(price, "rate_percent") / 100, number(price, "event_amount")
    least, most = price.get("event_minimum"), price.get("event_maximum")
    limited = price.get("free_events") is not None or price.get("free_amount") is not None
    found, count, spent = [], 0, NOTHING
    for part in parts:
        amount = number(part, "amount")
        sign, base = (-1, -amount) if amount < 0 else (1, amount)
        if sign > 0 and limited:
            count, before = count + 1, spent
            spent += base
            if price.get("free_events") is None or count <= int(price["free_events"]):
                if price.get("free_amount") is None or spent <= Fraction(price["free_amount"]):
                    continue
                base = min(base, spent - max(Fraction(price["free_amount"]), before))
        cost = base * rate + each
        if least is not None and cost < Fraction(least):
            found.append(("event-minimum", sign * Fraction(least)))
        elif most is not None and cost > Fraction(most):
            found.append(("event-maximum", sign * Fraction(most)))
        else:
            found += [("percentage", sign * base * rate), ("per-event", sign * each)]
    return summed(found)


def dynamic(price, parts):
    """Return the amounts that events carry, times the multiplier."""
    return [("carried", sum((number(part, "amount") for part in parts), NOTHING) * number(price, "multiplier", 1))]


def capacity(price, parts):
    """Return the flat amount of the lowest tier whose limits hold for every unit that was used."""
    used = {}
    for part in parts:
        unit = part.get("dimensions", {}).get("unit", "")
        used[unit] = used.get(unit, NOTHING) + part["units"]
    if not used and not price.get("bill_flat_on_zero"):
        return []
    for index, tier in enumerate(price["tiers"], 1):
        limits = {unit: tier.get("limits", {}).get(unit, 0) for unit in used}
        if all(limit is None or used[unit] <= Fraction(limit) for unit, limit in limits.items()):
            return [(f"tier-{index}", number(tier, "flat_amount"))]
    raise LookupError("no tier holds the usage")


def prorated(price, parts, step):
    """Return a ladder climbed in full units and priced in prorated ones; a tier once entered keeps its flat amount.

    Lines are rounded on the bill; a bill below zero is lifted to it."""
    found, entered, place = {}, {1} if price.get("bill_flat_on_zero") else set(), NOTHING
    for part in parts:
        full = part["units"]
        share = 1 if part.get("quantity_prorated") is None or not full else Fraction(part["quantity_prorated"]) / full
        low, high = sorted((place, place + full))
        for index, lower, upper, tier in ladder(price):
            bottom = low if index == 1 else max(low, lower)
            units = (high if upper is None else min(high, upper)) - bottom
            if units > 0:
                amount = (units if full > 0 else -units) * share * number(tier, "unit_price")
                found[index] = found.get(index, NOTHING) + amount
                entered |= {index} if full > 0 else set()
        place += full
    result = [(f"tier-{index}", amount) for index, amount in found.items()]
    result += [(f"tier-{index}-flat", number(price["tiers"][index - 1], "flat_amount")) for index in entered]
    billed = sum((rounded(amount, step) for _code, amount in result), NOTHING)
    return [*result, ("lift-to-zero", max(NOTHING, -billed))]


def matrix(price, parts, zone):
    """Return the lines of every row that usage matched."""
    used = {}
    for part in parts:
        index = row_of(price, part, zone)
        used[index] = used.get(index, NOTHING) + part["units"]
    found = []
    for index, units in used.items():
        row = price["rows"][index - 1]
        if row.get("price"):
            own = [*usage_lines(row["price"], units), ("fixed", number(row["price"], "fixed_amount"))]
            found += [(f"row-{index}-{code}", amount) for code, amount in own]
        else:
            found.append((f"row-{index}", units * number(row, "unit_price")))
    return found


def row_of(price, part, zone):
    """Return the number of the row that names most of the part's dimensions, of these the longest prefixes."""
    known = dict(part.get("dimensions", {}))
    if price.get("bands") and "band" not in known:
        known["band"] = band_at(price["bands"], moment(part), zone)["code"]
    fitting = []
    for index, row in enumerate(price["rows"], 1):
        match, prefixes = row.get("match", {}), 0
        for name, wanted in match.items():
            if name in price.get("prefix_dimensions", ()):
                prefixes += len(wanted)
                fits = known.get(name, "").startswith(wanted) and name in known
            else:
                fits = known.get(name) == wanted
            if not fits:
                break
        else:
            fitting.append((len(match), prefixes, index))
    if not fitting or sum(item[:2] == max(fitting)[:2] for item in fitting) > 1:
        raise LookupError("no row, or two, for this usage")
    return max(fitting)[2]


def time_increment(price, parts, zone):
    """Return connect amounts and seconds, each call rounded on its own where the terms say so."""
    found, step = [], price.get("event_rounding_step")
    for part in parts:
        sign = -1 if part["units"] < 0 else 1
        own = [(code, sign * amount) for code, amount in call(price, part, abs(part["units"]), zone)]
        if step is not None:
            exact = worth_of(own)
            own.append(
                ("event-rounding", rounded(exact, Fraction(step), price.get("event_rounding", "nearest")) - exact)
            )
        found += own
    return summed(found)


def call(price, part, seconds, zone):
    """Return the lines of one call: an increment once begun is paid whole, by the slot and band it begins in."""
    found, place = [], NOTHING
    runs = [(None, seconds)] if not price.get("bands") or not seconds else runs_of(price, part, seconds, zone)
    if seconds and not part.get("continued"):
        found.append(("connect", number(price, "connect_amount")))
        if runs[0][0]:
            found.append((f"{runs[0][0]['code']}-connect", number(runs[0][0], "connect_amount")))
    for band, end in runs:
        slots = [(number(slot, "start"), slot) for slot in (band["slots"] if band else price["slots"])]
        while place < end:
            index = sum(start <= place for start, _slot in slots)
            slot = slots[index - 1][1]
            width = number(slot, "increment", 1)
            code = f"{band['code']}-slot-{index}" if band else f"slot-{index}"
            found.append((code, width * number(slot, "unit_price") / number(slot, "per", 1)))
            place += width
    return found


def moment(part):
    """Return the UTC instant at which a part began."""
    return datetime.fromisoformat(part["started_at"].replace("Z", "+00:00")).astimezone(timezone.utc)


def minutes(clock):
    """Return the minutes of "HH:MM" since midnight."""
    return int(clock[:2]) * 60 + int(clock[3:])


def band_at(bands, instant, zone):
    """Return the first band that covers an instant in local time; a night is named by the day it begins."""
    local = instant.astimezone(ZoneInfo(zone))
    now, day = local.hour * 60 + local.minute, local.weekday()
    for band in bands:
        begin, end = minutes(band.get("from_time", "00:00")), minutes(band.get("to_time", "24:00"))
        days = band.get("weekdays", range(7))
        if begin < end:
            covers = day in days and begin <= now < end
        else:
            covers = (day in days and now >= begin) or ((day - 1) % 7 in days and now < end)
        if covers:
            return band
    raise LookupError("no band covers this instant")


def runs_of(price, part, seconds, zone):
    """Return [(band, second at which it ends)] of a call, minute by minute."""
    at, place, runs = moment(part), NOTHING, []
    while place < seconds:
        band = band_at(price["bands"], at, zone)
        following = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
        place += Fraction((following - at) // timedelta(microseconds=1), 10**6)
        if runs and runs[-1][0] is band:
            runs.pop()
        runs.append((band, min(place, seconds)))
        at = following
    return runs

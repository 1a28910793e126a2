"""What a quantity costs, from the definitions alone: exact fractions, one short function per charge model.

A price is plain JSON as `Price.from_dict` takes it; a result is [(code, exact amount)]. Nothing of the kernel is
imported here.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

NOTHING = Fraction(0)
exact = lru_cache(maxsize=5000)(Fraction)


def number(source, name, default=0):
    """Return a number of JSON as a fraction."""
    value = source.get(name)
    return exact(default if value is None else value)


def rounded(value, step, mode="nearest"):
    """Return a multiple of `step`: nearest (half away from zero), up (away from zero) or down."""
    if mode == "none":
        return value
    if value < 0:
        return -rounded(-value, step, mode)
    count = value // step
    rest = value - count * step
    if (mode == "nearest" and 2 * rest >= step) or (mode == "up" and rest):
        count += 1
    return count * step


def ladder(price):
    """Return [(number, lower bound, upper bound or None, tier)]: (previous up_to, up_to], the last one open."""
    result, lower = [], NOTHING
    for index, tier in enumerate(price["tiers"], 1):
        upper = None if tier.get("up_to") is None else Fraction(tier["up_to"])
        result.append((index, lower, upper, tier))
        lower = upper
    return result


def packs(units, size, mode):
    """Return how many packages hold the units: started ones, full ones, or the exact share."""
    return rounded(units / Fraction(size), Fraction(1), mode)


def tier_lines(price, index, tier, units, share=1):
    """Return what units cost within a tier: their price, the flat amount, and what a maximum takes off."""
    count = units
    if tier.get("package_size"):
        count = packs(units, tier["package_size"], tier.get("package_rounding") or price.get("package_rounding", "up"))
    found = [(f"tier-{index}", count * number(tier, "unit_price") * share)]
    found.append((f"tier-{index}-flat", number(tier, "flat_amount")))
    worth = worth_of(found)
    if tier.get("maximum") is not None and worth > Fraction(tier["maximum"]):
        found.append((f"tier-{index}-cap", Fraction(tier["maximum"]) - worth))
    return found


def worth_of(lines):
    """Return the exact sum of lines."""
    return sum((amount for _code, amount in lines), NOTHING)


def without_usage(price):
    """Return the first tier's flat amount where the price bills it although nothing was used."""
    code = "tier-1" if price["charge_model"] == "stair_step" else "tier-1-flat"
    return [(code, number(price["tiers"][0], "flat_amount"))] if price.get("bill_flat_on_zero") else []


def graduated(price, quantity):
    """Return each tier's share of the quantity at the tier's price."""
    share = Fraction(1, 100) if price["charge_model"] == "graduated_percentage" else 1
    found = [] if quantity else without_usage(price)
    for index, lower, upper, tier in ladder(price):
        units = (quantity if upper is None else min(quantity, upper)) - lower
        if units > 0:
            found += tier_lines(price, index, tier, units, share)
    return found


def tier_of(price, quantity):
    """Return (number, tier) that holds a quantity."""
    return next((index, tier) for index, _low, upper, tier in ladder(price) if upper is None or quantity <= upper)


def volume(price, quantity):
    """Return all units at the price of the tier that holds them; guarded, never more than where a later tier begins."""
    if not quantity:
        return without_usage(price)
    index, tier = tier_of(price, quantity)
    found = tier_lines(price, index, tier, quantity)
    if price.get("best_price_guard"):
        starts = [worth_of(tier_lines(price, i, other, lower)) for i, lower, _u, other in ladder(price) if i > index]
        found.append(("best-price", min([worth_of(found), *starts]) - worth_of(found)))
    return found


def stair_step(price, quantity):
    """Return the flat amount of the tier that holds the quantity."""
    if not quantity:
        return without_usage(price)
    index, tier = tier_of(price, quantity)
    return [(f"tier-{index}", number(tier, "flat_amount"))]


def package(price, quantity):
    """Return packages times the price of one; some may be due without usage."""
    count = packs(quantity, price["package_size"], price.get("package_rounding", "up"))
    return [("package", max(count, number(price, "packages_minimum")) * number(price, "unit_price"))]


def usage_lines(price, quantity):
    """Return the lines of a quantity under a price of quantities, its fixed amount left out."""
    if quantity < 0:
        if price.get("negative_usage") == "zero":
            return usage_lines(price, NOTHING)
        return [(code, -amount) for code, amount in usage_lines(price, -quantity)]
    model = price["charge_model"]
    if model == "flat":
        return []
    if model == "per_unit":
        return [("unit", quantity * number(price, "unit_price"))]
    models = {"package": package, "volume": volume, "stair_step": stair_step}
    return models.get(model, graduated)(price, quantity)


def beyond(price, edge, quantity, counts_from):
    """Return the lines of the units above `edge`; tiers count from the edge ("excess") or from zero ("absolute")."""
    excess = quantity - edge
    if excess <= 0:
        return []
    if counts_from == "excess":
        return usage_lines(price, excess)
    if price["charge_model"] == "volume":
        return tier_lines(price, *tier_of(price, quantity), excess)
    if price["charge_model"] == "stair_step":
        return stair_step(price, quantity)
    return less(usage_lines(price, quantity), usage_lines(price, edge) if edge else [])


def less(lines, earlier):
    """Return lines less earlier ones, code by code."""
    return summed([*lines, *((code, -amount) for code, amount in earlier)])


def summed(lines):
    """Return one line per code."""
    found = {}
    for code, amount in lines:
        found[code] = found.get(code, NOTHING) + amount
    return list(found.items())

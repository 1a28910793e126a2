"""How a quantity becomes money: one function per model that looks at the total quantity only.

Each takes (quantity >= 0, an exact number of billed units, price: Price) and returns Lines; none of them rounds
money, and none knows about discounts, limits or what was billed before.
"""

from __future__ import annotations

from .exact import ONE, ZERO, as_exact, quotient, round_step
from .lines import line, total
from .tiers import reached, split, starts_after


def flat(quantity, price):
    """Return nothing: the flat amount is the price's `fixed_amount`, billed whatever the usage."""
    return []


def per_unit(quantity, price):
    """Return quantity x unit price."""
    return [line("unit", "unit", quantity, price.unit_price)]


def package(quantity, price):
    """Return the started packages (or whole ones, or the exact share) times the price of one."""
    count = round_step(quotient(quantity, as_exact(price.package_size)), ONE, price.package_rounding)
    count = max(count, as_exact(price.packages_minimum))
    labels = {"units": quantity, "size": price.package_size}
    return [line("package", "package", count, price.unit_price, **labels)]


def graduated(quantity, price, per=1):
    """Return each tier's units at its price, plus the flat amount of each tier that is entered."""
    if not quantity:
        return _flat_on_zero(price)
    lines = []
    for step in split(quantity, price.tiers):
        lines += tier_lines(step, price, per)
    return lines


def graduated_percentage(quantity, price):
    """Return the graduated ladder with prices in per cent; `quantity` is an amount of money."""
    return graduated(quantity, price, per=100)


def volume(quantity, price):
    """Return all units at the price of the tier reached; the total may fall where a tier begins."""
    if not quantity:
        return _flat_on_zero(price)
    step = reached(quantity, price.tiers)
    lines = tier_lines(step, price)
    return lines + (_best_price(step, price, total(lines)) if price.best_price_guard else [])


def stair_step(quantity, price):
    """Return the flat amount of the tier reached, whatever the quantity within it."""
    if not quantity:
        return _flat_on_zero(price)
    return [stair_line(reached(quantity, price.tiers))]


def stair_line(step):
    """Return the single line of a reached stair."""
    bounds = (step.lower, step.up_to)
    labels = {"number": step.number, "units": step.units}
    return line(f"tier-{step.number}", "stair", 1, step.tier.flat_amount, tier=bounds, **labels)


def tier_lines(step, price, per=1):
    """Return the lines of one tier: units or packages, its flat amount, its cap."""
    code, tier = f"tier-{step.number}", step.tier
    shared = {"tier": (step.lower, step.up_to)}
    if tier.package_size:
        size = as_exact(tier.package_size)
        count = round_step(quotient(step.units, size), ONE, tier.package_rounding or price.package_rounding)
        labels = {"number": step.number, "units": step.units, "size": size}
        lines = [line(code, "tier-package", count, tier.unit_price, per, **shared, **labels)]
    else:
        lines = [line(code, "tier", step.units, tier.unit_price, per, **shared, number=step.number)]
    if tier.flat_amount:
        lines.append(line(f"{code}-flat", "tier-flat", 1, tier.flat_amount, **shared, number=step.number))
    if tier.maximum is not None and (over := total(lines) - tier.maximum) > 0:
        labels = {"number": step.number, "maximum": tier.maximum}
        lines.append(line(f"{code}-cap", "tier-cap", 1, -over, **shared, **labels))
    return lines


def _flat_on_zero(price):
    """Return the first tier's flat amount when the price bills it without usage."""
    amount = price.tiers[0].flat_amount
    if not price.bill_flat_on_zero or not amount:
        return []
    up_to = price.tiers[0].up_to
    bounds = (ZERO, up_to)
    code = "tier-1" if price.charge_model == "stair_step" else "tier-1-flat"
    return [line(code, "tier-flat", 1, amount, tier=bounds, number=1)]


def _best_price(step, price, amount):
    """Return a credit down to the cheapest start of a later tier, so that using less is never dearer."""
    later = starts_after(step.number, price.tiers)
    best = min((_amount_at(tier, start, price) for tier, start in later), default=amount)
    if best >= amount:
        return []
    return [line("best-price", "best-price", 1, best - amount, best=best)]


def _amount_at(tier, start, price):
    """Return what `start` units cost at the tier that begins there."""
    units = start
    if tier.package_size:
        mode = tier.package_rounding or price.package_rounding
        units = round_step(quotient(start, as_exact(tier.package_size)), ONE, mode)
    amount = as_exact(tier.flat_amount) + units * as_exact(tier.unit_price)
    return amount if tier.maximum is None else min(amount, as_exact(tier.maximum))


BY_QUANTITY = {
    "flat": flat,
    "per_unit": per_unit,
    "package": package,
    "graduated": graduated,
    "graduated_percentage": graduated_percentage,
    "volume": volume,
    "stair_step": stair_step,
}

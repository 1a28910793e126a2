"""The independent oracle: the amount of terms (plain JSON) and a quantity, by the simplest loops.

Written from the README's definitions alone. It imports nothing of the kernel and uses fractions only.
It returns the total in money, each line rounded once.
"""

from __future__ import annotations

from fractions import Fraction as F
from math import floor


def number(values, name, default=0):
    """Return a number of a JSON object as a fraction."""
    value = values.get(name)
    return F(str(default if value is None else value))


def ceiling(value):
    return -floor(-value)


def away(value, step):
    """Return value rounded to step, half away from zero."""
    count = value / step
    size = abs(count)
    whole = floor(size)
    if size - whole >= F(1, 2):
        whole += 1
    return (whole if count >= 0 else -whole) * step


def packages(units, size, mode):
    """Return how many packages hold the units."""
    if mode == "up":
        return ceiling(units / size)
    if mode == "down":
        return floor(units / size)
    return units / size


def measured(quantity, terms):
    """Return the quantity left to price."""
    quantity = quantity * number(terms, "unit_factor", 1) / number(terms, "unit_divisor", 1)
    mode, sign = terms.get("quantity_rounding", "none"), -1 if quantity < 0 else 1
    if mode != "none":
        step = F(1) / F(10) ** terms.get("quantity_precision", 0)
        size = abs(quantity) / step
        size = {"up": ceiling(size), "down": floor(size), "nearest": floor(size + F(1, 2))}[mode]
        quantity = sign * size * step
    return sign * max(F(0), abs(quantity) - number(terms, "quantity_included"))


def tier_amounts(tier, units, mode):
    """Return the amounts of the lines of one tier that holds some units."""
    count = packages(units, number(tier, "package_size"), mode) if tier.get("package_size") else units
    amounts = [count * number(tier, "unit_price")]
    if number(tier, "flat_amount"):
        amounts.append(number(tier, "flat_amount"))
    if tier.get("maximum") is not None and sum(amounts) > number(tier, "maximum"):
        amounts.append(number(tier, "maximum") - sum(amounts))
    return amounts


def reached(units, tiers):
    """Return the position of the tier that holds the last unit."""
    for index, tier in enumerate(tiers):
        if tier.get("up_to") is None or units <= number(tier, "up_to"):
            return index


def ladder(units, price):
    """Return {line: amount} of a ladder for units >= 0."""
    tiers, model = price["tiers"], price["charge_model"]
    mode = price.get("package_rounding", "up")
    if units == 0:
        amount = number(tiers[0], "flat_amount")
        return {(0, 1): amount} if price.get("bill_flat_on_zero") and amount else {}
    if model == "stair_step":
        return {(reached(units, tiers), 1): number(tiers[reached(units, tiers)], "flat_amount")}
    lines = {}
    if model == "volume":
        index = reached(units, tiers)
        for line, amount in enumerate(tier_amounts(tiers[index], units, mode)):
            lines[index, line] = amount
        now = sum(lines.values())
        if price.get("best_price_guard"):
            starts = [
                sum(tier_amounts(tiers[i], number(tiers[i - 1], "up_to"), mode)) for i in range(index + 1, len(tiers))
            ]
            if starts and min(starts) < now:
                lines["best"] = min(starts) - now
        return lines
    lower = F(0)
    for index, tier in enumerate(tiers):
        upper = units if tier.get("up_to") is None else min(units, number(tier, "up_to"))
        if upper > lower:
            for line, amount in enumerate(tier_amounts(tier, upper - lower, mode)):
                lines[index, line] = amount / 100 if model == "graduated_percentage" and line == 0 else amount
            if model == "graduated_percentage" and tier.get("maximum") is not None:
                raise NotImplementedError
        lower = upper
    return lines


def usage_lines(units, price):
    """Return {line: amount} of units under a price, a negative quantity mirrored or counted as none."""
    if units < 0 and price.get("negative_usage", "mirror") == "zero":
        return usage_lines(F(0), price)
    if units < 0:
        return {key: -amount for key, amount in usage_lines(-units, price).items()}
    model = price["charge_model"]
    if model == "flat":
        return {}
    if model == "per_unit":
        return {"unit": units * number(price, "unit_price")}
    if model == "package":
        count = packages(units, number(price, "package_size"), price.get("package_rounding", "up"))
        return {"package": count * number(price, "unit_price")}
    return ladder(units, price)


def above_lines(edge, units, price, where):
    """Return {line: amount} of the units beyond an edge."""
    if units <= edge:
        return {}
    if where == "excess":
        return usage_lines(units - edge, price)
    if price["charge_model"] == "volume":
        tier = price["tiers"][reached(units, price["tiers"])]
        return dict(enumerate(tier_amounts(tier, units - edge, price.get("package_rounding", "up"))))
    if price["charge_model"] == "stair_step":
        return {"stair": number(price["tiers"][reached(units, price["tiers"])], "flat_amount")}
    lines = usage_lines(units, price)
    for key, amount in usage_lines(edge, price).items() if edge else ():
        lines[key] = lines.get(key, F(0)) - amount
    return lines


def band(baseline, agreed, actual):
    """Return (edge above which usage is excess, shortfall below)."""
    free = agreed * number(baseline, "tolerance_ratio")
    carried = number(baseline, "carried_in")
    top = agreed + carried
    bottom = top if baseline.get("below") == "carry_forward" else agreed
    used = max(F(0), actual)
    if baseline.get("tolerance_mode") == "threshold":
        edge = top if actual > top + free else top + free
        return edge, bottom - used if actual < bottom - free else F(0)
    return top + free, max(F(0), bottom - free - used)


def charge(quantity, terms, final=True):
    """Return (amount in money, unused quantity carried on) of a whole rating term so far."""
    step = number(terms, "currency_rounding", "0.01")
    units = measured(F(quantity), terms)
    baseline, carried, free_of_discount = terms.get("baseline"), F(0), []
    fixed = [number(terms, "fixed_amount")]
    if baseline and baseline.get("kind", "quantity") == "quantity":
        edge, short = band(baseline, number(baseline, "quantity"), units)
        above = terms if baseline.get("above", "terms") == "terms" else baseline["above"]
        priced = (
            []
            if above == "none"
            else list(above_lines(edge, units, above, baseline.get("above_ladder", "excess")).values())
        )
        if above not in ("none", terms) and units > edge:
            fixed.append(number(above, "fixed_amount"))
        free_of_discount, carried = below(baseline, short, final)
        fixed_baseline = [number(baseline, "fixed_amount")]
    else:
        priced, fixed_baseline = list(usage_lines(units, terms).values()), []
    discount = -number(terms, "discount_percent") / 100 * (sum(priced) + sum(fixed))
    moving = [away(x, step) for x in [*priced, discount, *free_of_discount]]
    still = [away(x, step) for x in [*fixed, *fixed_baseline]]
    if baseline and baseline.get("kind") == "amount":
        more, still_more, carried = amount_baseline(sum(moving) + sum(still), sum(moving), baseline, terms, final)
        moving, still = moving + [away(x, step) for x in more], still + [away(x, step) for x in still_more]
    return limited(moving, still, terms, final, step), carried


def below(baseline, short, final):
    """Return (credit amounts, quantity carried on) of a shortfall."""
    if not final or not short or baseline.get("below", "none") == "none":
        return [], F(0)
    if baseline["below"] == "credit":
        return [-short * number(baseline, "below_price")], F(0)
    return [], short


def amount_baseline(everything, moving, baseline, terms, final):
    """Return (amounts that move, fixed amounts, carried) an agreed amount adds to priced usage."""
    value = everything if terms.get("limits_include_fixed", True) else moving
    agreed = number(baseline, "amount")
    edge, short = band(baseline, agreed, value)
    above = baseline.get("above", "terms")
    covered = -(min(value, edge) if above == "terms" else value)
    more, still = [], [covered, number(baseline, "fixed_amount", agreed)]
    if above not in ("terms", "none"):
        more += above_lines(edge, value, above, baseline.get("above_ladder", "excess")).values()
        still.append(number(above, "fixed_amount") if value > edge else F(0))
    credit, carried = below(baseline, short, final)
    return more + credit, still, carried


def limited(moving, still, terms, final, step):
    """Return the total after commitment, minimum and maximum."""
    include = terms.get("limits_include_fixed", True)

    def seen():
        return sum(moving) + (sum(still) if include else 0)

    promise = terms.get("commitment")
    if promise:
        committed = number(promise, "amount")
        if promise["kind"] == "quantity":
            worth = sum(usage_lines(number(promise, "quantity"), terms).values()) + number(terms, "fixed_amount")
            committed = worth * (1 - number(terms, "discount_percent") / 100)
        committed = away(committed, step)
        if seen() > committed:
            moving.append(away((seen() - committed) * (number(promise, "overage_factor", 1) - 1), step))
        elif final and promise.get("true_up", True):
            moving.append(committed - seen())
    if terms.get("minimum") is not None and final:
        moving.append(max(F(0), away(number(terms, "minimum"), step) - seen()))
    if terms.get("maximum") is not None:
        top = away(number(terms, "maximum"), step)
        if abs(seen()) > top:
            moving.append((top if seen() > 0 else -top) - seen())
    return sum(moving) + sum(still)

"""Price: one charge model chosen by name, the same treatment of signs and fixed amounts for all."""

from __future__ import annotations

from .charge_models import BY_QUANTITY, stair_line, tier_lines
from .errors import refuse
from .event_models import capacity, dynamic, lift_to_zero, percentage, prorated_graduated
from .exact import ZERO, as_exact
from .increments import time_increment
from .lines import Part, line, merged, mirrored, prefixed, subtracted
from .matrix import matrix
from .tiers import reached

BY_PARTS = {
    "percentage": percentage,
    "dynamic": dynamic,
    "capacity": capacity,
    "prorated_graduated": prorated_graduated,
}


def fixed_lines(price, days=None, days_total=None):
    """Return the amount billed once per rating term whatever the usage, if there is one.

    A price that held for `days` of the term's `days_total` bills that share of it.
    """
    if not price.fixed_amount or days == 0:
        return []
    if days in (None, days_total):
        return [line("fixed", "fixed", 1, price.fixed_amount, kind="fixed")]
    words = {"days_used": str(days), "days_total": str(days_total)}
    return [line("fixed", "fixed", days, price.fixed_amount, days_total, kind="fixed", **words)]


def usage_lines(quantity, parts, price, zone, step):
    """Return the exact lines of `quantity` (billed units) or of its parts under `price`, without the fixed amount.

    `step` is the rounding step of money, for the one model that promises a total not below zero.
    """
    model = price.charge_model
    if model in BY_QUANTITY and price.price_per_part and parts:
        each = [price_quantity(as_exact(part.quantity), price) for part in parts]
        lines = merged([item for lines in each for item in lines])
        return sorted(lines, key=lambda item: (item.lower or ZERO, item.code))
    if model in BY_QUANTITY:
        return price_quantity(quantity, price)
    parts = parts or _whole(quantity, model)
    if model == "matrix":
        return matrix(parts, price, zone, _row_quantity)
    if model == "time_increment":
        return time_increment(parts, price, zone)
    lines = BY_PARTS[model](parts, price)
    return lines + lift_to_zero(lines, step) if model == "prorated_graduated" else lines


def price_quantity(quantity, price):
    """Return the lines of a total quantity; a negative one mirrors, counts as zero, or is refused."""
    model = BY_QUANTITY[price.charge_model]
    if quantity >= 0:
        return model(quantity, price)
    if price.negative_usage == "refuse":
        refuse("negative_usage", "quantity", "The usage is negative and the terms refuse that; check it.")
    if price.negative_usage == "zero":
        return model(ZERO, price)
    return mirrored(model(-quantity, price))


def price_above(edge, quantity, price, ladder):
    """Return the lines of the units beyond `edge`, under codes that begin with "above-".

    ladder "excess": the ladder starts counting at the edge. "absolute": tiers are bounds of the whole
    quantity; a graduated ladder prices the stretch (edge, quantity], a volume or stair-step ladder prices
    the excess at the tier the whole quantity reaches.
    """
    excess = quantity - edge
    if excess <= 0:
        return []
    if ladder == "excess":
        lines = price_quantity(excess, price)
    elif price.charge_model == "volume":
        lines = tier_lines(reached(quantity, price.tiers)._replace(units=excess), price)
    elif price.charge_model == "stair_step":
        lines = [stair_line(reached(quantity, price.tiers))]
    else:
        covered = price_quantity(edge, price) if edge else []
        lines = subtracted(price_quantity(quantity, price), covered)
    return prefixed(lines, "above-", "excess")


def _row_quantity(quantity, price):
    """Return the lines of a matrix row's own price, which looks at a quantity only."""
    return price_quantity(quantity, price) + fixed_lines(price)


def _whole(quantity, model):
    """Return the total as one part: an amount of money for percentage and dynamic, units otherwise."""
    if not quantity:
        return ()
    return (Part(amount=quantity) if model in ("percentage", "dynamic") else Part(quantity),)

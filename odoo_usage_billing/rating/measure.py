"""The first three steps of rating: convert the unit, round the quantity, take off what is included."""

from __future__ import annotations

from typing import NamedTuple

from .exact import ONE, ZERO, as_exact, quotient, round_step
from .lines import Part
from .price import BY_AMOUNT, BY_QUANTITY


class Measured(NamedTuple):
    """What is left to price: the total in billed units, and the parts where the model looks at them."""

    quantity: object  # exact number
    parts: tuple


def measure(total, parts, price, terms, trace):
    """Return the Measured usage that `price` charges for; steps that change something go to `trace`.

    `total` is in the metric's unit, None when `parts` (UsageParts) are what is known. Conversion, rounding
    and the included quantity are those of the terms, whichever of their prices charges.
    """
    parts = tuple(_part(part) for part in parts)
    total = sum((part.quantity for part in parts), ZERO) if total is None else as_exact(total)
    if price.charge_model in BY_AMOUNT:
        return Measured(total, parts)
    if parts and (price.charge_model not in BY_QUANTITY or price.price_per_part):
        return _measure_parts(parts, terms, trace)
    quantity = _convert(total, terms, trace)
    quantity = _rounded(quantity, terms, trace)
    left = as_exact(terms.quantity_included)
    return Measured(_include(quantity, left, terms, trace), ())


def _measure_parts(parts, terms, trace):
    """Return the parts measured one by one; the included quantity is used up in their order.

    A part below zero gives back what the parts before it used of it.
    """
    included, running, result, quiet = terms.quantity_included, ZERO, [], []
    for part in parts:
        quantity = _rounded(_convert(part.quantity, terms, quiet), terms, quiet)
        before, running = _beyond(running, included), running + quantity
        result.append(part._replace(quantity=_beyond(running, included) - before))
    total = sum((part.quantity for part in result), ZERO)
    trace.append(("parts", {"parts": len(parts), "result": total}))
    return Measured(total, tuple(result))


def _convert(quantity, terms, trace):
    """Return quantity x unit factor / unit divisor, exactly."""
    if terms.unit_factor == terms.unit_divisor:
        return quantity
    factor, divisor = as_exact(terms.unit_factor), as_exact(terms.unit_divisor)
    result = quotient(quantity * factor, divisor)
    trace.append(("convert", {"quantity": quantity, "factor": factor, "divisor": divisor, "result": result}))
    return result


def _rounded(quantity, terms, trace):
    """Return the quantity rounded to the terms' precision; modes mirror negative quantities."""
    mode = terms.quantity_rounding
    if mode == "none":
        return quantity
    step = ONE.scaleb(-terms.quantity_precision)
    result = round_step(quantity, step, mode)
    params = {"quantity": quantity, "step": step, "mode": mode, "result": result}
    trace.append(("round-quantity", params))
    return result


def _beyond(quantity, included):
    """Return what exceeds the included quantity; a negative quantity mirrors a positive one."""
    used = min(abs(quantity), included)
    return quantity + used if quantity < 0 else quantity - used


def _include(quantity, included, terms, trace):
    """Return what exceeds the included quantity; a negative quantity mirrors a positive one."""
    if not terms.quantity_included:
        return quantity
    result = _beyond(quantity, included)
    used = abs(quantity - result)
    params = {"quantity": quantity, "included": included, "used": used, "left": included - used}
    trace.append(("included", {**params, "result": result}))
    return result


def _part(part):
    """Return the Part of a UsagePart, its numbers as exact ones."""
    prorated = part.quantity_prorated
    return Part(
        as_exact(part.quantity),
        as_exact(part.amount),
        None if prorated is None else as_exact(prorated),
        part.dimensions,
        part.started_at,
        part.continued,
    )

"""The last step: round each line to money once, and deduct what was billed before under its code."""

from __future__ import annotations

from fractions import Fraction

from .charge import Charge, Component, TraceStep
from .exact import round_step, to_decimal, to_fraction, to_text
from .money import as_money
from .values import Billed

ZERO = Fraction(0)


def settle(lines, carried, quantity, usage, terms, steps):
    """Return the Charge of `lines` (of the rating term so far) less `usage.billed_before`."""
    step = terms.currency_rounding
    trace = [_opening(usage, terms), *(_traced(code, params) for code, params in steps)]
    components, billed = [], {}
    for item in lines:
        assert item.code not in billed, f"two lines under {item.code}"
        rounded = round_step(item.exact, to_fraction(step))
        trace.append(_line_step(item, rounded))
        before = None if item.kind == "information" else usage.billed_before.get(item.code)
        if item.kind != "information":
            billed[item.code] = Billed.trusted(amount=as_money(rounded, step), quantity=to_decimal(item.quantity))
        component = _component(item, rounded, before, step)
        if component:
            components.append(component)
    for code, before in usage.billed_before.items():
        trace.append(_traced("billed-before", {"component": code, "amount": before.amount}))
        if code not in billed and before.amount:
            components.append(_reversal(code, before, step))
    amount = sum((to_fraction(item.amount) for item in components), ZERO)
    exact = sum((to_fraction(item.amount_exact) for item in components), ZERO)
    trace.append(_traced("total", {"amount": amount}))
    return Charge.trusted(
        amount=as_money(amount, step),
        amount_exact=to_decimal(exact),
        currency_rounding=step,
        quantity=to_decimal(quantity),
        quantity_carried=to_decimal(carried),
        final=usage.final,
        components=tuple(components),
        billed_after=billed,
        trace=tuple(trace),
    )


def _component(item, rounded, before, step):
    """Return the invoice line of `item` less what was billed before, or None when nothing is left."""
    quantity, price, per = item.quantity, item.unit_price, item.per
    exact, amount, message = item.exact, rounded, item.message
    if before:
        exact, amount = exact - to_fraction(before.amount), amount - to_fraction(before.amount)
        quantity = to_fraction(to_decimal(quantity)) - to_fraction(before.quantity)
        if not quantity and not amount:
            return None
        if not quantity:
            quantity, price, per, message = Fraction(1), amount, Fraction(1), "adjusted"
        elif "units" in dict(item.labels):
            message = "more"
    elif not quantity and item.kind != "information":
        return None
    return Component.trusted(
        code=item.code,
        kind=item.kind,
        quantity=to_decimal(quantity),
        unit_price=to_decimal(price),
        per=to_decimal(per),
        amount_exact=to_decimal(exact),
        amount=as_money(amount, step),
        tier_from=None if item.lower is None else to_decimal(item.lower),
        tier_up_to=None if item.up_to is None else to_decimal(item.up_to),
        labels={"message": message, **dict(item.labels)},
    )


def _reversal(code, before, step):
    """Return the component that takes back what was billed under a code the charge no longer has."""
    amount = as_money(-to_fraction(before.amount), step)
    labels = {"message": "taken-back", "component": code}
    return Component.trusted(
        code=code,
        kind="adjustment",
        quantity=to_decimal(Fraction(1)),
        unit_price=amount,
        per=to_decimal(Fraction(1)),
        amount_exact=amount,
        amount=amount,
        tier_from=None,
        tier_up_to=None,
        labels=labels,
    )


def _opening(usage, terms):
    """Return the first step: what the reader of a trace must know before the numbers."""
    params = {
        "charge_model": terms.charge_model,
        "currency_rounding": to_text(terms.currency_rounding),
        "final": "yes" if usage.final else "no",
        "label": usage.label,
    }
    return TraceStep.trusted(code="rate", params=params)


def _line_step(item, rounded):
    """Return the step of one line: everything its amount can be recomputed from."""
    params = {
        "component": item.code,
        "kind": item.kind,
        "quantity": item.quantity,
        "price": item.unit_price,
        "per": item.per,
        "amount": rounded,
        "from": item.lower,
        "up_to": item.up_to,
    }
    labels = {key: words for key, words in item.labels if key not in params}
    return _traced(item.message, {**{k: v for k, v in params.items() if v is not None}, **labels})


def _traced(code, params):
    """Return a TraceStep whose numbers are exact text."""
    texts = {k: v if isinstance(v, str) else to_text(v) for k, v in params.items()}
    return TraceStep.trusted(code=code, params=texts)

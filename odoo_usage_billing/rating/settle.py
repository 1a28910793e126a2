"""The last step: round each line to money once, and deduct what was billed before under its code."""

from __future__ import annotations

from .charge import Charge, Component, TraceStep
from .exact import ONE, ZERO, round_step, shown, to_decimal, to_text, written
from .money import as_money
from .values import Billed

#: Labels that a step of the trace states in its own words.
STATED = ("component", "kind", "quantity", "price", "per", "amount", "from", "up_to")
#: Text and Decimal of a bound that is not there.
NOTHING = (None, None)


def settle(lines, carried, quantity, usage, terms, steps):
    """Return the Charge of `lines` (of the rating term so far) less `usage.billed_before`."""
    step, past = terms.currency_rounding, usage.billed_before
    trace = [_opening(usage, terms), *(_traced(code, params) for code, params in steps)]
    components, billed = [], {}
    for item in lines:
        code = item.code
        assert code not in billed, f"two lines under {code}"
        line = _Shown(item, step)
        trace.append(line.trace_step())
        before = None
        if item.kind != "information":
            before = past.get(code)
            billed[code] = Billed.trusted(amount=line.amount, quantity=line.quantity[1])
        component = line.less(before, step) if before else line.component()
        if component:
            components.append(component)
    gone = sorted(code for code in past if code not in billed)
    for code in [*(code for code in billed if code in past), *gone]:
        trace.append(_traced("billed-before", {"component": code, "amount": past[code].amount}))
    components += [_reversal(code, past[code], step) for code in gone if past[code].amount]
    amount = sum([item.amount for item in components], ZERO)
    trace.append(_traced("total", {"amount": amount}))
    return Charge.trusted(
        amount=as_money(amount, step),
        amount_exact=to_decimal(sum([item.amount_exact for item in components], ZERO)),
        currency_rounding=step,
        quantity=to_decimal(quantity),
        quantity_carried=to_decimal(carried),
        final=usage.final,
        components=tuple(components),
        billed_after=billed,
        trace=tuple(trace),
    )


class _Shown:
    """A line with its numbers as a reader sees them: texts for the trace, Decimals for the component."""

    __slots__ = ("line", "exact", "amount", "quantity", "price", "per", "lower", "up_to")

    def __init__(self, line, step):
        self.line, self.exact = line, line.exact
        self.amount = as_money(round_step(self.exact, step), step)
        self.quantity = written(line.quantity)
        self.price, self.per = shown(line.unit_price), shown(line.per)
        self.lower = NOTHING if line.lower is None else shown(line.lower)
        self.up_to = NOTHING if line.up_to is None else shown(line.up_to)

    def trace_step(self):
        """Return the step of the line: everything its amount can be recomputed from."""
        line = self.line
        params = {
            "component": line.code,
            "kind": line.kind,
            "quantity": self.quantity[0],
            "price": self.price[0],
            "per": self.per[0],
            "amount": to_text(self.amount),
        }
        if line.lower is not None:
            params["from"] = self.lower[0]
        if line.up_to is not None:
            params["up_to"] = self.up_to[0]
        for key, words in line.labels:
            if key not in STATED:
                params[key] = words
        return TraceStep.trusted(code=line.message, params=params)

    def component(self):
        """Return the invoice line when nothing was billed before, or None for a line of nothing."""
        line = self.line
        if not line.quantity and line.kind != "information":
            return None
        price, per = self.price[1], self.per[1]
        return self._component(self.quantity[1], price, per, to_decimal(self.exact), self.amount, line.message)

    def less(self, before, step):
        """Return the invoice line less what was billed before, or None when nothing is left."""
        line = self.line
        amount = as_money(self.amount - before.amount, step)
        quantity = self.quantity[1] - before.quantity
        exact = to_decimal(self.exact - before.amount)
        if quantity:
            message = "more" if any(key == "units" for key, _words in line.labels) else line.message
            price, per = self.price[1], self.per[1]
            return self._component(to_decimal(quantity), price, per, exact, amount, message)
        return self._component(ONE, to_decimal(amount), ONE, exact, amount, "adjusted") if amount else None

    def _component(self, quantity, unit_price, per, amount_exact, amount, message):
        line = self.line
        return Component.trusted(
            code=line.code,
            kind=line.kind,
            quantity=quantity,
            unit_price=unit_price,
            per=per,
            amount_exact=amount_exact,
            amount=amount,
            tier_from=self.lower[1],
            tier_up_to=self.up_to[1],
            labels={"message": message, **dict(line.labels)},
        )


def _reversal(code, before, step):
    """Return the component that takes back what was billed under a code the charge no longer has."""
    amount = as_money(-before.amount, step)
    return Component.trusted(
        code=code,
        kind="adjustment",
        quantity=ONE,
        unit_price=amount,
        per=ONE,
        amount_exact=amount,
        amount=amount,
        tier_from=None,
        tier_up_to=None,
        labels={"message": "taken-back", "component": code},
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


def _traced(code, params):
    """Return a TraceStep whose numbers are exact text."""
    texts = {k: v if isinstance(v, str) else to_text(v) for k, v in params.items()}
    return TraceStep.trusted(code=code, params=texts)

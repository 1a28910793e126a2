"""One contract line in one period, as plain values."""

from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from odoo.addons.odoo_usage_billing.invoicing.periods import Due

from .late import read_earlier, read_late

PRICE_STEP = Decimal("1e-6")


class Part(NamedTuple):
    """A part of a charge as an invoice line words it; `amount` is None for a plain fact."""

    name: str
    quantity: Decimal
    price: Decimal | None
    amount: Decimal | None


class LineUsage(NamedTuple):
    """What a contract line used in a period, and what it costs; of an invoiced period, what was billed.

    `amount` is None when the charge cannot be computed at the moment. `late` is what changed after the invoice, and
    `earlier` what the invoice bills of earlier days; neither is in the amount.
    """

    line_id: int
    name: str
    metric: str
    unit: str
    date_start: date
    date_end: date
    state: str
    actual: Decimal
    baseline: Decimal | None
    amount: Decimal | None
    parts: tuple
    late: tuple = ()
    earlier: tuple = ()

    @property
    def date_last(self):
        """The last day that belongs to the period."""
        return self.date_end - timedelta(days=1)

    @property
    def variance(self):
        """Actual less baseline, or None without a baseline."""
        return None if self.baseline is None else self.actual - self.baseline

    @property
    def percent(self):
        """Actual in per cent of the baseline, rounded down, or None without one."""
        if not self.baseline:
            return None
        return max(0, int(self.actual * 100 / self.baseline))


def describe(line, days):
    """The texts of a contract line for a period, as keywords of LineUsage."""
    metric = line.usage_metric_id
    return {
        "line_id": line.id,
        "name": line._usage_name_of(days),
        "metric": metric.name,
        "unit": line._usage_unit().name,
    }


def from_rated(rated, state):
    """LineUsage of a period that is not invoiced, from what the rating code gave."""
    charge = rated.charge
    return LineUsage(
        **describe(rated.line, rated.segment),
        date_start=rated.segment.date_start,
        date_end=rated.segment.date_end,
        state=state,
        actual=rated.quantity,
        baseline=_agreed(rated.terms.to_dict()),
        amount=charge.amount,
        parts=tuple(
            _part(name, c.kind, c.quantity, c.amount_exact, c.amount)
            for c, name in zip(charge.components, rated.names, strict=True)
        ),
    )


def from_measure(line, due, state, actual):
    """LineUsage of a period that cannot be rated: the usage is known, the charge is not."""
    baseline = line._baseline_on(due.date_start)
    return LineUsage(
        **describe(line, due),
        date_start=due.date_start,
        date_end=due.date_end,
        state=state,
        actual=actual,
        baseline=Decimal(str(baseline.quantity)) if baseline else None,
        amount=None,
        parts=(),
    )


def by_line(usages):
    """{line id: LineUsage}: the charges of one period of a line add up, in the order given."""
    found = {}
    for usage in usages:
        known = found.get(usage.line_id)
        found[usage.line_id] = usage if known is None else _added(known, usage)
    return found


def _added(one, other):
    """Two charges of a period of a line as one; their baselines add up, a settlement has none."""
    agreed = [usage.baseline for usage in (one, other) if usage.baseline is not None]
    return one._replace(
        date_start=min(one.date_start, other.date_start),
        date_end=max(one.date_end, other.date_end),
        actual=one.actual + other.actual,
        baseline=sum(agreed) if agreed else None,
        amount=one.amount + other.amount,
        parts=one.parts + other.parts,
        late=one.late + other.late,
        earlier=one.earlier + other.earlier,
    )


def from_charges(env, states, lines):
    """{charge id: LineUsage} of stored charges; `states`: {charge id: state}."""
    env["usage.charge"].flush_model()
    env["usage.charge.component"].flush_model()
    ids = list(states)
    env.cr.execute(
        "SELECT charge_id, name, kind, quantity::text, amount_exact::text, amount::text"
        " FROM usage_charge_component WHERE charge_id = ANY(%s) ORDER BY charge_id, sequence, id",
        (ids,),
    )
    parts = {}
    for charge_id, name, kind, *numbers in env.cr.fetchall():
        parts.setdefault(charge_id, []).append(_part(name, kind, *map(Decimal, numbers)))
    env.cr.execute(
        "SELECT id, contract_line_id, date_start, date_end, quantity::text, amount::text, terms"
        " FROM usage_charge WHERE id = ANY(%s)",
        (ids,),
    )
    rows = env.cr.fetchall()
    by_id = {line.id: line for line in lines}
    late = read_late(env, {charge_id: by_id[line_id] for charge_id, line_id, *_rest in rows})
    earlier = read_earlier(env, ids)
    return {
        charge_id: LineUsage(
            **describe(by_id[line_id], Due(line_id, start, end)),
            date_start=start,
            date_end=end,
            state=states[charge_id],
            actual=Decimal(quantity),
            baseline=_agreed(terms),
            amount=Decimal(amount),
            parts=tuple(parts.get(charge_id, ())),
            late=late.get(charge_id, ()),
            earlier=earlier.get(charge_id, ()),
        )
        for charge_id, line_id, start, end, quantity, amount, terms in rows
    }


def _agreed(terms):
    """The agreed quantity in the kernel's terms, or None."""
    baseline = terms.get("baseline")
    if baseline is None or baseline.get("kind", "quantity") != "quantity":
        return None
    return Decimal(str(baseline.get("quantity", 0)))


def _part(name, kind, quantity, exact, amount):
    if kind == "information":
        return Part(name, quantity, None, None)
    price = exact / quantity if quantity else None
    if price is not None and price != price.quantize(PRICE_STEP):
        price = price.quantize(PRICE_STEP)
    return Part(name, quantity, price, amount)

"""Adjustments as invoice lines: a section that names the period and its invoice, the cause, the differences."""

from decimal import Decimal
from typing import NamedTuple

from odoo import Command

from .lines import NOTES, shows_exactly

COMPONENTS = """
    SELECT adjustment_id, id, code, kind, name,
           quantity::text, unit_price::text, per::text, amount_exact::text, amount::text
      FROM usage_adjustment_component
     WHERE adjustment_id = ANY(%s)
     ORDER BY adjustment_id, sequence, id
"""


class Part(NamedTuple):
    """A stored component of an adjustment, its numbers exact."""

    id: int
    code: str
    kind: str
    name: str
    quantity: Decimal
    unit_price: Decimal
    per: Decimal
    amount_exact: Decimal
    amount: Decimal


def adjustment_commands(adjustments, sequence):
    """The Commands that show `adjustments` on an invoice, from the line number `sequence` on.

    No amount is computed here: the subtotals are the stored amounts of the components, the taxes and accounts those
    of the invoice that billed the charge.
    """
    parts = _parts(adjustments)
    result = []
    ordered = adjustments.sorted(lambda a: (a.contract_line_id.sequence, a.contract_line_id.id, a.date_start, a.id))
    for number, adjustment in enumerate(ordered, sequence):
        result += _of_one(adjustment, parts.get(adjustment.id, ()), number)
    return [Command.create(vals) for vals in result]


def _parts(adjustments):
    adjustments.env["usage.adjustment.component"].flush_model()
    adjustments.env.cr.execute(COMPONENTS, (adjustments.ids,))
    found = {}
    for adjustment_id, id_, code, kind, name, *numbers in adjustments.env.cr.fetchall():
        part = Part(id_, code, kind, name, *(Decimal(number or 0) for number in numbers))
        found.setdefault(adjustment_id, []).append(part)
    return found


def _of_one(adjustment, parts, sequence):
    line = adjustment.contract_line_id
    explainer = adjustment.env["usage.explainer"].with_context(lang=adjustment.partner_id.lang)
    base = {
        "contract_line_id": line.id,
        "usage_adjustment_id": adjustment.id,
        "sequence": sequence,
    }
    words = {**base, "balance": 0.0, "amount_currency": 0.0}
    name = explainer._phrase_adjustment_section(adjustment)
    cause = " ".join(explainer._phrase_cause(adjustment))
    lines = [
        {**words, "display_type": "line_section", "name": name},
        {**words, "display_type": "line_note", "name": cause},
    ]
    unit = line.product_id.uom_id or line._usage_unit()
    priced = {
        **base,
        "product_id": line.product_id.id,
        "usage_date_start": adjustment.date_start,
        "usage_date_end": adjustment.date_end,
    }
    for part in parts:
        if part.kind in NOTES or not part.amount:
            continue
        figures = {**_figures(adjustment, part, unit), **_books(adjustment, part)}
        lines.append({**priced, **figures, "usage_adjustment_component_id": part.id})
    return lines


def _books(adjustment, part):
    """Account, taxes and analytic distribution of the invoice line that billed what the difference is to."""
    account, taxes, analytic = adjustment._billed_books(part.code)
    return {
        "account_id": account.id,
        "tax_ids": [Command.set(taxes.ids)],
        "analytic_distribution": analytic or False,
    }


def _figures(adjustment, part, unit):
    """Quantity, unit price and name of a line whose subtotal is the amount of `part`."""
    quantity, price = _less_of(part.quantity, part.unit_price / part.per)
    if shows_exactly(adjustment.env, part, quantity, price):
        return {"quantity": float(quantity), "price_unit": float(price), "name": part.name}
    quantity, price = _less_of(Decimal(1), part.amount)
    return {"quantity": float(quantity), "price_unit": float(price), "product_uom_id": unit.id, "name": part.name}


def _less_of(quantity, price):
    """One of something below zero as minus one above it: a credit note turns that into one, without a sign."""
    return (-quantity, -price) if quantity == 1 and price < 0 else (quantity, price)

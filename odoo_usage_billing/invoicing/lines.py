"""Components of a charge as invoice lines.

A line shows the real quantity and unit price when Odoo computes exactly the
component's amount from them, else quantity 1 at the amount, with the
arithmetic in the description: the subtotal equals the component, always.
"""

from decimal import Decimal

from odoo import Command
from odoo.tools.float_utils import float_round

NOTES = ("information",)


def commands(rated, charge_id, component_ids, carrier, hints, headed=True):
    """The Commands that replace the `carrier` vals of a usage line.

    `carrier` is what the contract module prepared for the line; `hints` gives
    the accounting values (LineHints) that spare Odoo a recomputation. A charge
    of one line needs no heading above it: unless `headed`, the line bears its words.
    """
    heading = rated.line._usage_section_name(rated)
    words = {
        "sequence": carrier["sequence"],
        "contract_line_id": rated.line.id,
        "usage_charge_id": charge_id,
        # Zeros given are only compared; zeros missing are written line by line.
        "balance": 0.0,
        "amount_currency": 0.0,
    }
    lines = [{**words, "display_type": "line_section", "name": heading}] if headed else []
    if not rated.charge.components:
        name = rated.line.env["usage.explainer"]._phrase_no_usage(rated)
        lines.append({**words, "display_type": "line_note", "name": name})
    base = {key: carrier[key] for key in CARRIED if carrier.get(key)}
    base["usage_charge_id"] = charge_id
    base["usage_date_start"], base["usage_date_end"] = rated.segment.date_start, rated.segment.date_end
    # Given even when empty: a missing value costs a look-up of distribution models per line.
    base["analytic_distribution"] = carrier.get("analytic_distribution") or False
    for component, component_id, name in zip(rated.charge.components, component_ids, rated.names, strict=True):
        if component.kind in NOTES:
            lines.append({**words, "display_type": "line_note", "name": name})
        else:
            lines.append({**base, **_priced(rated, component, name), **hints.of(component)})
        lines[-1]["usage_component_id"] = component_id
    if not headed:
        lines[0]["name"] = f"{heading}\n{lines[0]['name']}"
    return [Command.create(vals) for vals in lines]


CARRIED = (
    "contract_line_id",
    "product_id",
    "sequence",
    "display_type",
)


def _priced(rated, component, name):
    """Quantity, unit price, unit and name of a line whose subtotal is the component's amount."""
    quantity, price = component.quantity, component.unit_price / component.per
    if shows_exactly(rated.line.env, component, quantity, price):
        return {
            "quantity": float(quantity),
            "price_unit": float(price),
            "product_uom_id": _unit(rated, component),
            "name": name,
        }
    return {
        "quantity": 1.0,
        "price_unit": float(component.amount),
        "product_uom_id": rated.line.product_id.uom_id.id or rated.unit.id,
        "name": rated.line.env["usage.explainer"]._with_arithmetic(rated, component, name),
    }


def _unit(rated, component):
    if component.kind in ("usage", "excess", "credit"):
        return rated.unit.id
    return rated.line.product_id.uom_id.id or rated.unit.id


def shows_exactly(env, component, quantity, price):
    """Whether Odoo arrives at the component's amount, whatever way it rounds.

    The exact product must be a whole number of the currency's steps, so that
    rounding per line and globally agree, and the quantity must fit the
    precision that Odoo keeps for quantities.
    """
    if quantity * price != component.amount or component.amount_exact != component.amount:
        return False
    if Decimal(repr(float(price))) != price:
        return False
    digits = env["decimal.precision"].precision_get("Product Unit")
    return Decimal(repr(float_round(float(quantity), digits))) == quantity


class LineHints:
    """Amounts of a line in both currencies and its totals, given so that Odoo only compares them.

    A wrong hint is corrected by Odoo; it only costs time. None are given where
    taxes are included in prices, because the balance then needs the tax engine.
    """

    def __init__(self, contract, move_vals, taxes):
        self.sign = 1 if move_vals["move_type"] == "out_refund" else -1
        self.currency = contract.currency_id
        self.company_currency = contract.company_id.currency_id
        self.company = contract.company_id
        self.day = move_vals.get("invoice_date")
        self.given = not any(tax.price_include for tax in taxes)
        self.percents = [tax.amount for tax in taxes if tax.amount_type == "percent"]

    def of(self, component):
        """The values for a component, or nothing."""
        if not self.given:
            return {}
        subtotal = float(component.amount)
        amount = balance = subtotal * self.sign
        if self.currency != self.company_currency:
            balance = self.currency._convert(amount, self.company_currency, self.company, self.day)
        taxes = sum(self.currency.round(subtotal * percent / 100) for percent in self.percents)
        return {
            "amount_currency": amount,
            "balance": balance,
            "price_subtotal": subtotal,
            "price_total": self.currency.round(subtotal + taxes),
        }

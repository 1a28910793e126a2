"""Prepaid money of a customer, as plain values: what is left, what expires, what moved.

The right that counts: a portal user belongs to the customer (the same commercial partner), as with invoices.
"""

from decimal import Decimal
from typing import NamedTuple

from odoo.tools import SQL

POSTED_INVOICE = ("out_invoice", "out_refund")


class BalanceCard(NamedTuple):
    """A balance: what it pays for, what is left, and what of it is lost first."""

    id: int
    name: str
    currency_id: int
    amount: float
    available: float
    expires_on: object
    expiring: float


class Movement(NamedTuple):
    """A movement, and what was left after it."""

    date: object
    kind: str
    name: str
    amount: float
    left: float
    currency_id: int
    invoice_id: int
    invoice_name: str


LEFT = """
    SELECT m.id, SUM(m.amount) OVER (PARTITION BY m.balance_id ORDER BY m.id)::text
      FROM usage_prepaid_move m
      JOIN usage_prepaid_balance b ON b.id = m.balance_id
     WHERE b.partner_id = %s
"""


def balances_of(env):
    """The balances of the user's own company, elevated; nothing of anybody else."""
    partner = env.user.partner_id.commercial_partner_id
    # Portal users have no right on balances. The right that replaces it: they belong to the customer.
    return env["usage.prepaid.balance"].sudo().search([("partner_id", "=", partner.id), ("move_ids", "!=", False)])


def cards(env):
    """[BalanceCard] of the user's customer."""
    result = []
    for balance in balances_of(env):
        left = balance.grant_ids.filtered(lambda grant: grant.amount_remaining and grant.expires_on)
        first = min(left.mapped("expires_on"), default=False)
        result.append(
            BalanceCard(
                balance.id,
                balance.commitment_id.name or balance.contract_id.name or "",
                balance.currency_id.id,
                balance.amount,
                balance.amount_available,
                first,
                sum(left.filtered(lambda g, d=first: g.expires_on == d).mapped("amount_remaining")),
            )
        )
    return result


def _domain(env):
    # What is revenue by the calendar moves nothing of the customer's.
    return [("balance_id", "in", balances_of(env).ids), ("kind", "!=", "recognition")]


def count_movements(env):
    """How many rows `movements` has."""
    return env["usage.prepaid.move"].sudo().search_count(_domain(env))


def movements(env, limit, offset):
    """[Movement] of the user's customer, newest first; invoices are named once they are posted."""
    found = env["usage.prepaid.move"].sudo().search(_domain(env), limit=limit, offset=offset)
    if not found:
        return []
    partner = env.user.partner_id.commercial_partner_id
    left = {id_: Decimal(text) for id_, text in env.execute_query(SQL(LEFT, partner.id))}
    kinds = dict(found._fields["kind"]._description_selection(env))
    result = []
    for move in found:
        invoice = move.move_id if move.move_id.state == "posted" and move.move_id.move_type in POSTED_INVOICE else None
        result.append(
            Movement(
                move.date,
                kinds[move.kind],
                move.grant_id.name,
                move.amount,
                float(left[move.id]),
                move.currency_id.id,
                invoice.id if invoice else 0,
                invoice.name if invoice else "",
            )
        )
    return result

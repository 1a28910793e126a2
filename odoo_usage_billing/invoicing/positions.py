"""What rating terms were billed so far: the charges of contract lines with the adjustments that count.

Every charge and every adjustment adds its change by component; the sum is the position of the term. An
adjustment counts as soon as it is found, whatever is decided about it, so that no later period bills its
difference a second time; one that a newer look has superseded does not count.
"""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from odoo.tools import SQL

from .usage_of import EXACT

CHARGES = """
    SELECT c.id, c.contract_line_id, c.period_id, p.date_start, p.date_end, c.date_start, c.date_end,
           c.term_start, c.term_end, c.metric_id, v.card_id, c.version_id, c.event_count, c.quantity::text,
           c.quantity_carried::text, c.amount::text, c.billed_after, c.usage -> 'billed_before', c.basis,
           c.agreed_digest, c.currency_id, c.commitment_id, c.partner_id
      FROM usage_charge c
      JOIN usage_billing_period p ON p.id = c.period_id
      LEFT JOIN usage_rate_card_version v ON v.id = c.version_id
     WHERE c.state <> 'released' AND %(which)s
     ORDER BY c.contract_line_id, c.date_start, c.id
"""
OF_LINES = "c.contract_line_id = ANY(%s) AND c.commitment_id IS NULL AND c.date_end > %s"
OF_COMMITMENTS = "c.commitment_id = ANY(%s)"
ADJUSTMENTS = """
    SELECT charge_id, id, number, state, event_count, quantity::text, quantity_carried::text, amount::text,
           billed_change, basis
      FROM usage_adjustment
     WHERE charge_id = ANY(%s) AND state <> 'superseded'
     ORDER BY charge_id, number
"""


class Adjusted(NamedTuple):
    """An adjustment of a charge that counts."""

    id: int
    number: int
    state: str
    event_count: int
    quantity: str
    carried: str
    amount: str
    change: dict
    basis: dict


class Charged(NamedTuple):
    """A charge as it stands, with its adjustments in their order."""

    id: int
    line_id: int
    period_id: int
    period_start: date
    period_end: date
    date_start: date
    date_end: date
    term_start: date
    term_end: date
    metric_id: int
    card_id: int
    version_id: int
    charged_events: int
    charged_quantity: str
    charged_carried: str
    charged_amount: str
    billed_after: dict
    billed_before: dict
    basis: dict
    digest: str
    currency_id: int
    commitment_id: int
    partner_id: int
    adjusted: tuple = ()

    @property
    def term(self):
        """What positions are kept of."""
        return self.line_id, self.term_start

    @property
    def draft(self):
        """The adjustment that nobody has decided about, if there is one."""
        return next((item for item in self.adjusted if item.state == "draft"), None)

    def without_draft(self):
        """The same without it."""
        return self._replace(adjusted=tuple(item for item in self.adjusted if item.state != "draft"))

    @property
    def event_count(self):
        """The events that are in the charge or in an adjustment of it."""
        return self.charged_events + sum(item.event_count for item in self.adjusted)

    @property
    def quantity(self):
        """Billed units of the charge and its adjustments."""
        return total([self.charged_quantity, *(item.quantity for item in self.adjusted)])

    @property
    def amount(self):
        """Money of the charge and its adjustments."""
        return total([self.charged_amount, *(item.amount for item in self.adjusted)])

    @property
    def carried(self):
        """Unused baseline that the next term may use, as text."""
        return (self.adjusted[-1].carried if self.adjusted else self.charged_carried) or "0"

    @property
    def events_until(self):
        """The last event that the charge or its latest adjustment knew; none before this was kept."""
        return ((self.adjusted[-1].basis if self.adjusted else self.basis) or {}).get("events_until")

    def add_to(self, position):
        """Add what was billed for it, by component."""
        add(position, self.billed_after, 1)
        add(position, self.billed_before, -1)
        for item in self.adjusted:
            add(position, item.change, 1)


def read_charged(env, line_ids, since=date.min):
    """[Charged] of contract lines, in the order of line and day; only those that end after `since`."""
    return _read(env, SQL(OF_LINES, line_ids, since))


def read_settled(env, commitment_ids):
    """[Charged] of the settlements of commitments."""
    return _read(env, SQL(OF_COMMITMENTS, commitment_ids))


def _read(env, which):
    env["usage.charge"].flush_model()
    env["usage.adjustment"].flush_model()
    charged = [Charged(*row) for row in env.execute_query(SQL(CHARGES, which=which))]
    found = {}
    if charged:
        env.cr.execute(ADJUSTMENTS, ([item.id for item in charged],))
        for charge_id, *row in env.cr.fetchall():
            found.setdefault(charge_id, []).append(Adjusted(*row))
    return [item._replace(adjusted=tuple(found.get(item.id, ()))) for item in charged]


def total(texts):
    """The exact sum of numbers given as text."""
    result = Decimal(0)
    for text in texts:
        result = EXACT.add(result, Decimal(text or 0))
    return result


def add(position, change, sign):
    """Add {code: {"amount", "quantity"}} to a position, {code: (amount, quantity)}."""
    for code, figures in (change or {}).items():
        amount, quantity = position.get(code, (Decimal(0), Decimal(0)))
        amount = EXACT.add(amount, EXACT.multiply(Decimal(figures.get("amount") or 0), sign))
        quantity = EXACT.add(quantity, EXACT.multiply(Decimal(figures.get("quantity") or 0), sign))
        position[code] = amount, quantity


def as_billed(position):
    """A position as the kernel's `billed_before`; what came to nothing is left out."""
    return {
        code: {"amount": format(amount, "f"), "quantity": format(quantity, "f")}
        for code, (amount, quantity) in position.items()
        if amount or quantity
    }

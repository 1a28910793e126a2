"""Which grant pays for which bill: pure arithmetic of prepaid money, without Odoo.

Amounts are Decimals, already whole steps of one currency.
"""

from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple


class Bill(NamedTuple):
    """An invoice line that may be paid: its amount without and with taxes."""

    key: object
    net: Decimal
    gross: Decimal


class Purse(NamedTuple):
    """What is left of a grant, the bills it may pay, and its place in the order."""

    key: object
    left: Decimal
    pays: frozenset
    priority: int = 10
    date_end: date | None = None
    promotional: bool = False
    number: int = 0

    def order(self):
        """The lowest priority first, then what ends first, promotional money, and what was granted first."""
        return self.priority, self.date_end or date.max, not self.promotional, self.number


def allocate(purses, bills, step):
    """Return [(purse key, bill key, amount)]: bills are paid without taxes, in their order, as far as money goes.

    What bills below zero take off the invoice is not paid for.
    """
    open_amounts = payable(bills, step)
    result = []
    for purse in sorted(purses, key=Purse.order):
        left = purse.left
        for bill in bills:
            amount = min(left, open_amounts[bill.key]) if bill.key in purse.pays else Decimal(0)
            if amount > 0:
                result.append((purse.key, bill.key, amount))
                open_amounts[bill.key] -= amount
                left -= amount
    return result


def payable(bills, step):
    """{bill key: amount without taxes that may be paid}: what is below zero is set off, the last bills first."""
    result = {bill.key: max(bill.net, Decimal(0)) for bill in bills}
    owed = -sum((bill.gross for bill in bills if bill.gross < 0), Decimal(0))
    for bill in reversed(bills):
        if owed <= 0:
            break
        if bill.net <= 0 or bill.gross <= 0:
            continue
        cut = min(owed, bill.gross)
        share = (bill.net * cut / bill.gross / step).to_integral_value(ROUND_CEILING) * step
        result[bill.key] = max(bill.net - share, Decimal(0))
        owed -= cut
    return result

"""What rating gives back: a charge, its components, and the trace that explains and proves the amount."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from .price import ONE, ZERO
from .schema import Record, choice, column, flag, number, records, text, text_map
from .values import read_billed

#: What a component is to the reader of an invoice. `information` carries no money.
KINDS = (
    "usage",
    "fixed",
    "discount",
    "baseline",
    "excess",
    "credit",
    "commitment",
    "minimum",
    "cap",
    "adjustment",
    "information",
)
COMPONENTS_MAX = 500000
#: Results carry more digits than inputs: products of prices, factors and quantities.
WIDE = number(digits=200)


@dataclass(frozen=True)
class Component(Record):
    """One invoice line; what it shows is what is billed in this billing period.

    When nothing of the code was billed before, amount_exact = quantity x unit_price / per.
    """

    keeps_zeros = True

    code: str = column(text)  # stable within the terms: "tier-2", "baseline", "cap"
    kind: str = column(choice(*KINDS), "usage")
    quantity: Decimal = column(WIDE, ZERO)  # of this billing period; information: of the term so far
    unit_price: Decimal = column(WIDE, ZERO)
    per: Decimal = column(WIDE, ONE)  # units the price buys: 100 for per cent, 60 for a minute
    amount_exact: Decimal = column(WIDE, ZERO)  # unrounded, less what was billed before
    amount: Decimal = column(WIDE, ZERO)  # a multiple of the currency step
    tier_from: Decimal = column(WIDE, None)  # excluded
    tier_up_to: Decimal = column(WIDE, None)  # included; None = open or no tier
    labels: dict = column(text_map, {})  # texts for the line's wording, "message" names the template


@dataclass(frozen=True)
class TraceStep(Record):
    """One step of the computation: a stable code and its numbers as exact text ("12.5", "1/3")."""

    code: str = column(text)
    params: dict = column(text_map, {})


@dataclass(frozen=True)
class Charge(Record):
    """The rated result of one billing period; amounts in the currency of the terms."""

    keeps_zeros = True

    amount: Decimal = column(WIDE, ZERO)  # sum of the components' amounts
    amount_exact: Decimal = column(WIDE, ZERO)  # sum of the components' exact amounts
    currency_rounding: Decimal = column(number(above=0), Decimal("0.01"))
    quantity: Decimal = column(WIDE, ZERO)  # billed units of the rating term so far, before pricing
    quantity_carried: Decimal = column(WIDE, ZERO)  # unused baseline: the next period's carried_in
    final: bool = column(flag, True)
    components: tuple = column(records(Component, COMPONENTS_MAX), ())
    billed_after: dict = column(read_billed, {})  # hand it to the term's next usage as billed_before
    trace: tuple = column(records(TraceStep, COMPONENTS_MAX), ())

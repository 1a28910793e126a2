"""What was agreed and what was used: the two values `rate` receives. Nothing here computes.

`Terms` is a price with everything around it; `Usage` is the usage of one rating term up to the end of
the billing period being rated, together with what earlier billing periods of the term already billed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from .errors import Problem
from .exact import ROUNDING_MODES
from .price import BY_AMOUNT, BY_QUANTITY, ONE, ZERO, Price
from .schema import (
    Record,
    choice,
    column,
    flag,
    instant,
    number,
    numbers,
    record,
    records,
    text,
    text_map,
    whole,
    zone,
)

PARTS_MAX = 10**6
STRETCHES_MAX = 400


def _above(value):
    """Read what happens above a baseline: "terms", "none", or a Price of its own."""
    if value in ("terms", "none"):
        return value, ()
    return record(Price)(value)


@dataclass(frozen=True)
class Baseline(Record):
    """An agreed quantity or amount, already prorated, and what happens above and below it."""

    kind: str = column(choice("quantity", "amount"), "quantity")
    quantity: Decimal = column(number(low=0), ZERO)  # kind quantity: agreed units of the period
    amount: Decimal = column(number(low=0), ZERO)  # kind amount: agreed spend of the period
    fixed_amount: Decimal = column(number(), None)  # billed for it; None: 0 or `amount`
    tolerance_ratio: Decimal = column(number(low=0, high=1), ZERO)  # 0.05 = five per cent both ways
    tolerance_mode: str = column(choice("free", "threshold"), "free")  # free: only beyond the band counts
    above: object = column(_above, "terms")  # "terms" = the terms' own charge model, "none", or a Price
    above_ladder: str = column(choice("excess", "absolute"), "excess")  # where the ladder starts counting
    below: str = column(choice("none", "credit", "carry_forward"), "none")
    below_price: Decimal = column(number(low=0), ZERO)  # credit: per unit; kind amount: ratio of it
    carried_in: Decimal = column(number(low=0), ZERO)  # unused from before, raises the upper edge
    carried_maximum: Decimal = column(number(low=0), None)  # most that is carried on
    days_used: int = column(whole(), None)  # printed only: proration already done
    days_total: int = column(whole(), None)


@dataclass(frozen=True)
class Commitment(Record):
    """A promise over the rating term: below it one true-up at the end, above it overage at a factor."""

    kind: str = column(choice("quantity", "amount"), "amount")
    quantity: Decimal = column(number(low=0), ZERO)  # kind quantity: priced by the terms
    amount: Decimal = column(number(low=0), ZERO)  # kind amount
    overage_factor: Decimal = column(number(low=0), ONE)  # applied to the value above the promise
    true_up: bool = column(flag, True)  # bill the shortfall at term end


@dataclass(frozen=True)
class Stretch(Record):
    """The first days of the rating term, up to a change of the price: what held in them."""

    price: Price = column(record(Price))
    discount_percent: Decimal = column(number(low=0, high=100), ZERO)
    days: int = column(whole(), 0)  # its fixed amount counts for these days of the term's


@dataclass(frozen=True)
class Terms(Price):
    """A price, and around it: conversion, included quantity, discount, baseline, limits, currency.

    The price itself is the one in force at the end; what held earlier in the rating term is in `stretches`.
    """

    unit_factor: Decimal = column(number(above=0), ONE)  # billed units = quantity x factor / divisor
    unit_divisor: Decimal = column(number(above=0), ONE)
    quantity_rounding: str = column(choice(*ROUNDING_MODES), "none")
    quantity_precision: int = column(whole(-15, 15), 0)  # decimals kept; -2 = hundreds
    quantity_included: Decimal = column(number(low=0), ZERO)  # free units of the rating term
    discount_percent: Decimal = column(number(low=0, high=100), ZERO)
    baseline: Baseline = column(record(Baseline), None)
    commitment: Commitment = column(record(Commitment), None)
    minimum: Decimal = column(number(low=0), None)  # at term end, prorated already
    maximum: Decimal = column(number(low=0), None)
    currency_rounding: Decimal = column(number(above=0), Decimal("0.01"))  # rounding step of money
    limits_include_fixed: bool = column(flag, True)  # fixed amounts count towards limits and promises
    bill_at_term_end: bool = column(flag, False)  # nothing before the last billing period of the term
    time_zone: str = column(zone, "UTC")  # local time of bands
    stretches: tuple = column(records(Stretch, STRETCHES_MAX), ())  # earlier prices of the term, in order
    days: int = column(whole(), None)  # that the price itself holds; None: the whole term
    days_total: int = column(whole(1), None)  # of the rating term, when prices or life cover a part

    def check(self):
        """Return the findings of the price and those of the limits around it."""
        problems = list(super().check())
        problems += _stretch_problems(self)
        if None not in (self.minimum, self.maximum) and self.minimum > self.maximum:
            message = f"The minimum {self.minimum} is above the maximum {self.maximum}; lower one of them."
            problems.append(Problem("contradiction", "minimum", message))
        if self.baseline and self.baseline.kind == "quantity":
            above = self.baseline.above
            prices = [self, *(item.price for item in self.stretches)] if above == "terms" else [above]
            for price in prices if above != "none" else ():
                if price.charge_model not in BY_QUANTITY or price.price_per_part:
                    message = f"An excess quantity cannot be priced by {price.charge_model}; choose another."
                    problems.append(Problem("contradiction", "baseline.above", message))
        if self.charge_model in BY_AMOUNT and (self.quantity_included or self.quantity_rounding != "none"):
            message = f"{self.charge_model} prices money or limits, not units; leave units alone."
            problems.append(Problem("contradiction", "charge_model", message))
        return problems


def _stretch_problems(terms):
    """Return why the earlier prices cannot share a rating term with the last one."""
    problems = []
    if (terms.stretches or terms.days is not None) and terms.days_total is None:
        problems.append(Problem("missing", "days_total", "Give the days of the rating term."))
    given = sum(item.days for item in terms.stretches) + (terms.days or 0)
    if terms.days_total is not None and (terms.days is None or given > terms.days_total):
        message = f"The prices hold {given} of {terms.days_total} days; give the days of each, at most all."
        problems.append(Problem("out_of_range", "days", message))
    money = terms.charge_model in BY_AMOUNT
    if any((item.price.charge_model in BY_AMOUNT) != money for item in terms.stretches):
        message = "A price of money and a price of units cannot share a rating term; end the term between them."
        problems.append(Problem("contradiction", "stretches", message))
    return problems


@dataclass(frozen=True)
class UsagePart(Record):
    """One event, or one bucket of events alike: what models need that look deeper than a total."""

    quantity: Decimal = column(number(), ONE)  # units; seconds for time_increment
    amount: Decimal = column(number(), ZERO)  # money the event carries: percentage, dynamic
    quantity_prorated: Decimal = column(number(), None)  # prorated_graduated
    dimensions: dict = column(text_map, {})  # region, destination, class; capacity: {"unit": name}
    started_at: datetime = column(instant, None)  # with offset; needed by bands
    continued: bool = column(flag, False)  # continuation of an earlier event: no connect amount
    stretch: int = column(whole(high=STRETCHES_MAX), 0)  # how many price changes of the term came before


@dataclass(frozen=True)
class Billed(Record):
    """What earlier billing periods of the rating term billed under one component code."""

    amount: Decimal = column(number(digits=200), ZERO)
    quantity: Decimal = column(number(digits=200), ZERO)


def read_billed(value):
    """Read {component code: {"amount", "quantity"}} or {component code: amount}."""
    if not isinstance(value, dict):
        return None, [Problem("not_record", "", "An object of component codes is needed.")]
    result, problems = {}, []
    for code, raw in value.items():
        raw = raw if isinstance(raw, (dict, Billed)) else {"amount": raw}
        result[code], found = record(Billed)(raw)
        problems += [Problem(p.code, f"{code}.{p.field}", p.message) for p in found]
    return result, problems


@dataclass(frozen=True)
class Usage(Record):
    """The usage of a rating term so far. `parts`, when given, are all parts of the term so far."""

    quantity: Decimal = column(number(), None)  # of this billing period; None: sum of parts
    quantity_before: Decimal = column(number(), ZERO)  # of the term's earlier billing periods
    parts: tuple = column(records(UsagePart, PARTS_MAX), ())
    quantities_at_changes: tuple = column(numbers(STRETCHES_MAX), ())  # of the term so far, at each price change
    billed_before: dict = column(read_billed, {})
    final: bool = column(flag, True)  # the term ends with this billing period: minimum, true-up, credit
    label: str = column(text, "")  # printed in the trace, for instance the period

    def check(self):
        """Return whether a quantity can be known at all."""
        if self.quantity is None and self.quantity_before and not self.parts:
            return [Problem("missing", "quantity", "Give the quantity of this billing period.")]
        return ()

"""What was agreed about one price: the charge model and its numbers. Nothing here computes.

Quantities are in the unit of the metric; amounts and prices in the one currency of the contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from .errors import Problem
from .schema import (
    Record,
    bad,
    choice,
    clock_minutes,
    column,
    flag,
    number,
    number_map,
    record,
    records,
    text,
    text_map,
    texts,
    weekdays,
    whole,
)

CHARGE_MODELS = (
    "flat",
    "per_unit",
    "graduated",
    "volume",
    "package",
    "stair_step",
    "percentage",
    "graduated_percentage",
    "dynamic",
    "matrix",
    "time_increment",
    "capacity",
    "prorated_graduated",
)
LADDERS = ("graduated", "volume", "stair_step", "graduated_percentage", "prorated_graduated")
#: Models that look at the total quantity only, and models to which units mean nothing.
BY_QUANTITY = ("flat", "per_unit", "package", "graduated", "volume", "stair_step", "graduated_percentage")
BY_AMOUNT = ("percentage", "dynamic", "capacity", "prorated_graduated")
ZERO, ONE = Decimal(0), Decimal(1)
TIERS_MAX, ROWS_MAX, SLOTS_MAX, BANDS_MAX = 1000, 100000, 100, 100


@dataclass(frozen=True)
class Tier(Record):
    """One step of a ladder: quantities in (previous up_to, up_to]; `up_to` None is the open last step."""

    up_to: Decimal = column(number(above=0), None)  # quantity, included
    unit_price: Decimal = column(number(), ZERO)  # per unit, per package, or per cent
    flat_amount: Decimal = column(number(), ZERO)  # once the step is entered
    package_size: Decimal = column(number(above=0), None)  # unit_price buys so many
    package_rounding: str = column(choice("", "up", "down", "none"), "")  # "" = as the price says
    maximum: Decimal = column(number(low=0), None)  # cap of this step's amount
    limits: dict = column(number_map(number(low=0, optional=True)), {})  # capacity: by unit, None = open


@dataclass(frozen=True)
class Slot(Record):
    """A stretch of one call or session: from `start` on, `unit_price` per `per`, by started `increment`."""

    start: Decimal = column(number(low=0), ZERO)  # seconds since the event began
    unit_price: Decimal = column(number(), ZERO)  # for each `per` seconds
    per: Decimal = column(number(above=0), ONE)  # seconds
    increment: Decimal = column(number(above=0), ONE)  # seconds


@dataclass(frozen=True)
class Band(Record):
    """A time-of-use band: local weekdays (0 = Monday) and clock times [from, to), with its own slots."""

    code: str = column(text)
    weekdays: tuple = column(weekdays, (0, 1, 2, 3, 4, 5, 6))
    from_time: str = column(clock_minutes, "00:00")
    to_time: str = column(clock_minutes, "24:00")
    slots: tuple = column(records(Slot, SLOTS_MAX), ())
    connect_amount: Decimal = column(number(), ZERO)  # once per event that begins in this band


@dataclass(frozen=True)
class Price(Record):
    """A charge model with its numbers; `charge_model` decides which of them are looked at."""

    charge_model: str = column(choice(*CHARGE_MODELS))
    unit_price: Decimal = column(number(), ZERO)  # per unit; package: per package
    fixed_amount: Decimal = column(number(), ZERO)  # once per rating term, whatever the usage
    tiers: tuple = column(records(Tier, TIERS_MAX), ())
    package_size: Decimal = column(number(above=0), None)
    package_rounding: str = column(choice("up", "down", "none"), "up")
    packages_minimum: int = column(whole(), 0)  # packages billed even without usage
    bill_flat_on_zero: bool = column(flag, False)  # first tier's flat amount although nothing was used
    best_price_guard: bool = column(flag, False)  # volume: never more than the start of a later tier
    price_per_part: bool = column(flag, False)  # each part (group, time bucket) climbs its own ladder
    negative_usage: str = column(choice("mirror", "zero", "refuse"), "mirror")
    rate_percent: Decimal = column(number(), ZERO)  # percentage: of the amount of each event
    event_amount: Decimal = column(number(), ZERO)  # percentage: per charged event
    event_minimum: Decimal = column(number(low=0), None)
    event_maximum: Decimal = column(number(low=0), None)
    free_events: int = column(whole(), None)
    free_amount: Decimal = column(number(low=0), None)
    multiplier: Decimal = column(number(), ONE)  # dynamic: applied to the amounts events carry
    rows: tuple = column(lambda value: _rows(value), ())  # matrix
    prefix_dimensions: tuple = column(texts, ())  # matrix: dimensions matched by longest prefix
    slots: tuple = column(records(Slot, SLOTS_MAX), ())  # time_increment
    bands: tuple = column(records(Band, BANDS_MAX), ())  # time of use; first band that covers wins
    connect_amount: Decimal = column(number(), ZERO)  # time_increment: once per event
    event_rounding_step: Decimal = column(number(above=0), None)  # money, per event
    event_rounding: str = column(choice("nearest", "up", "down"), "nearest")

    def check(self):
        """Return what the charge model lacks or contradicts."""
        problems = list(_ladder_problems(self))
        needs = {"package": "package_size", "matrix": "rows", "capacity": "tiers"}.get(self.charge_model)
        if needs and not getattr(self, needs):
            problems.append(Problem("missing", needs, f"{self.charge_model} needs {needs}; give it."))
        if self.charge_model == "time_increment":
            problems += _slot_problems(self)
        codes = [band.code for band in self.bands]
        if len(set(codes)) < len(codes):
            problems.append(Problem("contradiction", "bands", "Two bands share a code; rename one."))
        if None not in (self.event_minimum, self.event_maximum):
            if self.event_minimum > self.event_maximum:
                message = "The minimum per event is above the maximum; lower one of them."
                problems.append(Problem("contradiction", "event_minimum", message))
        return problems


def _row_price(value):
    """Read the price of a row; a matrix within a matrix is refused before it is read."""
    model = value.get("charge_model") if isinstance(value, dict) else getattr(value, "charge_model", None)
    if model in CHARGE_MODELS and model not in BY_QUANTITY:
        return bad("contradiction", f"A row cannot be priced by {model}; choose a model of a quantity.")
    if isinstance(value, dict) and value.get("rows"):
        return bad("contradiction", "A row has no rows of its own; write them into the matrix.")
    return record(Price)(value)


@dataclass(frozen=True)
class Row(Record):
    """One cell of a price matrix: the dimension values it wants, and a unit price or a whole price."""

    match: dict = column(text_map, {})  # a dimension left out matches any value
    unit_price: Decimal = column(number(), ZERO)
    price: Price = column(_row_price, None)  # wins over unit_price when given; of a quantity only


_rows = records(Row, ROWS_MAX)


def _ladder_problems(price):
    """Yield what keeps the tiers from being one ladder without gaps; overlaps cannot be written."""
    if price.charge_model not in LADDERS:
        return
    if not price.tiers:
        yield Problem("missing", "tiers", f"{price.charge_model} needs tiers; give at least one, open.")
        return
    bounds = [tier.up_to for tier in price.tiers]
    if bounds[-1] is not None or None in bounds[:-1]:
        yield Problem("tier_open", "tiers", "Exactly the last tier is open; leave its up_to empty.")
        return
    for index in range(1, len(bounds) - 1):
        if bounds[index] <= bounds[index - 1]:
            message = f"{bounds[index]} does not rise above {bounds[index - 1]}; order the tiers."
            yield Problem("tier_order", f"tiers.{index}.up_to", message)


def _slot_problems(price):
    """Yield what keeps the slots from covering an event from its first second."""
    ladders = [("slots", price.slots)] if price.slots or not price.bands else []
    ladders += [(f"bands.{i}.slots", band.slots) for i, band in enumerate(price.bands)]
    for path, slots in ladders:
        starts = [slot.start for slot in slots]
        if not starts or starts[0]:
            yield Problem("missing", path, "The first slot must start at 0; add it.")
        if any(later <= earlier for earlier, later in pairwise(starts)):
            yield Problem("tier_order", path, "The starts of the slots must rise; order them.")

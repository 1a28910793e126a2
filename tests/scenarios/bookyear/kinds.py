"""The kinds of contracts: what Odoo is told, and the function that works their cost out by hand."""

from dataclasses import dataclass, field
from fractions import Fraction

from . import byhand


@dataclass(frozen=True)
class Kind:
    """A kind of contract line. `cost` is None where only the product's own invariants are asked."""

    name: str
    cost: object = None
    metric: str = "units"
    model: str = "per_unit"
    card: dict = field(default_factory=dict)
    line: dict = field(default_factory=dict)
    contract: dict = field(default_factory=dict)
    baseline: dict = None
    commitment: dict = None
    rhythm: str = "monthly"
    term: str = "period"
    first_day: int = 1
    price: Fraction = Fraction(0)
    fee: Fraction = Fraction(0)
    size: Fraction = Fraction(1)
    floor: Fraction = Fraction(0)
    ceiling: Fraction = Fraction(0)
    tiers: tuple = ()
    places: dict = field(default_factory=dict)
    #: Whether a part of a period costs what its usage costs, so that an accrual is easily worked out.
    by_days: bool = False
    repriced: bool = False
    fixed: bool = False
    pooled: bool = False
    #: Currency of the invoice and of the card, if not the company's.
    currency: str = None
    card_currency: str = None
    most: int = 900


LADDER = ((Fraction(500), Fraction("0.04"), Fraction(3)), (Fraction(2000), Fraction("0.025"), Fraction(0)))
LADDER += ((None, Fraction("0.0175"), Fraction(5)),)
STAIRS = ((Fraction(800), Fraction(0), Fraction(30)), (None, Fraction(0), Fraction(70)))
PLACES = {"north": Fraction("0.031"), "south": Fraction("0.052"), "": Fraction("0.047")}
HOURS = {"peak": Fraction("0.21"), "rest": Fraction("0.1234")}


def unit(name, price="0.0123", **vals):
    """A kind that is priced by the unit."""
    vals.setdefault("cost", byhand.per_unit)
    return Kind(name, price=Fraction(price), by_days=True, repriced=True, **vals)


BASE = {"kind": "quantity", "quantity": 1000, "above": "terms", "fixed_amount": 15}


def kinds():
    """Every kind, the plainest and those that need a person first."""
    return [*_often(), *_seldom()]


def _often():
    return [
        unit("per unit"),
        unit("drafts", price="0.0277", contract={"usage_invoice_policy": "draft"}),
        unit("held above", price="0.09", contract={"usage_bounds_from": "own", "usage_hold_above": 150}),
        unit("fixed and variable", fixed=True, contract={"usage_adjustment_policy": "next_invoice"}),
        Kind("graduated", byhand.graduated, model="graduated", tiers=LADDER, by_days=False),
        Kind("above a baseline", byhand.above_baseline, price=Fraction("0.02"), fee=Fraction(15), baseline=BASE),
        Kind(
            "yearly ladder",
            byhand.graduated,
            model="graduated",
            tiers=LADDER,
            term="yearly",
            line={"usage_rating_term": "yearly"},
        ),
        Kind(
            "promised per quarter",
            byhand.per_unit,
            price=Fraction("0.05"),
            commitment={"term": "quarterly", "amount": 250},
            repriced=True,
        ),
        Kind(
            "by place",
            byhand.by_place,
            metric="places",
            model="matrix",
            places=PLACES,
            by_days=True,
            contract={"usage_adjustment_policy": "own_invoice"},
        ),
        Kind("pooled", byhand.above_baseline, price=Fraction("0.03"), fee=Fraction(15), baseline=BASE, pooled=True),
        Kind("level", None, metric="level", price=Fraction("0.4"), most=300),
        unit("in another currency", currency="GBP", contract={"usage_write_off_below": 1}),
        unit("anniversary", price="0.0345", first_day=15),
        unit("together", contract={"usage_invoice_together": True}),
        unit("together too", price="0.02", contract={"usage_invoice_together": True}),
        Kind("installed", None, metric="installed", price=Fraction(3)),
    ]


def _seldom():
    return [
        Kind("volume", byhand.volume, model="volume", tiers=LADDER),
        Kind("stairs", byhand.stairs, model="stair_step", tiers=STAIRS),
        Kind("packages", byhand.packages, model="package", size=Fraction(100), price=Fraction("2.5")),
        Kind("percentage", byhand.percentage, model="percentage", price=Fraction("1.75"), by_days=True),
        Kind("by hour", byhand.by_hour, metric="hourly", model="time_of_use", places=HOURS, by_days=True),
        Kind(
            "calls", byhand.calls, metric="calls", model="time_increment", price=Fraction("0.06"), fee=Fraction("0.05")
        ),
        Kind("agreed spend", byhand.agreed_spend, price=Fraction("0.03"), baseline={"kind": "amount", "amount": 40}),
        Kind(
            "credited",
            byhand.credited_baseline,
            price=Fraction("0.02"),
            fee=Fraction(15),
            baseline=BASE | {"below": "credit", "below_unit_price": 0.01},
        ),
        Kind("carried", None, price=Fraction("0.02"), baseline=BASE | {"below": "carry_forward"}),
        Kind(
            "between limits",
            byhand.at_least,
            price=Fraction("0.03"),
            floor=Fraction(20),
            ceiling=Fraction(60),
            card={"minimum_amount": 20, "maximum_amount": 60},
        ),
        Kind("counted", byhand.counted, metric="counted", price=Fraction("0.37"), by_days=True),
        Kind("highest", byhand.highest, metric="highest", price=Fraction("0.25")),
        Kind("different", byhand.different, metric="different", price=Fraction("1.2")),
        Kind("foreign card", None, price=Fraction("0.03"), card_currency="CHF"),
        unit("weekly", price="0.015", rhythm="weekly"),
        Kind(
            "quarterly of months",
            byhand.graduated,
            model="graduated",
            tiers=LADDER,
            rhythm="quarterly",
            term="monthly",
            line={"recurring_rule_type": "quarterly", "usage_rating_term": "monthly"},
        ),
        unit("refuses late usage", price="0.01", contract={"usage_late_policy": "refuse"}),
    ]


METRICS = {
    "units": {},
    "places": {"price_dimensions": "place"},
    "hourly": {"slot_minutes": "60"},
    "calls": {},
    "counted": {"aggregation": "count"},
    "highest": {"aggregation": "max"},
    "different": {"aggregation": "unique_count", "unique_by": "dimension", "unique_dimension": "place"},
    "level": {"aggregation": "time_weighted_average", "per_subject": True},
    "installed": {"measured_from": "assignments", "aggregation": "time_weighted_average", "asset_scope": "line"},
}

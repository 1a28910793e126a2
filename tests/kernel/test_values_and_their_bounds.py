"""Every field of every record: what it is when nothing is said, the last value it takes and the first it refuses."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal

import pytest
import usage_rating as kernel
from usage_rating import RatingError, allowance, bands, charge, exact, interval, price, schema, values

PER_UNIT = {"charge_model": "per_unit"}
NEEDED = {
    kernel.Band: {"code": "a"},
    kernel.Price: PER_UNIT,
    kernel.Terms: PER_UNIT,
    kernel.Stretch: {"price": PER_UNIT},
    kernel.Component: {"code": "a"},
    kernel.TraceStep: {"code": "a"},
    allowance.Grant: {"code": "a"},
    allowance.Use: {"code": "a"},
}
NONE = object()
PRICE = {
    "unit_price": "0",
    "fixed_amount": "0",
    "tiers": (),
    "package_size": NONE,
    "package_rounding": "up",
    "packages_minimum": "0",
    "bill_flat_on_zero": False,
    "best_price_guard": False,
    "price_per_part": False,
    "negative_usage": "mirror",
    "rate_percent": "0",
    "event_amount": "0",
    "event_minimum": NONE,
    "event_maximum": NONE,
    "free_events": NONE,
    "free_amount": NONE,
    "multiplier": "1",
    "rows": (),
    "prefix_dimensions": (),
    "slots": (),
    "bands": (),
    "connect_amount": "0",
    "event_rounding_step": NONE,
    "event_rounding": "nearest",
}
TERMS = {
    "unit_factor": "1",
    "unit_divisor": "1",
    "quantity_rounding": "none",
    "quantity_precision": "0",
    "quantity_included": "0",
    "discount_percent": "0",
    "baseline": NONE,
    "commitment": NONE,
    "minimum": NONE,
    "maximum": NONE,
    "currency_rounding": "0.01",
    "limits_include_fixed": True,
    "bill_at_term_end": False,
    "time_zone": "UTC",
    "stretches": (),
    "days": NONE,
    "days_total": NONE,
}
DEFAULTS = {
    kernel.Price: PRICE,
    kernel.Terms: PRICE | TERMS,
    kernel.Tier: {
        "up_to": NONE,
        "unit_price": "0",
        "flat_amount": "0",
        "package_size": NONE,
        "package_rounding": "",
        "maximum": NONE,
        "limits": {},
    },
    kernel.Slot: {"start": "0", "unit_price": "0", "per": "1", "increment": "1"},
    kernel.Band: {
        "weekdays": (0, 1, 2, 3, 4, 5, 6),
        "from_time": "00:00",
        "to_time": "24:00",
        "slots": (),
        "connect_amount": "0",
    },
    kernel.Row: {"match": {}, "unit_price": "0", "price": NONE},
    kernel.Baseline: {
        "kind": "quantity",
        "quantity": "0",
        "amount": "0",
        "fixed_amount": NONE,
        "tolerance_ratio": "0",
        "tolerance_mode": "free",
        "above": "terms",
        "above_ladder": "excess",
        "below": "none",
        "below_price": "0",
        "carried_in": "0",
        "carried_maximum": NONE,
        "days_used": NONE,
        "days_total": NONE,
    },
    kernel.Commitment: {"kind": "amount", "quantity": "0", "amount": "0", "overage_factor": "1", "true_up": True},
    kernel.Stretch: {"discount_percent": "0", "days": "0"},
    kernel.UsagePart: {
        "quantity": "1",
        "amount": "0",
        "quantity_prorated": NONE,
        "dimensions": {},
        "started_at": NONE,
        "continued": False,
        "stretch": "0",
    },
    kernel.Usage: {
        "quantity": NONE,
        "quantity_before": "0",
        "parts": (),
        "quantities_at_changes": (),
        "billed_before": {},
        "final": True,
        "label": "",
    },
    kernel.Billed: {"amount": "0", "quantity": "0"},
    kernel.Component: {
        "kind": "usage",
        "quantity": "0",
        "unit_price": "0",
        "per": "1",
        "amount_exact": "0",
        "amount": "0",
        "tier_from": NONE,
        "tier_up_to": NONE,
        "labels": {},
    },
    kernel.Charge: {
        "amount": "0",
        "amount_exact": "0",
        "currency_rounding": "0.01",
        "quantity": "0",
        "quantity_carried": "0",
        "final": True,
        "components": (),
        "billed_after": {},
        "trace": (),
    },
    kernel.TraceStep: {"params": {}},
    allowance.Grant: {"quantity": "0", "expires_on": NONE, "priority": "0"},
    allowance.Use: {"quantity": "0"},
}


@pytest.mark.parametrize("cls", DEFAULTS, ids=lambda cls: cls.__name__)
def test_a_record_of_which_little_is_said(cls):
    found = cls.from_dict(NEEDED.get(cls, {}))
    assert set(vars(found)) == set(DEFAULTS[cls]) | set(NEEDED.get(cls, {}))
    for name, wanted in DEFAULTS[cls].items():
        value = getattr(found, name)
        assert value is None if wanted is NONE else value == (Decimal(wanted) if numeric(wanted) else wanted), name
    assert found.to_dict() == NEEDED.get(cls, {})


@pytest.mark.parametrize("cls", DEFAULTS, ids=lambda cls: cls.__name__)
def test_a_record_cannot_be_changed(cls):
    found = cls.from_dict(NEEDED.get(cls, {}))
    for name in vars(found):
        with pytest.raises(AttributeError):
            setattr(found, name, getattr(found, name))


@pytest.mark.parametrize("cls, name", [(kernel.Stretch, "price"), (kernel.Baseline, "above")])
def test_a_price_that_must_be_there_is_not_null(cls, name):
    with pytest.raises(RatingError):
        cls.from_dict({**NEEDED.get(cls, {}), name: None})


def numeric(wanted):
    return isinstance(wanted, str) and wanted.replace(".", "").isdigit()


TINY, PLENTY = "1e-30", "9" * 31
POSITIVE = [TINY, PLENTY], ["0", "-1", "1e-31", "1" + "0" * 31]
FROM_ZERO = ["0", PLENTY], ["-" + TINY, "1" + "0" * 31]
PERCENT = ["0", "100"], ["-" + TINY, "100." + "0" * 29 + "1"]
RATIO = ["0", "1"], ["-" + TINY, "1." + "0" * 29 + "1"]
ANY = ["-" + PLENTY, PLENTY, "-" + TINY], ["1" + "0" * 31, "1e-31", "nan"]
COUNT = ["0", "1000000000"], ["-1", "0.5", "1000000001"]
WIDE = ["1e-200", "9" * 90, "-1e200"], ["1e-201", "1e201"]
BOUNDS = {
    kernel.Tier: {
        "up_to": POSITIVE,
        "unit_price": ANY,
        "flat_amount": ANY,
        "package_size": POSITIVE,
        "maximum": FROM_ZERO,
    },
    kernel.Slot: {"start": FROM_ZERO, "unit_price": ANY, "per": POSITIVE, "increment": POSITIVE},
    kernel.Band: {
        "connect_amount": ANY,
        "from_time": (["00:00", "09:59", "24:00"], ["24:01", "9:00", "00:60", "0x:00", "12-00", "12:0", "", 5]),
        "weekdays": ([[0], [6]], [[7], [-1], "0", [True], [0.0], 3]),
    },
    kernel.Price: {
        "package_size": POSITIVE,
        "packages_minimum": COUNT,
        "event_minimum": FROM_ZERO,
        "event_maximum": FROM_ZERO,
        "free_events": COUNT,
        "free_amount": FROM_ZERO,
        "event_rounding_step": POSITIVE,
        "event_amount": ANY,
        "rate_percent": ANY,
        "multiplier": ANY,
        "connect_amount": ANY,
    },
    kernel.Baseline: {
        "quantity": FROM_ZERO,
        "amount": FROM_ZERO,
        "fixed_amount": ANY,
        "tolerance_ratio": RATIO,
        "below_price": FROM_ZERO,
        "carried_in": FROM_ZERO,
        "carried_maximum": FROM_ZERO,
        "days_used": COUNT,
        "days_total": COUNT,
    },
    kernel.Commitment: {"quantity": FROM_ZERO, "amount": FROM_ZERO, "overage_factor": FROM_ZERO},
    kernel.Stretch: {"discount_percent": PERCENT, "days": COUNT},
    kernel.Terms: {
        "unit_factor": POSITIVE,
        "unit_divisor": POSITIVE,
        "quantity_precision": (["-15", "15"], ["-16", "16", "0.5"]),
        "quantity_included": FROM_ZERO,
        "discount_percent": PERCENT,
        "minimum": FROM_ZERO,
        "maximum": FROM_ZERO,
        "currency_rounding": POSITIVE,
    },
    kernel.UsagePart: {
        "quantity": ANY,
        "amount": ANY,
        "quantity_prorated": ANY,
        "stretch": (["0", "400"], ["401", "-1"]),
    },
    kernel.Usage: {"quantity": ANY, "label": (["x" * 500], ["x" * 501, 5])},
    kernel.Billed: {"amount": WIDE, "quantity": WIDE},
    kernel.Component: {"quantity": WIDE, "unit_price": WIDE, "per": WIDE, "amount": WIDE, "tier_from": WIDE},
    kernel.Charge: {"amount": WIDE, "quantity": WIDE, "currency_rounding": POSITIVE},
    allowance.Grant: {
        "quantity": FROM_ZERO,
        "priority": COUNT,
        "expires_on": (["2026-01-31", date.max], ["2026-02-30", 5]),
    },
    allowance.Use: {"quantity": FROM_ZERO},
}
TRIED = [
    (cls, name, value, takes)
    for cls, fields in BOUNDS.items()
    for name, pair in fields.items()
    for takes, listed in zip((True, False), pair, strict=True)
    for value in listed
]


@pytest.mark.parametrize(
    "cls, name, value, takes", TRIED, ids=[f"{c.__name__}.{n}={str(v)[:12]}" for c, n, v, _t in TRIED]
)
def test_a_field_takes_its_last_value_and_refuses_the_next(cls, name, value, takes):
    data = {**NEEDED.get(cls, {}), name: value}
    if takes:
        found = getattr(cls.from_dict(data), name)
        assert str(found) == str(value) or (list(found) == value if name == "weekdays" else found == Decimal(value))
        return
    with pytest.raises(RatingError) as caught:
        cls.from_dict(data)
    assert [problem.field for problem in caught.value.problems] == [name]


def test_every_limit_of_the_kernel():
    assert (price.TIERS_MAX, price.ROWS_MAX, price.SLOTS_MAX, price.BANDS_MAX) == (1000, 100_000, 100, 100)
    assert (values.PARTS_MAX, values.STRETCHES_MAX, charge.COMPONENTS_MAX) == (1_000_000, 400, 500_000)
    assert (schema.DIGITS_MAX, schema.TEXT_MAX, interval.PERIODS_MAX, bands.EVENT_DAYS_MAX) == (30, 500, 40_000, 400)
    assert (exact.PLACES_ENDLESS, exact.PLACES_MAX) == (18, 60)


@pytest.mark.parametrize("count, takes", [(100, True), (101, False)])
def test_lists_are_as_long_as_their_limit(count, takes):
    slots = {"charge_model": "per_unit", "slots": [{}] * count}
    bands = {"charge_model": "per_unit", "bands": [{"code": str(number)} for number in range(count)]}
    for data in (slots, bands):
        if takes:
            kernel.Terms.from_dict(data)
            continue
        with pytest.raises(RatingError) as caught:
            kernel.Terms.from_dict(data)
        assert caught.value.code == "too_many"


def test_days_of_a_term_are_one_at_least():
    assert kernel.Terms.from_dict({**PER_UNIT, "days": 0, "days_total": 1}).days == 0
    assert kernel.Terms.from_dict({**PER_UNIT, "days": 3, "days_total": 3}).days == 3
    for data in ({"days": 0, "days_total": 0}, {"days": -1, "days_total": 3}, {"days": 4, "days_total": 3}):
        with pytest.raises(RatingError):
            kernel.Terms.from_dict({**PER_UNIT, **data})


def test_text_is_at_most_a_hundred_characters_for_a_number():
    assert kernel.Billed.from_dict({"amount": "0" * 99 + "1"}).amount == 1
    with pytest.raises(RatingError):
        kernel.Billed.from_dict({"amount": "0" * 100 + "1"})


def test_limits_of_a_tier_may_be_open_and_are_not_below_zero():
    assert kernel.Tier.from_dict({"limits": {"a": None, "b": "0"}}).limits == {"a": None, "b": 0}
    with pytest.raises(RatingError) as caught:
        kernel.Tier.from_dict({"limits": {"b": "-1"}})
    assert caught.value.problems[0].field == "limits.b"


def test_zero_has_no_sign():
    assert str(kernel.Tier.from_dict({"unit_price": "-0.00"}).unit_price) == "0.00"


def test_an_instant_keeps_its_offset_and_a_charge_its_cents():
    part = kernel.UsagePart.from_dict({"started_at": "2026-01-01T00:00:00Z"})
    assert part.started_at == datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert part.to_dict() == {"started_at": "2026-01-01T00:00:00+00:00"}
    assert kernel.Component.from_dict({"code": "a", "amount": "1.50"}).to_dict() == {"code": "a", "amount": "1.50"}
    assert kernel.Component.from_dict({"code": "a", "amount": "0.00"}).to_dict() == {"code": "a", "amount": "0.00"}
    assert kernel.Tier.from_dict({"unit_price": "1.50", "flat_amount": "0.00"}).to_dict() == {"unit_price": "1.5"}

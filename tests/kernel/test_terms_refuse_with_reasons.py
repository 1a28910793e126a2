"""Each refusal has a stable code, names the field, and tells what to do; all findings come together."""

from __future__ import annotations

from decimal import Decimal

import pytest
from kernel_helpers import charged
from usage_rating import CODES, RatingError, Terms, Tier, Usage, money, recompute
from usage_rating.aggregate import time_weighted_average
from usage_rating.interval import period_containing

UNIT = {"charge_model": "per_unit"}
OPEN = {"unit_price": "1"}
CALL = {"charge_model": "time_increment"}
ROWS = [{"match": {"a": "1"}}, {"match": {"b": "1"}}]

PROVOKED = {
    "unknown_key": ("price", lambda: Terms.from_dict({**UNIT, "price": "1"})),
    "missing": ("charge_model", lambda: Terms.from_dict({})),
    "not_decimal": ("unit_price", lambda: Terms.from_dict({**UNIT, "unit_price": 0.1})),
    "not_finite": ("unit_price", lambda: Terms.from_dict({**UNIT, "unit_price": "NaN"})),
    "out_of_range": ("discount_percent", lambda: Terms.from_dict({**UNIT, "discount_percent": "101"})),
    "not_text": ("label", lambda: Usage.from_dict({"label": 5})),
    "not_boolean": ("best_price_guard", lambda: Terms.from_dict({**UNIT, "best_price_guard": "yes"})),
    "not_record": ("baseline", lambda: Terms.from_dict({**UNIT, "baseline": "50"})),
    "not_list": ("tiers", lambda: Terms.from_dict({**UNIT, "tiers": {}})),
    "not_choice": ("charge_model", lambda: Terms.from_dict({"charge_model": "free"})),
    "not_instant": ("parts.0.started_at", lambda: Usage.from_dict({"parts": [{"started_at": "2026-01-01T00:00"}]})),
    "not_zone": ("time_zone", lambda: Terms.from_dict({**UNIT, "time_zone": "Mars/Base"})),
    "too_many": ("tiers", lambda: Terms.from_dict({**UNIT, "tiers": [{}] * 1001})),
    "tier_order": (
        "tiers.1.up_to",
        lambda: Terms.from_dict({"charge_model": "volume", "tiers": [{"up_to": "5"}, {"up_to": "5"}, {}]}),
    ),
    "tier_open": ("tiers", lambda: Terms.from_dict({"charge_model": "graduated", "tiers": [{"up_to": "5"}]})),
    "contradiction": ("minimum", lambda: Terms.from_dict({**UNIT, "minimum": "2", "maximum": "1"})),
    "no_price": ("rows", lambda: charged({"charge_model": "matrix", "rows": ROWS}, quantity="1")),
    "ambiguous_price": (
        "rows",
        lambda: charged({"charge_model": "matrix", "rows": ROWS}, parts=[{"dimensions": {"a": "1", "b": "1"}}]),
    ),
    "negative_usage": ("quantity", lambda: charged({**UNIT, "negative_usage": "refuse"}, quantity="-1")),
    "trace_mismatch": ("total", lambda: recompute(_forged())),
}


def _forged():
    trace = charged({**UNIT, "unit_price": "1"}, quantity="1").trace
    return [*trace[:-1], type(trace[-1])("total", {"amount": "2"})]


@pytest.mark.parametrize("code", sorted(CODES))
def test_each_code_is_raised_on_its_field_with_a_sentence(code):
    field, provoke = PROVOKED[code]
    with pytest.raises(RatingError) as caught:
        provoke()
    problem = caught.value.problems[0]
    assert (problem.code, problem.field) == (code, field)
    assert len(problem.message) > 20 and problem.message.endswith(".")
    assert caught.value.to_dict()["problems"][0]["code"] == code


def test_all_findings_are_reported_together():
    bad = {
        "charge_model": "graduated",
        "surprise": 1,
        "tiers": [{"up_to": "x", "unit_price": True}, {"flat": "1"}],
        "baseline": {"kind": "volume", "quantity": "-1"},
        "currency_rounding": "0",
    }
    with pytest.raises(RatingError) as caught:
        Terms.from_dict(bad)
    found = {(problem.field, problem.code) for problem in caught.value.problems}
    assert found == {
        ("surprise", "unknown_key"),
        ("tiers.0.up_to", "not_decimal"),
        ("tiers.0.unit_price", "not_decimal"),
        ("tiers.1.flat", "unknown_key"),
        ("baseline.kind", "not_choice"),
        ("baseline.quantity", "out_of_range"),
        ("currency_rounding", "out_of_range"),
    }


@pytest.mark.parametrize(
    "value", [0.1, True, "1,5", "1_000", "abc", "", None, [], "Infinity", "1e31", "1e-31", "９", "1" * 101]
)
def test_a_price_that_is_not_a_plain_decimal_is_refused(value):
    with pytest.raises(RatingError):
        Tier.from_dict({"unit_price": value})


@pytest.mark.parametrize("value", ["1", 1, Decimal(1), "1.0", " 1 ", "1e0", "+1"])
def test_a_decimal_may_be_text_an_integer_or_a_decimal(value):
    assert Tier.from_dict({"unit_price": value}).unit_price == 1


def test_a_huge_exponent_is_refused_before_it_costs_memory():
    with pytest.raises(RatingError):
        Usage.from_dict({"quantity": "1e999999999"})


@pytest.mark.parametrize(
    "terms, code",
    [
        ({"charge_model": "package"}, "missing"),
        ({"charge_model": "graduated"}, "missing"),
        ({"charge_model": "matrix"}, "missing"),
        ({"charge_model": "capacity"}, "missing"),
        (CALL, "missing"),
        ({**CALL, "slots": [{"start": "5"}]}, "missing"),
        ({**CALL, "slots": [{}, {"start": "60"}, {"start": "60"}]}, "tier_order"),
        ({**CALL, "slots": [{"increment": "0"}]}, "out_of_range"),
        ({**CALL, "bands": [{"code": "a", "slots": [{}]}, {"code": "a", "slots": [{}]}]}, "contradiction"),
        ({**CALL, "bands": [{"code": "a", "slots": [{}], "from_time": "25:00"}]}, "out_of_range"),
        ({**CALL, "bands": [{"code": "a", "slots": [{}], "weekdays": [7]}]}, "not_list"),
        ({"charge_model": "percentage", "event_minimum": "2", "event_maximum": "1"}, "contradiction"),
        ({"charge_model": "percentage", "quantity_included": "2"}, "contradiction"),
        ({"charge_model": "dynamic", "baseline": {"quantity": "1"}}, "contradiction"),
        ({"charge_model": "graduated", "tiers": [OPEN, OPEN]}, "tier_open"),
        ({**UNIT, "unit_divisor": "0"}, "out_of_range"),
        ({**UNIT, "quantity_precision": "1.5"}, "out_of_range"),
    ],
)
def test_terms_that_cannot_price_are_refused_when_they_are_made(terms, code):
    with pytest.raises(RatingError) as caught:
        Terms.from_dict(terms)
    assert caught.value.code == code


def test_usage_above_every_capacity_tier_is_refused_not_free():
    terms = {"charge_model": "capacity", "tiers": [{"limits": {"seats": "5"}, "flat_amount": "10"}]}
    parts = [{"quantity": "6", "dimensions": {"unit": "seats"}}]
    with pytest.raises(RatingError) as caught:
        charged(terms, parts=parts)
    assert caught.value.code == "no_price"


@pytest.mark.parametrize(
    "refused",
    [
        lambda: money.allocate("1", [0, 0]),
        lambda: money.allocate("1", [-1, 2]),
        lambda: money.allocate("0.001", [1]),
        lambda: period_containing(None, "hourly"),
        lambda: time_weighted_average([(1, "1")], 2, 3),
    ],
)
def test_helpers_refuse_what_has_no_answer(refused):
    with pytest.raises(RatingError):
        refused()

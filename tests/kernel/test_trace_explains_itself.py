"""Every amount can be recomputed from its trace, said in words, and stored as JSON without loss."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import kernel_strategies as own
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_helpers import billed_in_periods, charged, rated
from usage_rating import Charge, RatingError, Terms, TraceStep, describe, explain, recompute
from usage_rating.exact import round_step

CAPPED = {"charge_model": "per_unit", "unit_price": "3.333", "discount_percent": "10", "maximum": "100"}


@given(own.terms(negative=True), own.signed, st.booleans())
def test_the_trace_alone_gives_the_amount(terms, quantity, final):
    found = charged(terms, quantity=quantity, final=final)
    assert recompute(found.trace) == found.amount


@given(own.terms(negative=True), own.signed)
def test_a_charge_survives_json_without_losing_a_digit(terms, quantity):
    found = charged(terms, quantity=quantity)
    stored = json.loads(json.dumps(found.to_dict()))
    assert Charge.from_dict(stored) == found
    assert recompute(Charge.from_dict(stored).trace) == found.amount
    agreed = Terms.from_dict(terms)
    assert Terms.from_dict(json.loads(json.dumps(agreed.to_dict()))) == agreed


@given(own.terms(negative=True), own.signed)
def test_components_add_up_and_each_is_a_multiple_of_the_currency_step(terms, quantity):
    found = charged(terms, quantity=quantity)
    step = Fraction(found.currency_rounding)
    assert sum(Fraction(item.amount) for item in found.components) == Fraction(found.amount)
    for item in found.components:
        assert (Fraction(item.amount) / step).denominator == 1
        assert item.kind != "information" or not item.amount
        if max(len(str(item.quantity)), len(str(item.unit_price))) < 18:
            exact = Fraction(item.quantity) * Fraction(item.unit_price) / Fraction(item.per)
            assert round_step(exact, step) == Fraction(item.amount)
    assert len({item.code for item in found.components}) == len(found.components)


@given(own.terms(negative=True), own.signed)
def test_every_step_and_component_has_a_sentence(terms, quantity):
    found = charged(terms, quantity=quantity)
    sentences = [template % params for template, params in explain(found.trace)]
    sentences += [template % params for template, params in map(describe, found.components)]
    assert all(sentences) and not any("%(" in sentence for sentence in sentences)


@pytest.mark.parametrize("code", ["unit", "discount", "cap", "total"])
def test_a_trace_with_any_number_changed_is_refused(code):
    trace = list(rated("100", **CAPPED).trace)
    index = [step.code for step in trace].index(code)
    step = trace[index]
    for name in set(step.params) & {"quantity", "price", "amount", "limit", "value"}:
        changed = {**step.params, name: str(Fraction(step.params[name]) + 1)}
        forged = [*trace[:index], TraceStep(step.code, changed), *trace[index + 1 :]]
        with pytest.raises(RatingError) as caught:
            recompute(forged)
        assert caught.value.code == "trace_mismatch"


def test_a_trace_with_a_line_left_out_is_refused():
    trace = rated("100", **CAPPED).trace
    with pytest.raises(RatingError):
        recompute(trace[:1] + trace[2:])


def test_a_line_reads_as_arithmetic():
    found = rated("75500", charge_model="per_unit", unit_price="0.012")
    template, params = describe(found.components[0])
    assert template % params == "75500 x 0.012 = 906.00"


def test_a_baseline_line_tells_the_days_it_was_prorated_by():
    baseline = {"quantity": "500", "fixed_amount": "50", "days_used": 15, "days_total": 30}
    found = rated("10", charge_model="per_unit", baseline=baseline)
    template, params = describe(found.components[0])
    assert template % params == "Baseline 500 (15 of 30 days): 50.00"


def test_what_was_billed_before_is_a_step_of_the_trace():
    found = charged(CAPPED, quantity="1", quantity_before="5", billed_before={"unit": "16.67", "gone": "1"})
    codes = [step.code for step in found.trace]
    assert codes.count("billed-before") == 2
    assert recompute(found.trace) == found.amount
    assert {item.code: item.kind for item in found.components}["gone"] == "adjustment"
    assert [template % params for template, params in map(describe, found.components)]


def test_a_later_billing_period_says_what_came_on_top():
    terms = {"charge_model": "package", "package_size": "10", "unit_price": "15", "maximum": "40"}
    sentences = []
    for charge in billed_in_periods(["17", "5", "50"], terms):
        sentences += [template % params for template, params in map(describe, charge.components)]
    assert sentences == [
        "17 units = 2 packages of 10 x 15 = 30.00",
        "1 more x 15 = 15.00",
        "Maximum 40 against 45: -5.00",
        "5 more x 15 = 75.00",
        "Difference to what was billed before: -75.00",
    ]


def test_a_stored_charge_reads_like_the_fresh_one():
    fresh = rated("75500", charge_model="per_unit", unit_price="0.012", baseline={"quantity": "5", "above": "none"})
    stored = Charge.from_dict(json.loads(json.dumps(fresh.to_dict())))
    assert [describe(item) for item in stored.components] == [describe(item) for item in fresh.components]
    assert str(stored.amount) == str(fresh.amount) == "0.00"


def test_a_frozen_charge_cannot_be_changed():
    found = rated("1", charge_model="per_unit", unit_price="1")
    with pytest.raises(AttributeError):
        found.amount = 2
    assert replace(found, amount=found.amount) == found

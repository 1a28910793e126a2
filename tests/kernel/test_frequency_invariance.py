"""Daily, weekly or monthly: however a rating term is cut into billing periods, the bill is the same."""

from __future__ import annotations

from fractions import Fraction

import kernel_strategies as own
from hypothesis import given
from hypothesis import strategies as st
from kernel_helpers import billed_in_periods, charged
from usage_rating import recompute


def total(charges):
    return sum(Fraction(charge.amount) for charge in charges)


@given(own.terms(negative=True), st.data())
def test_any_cut_of_a_term_bills_the_same_to_the_cent(terms, data):
    quantity = data.draw(own.quantities)
    periods = data.draw(own.cuts(quantity))
    charges = billed_in_periods(periods, terms)
    assert total(charges) == Fraction(charged(terms, quantity=quantity).amount)
    assert all(recompute(charge.trace) == charge.amount for charge in charges)


@given(own.terms(), st.data())
def test_each_component_adds_up_over_the_periods(terms, data):
    quantity = data.draw(own.quantities)
    charges = billed_in_periods(data.draw(own.cuts(quantity)), terms)
    whole = {item.code: item.amount for item in charged(terms, quantity=quantity).components}
    parts = {}
    for item in (item for charge in charges for item in charge.components):
        parts[item.code] = parts.get(item.code, 0) + Fraction(item.amount)
    for code in set(whole) | set(parts):
        assert parts.get(code, 0) == Fraction(whole.get(code, 0)), code


@given(own.terms(), st.data())
def test_billing_at_term_end_only_bills_the_same(terms, data):
    quantity = data.draw(own.quantities)
    late = {**terms, "bill_at_term_end": True}
    charges = billed_in_periods(data.draw(own.cuts(quantity)), late)
    assert all(not charge.amount and not charge.components for charge in charges[:-1])
    assert total(charges) == Fraction(charged(terms, quantity=quantity).amount)


@given(own.terms(), own.quantities, own.quantities)
def test_late_usage_bills_the_difference_to_rating_everything_at_once(terms, first, late):
    charges = billed_in_periods([first, late], terms, last_is_final=False)
    whole = charged(terms, quantity=first, quantity_before=late, final=False)
    assert total(charges) == Fraction(whole.amount)


@st.composite
def event_terms(draw):
    """Return (terms, a strategy of parts) of models that look at events."""
    kind = draw(
        st.sampled_from(["percentage", "dynamic", "time_increment", "matrix", "prorated_graduated", "per_part"])
    )
    money = own.decimals(0, 500, (0, 2)).map(lambda amount: {"amount": amount})
    if kind == "percentage":
        terms = {"charge_model": kind, "rate_percent": draw(own.prices), "event_amount": draw(own.prices)}
        terms |= {"free_events": draw(st.integers(0, 3)), "free_amount": draw(own.decimals(0, 300, (0,)))}
        terms |= {"event_minimum": "1", "event_maximum": "9.5"} if draw(st.booleans()) else {}
        return terms, money
    if kind == "dynamic":
        return {"charge_model": kind, "multiplier": draw(own.prices)}, money
    seconds = own.decimals(0, 4000, (0, 3)).map(lambda quantity: {"quantity": quantity})
    if kind == "time_increment":
        slots = [
            {"unit_price": "0.1", "per": "60", "increment": "60"},
            {"start": "60", "unit_price": "0.07", "per": "60", "increment": "7"},
        ]
        terms = {"charge_model": kind, "slots": slots, "connect_amount": "0.15"}
        return {**terms, "event_rounding_step": "0.01", "event_rounding": "up"} if draw(
            st.booleans()
        ) else terms, seconds
    if kind == "matrix":
        rows = [
            {"match": {"to": "32"}, "unit_price": "0.01"},
            {"match": {"to": "324"}, "price": {"charge_model": "package", "package_size": "7", "unit_price": "1"}},
            {},
        ]
        parts = st.builds(
            lambda part, to: {**part, "dimensions": {"to": to}}, seconds, st.sampled_from(["3247", "3299", "1"])
        )
        return {"charge_model": kind, "rows": rows, "prefix_dimensions": ["to"]}, parts
    tiers = draw(own.ladders(packages=False))
    if kind == "prorated_graduated":
        parts = st.builds(
            lambda u, p: {"quantity": u, "quantity_prorated": p}, own.decimals(1, 30, (0,)), own.decimals(0, 9, (2,))
        )
        return {"charge_model": kind, "tiers": tiers}, parts
    model = draw(st.sampled_from(["graduated", "volume", "stair_step"]))
    return {"charge_model": model, "tiers": tiers, "price_per_part": True}, seconds


@given(event_terms(), own.limits(), st.data())
def test_models_that_look_at_events_are_invariant_too(found, limits, data):
    model, part = found
    limits.pop("commitment", None)
    terms = {**model, **limits, "currency_rounding": data.draw(st.sampled_from(own.STEPS))}
    parts = data.draw(st.lists(part, max_size=12))
    cut = sorted(data.draw(st.lists(st.integers(0, len(parts)), max_size=3))) + [len(parts)]
    billed, amounts = {}, []
    for index, end in enumerate(cut):
        charge = charged(terms, parts=parts[:end], billed_before=billed, final=index == len(cut) - 1)
        assert recompute(charge.trace) == charge.amount
        billed = charge.to_dict().get("billed_after", {})
        amounts.append(Fraction(charge.amount))
    assert sum(amounts) == Fraction(charged(terms, parts=parts).amount)

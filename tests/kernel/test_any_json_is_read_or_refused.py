"""Whatever JSON is stored or sent: it is read, or refused with a RatingError; nothing else ever comes out."""

from __future__ import annotations

import json

import kernel_strategies as own
import pytest
from hypothesis import given
from hypothesis import strategies as st
from usage_rating import CHARGE_MODELS, Charge, RatingError, Terms, Usage, rate

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | own.signed
leaves |= st.sampled_from([*CHARGE_MODELS, "credit", "quantity", "Europe/Brussels", "08:00", "1e5", "-0"])
names = st.sampled_from(
    "charge_model tiers up_to unit_price flat_amount package_size rows match price slots bands code limits baseline "
    "commitment kind quantity parts billed_before amount dimensions started_at weekdays from_time".split()
)
junk = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | st.text(max_size=5), inner, max_size=6),
    max_leaves=20,
)


@given(junk, junk, junk)
def test_junk_is_refused_with_codes_and_fields(terms, usage, charge):
    for kind, data in ((Terms, terms), (Usage, usage), (Charge, charge)):
        try:
            kind.from_dict(data)
        except RatingError as error:
            assert error.problems and all(problem.code and problem.message for problem in error.problems)


@given(own.terms(), own.signed, st.data())
def test_valid_terms_with_one_value_replaced_rate_or_are_refused(terms, quantity, data):
    name = data.draw(st.sampled_from(sorted(terms)))
    terms[name] = data.draw(junk)
    try:
        rate(Usage.from_dict({"quantity": quantity}), Terms.from_dict(terms))
    except RatingError as error:
        json.dumps(error.to_dict())


def test_a_matrix_nested_without_end_is_refused_before_it_is_read():
    nested = {"charge_model": "matrix", "rows": []}
    for _ in range(5000):
        nested = {"charge_model": "matrix", "rows": [{"price": nested}]}
    with pytest.raises(RatingError):
        Terms.from_dict(nested)

"""Corners in which rounding, limits and reversals meet: what is owed there, to the cent."""

from __future__ import annotations

from kernel_helpers import by_code, charged, rated


def test_a_promised_quantity_that_was_used_owes_nothing_where_fixed_amounts_do_not_count():
    promise = {"kind": "quantity", "quantity": "500"}
    terms = {"charge_model": "per_unit", "unit_price": "2", "fixed_amount": "30", "limits_include_fixed": False}
    # 500 x 2 = 1000 promised, 500 x 2 = 1000 used
    found = by_code(rated("500", **terms, commitment=promise))
    assert (found["unit"], found["fixed"], found["commitment"]) == ("1000.00", "30.00", "0.00")


def test_a_prorated_ladder_is_lifted_to_zero_and_not_to_a_cent_below():
    tiers = [{"up_to": "5", "unit_price": "0.067"}, {"unit_price": "0.067"}]
    terms = {"charge_model": "prorated_graduated", "tiers": tiers}
    parts = [{"quantity": "10", "quantity_prorated": "0"}, {"quantity": "-10", "quantity_prorated": "-10"}]
    # -0.335 and -0.335 are billed as -0.34 each; the lift is 0.67
    assert charged(terms, parts=parts).amount == 0


def test_a_reversal_of_included_units_credits_nothing():
    rows = [{"match": {}, "unit_price": "1"}]
    terms = {"charge_model": "matrix", "rows": rows, "quantity_included": "10"}
    # ten units were free; taking them back must not be worth ten
    assert charged(terms, parts=[{"quantity": "10"}, {"quantity": "-10"}]).amount == 0


def test_a_promised_quantity_that_was_used_owes_no_cent():
    tiers = [{"up_to": "1", "unit_price": "0.005"}, {"unit_price": "0.005"}]
    promise = {"kind": "quantity", "quantity": "2", "overage_factor": "2"}
    found = by_code(rated("2", charge_model="graduated", tiers=tiers, commitment=promise))
    assert "overage" not in found and "true-up" not in found

"""Entitlements and commitments over a term: nothing lost, nothing billed twice."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import kernel_strategies as own
from hypothesis import given
from hypothesis import strategies as st
from usage_rating import allowance, commitment
from usage_rating.allowance import Grant
from usage_rating.interval import Interval

TODAY = date(2026, 6, 1)
expiries = st.none() | st.integers(-3, 30).map(lambda days: TODAY + timedelta(days=days))
grants = st.lists(
    st.builds(Grant, st.sampled_from("abcdef"), own.decimals(0, 50, (0, 2)), expiries, st.integers(0, 2)), max_size=6
)


@given(grants, own.decimals(0, 200, (0, 2)))
def test_granted_is_consumed_plus_left_plus_expired(given_grants, quantity):
    granted = sum(Fraction(grant.quantity) for grant in given_grants)
    uses, left, uncovered = allowance.burn(quantity, given_grants, TODAY)
    consumed = sum(Fraction(use.quantity) for use in uses)
    kept, expired = allowance.expire(left, TODAY)
    assert granted == consumed + sum(Fraction(grant.quantity) for grant in kept) + Fraction(expired)
    assert consumed + Fraction(uncovered) == Fraction(quantity)
    valid = sum(Fraction(g.quantity) for g in given_grants if g.expires_on is None or TODAY < g.expires_on)
    assert consumed == min(valid, Fraction(quantity))


def test_grants_are_used_by_priority_and_then_by_expiry():
    found = [
        Grant("never", "5"),
        Grant("june", "5", TODAY + timedelta(9)),
        Grant("first", "5", None, 0),
        Grant("last", "5", TODAY + timedelta(1), 1),
    ]
    uses, _left, _uncovered = allowance.burn("17", found, TODAY)
    assert [(use.code, use.quantity) for use in uses] == [("june", 5), ("never", 5), ("first", 5), ("last", 2)]


def test_a_grant_is_void_on_the_day_it_expires():
    assert allowance.burn("1", [Grant("a", "5", TODAY)], TODAY)[2] == 1
    assert allowance.burn("1", [Grant("a", "5", "2026-06-02")], TODAY)[2] == 0


@given(own.decimals(0, 99, (0, 2)), st.none() | own.decimals(0, 99, (0,)), st.integers(0, 100))
def test_what_rolls_over_and_what_expires_is_all_that_was_left(unused, maximum, percent):
    carried, expired = allowance.roll_over(unused, maximum, percent)
    assert Fraction(carried) + Fraction(expired) == Fraction(unused)
    assert maximum is None or carried <= Decimal(maximum)


def test_unused_units_join_the_next_grant():
    assert allowance.next_grant("1000", "600") == 1400
    assert allowance.next_grant("1000", "600", maximum="100") == 1100
    assert allowance.next_grant("1000", "1200") == 1000


@given(own.decimals(0, 900, (0, 2)), own.decimals(0, 900, (0, 2)), st.booleans(), st.booleans())
def test_the_position_of_a_commitment_always_balances(value, committed, true_up, ended):
    found = commitment.position(value, committed, "1.5", true_up, ended)
    assert found.drawn + found.remaining == found.committed
    assert found.drawn + found.overage == Decimal(value)
    assert not (found.true_up and found.overage)
    if ended and true_up:
        assert found.drawn + found.true_up + found.overage == max(Decimal(value), found.committed)


def test_a_term_that_ends_early_commits_for_the_days_it_lived():
    term = Interval(date(2026, 1, 1), date(2027, 1, 1))
    assert commitment.prorated("3650", Interval(date(2026, 1, 1), date(2026, 4, 11)), term) == 1000
    assert commitment.prorated("3650", term, term) == 3650


@given(own.decimals(0, 900, (0, 2)), own.decimals(0, 900, (0, 2)), own.decimals(0, 100, (0, 2)))
def test_a_true_up_is_billed_once_and_corrected_by_late_usage(value, committed, late):
    first = commitment.true_up_once(value, committed, "0")
    assert commitment.true_up_once(value, committed, first) == 0
    everything = Fraction(value) + Fraction(late)
    second = commitment.true_up_once(own.spelled(int(everything * 100), 2), committed, first)
    assert second <= 0
    assert Fraction(first) + Fraction(second) == max(Fraction(0), Fraction(committed) - everything)

"""The laws of charge models and of rating terms, on a few random cases; `scripts/promises 13 14` tries very many."""

from __future__ import annotations

from fractions import Fraction

import kernel_algebra
import kernel_terms
import pytest
from kernel_helpers import by_code, charged, rated
from kernel_settings import CASES, SEED
from usage_rating import RatingError, allowance, commitment, interval, money
from usage_rating.allowance import Grant
from usage_rating.interval import Interval, date


def test_units_are_conserved_and_more_usage_costs_no_less():
    assert kernel_algebra.run(SEED, 2 * CASES)["pairs compared"] == 2 * CASES


def test_a_term_bills_what_is_due_and_nothing_of_a_grant_is_lost():
    found = kernel_terms.run(SEED, 2 * CASES)
    wrong = ("imbalance in cents", "true-ups too many or missing", "allowance imbalance", "days outside billing periods")
    assert not any(found[name] for name in wrong), found


def test_an_event_exactly_at_its_minimum_or_maximum_is_billed_as_it_is():
    terms = {"charge_model": "percentage", "rate_percent": "10", "event_minimum": "2", "event_maximum": "5"}
    parts = [{"amount": "20"}, {"amount": "50"}, {"amount": "19"}, {"amount": "51"}]
    assert by_code(charged(terms, parts=parts)) == {
        "percentage": "7.00",
        "event-minimum": "2.00",
        "event-maximum": "5.00",
    }


def test_pieces_of_a_baseline_may_leave_days_out():
    april = Interval(date(2026, 4, 1), date(2026, 5, 1))
    pieces = [(Interval(date(2026, 4, 21), date(2026, 5, 9)), "900"), (Interval(date(2026, 4, 1), date(2026, 4, 11)), "600")]
    assert interval.blended(pieces, april) == 500  # 10 days of 600, none of the next ten, 10 days of 900
    assert interval.blended([], april) == 0


@pytest.mark.parametrize(
    "potential, original, before, given",
    [("0", "100", "0", 0), ("-5", "100", "0", 0), ("10", "100", "100", 0), ("10", "100", "150", 0), ("7", "9", "0", 7)],
)
def test_a_credit_is_never_below_zero_nor_above_what_is_left(potential, original, before, given):
    assert money.credit_within(potential, original, before) == given


def test_shares_left_over_go_to_the_largest_remainders_and_then_to_the_first():
    assert [str(share) for share in money.allocate("1", [1, 1, 1])] == ["0.34", "0.33", "0.33"]
    assert [str(share) for share in money.allocate("-1", [1, 1, 1])] == ["-0.34", "-0.33", "-0.33"]
    assert [str(share) for share in money.allocate("0.05", [1, 2, 0])] == ["0.02", "0.03", "0.00"]
    assert [str(share) for share in money.allocate("5", [1, 1, 1], "1")] == ["2", "2", "1"]
    assert money.percent_of("10.05", "50") == Fraction("5.03")
    with pytest.raises(RatingError):
        money.allocate("1", [])


def test_what_rolls_over_is_a_share_and_what_expires_is_the_rest():
    assert [str(part) for part in allowance.roll_over("100", "30", 50)] == ["30", "70"]
    assert [str(part) for part in allowance.roll_over("100", "60", 50)] == ["50", "50"]
    assert [str(part) for part in allowance.roll_over("-3")] == ["0", "0"]
    assert allowance.next_grant("100", "40", "10", 50) == 110


def test_no_grant_is_used_for_less_than_nothing():
    uses, left, uncovered = allowance.burn("-5", [Grant("a", "5")])
    assert (uses, left[0].quantity, uncovered) == ((), 5, -5)
    uses, left, uncovered = allowance.burn("3", [Grant("a", "1", None, 2), Grant("b", "0"), Grant("c", "9", None, 1)])
    assert [(use.code, use.quantity) for use in uses] == [("c", 3)]
    assert [(grant.code, grant.quantity, grant.priority) for grant in left] == [("b", 0, 0), ("c", 6, 1), ("a", 1, 2)]


def test_the_position_of_a_commitment_in_full():
    above = commitment.position("150.005", "100.004", "1.5")
    assert [str(item) for item in above] == ["100.00", "100.00", "0.00", "50.01", "25.00", "0.00"]
    open_ = commitment.position("60", "100")
    assert [str(item) for item in open_] == ["100.00", "60.00", "40.00", "0.00", "0.00", "0.00"]
    ended = commitment.position("60", "100", ended=True)
    assert [str(item) for item in ended] == ["100.00", "60.00", "40.00", "0.00", "0.00", "40.00"]
    credit = commitment.position("-5", "100", ended=True, true_up=False)
    assert [str(item) for item in credit] == ["100.00", "0.00", "100.00", "0.00", "0.00", "0.00"]


def test_a_tier_tells_where_it_begins_and_ends():
    tiers = [{"up_to": "10", "unit_price": "1"}, {"up_to": "20", "unit_price": "1"}, {"unit_price": "1"}]
    for model, bounds in (("graduated", [(0, 10), (10, 20), (20, None)]), ("volume", [(20, None)])):
        found = rated("30", charge_model=model, tiers=tiers)
        assert [(item.tier_from, item.tier_up_to) for item in found.components] == bounds
    first = rated("5", charge_model="stair_step", tiers=[{"up_to": "9", "flat_amount": "3"}, {}])
    assert [(item.tier_from, item.tier_up_to) for item in first.components] == [(0, 9)]
    flat = [{"up_to": "9", "flat_amount": "3"}, {}]
    nothing = rated("0", charge_model="volume", tiers=flat, bill_flat_on_zero=True)
    assert [(item.tier_from, item.tier_up_to) for item in nothing.components] == [(0, 9)]


@pytest.mark.parametrize(
    "start, end, basis, count",
    [
        ("2026-01-31", "2026-02-28", "thirty", 28),
        ("2026-01-30", "2026-01-31", "thirty", 0),
        ("2025-12-15", "2026-01-15", "thirty", 30),
        ("2026-01-01", "2027-01-01", "thirty", 360),
        ("2026-01-05", "2026-03-20", "thirty", 75),
        ("2026-01-01", "2026-01-31", "both_ends", 31),
        ("2026-01-01", "2026-01-31", "actual", 30),
    ],
)
def test_days_of_an_interval_by_basis(start, end, basis, count):
    assert interval.days(Interval(date.fromisoformat(start), date.fromisoformat(end)), basis) == count


def test_a_month_that_lacks_the_day_ends_on_its_last():
    moved = [interval.add_months(date(2024, 1, 31), months).isoformat() for months in (-2, -1, 0, 1, 2, 3, 11, 12, 13, 24)]
    assert moved == (
        "2023-11-30 2023-12-31 2024-01-31 2024-02-29 2024-03-31 2024-04-30 2024-12-31 2025-01-31 2025-02-28 2026-01-31"
    ).split()


def test_periods_of_an_anchor_that_lies_ahead():
    day = date(2026, 3, 10)
    found = {
        cadence: interval.period_containing(day, cadence, date(2026, 5, 15))[:] for cadence in interval.CADENCES
    }
    shown = {cadence: [str(end) for end in period] for cadence, period in found.items()}
    assert shown == {
        "daily": ["2026-03-10", "2026-03-11"],
        "weekly": ["2026-03-06", "2026-03-13"],
        "monthly": ["2026-02-15", "2026-03-15"],
        "quarterly": ["2026-02-15", "2026-05-15"],
        "yearly": ["2025-05-15", "2026-05-15"],
    }

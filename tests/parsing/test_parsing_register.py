"""Registers: what is billed between two readings is what the meter turned, whatever happens to the meter."""

import random
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from usage_parsing.register import (
    ACTUAL,
    CLOSING,
    ESTIMATED,
    OPENING,
    Anomaly,
    Delta,
    Reading,
    RegisterRules,
    RegisterState,
    run,
    step,
)

T0 = datetime(2025, 1, 1, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


def chain(*readings, **rules):
    rules = RegisterRules(**{name: Decimal(value) for name, value in rules.items()})
    built = [Reading(T0 + HOUR * n, Decimal(str(value)), kind) for n, (value, kind) in enumerate(readings)]
    return run(None, built, rules)[1]


def shown(found):
    return [(item.kind, str(item.quantity)) if type(item) is Delta else item.code for item in found]


@pytest.mark.parametrize(
    ("readings", "rules", "expected"),
    [
        ([(100, ACTUAL)], {}, []),
        ([(100, ACTUAL), (130, ACTUAL), (130, ACTUAL)], {}, [("actual", "30"), ("actual", "0")]),
        # 990 -> 5 on a register of 1000: 10 to the end and 5 more
        ([(990, ACTUAL), (5, ACTUAL)], {"rollover": "1000"}, [("actual", "15")]),
        ([(990, ACTUAL), (5, ACTUAL)], {}, ["counter_rollover_undeclared"]),
        # a fall from 500 to 3 is no rollover that anyone should believe: 503 of 1000
        ([(500, ACTUAL), (3, ACTUAL)], {"rollover": "1000"}, ["implausible_delta"]),
        ([(500, ACTUAL), (3, ACTUAL)], {"rollover": "1000", "max_delta": "600"}, [("actual", "503")]),
        ([(0, ACTUAL), (50, ACTUAL)], {"max_per_day": "240"}, ["implausible_delta"]),
        ([(0, ACTUAL), (9, ACTUAL)], {"max_per_day": "240"}, [("actual", "9")]),
        # meter exchange: old meter closes at 150, new one opens at 7
        ([(100, ACTUAL), (150, CLOSING), (7, OPENING), (27, ACTUAL)], {}, [("actual", "50"), ("actual", "20")]),
        ([(100, ACTUAL), (150, CLOSING), (27, ACTUAL)], {}, [("actual", "50"), "replacement_incomplete"]),
        ([(100, ACTUAL), (7, OPENING), (130, ACTUAL)], {}, ["replacement_incomplete", ("actual", "30")]),
        # 100, estimated 150 and 190, then read 170: 50 + 40 given, 20 taken back
        (
            [(100, ACTUAL), (150, ESTIMATED), (190, ESTIMATED), (170, ACTUAL)],
            {},
            [("estimated", "50"), ("estimated", "40"), ("true_up", "-20")],
        ),
        (
            [(100, ACTUAL), (150, ESTIMATED), (170, ACTUAL), (180, ACTUAL)],
            {},
            [("estimated", "50"), ("true_up", "20"), ("actual", "10")],
        ),
        ([(990, ACTUAL), (998, ESTIMATED), (5, ACTUAL)], {"rollover": "1000"}, [("estimated", "8"), ("true_up", "7")]),
        ([(-1, ACTUAL)], {}, ["negative_quantity"]),
        ([(1000, ACTUAL)], {"rollover": "1000"}, ["reading_above_rollover"]),
    ],
)
def test_readings_become_usage(readings, rules, expected):
    assert shown(chain(*readings, **rules)) == expected


def test_an_anomaly_leaves_the_register_where_it_was():
    state, _ = step(None, Reading(T0, Decimal(500)), RegisterRules())
    after, anomaly = step(state, Reading(T0 + HOUR, Decimal(3)), RegisterRules())
    assert after == state and type(anomaly) is Anomaly


def test_a_restart_that_the_device_reports_is_not_taken_for_usage():
    first = Reading(T0, Decimal(500), ACTUAL, T0 - HOUR)
    second = Reading(T0 + HOUR, Decimal(900), ACTUAL, T0 + HOUR / 2)
    _state, found = run(None, [first, second], RegisterRules(rollover=Decimal(1000)))
    assert shown(found) == ["counter_reset"]


def test_a_state_survives_being_stored_as_text():
    state, _ = run(
        None, [Reading(T0, Decimal("1.50"), ACTUAL, T0), Reading(T0 + HOUR, Decimal("2.5"), ESTIMATED)], RegisterRules()
    )
    assert RegisterState.from_dict(state.to_dict()) == state


def test_a_repeated_reading_gives_nothing_and_readings_out_of_order_are_a_fault_of_the_caller():
    readings = [Reading(T0 + HOUR, Decimal(5)), Reading(T0 + HOUR, Decimal(5))]
    state, found = run(None, readings, RegisterRules())
    assert found == []
    with pytest.raises(ValueError, match="after one of"):
        run(state, [Reading(T0, Decimal(4))], RegisterRules())


@pytest.mark.parametrize("seed", range(300))
def test_random_histories_agree_with_the_truth_to_the_last_digit(seed):
    """A perfect meter turns; readings, estimates, rollovers and exchanges follow; the sum must be what it turned."""
    chance = random.Random(seed)
    size = Decimal(chance.choice([1000, 10_000, 99999]))
    rules = RegisterRules(rollover=size)
    place = Decimal(chance.randrange(int(size))) + Decimal(chance.randrange(1000)) / 1000
    place %= size
    readings, truth, at = [Reading(T0, place)], Decimal(0), T0
    for _ in range(chance.randrange(1, 25)):
        at += timedelta(seconds=chance.randrange(1, 100_000))
        turned = Decimal(chance.randrange(int(size) // 8)) + Decimal(chance.randrange(1000)) / 1000
        event = chance.random()
        if event < 0.15:
            truth, place = truth + turned, (place + turned) % size
            readings.append(Reading(at, place, CLOSING))
            place = Decimal(chance.randrange(int(size)))
            readings.append(Reading(at, place, OPENING))
            continue
        if event < 0.35 and place + turned * 2 < size:
            # an estimate, off by up to a factor of two, then the true reading
            readings.append(
                Reading(at - timedelta(microseconds=1), place + turned * chance.choice([0, 1, 2]), ESTIMATED)
            )
        truth, place = truth + turned, (place + turned) % size
        readings.append(Reading(at, place))
    _state, found = run(None, readings, rules)
    assert not [item for item in found if type(item) is Anomaly], f"seed {seed}"
    assert sum((item.quantity for item in found), Decimal(0)) == truth, f"seed {seed}"
    assert all(item.quantity >= 0 for item in found if item.kind != "true_up"), f"seed {seed}"

"""Sequences: what is missing is found, what is only late is not called missing, a restart is no gap."""

import random
from datetime import datetime, timedelta, timezone

import pytest
from usage_parsing.sequence import Sequence, SequenceRules

T0 = datetime(2025, 1, 1, tzinfo=timezone.utc)


def observe(messages, **rules):
    producer = Sequence(SequenceRules(**rules))
    found = []
    for number, seconds in messages:
        found += producer.observe(number, T0 + timedelta(seconds=seconds))
    return producer, [(item.kind, item.first, item.last) for item in found if item.kind != "in_order"]


def in_time(*numbers):
    return [(number, seconds) for seconds, number in enumerate(numbers)]


def test_a_gap_opens_and_closes_when_it_is_filled_late():
    producer, found = observe([(0, 0), (1, 1), (4, 4), (3, 3), (2, 2), (5, 5)])
    assert found == [("sequence_gap", 2, 3), ("filled", 3, 3), ("filled", 2, 2)]
    assert producer.open_gaps() == []


def test_a_repeat_is_a_duplicate():
    assert observe([(0, 0), (1, 1), (1, 1), (0, 0)])[1] == [("duplicate", 1, 1), ("duplicate", 0, 0)]


def test_a_wrap_is_counted_on():
    producer, found = observe(in_time(65534, 65535, 0, 2), wrap=65536)
    assert found == [("sequence_gap", 65537, 65537)]
    assert producer.epochs[-1].highest == 65538


def test_a_restart_opens_a_new_epoch_and_its_own_gap():
    producer, found = observe([(500, 0), (501, 1), (2, 2), (3, 3), (1, 1.5)], first=0)
    assert found == [("restart", 2, 2), ("sequence_gap", 0, 1), ("filled", 1, 1)]
    assert [gap.first for gap in producer.open_gaps()] == [0]


def test_a_late_message_of_the_old_epoch_is_not_a_gap_of_the_new_one():
    producer, found = observe([(500, 0), (502, 2), (0, 3), (501, 1), (1, 4)])
    assert found == [("sequence_gap", 501, 501), ("restart", 0, 0), ("filled", 501, 501)]
    assert producer.open_gaps() == []


def test_a_state_survives_being_stored():
    producer, _ = observe([(500, 0), (502, 2), (0, 3), (4, 7)])
    again = Sequence.from_dict(producer.rules, producer.to_dict())
    assert again.to_dict() == producer.to_dict()
    assert again.open_gaps() == producer.open_gaps()


@pytest.mark.parametrize("seed", range(60))
def test_in_random_traffic_exactly_the_dropped_messages_are_missing(seed):
    chance = random.Random(seed)
    wrap = chance.choice([None, 65536])
    # Most wrapping producers name their restarts: close to a wrap there is no other way to know.
    number, epoch, begun, sent = chance.randrange(60_000), 0, 0, []
    names_boots = wrap is not None and seed % 4 < 3
    for second in range(1_500):
        # An epoch shorter than the lateness of messages cannot be told apart by anyone.
        if chance.random() < 0.004 and second > 100 + begun:
            number, epoch, begun = 0, epoch + 1, second
        sent.append((number, second, epoch))
        number = (number + 1) % wrap if wrap else number + 1
    edges = {
        n for n, (_, _, e) in enumerate(sent) if n in (0, len(sent) - 1) or sent[n - 1][2] != e or sent[n + 1][2] != e
    }
    dropped = {n for n in range(len(sent)) if n not in edges and chance.random() < 0.01}
    kept = [message for n, message in enumerate(sent) if n not in dropped]
    kept += [message for message in kept if chance.random() < 0.01]
    # late by up to 30 messages
    order = sorted(range(len(kept)), key=lambda n: (kept[n][1] + chance.random() * 30) if kept[n][1] else -1)
    producer, found = Sequence(SequenceRules(wrap=wrap)), []
    for n in order:
        boot = f"boot {kept[n][2]}" if names_boots else ""
        found += producer.observe(kept[n][0], T0 + timedelta(seconds=kept[n][1]), boot)
    opened = sum(item.last - item.first + 1 for item in found if item.kind == "sequence_gap")
    filled = sum(1 for item in found if item.kind == "filled")
    assert opened - filled == len(dropped), f"seed {seed}"
    assert sum(1 for item in found if item.kind == "restart") == epoch, f"seed {seed}"


def restarting(restarts, per_start=5, missing=(), boots=False):
    """[(number, at, boot)] of a producer that starts again and again; `missing`: (start, number) that do not come."""
    return [
        (number, T0 + timedelta(seconds=60 * start + number), f"boot {start}" if boots else "")
        for start in range(restarts + 1)
        for number in range(per_start)
        if (start, number) not in missing
    ]


def take(producer, messages):
    return [finding for message in messages for finding in producer.observe(*message)]


@pytest.mark.parametrize("boots", [False, True])
def test_any_number_of_restarts_is_told_apart_and_little_is_remembered(boots):
    missing = {(start, 2) for start in range(0, 1_000, 25)}
    producer = Sequence(SequenceRules())
    found = take(producer, restarting(1_000, missing=missing, boots=boots))
    assert sum(item.kind == "restart" for item in found) == 1_000
    assert {(item.epoch, item.first) for item in found if item.kind == "sequence_gap"} == missing
    assert {(item.epoch, item.first) for item in producer.open_gaps()} == missing
    assert len(producer.epochs) == 6 + len(missing)
    again = Sequence.from_dict(producer.rules, producer.to_dict())
    # The end of it once more: what had come is no news, and nothing is called missing.
    found = take(again, restarting(1_000, missing=missing, boots=boots)[-900:])
    assert {item.kind for item in found} <= {"past", "duplicate"}
    late = [(2, T0 + timedelta(seconds=60 * start + 2), f"boot {start}" if boots else "") for start, _ in missing]
    assert [item.kind for item in take(again, late)] == ["filled"] * len(missing)
    assert again.open_gaps() == [] and len(again.epochs) == 6


def test_beyond_its_bounds_a_producer_forgets_and_still_invents_nothing():
    missing = {(start, 2) for start in range(1_000)}
    producer = Sequence(SequenceRules())
    messages = restarting(1_000, missing=missing, boots=True)
    found = take(producer, messages)
    assert sum(item.kind == "sequence_gap" for item in found) == 1_000
    assert len(producer.epochs) == 106 and len(producer.forgotten) == 200
    assert len(str(producer.to_dict())) < 30_000
    assert {item.kind for item in take(producer, messages[-800:])} <= {"past", "duplicate"}


def test_a_producer_whose_clock_begins_anew_with_each_start_is_followed_by_its_boots():
    producer = Sequence(SequenceRules())
    for start in range(50):
        messages = [(number, T0 + timedelta(seconds=number), f"boot {start}") for number in (0, 1, 3)]
        found = take(producer, messages)
        assert [(item.first, item.last) for item in found if item.kind == "sequence_gap"] == [(2, 2)], start


def test_a_long_name_of_a_start_is_remembered_by_its_digest():
    producer = Sequence(SequenceRules())
    for name in ("x" * 100_000, "x" * 99_999 + "y"):
        take(producer, [(number, T0, name) for number in (0, 1)])
    assert len(producer.epochs) == 2 and len(str(producer.to_dict())) < 1_000

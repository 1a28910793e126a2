"""Registers: cumulative readings become usage between two readings. Nothing is invented, nothing lost.

The sum of all quantities given between two actual readings equals the difference of the
readings, plus one rollover size per declared rollover. What is not certain becomes an Anomaly
and leaves the register where it was, so that nothing is skipped while a person decides.

States of a register: unknown -> running -> (closing) awaiting opening -> (opening) running.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, Optional

from .quantities import EXACT

ACTUAL, ESTIMATED, CLOSING, OPENING = "actual", "estimated", "closing", "opening"
KINDS = (ACTUAL, ESTIMATED, CLOSING, OPENING)
TRUE_UP = "true_up"
_SECOND = timedelta(seconds=1)
_DAY_MICROS = 86_400_000_000


class Reading(NamedTuple):
    """One reading of a register. ``at``: aware UTC. ``kind``: actual, estimated, closing, opening.

    ``started_at``: when the device says its register began to count (evidence of a restart), or None.
    """

    at: datetime
    value: Decimal
    kind: str = ACTUAL
    started_at: Optional[datetime] = None


class RegisterRules(NamedTuple):
    """What is known of a register. ``rollover``: the value at which it begins again from 0, or None.

    ``max_delta``: most that may lie between two readings; ``max_per_day``: the same per 24 hours; None =
    no bound (a rollover then still may not exceed half of the register).
    """

    rollover: Optional[Decimal] = None
    max_delta: Optional[Decimal] = None
    max_per_day: Optional[Decimal] = None


class RegisterState(NamedTuple):
    """Where a register stands. ``value``/``at``: last accepted reading of any kind.

    ``base``/``base_at``: last actual reading; ``estimated``: usage given since then on estimates.
    """

    at: datetime
    value: Decimal
    base_at: datetime
    base: Decimal
    estimated: Decimal
    started_at: Optional[datetime]
    awaiting_opening: bool

    def to_dict(self) -> dict:
        """Return plain JSON data."""
        return {
            name: value.isoformat()
            if isinstance(value, datetime)
            else str(value)
            if isinstance(value, Decimal)
            else value
            for name, value in self._asdict().items()
        }

    @classmethod
    def from_dict(cls, data: dict) -> RegisterState:
        """Return the state that ``to_dict`` wrote."""
        times = {name: datetime.fromisoformat(data[name]) for name in ("at", "base_at")}
        numbers = {name: Decimal(data[name]) for name in ("value", "base", "estimated")}
        began = datetime.fromisoformat(data["started_at"]) if data["started_at"] else None
        return cls(**times, **numbers, started_at=began, awaiting_opening=bool(data["awaiting_opening"]))


class Delta(NamedTuple):
    """Usage between two readings: [start, end), ``kind`` actual, estimated or true_up.

    A true-up covers the time since the last actual reading and may be negative: it takes
    back what estimates gave too much. ``reading_from``/``reading_to`` explain the figure.
    """

    start: datetime
    end: datetime
    quantity: Decimal
    kind: str
    reading_from: Decimal
    reading_to: Decimal


class Anomaly(NamedTuple):
    """A reading that a person must look at. ``code`` is a key of REASONS."""

    code: str
    params: dict
    reading: Reading


def step(state: Optional[RegisterState], reading: Reading, rules: RegisterRules) -> tuple:
    """Return (new state, Delta or Anomaly or None). None: the first, an opening, or a repeated reading."""
    if reading.kind not in KINDS:
        raise ValueError(f"no such kind of reading: {reading.kind}")
    refused = _refused(state, reading, rules)
    if refused is not None:
        return state, refused
    if state is None or reading.kind == OPENING:
        return _opened(reading), None
    if reading.at == state.at:
        return state, None
    total, problem = _total(state, reading, rules)
    if problem is not None:
        return state, problem
    return _advanced(state, reading, total)


def run(state: Optional[RegisterState], readings: Iterable, rules: RegisterRules) -> tuple:
    """Return (new state, [Delta or Anomaly, ...]) for readings in order of time."""
    found = []
    for reading in readings:
        state, outcome = step(state, reading, rules)
        if outcome is not None:
            found.append(outcome)
    return state, found


def _opened(reading: Reading) -> RegisterState:
    return RegisterState(
        reading.at, reading.value, reading.at, reading.value, Decimal(0), reading.started_at, reading.kind == CLOSING
    )


def _refused(state, reading, rules):
    """Return the Anomaly of a reading that cannot be set against the state, else None."""
    if rules.rollover is not None and reading.value >= rules.rollover:
        return _anomaly("reading_above_rollover", reading, reading=reading.value, rollover=rules.rollover)
    if reading.value < 0:
        return _anomaly("negative_quantity", reading, value=reading.value, column="reading")
    if state is None:
        return None
    if reading.at < state.at:
        # Whoever keeps the chain lets a late reading split it: an order that is lost here is a fault of ours.
        raise ValueError(f"a reading of {reading.at} after one of {state.at}")
    if state.awaiting_opening != (reading.kind == OPENING) and not _repeats(state, reading):
        missing = "opening" if state.awaiting_opening else "closing"
        return _anomaly("replacement_incomplete", reading, missing=missing)
    same_moment = reading.at == state.at and reading.kind != OPENING
    if same_moment and reading.value != state.value:
        return _anomaly(
            "reading_conflict", reading, at=reading.at.isoformat(), previous=state.value, reading=reading.value
        )
    return None


def _repeats(state, reading) -> bool:
    return reading.at == state.at and reading.value == state.value


def _total(state, reading, rules) -> tuple:
    """Return (usage since the last actual reading, None) or (None, Anomaly)."""
    restarted = (
        reading.started_at is not None and state.started_at is not None and reading.started_at > state.started_at
    )
    total = EXACT.subtract(reading.value, state.base)
    if restarted:
        return None, _anomaly("counter_reset", reading, previous=state.value, reading=reading.value)
    if total < 0:
        if rules.rollover is None:
            previous = state.base
            return None, _anomaly("counter_rollover_undeclared", reading, previous=previous, reading=reading.value)
        total = EXACT.add(total, rules.rollover)
        unbounded = rules.max_delta is None and rules.max_per_day is None
        if unbounded and total * 2 > rules.rollover:
            limit = EXACT.divide(rules.rollover, Decimal(2))
            return None, _anomaly("implausible_delta", reading, delta=total, limit=limit)
    limit = _limit(state, reading, rules)
    if limit is not None and total > limit:
        return None, _anomaly("implausible_delta", reading, delta=total, limit=limit)
    return total, None


def _limit(state, reading, rules):
    """Return the most that may lie between the last actual reading and this one, or None."""
    limits = [rules.max_delta] if rules.max_delta is not None else []
    if rules.max_per_day is not None:
        micros = (reading.at - state.base_at) // timedelta(microseconds=1)
        # Rounded down to a whole number of units above the bound would be generous: floor is strict.
        limits.append(EXACT.multiply(rules.max_per_day, Decimal(micros)) // _DAY_MICROS + 1)
    return min(limits) if limits else None


def _advanced(state, reading, total) -> tuple:
    quantity = EXACT.subtract(total, state.estimated)
    if reading.kind == ESTIMATED:
        new = state._replace(at=reading.at, value=reading.value, estimated=total)
        return new, Delta(state.at, reading.at, quantity, ESTIMATED, state.value, reading.value)
    new = _opened(reading)
    if new.started_at is None:
        new = new._replace(started_at=state.started_at)
    if state.estimated or state.at != state.base_at:
        return new, Delta(state.base_at, reading.at, quantity, TRUE_UP, state.base, reading.value)
    return new, Delta(state.at, reading.at, quantity, ACTUAL, state.value, reading.value)


def _anomaly(code: str, at_fault: Reading, /, **params) -> Anomaly:
    return Anomaly(code, {name: str(value) for name, value in params.items()}, at_fault)

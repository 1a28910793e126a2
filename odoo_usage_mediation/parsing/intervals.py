"""When usage began and ended: stamps at the start or at the end, fixed, stated or measured lengths."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from .measures import compile_expression
from .quantities import EXACT
from .reasons import Refuse

_MICROS = EXACT.create_decimal(1_000_000)


def compile_times(spec, env, window=None) -> Callable:
    """Build ``row -> (start, until)`` in UTC, half-open; ``until`` is None for an instant.

    With ``window`` the start is checked here (for measures with a time of their own).
    """
    read = _compile(spec, env)
    if window is None:
        return read

    def checked(row):
        start, until = read(row)
        window.check(start)
        return start, until

    return checked


def _compile(spec, env) -> Callable:
    if isinstance(spec, str):
        spec = {"column": spec}
    stamp = env.time(spec)
    if "until" in spec:
        until = spec["until"]
        return _start_and_end(stamp, env.time({"column": until} if isinstance(until, str) else until))
    at_end = spec.get("is") == "end"
    if "interval_seconds" in spec:
        return _fixed_length(stamp, timedelta(seconds=spec["interval_seconds"]), at_end)
    if "duration" in spec:
        return _own_length(stamp, compile_expression(spec["duration"], env, "missing_time"), at_end)
    return lambda row: (stamp(row), None)


def _placed(at, length, at_end):
    try:
        return (at - length, at) if at_end else (at, at + length)
    except OverflowError:
        raise Refuse("bad_time", value=at.isoformat(), column="", why="it is out of range") from None


def _fixed_length(stamp, length, at_end):
    return lambda row: _placed(stamp(row), length, at_end)


def _own_length(stamp, seconds, at_end):
    def read(row):
        at, count = stamp(row), seconds(row)
        if count < 0:
            raise Refuse("bad_interval", start=at.isoformat(), until=f"{count} s later")
        try:
            # Cut off below microseconds, as for every time.
            length = timedelta(microseconds=int(EXACT.multiply(count, _MICROS)))
        except OverflowError:
            raise Refuse("bad_time", value=f"{count} s", column="", why="it is out of range") from None
        return _placed(at, length, at_end)

    return read


def _start_and_end(stamp, stamp_until):
    def read(row):
        start, until = stamp(row), stamp_until(row)
        if until < start:
            raise Refuse("bad_interval", start=start.isoformat(), until=until.isoformat())
        return start, until

    return read

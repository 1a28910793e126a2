"""From rows to records: a profile compiled once into functions, then run for each row.

The unit of counting is the item: each row gives one item per measure, or one rejection when
the row as a whole cannot be read. Received = records + rejections, always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import chain, islice
from typing import NamedTuple, Optional

from .columns import compile_columns
from .intervals import compile_times
from .keys import compile_key
from .measures import compile_conditions, compile_expression
from .reasons import Refuse
from .records import Rejection, derive_external_id, make_record, row_external_id
from .repeated_hour import RepeatedHour
from .texts import compile_identity, compile_text, label, storable

_PORTION_ROWS = 200
_LEAST_ROWS = 8
_LONGEST_PAUSE = 31


class Window(NamedTuple):
    """The instants that are accepted, both inclusive, aware; None = no bound. The caller has the clock."""

    earliest: Optional[datetime] = None
    latest: Optional[datetime] = None

    def check(self, start: datetime) -> None:
        """Return when start is inside, else refuse it as time_too_old or time_in_future."""
        if self.earliest is not None and start < self.earliest:
            raise Refuse("time_too_old", value=start.isoformat(), earliest=self.earliest.isoformat())
        if self.latest is not None and start > self.latest:
            raise Refuse("time_in_future", value=start.isoformat(), latest=self.latest.isoformat())


class _Head(NamedTuple):
    """What all measures of a row share, compiled."""

    left_out: Optional[Callable]
    subject: Callable
    external_id: Callable
    times: Callable
    window: Optional[Window]
    end_user: Optional[Callable]
    currency: Optional[Callable]


class _Measure(NamedTuple):
    """One quantity of a row, compiled. ``constant_*`` are texts, or None when read from the row."""

    left_out: Optional[Callable]
    quantity: Callable
    column: str
    accept_negative: bool
    suffix: str
    metric: Optional[Callable]
    constant_metric: Optional[str]
    unit: Optional[Callable]
    constant_unit: Optional[str]
    times: Optional[Callable]
    dimensions: tuple
    amount: Optional[Callable]


class RowMapper:
    """Compiled form of a profile for one file or one stream of messages."""

    def __init__(self, profile, env, *, file_digest: str = "", window: Window = Window()):
        bounded = window != (None, None)
        self._head = _Head(
            compile_conditions(profile.where, env),
            compile_identity(profile.subject, env, "missing_subject"),
            _external_id(profile.external_id, profile, env, file_digest),
            compile_times(profile.time, env),
            window if bounded else None,
            compile_identity(profile.end_user, env) if profile.end_user else None,
            compile_text(profile.currency, env) if profile.currency else None,
        )
        self._numbers_repeats = profile.external_id.get("repeats", False)
        in_order = profile.ambiguous_time == "in_order" and "key" in profile.external_id and not self._numbers_repeats
        self._repeated_hour = (lambda: RepeatedHour(env, profile.time)) if in_order else None
        self.counts_repeats = self._numbers_repeats or in_order
        self._holds_one = len(profile.measures) == 1
        measures = [(_compile_if_there(profile, spec, env, self._head.window), spec) for spec in profile.measures]
        there = [(measure, spec) for measure, spec in measures if measure]
        self._measures = [measure for measure, _spec in there]
        if not there:
            env.missing += env.lacking
        by_columns = len(there) == 1 and not self.counts_repeats
        self._columns = compile_columns(profile, env, self._head, *there[0]) if by_columns else None

    def items(self, entries: Iterable) -> Iterator:
        """Yield the items of entries: ``(row number, row)``, or a Rejection, which is passed on."""
        if self._columns:
            return chain.from_iterable(self._portions(iter(entries)))
        return self._one_by_one(entries)

    def _portions(self, entries: Iterator) -> Iterator:
        """Yield portions of items: by columns; after one in doubt, for a while (longer each time) row by row."""
        pause = left = 0
        while portion := list(islice(entries, _PORTION_ROWS)):
            records = None if left else self.by_columns(portion)
            if records is not None:
                pause = 0
                yield records
                continue
            if left:
                left -= 1
            else:
                left = pause = min(2 * pause + 1, _LONGEST_PAUSE)
            yield self._one_by_one(portion)

    def by_columns(self, portion: list):
        """Return the Records of a list of entries, one each, or None where any of them needs a look of its own."""
        return self._columns(portion) if self._columns and len(portion) >= _LEAST_ROWS else None

    def instant(self, row):
        """Return when the usage of a row began, or None when that cannot be read; whatever else is wrong with it."""
        try:
            return self._head[3](row)[0]
        except Refuse:
            return None

    def _one_by_one(self, entries: Iterable) -> Iterator:
        left_out, subject_of, external_id_of, times, window, end_user_of, currency_of = self._head
        measures, seen = self._measures, {}
        repeated = self._repeated_hour() if self._repeated_hour else None
        for entry in entries:
            if type(entry) is Rejection:
                yield entry
                continue
            row_number, row = entry
            raw = tuple(row) if type(row) is list else row
            try:
                if left_out and (column := left_out(row)) is not None:
                    raise Refuse("filtered", column=column)
                subject = subject_of(row)
                external_id = external_id_of(row, row_number)
                if self._numbers_repeats:
                    external_id = _numbered(external_id, seen)
                start, until = times(row)
                if repeated:
                    external_id, start, until = repeated.placed(external_id, start, until)
                if window:
                    window.check(start)
                end_user = end_user_of(row) if end_user_of else ""
                currency = currency_of(row) if currency_of else ""
            except Refuse as refusal:
                metric = _metric_of(measures[0], row) if self._holds_one and measures else ""
                yield Rejection(row_number, refusal.code, refusal.params, metric, storable(raw))
                continue
            for measure in measures:
                try:
                    yield _record(measure, row, row_number, external_id, subject, start, until, currency, end_user, raw)
                except Refuse as refusal:
                    metric = _metric_of(measure, row)
                    yield Rejection(row_number, refusal.code, refusal.params, metric, storable(raw))


def _record(measure, row, row_number, external_id, subject, start, until, currency, end_user, raw):
    """Return the Record of one measure, or raise Refuse."""
    (
        left_out,
        quantity_of,
        column,
        accept_negative,
        suffix,
        metric_of,
        metric,
        unit_of,
        unit,
        times,
        dimensions_of,
        amount_of,
    ) = measure
    if left_out and (failed := left_out(row)) is not None:
        raise Refuse("filtered", column=failed)
    quantity = quantity_of(row)
    if quantity < 0 and not accept_negative:
        raise Refuse("negative_quantity", value=quantity, column=column)
    if times:
        start, until = times(row)
    dimensions = {}
    for name, read in dimensions_of:
        text = read(row)
        if text:
            dimensions[name] = text
    return make_record(
        (
            row_number,
            external_id + suffix if suffix else external_id,
            subject,
            metric if metric_of is None else metric_of(row),
            start,
            until,
            quantity,
            unit if unit_of is None else unit_of(row),
            dimensions,
            amount_of(row) if amount_of else None,
            currency,
            end_user,
            raw,
        )
    )


def _metric_of(measure, row):
    """The metric that a refused quantity reports; "" where the row does not say it either."""
    if measure.metric is None:
        return measure.constant_metric
    try:
        return measure.metric(row)
    except Refuse:
        return ""


def _numbered(external_id, seen):
    """The identity of a row whose key may come again in its file: from the second on with its number."""
    number = seen[external_id] = seen.get(external_id, 0) + 1
    return external_id if number == 1 else f"{external_id}#{number}"


def _compile_if_there(profile, spec, env, window):
    """The measure, or None when it is optional and the file lacks a column of it."""
    known = len(env.missing)
    measure = _compile_measure(profile, spec, env, window)
    if not spec.get("optional") or len(env.missing) == known:
        return measure
    env.lacking += env.missing[known:]
    del env.missing[known:]
    return None


def _compile_measure(profile, spec, env, window) -> _Measure:
    metric, unit, column = spec["metric"], spec.get("unit", ""), label(spec["quantity"])
    if isinstance(metric, dict) and metric.keys() == {"constant"}:
        metric = _fixed(metric, env)
    constant_metric = isinstance(metric, str)
    constant_unit = isinstance(unit, str)
    quantity = compile_expression(spec["quantity"], env)
    if spec.get("on_missing") == "filter":
        quantity = _filtering(quantity, column)
    amount = spec.get("amount", profile.amount)
    dimensions = {**profile.dimensions, **spec.get("dimensions", {})}
    return _Measure(
        left_out=compile_conditions(spec.get("when", []), env),
        quantity=quantity,
        column=column,
        accept_negative=spec.get("on_negative") == "accept",
        suffix=spec.get("id_suffix", ""),
        metric=None if constant_metric else _metric(metric, env),
        constant_metric=metric if constant_metric else None,
        unit=None if constant_unit else _unit(unit, env),
        constant_unit=unit if constant_unit else None,
        times=compile_times(spec["time"], env, window) if "time" in spec else None,
        dimensions=tuple((name, compile_text(part, env)) for name, part in dimensions.items()),
        amount=_amount(amount, env) if amount is not None else None,
    )


def _filtering(quantity: Callable, column: str) -> Callable:
    def read(row):
        try:
            return quantity(row)
        except Refuse as refusal:
            if refusal.code == "missing_quantity":
                raise Refuse("filtered", column=column) from None
            raise

    return read


def _external_id(spec, profile, env, file_digest) -> Callable:
    if "row" in spec:
        if not file_digest:
            raise ValueError("a profile with row identities needs the digest of the file")
        return lambda row, row_number: row_external_id(file_digest, row_number)
    if "key" in spec:
        parts = compile_key(spec, profile, env)
        return lambda row, row_number: derive_external_id([part(row) for part in parts])
    if "else" in spec:
        return _external_id_or_key(spec, profile, env)
    read = compile_identity(spec, env, "missing_external_id")
    return lambda row, row_number: read(row)


def _external_id_or_key(spec, profile, env) -> Callable:
    """The producer's id; where the file or the row has none, one of the key columns."""
    known = len(env.missing)
    read = compile_identity({name: part for name, part in spec.items() if name != "else"}, env)
    del env.missing[known:]
    parts = compile_key(spec["else"], profile, env)
    return lambda row, row_number: read(row) or derive_external_id([part(row) for part in parts])


def _metric(spec, env) -> Callable:
    plain = {name: value for name, value in spec.items() if name not in ("map", "strict")}
    read, column = compile_identity(plain, env, "missing_metric"), label(spec)
    table, strict = spec.get("map"), spec.get("strict", True)

    def metric(row):
        name = read(row)
        if table is None:
            return name
        if name not in table and strict:
            raise Refuse("unknown_metric", value=name[:60], column=column)
        return table.get(name, name)

    return metric


def _fixed(metric, env):
    """Return the code of a metric that is one for all rows; the spec as it is when rows are to be refused for it."""
    try:
        return _metric(metric, env)(())
    except Refuse:
        return metric


def _unit(spec, env) -> Callable:
    plain = {name: value for name, value in spec.items() if name not in ("expect", "allowed")}
    read, expect, allowed = compile_text(plain, env), spec.get("expect"), spec.get("allowed")

    def unit(row):
        name = read(row)
        if expect is not None and name != expect:
            raise Refuse("unit_mismatch", value=name[:60] or "missing", expected=expect)
        if allowed and name not in allowed:
            raise Refuse("unknown_unit", value=name[:60] or "missing")
        return name

    return unit


def _amount(spec, env) -> Callable:
    read, column = compile_expression(spec, env, missing="missing_amount"), label(spec)
    plain = {"column": spec} if isinstance(spec, str) else spec
    get = env.getter(plain) if plain.keys() == {"column"} else None

    def amount(row):
        if get and not get(row):
            return None
        try:
            return read(row)
        except Refuse as refusal:
            if refusal.code == "missing_amount":
                return None
            if refusal.code == "bad_quantity":
                raise Refuse("bad_amount", value=refusal.params["value"], column=column) from None
            raise

    return amount

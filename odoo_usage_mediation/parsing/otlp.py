"""OpenTelemetry metrics in OTLP/JSON: one row per data point.

Columns: ``metric``, ``unit``, ``kind`` (sum, gauge, histogram, exponentialHistogram, summary), ``temporality``
(delta, cumulative, ""), ``monotonic``, ``value`` (a histogram's sum), ``count``, ``start``, ``time`` (epoch
nanoseconds), ``resource.<key>``, ``attributes.<key>`` (dots in keys are written ``\\.``), ``scope``, and
``series``: a digest of what identifies the stream of points. Identity: ``{"key": ["series", "start", "time"]}``.
For the register that a whole resource is, of cumulative sums: ``total`` (the sum of all its series of the metric at one
time), given by the first of their points, whose ``among`` is 1; "" where the series are not told at the same times.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from .limits import Limits
from .quantities import EXACT
from .reasons import Refuse
from .records import Rejection, derive_external_id
from .texts import Canonical, storable

_REQUEST = {"resourceMetrics", "resource_metrics"}
_SNAKE = re.compile(r"_([a-z])")
_DECIMAL = re.compile(r"-?[0-9]{1,24}(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?")
_KINDS = ("sum", "gauge", "histogram", "exponentialHistogram", "summary")
_TEMPORALITY = {"1": "delta", "2": "cumulative"}
_NAMES = {"AGGREGATION_TEMPORALITY_DELTA": "delta", "AGGREGATION_TEMPORALITY_CUMULATIVE": "cumulative"}


def otlp_rows(entries: Iterable, requests: bool, limits: Limits) -> Iterator:
    """Yield (ordinal, data point) or a Rejection.

    ``entries`` are resourceMetrics objects, or whole export requests (with ``requests`` nothing else).
    """
    number = 0
    for entry in entries:
        if type(entry) is Rejection:
            yield entry
            continue
        _line, item = entry
        for resource in _resources(item) if requests or _REQUEST & item.keys() else [item]:
            try:
                points = list(_points(_modern(resource), limits))
                _add_up(points)
            except Refuse as refusal:
                number += 1
                yield Rejection(number, refusal.code, refusal.params, "", storable(resource))
                continue
            for point in points:
                number += 1
                yield number, point


def _resources(request: dict) -> list:
    return _list(request, "resource_metrics" if "resource_metrics" in request else "resourceMetrics")


def _modern(resource: dict) -> dict:
    """Return a resource in the names of OTLP/JSON: some exporters write snake_case, old ones call a scope otherwise."""
    if "scopeMetrics" in resource:
        return resource
    if "scope_metrics" in resource or "instrumentation_library_metrics" in resource:
        resource = _camel(resource)
    if "instrumentationLibraryMetrics" in resource:
        scopes = _list(resource, "instrumentationLibraryMetrics")
        scopes = [{**scoped, "scope": scoped.get("instrumentationLibrary", {})} for scoped in scopes]
        resource = {**resource, "scopeMetrics": scopes}
    if resource.keys() - {"resource", "schemaUrl", "scopeMetrics", "instrumentationLibraryMetrics"}:
        raise Refuse("bad_structure", why="it has no scopeMetrics")
    return resource


def _camel(value):
    if isinstance(value, dict):
        return {_SNAKE.sub(lambda match: match.group(1).upper(), key): _camel(item) for key, item in value.items()}
    return [_camel(item) for item in value] if isinstance(value, list) else value


def _points(resource: dict, limits: Limits) -> Iterator:
    attributes = _attributes(_object(resource, "resource"))
    for scoped in _list(resource, "scopeMetrics"):
        scope = _object(scoped, "scope").get("name", "")
        for metric in _list(scoped, "metrics"):
            for kind in _KINDS:
                if kind in metric:
                    yield from _metric_points(metric, kind, attributes, scope)


def _metric_points(metric, kind, resource, scope) -> Iterator:
    body = _object(metric, kind)
    stated = str(body.get("aggregationTemporality", ""))
    head = {
        "metric": metric.get("name", ""),
        "unit": metric.get("unit", ""),
        "kind": kind,
        "temporality": _NAMES.get(stated, _TEMPORALITY.get(stated, "")),
        "monotonic": body.get("isMonotonic", False),
        "resource": resource,
        "scope": scope,
    }
    for point in _list(body, "dataPoints"):
        attributes = _attributes(point)
        identity = json.dumps([head["metric"], head["unit"], kind, scope, resource, attributes], sort_keys=True)
        value = point.get("asInt", point.get("asDouble", point.get("sum", "")))
        yield {
            **head,
            "attributes": attributes,
            "series": derive_external_id([identity]),
            "value": _number(value),
            "count": _number(point.get("count", "")),
            "start": _number(point.get("startTimeUnixNano", "")),
            "time": _number(point.get("timeUnixNano", "")),
        }


def _add_up(points: list) -> None:
    """Set ``total`` and ``among`` of the points of cumulative sums of one resource."""
    metrics: dict = {}
    for point in points:
        if point["kind"] == "sum" and point["temporality"] == "cumulative":
            point.update(total="", among=Canonical(1))
            metrics.setdefault((point["metric"], point["unit"]), []).append(point)
    for series in metrics.values():
        if len({point["series"] for point in series}) == len(series):
            # Each series once: what they show now, though some exporters stamp each with a moment of its own.
            latest = max((point["time"] for point in series), key=lambda time: (len(time), time))
            _set_total(series, latest)
            continue
        moments: dict = {}
        for point in series:
            moments.setdefault(point["time"], {})[point["series"]] = point
        is_even = len({frozenset(group) for group in moments.values()}) == 1
        for time, group in moments.items():
            _set_total(list(group.values()), time, is_even)


def _set_total(points, time, is_known=True):
    for place, point in enumerate(points, start=1):
        point["among"] = Canonical(place)
    values = [point["value"] for point in points]
    if is_known and all(map(_DECIMAL.fullmatch, values)):
        total = Decimal(0)
        for value in values:
            total = EXACT.add(total, Decimal(value))
        points[0].update(total=Canonical(format(total, "f")), time=time)


def _number(value):
    """64-bit numbers come as texts; both spellings are canonical."""
    return Canonical(value) if isinstance(value, str) and value else ""


def _attributes(holder: dict) -> dict:
    found = {}
    for pair in _list(holder, "attributes"):
        value = _object(pair, "value")
        found[str(pair.get("key", ""))] = _any_value(value)
    return found


def _any_value(value: dict):
    for name in ("stringValue", "intValue", "doubleValue", "boolValue"):
        if name in value:
            return value[name]
    return json.dumps(value, sort_keys=True) if value else ""


def _list(holder: dict, name: str) -> list:
    items = holder.get(name, [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Refuse("bad_structure", why=f"{name} is not a list of objects")
    return items


def _object(holder: dict, name: str) -> dict:
    item = holder.get(name, {})
    if not isinstance(item, dict):
        raise Refuse("bad_structure", why=f"{name} is not an object")
    return item

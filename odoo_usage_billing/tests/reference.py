"""What the kernel's short aggregations make of stored events: the other side of the SQL.

Nothing here reads a bucket or a local day that was stored: events in the order of (instant, id), and
assignments, are all it knows.
"""

from collections import defaultdict
from datetime import timezone
from decimal import Decimal
from typing import NamedTuple

from odoo.addons.odoo_usage_billing.rating import aggregate
from odoo.addons.odoo_usage_billing.rating.interval import Interval, instants, local_date


class Event(NamedTuple):
    """A stored event."""

    line_id: int
    subject_id: int
    end_user_id: int
    occurred_at: object
    quantity: Decimal
    amount: Decimal
    dimensions: dict


class Stay(NamedTuple):
    """A subject on a contract line during an interval of aware instants."""

    line_id: int
    subject_id: int
    start_at: object
    end_at: object


def aware(moment):
    """A naive UTC instant with its zone; nothing stays nothing."""
    return moment and moment.replace(tzinfo=timezone.utc)


def stored_events(env, metric, standing=True):
    """All events of a metric in the order of (instant, id); `standing`: without voids and what they took back."""
    env.cr.execute(
        "SELECT id, voids_event_id, contract_line_id, subject_id, COALESCE(end_user_id, 0), occurred_at,"
        " quantity::text, COALESCE(amount, 0)::text, dimensions"
        " FROM usage_event WHERE metric_id = %s ORDER BY occurred_at, id",
        (metric.id,),
    )
    rows = env.cr.fetchall()
    gone = {voids for _id, voids, *_rest in rows} if standing else set()
    return [
        Event(line, subject, person, aware(at), Decimal(quantity), Decimal(amount), dimensions or {})
        for id_, voids, line, subject, person, at, quantity, amount, dimensions in rows
        if not standing or (voids is None and id_ not in gone)
    ]


def stored_stays(env, metric=None):
    """All assignments, of a metric or of any, in the order of their start."""
    domain = [("metric_id", "=", metric.id)] if metric else []
    return [
        Stay(a.contract_line_id.id, a.subject_id.id, aware(a.start_at), aware(a.end_at))
        for a in env["usage.assignment"].search(domain, order="start_at")
    ]


def within(need, events):
    """The events of a need's lines and local days."""
    return [
        e
        for e in events
        if e.line_id in need.line_ids and need.date_start <= local_date(e.occurred_at, need.zone) < need.date_end
    ]


def expected(need, events, stays):
    """The quantity of a need, by the reference."""
    metric = need.metric
    if metric.aggregation == "time_weighted_average":
        return _levels(need, events, stays)
    if metric.aggregation == "unique_count":
        return aggregate.unique_count(key for key in map(_unique_key(metric), within(need, events)) if key)
    grains = defaultdict(list)
    apart = metric.per_subject and metric.aggregation not in ("sum", "count")
    for event in within(need, events):
        grains[event.subject_id if apart else 0].append(event)
    return aggregate.total(_plain(metric, group) for group in grains.values())


def _unique_key(metric):
    if metric.unique_by == "dimension":
        return lambda event: event.dimensions.get(metric.unique_dimension)
    return lambda event: event.subject_id if metric.unique_by == "subject" else event.end_user_id


def _plain(metric, events):
    quantities = [event.quantity for event in events]
    if metric.aggregation == "latest":
        return aggregate.latest((event.occurred_at, event.quantity) for event in events)
    if metric.aggregation == "percentile":
        return aggregate.percentile(quantities, metric.percentile)
    return {
        "sum": aggregate.total,
        "count": aggregate.count,
        "max": aggregate.maximum,
        "average": aggregate.average,
    }[metric.aggregation](quantities)


def _levels(need, events, stays):
    start, end = instants(Interval(need.date_start, need.date_end), need.zone)
    if not need.metric.per_subject:
        mine = [event for event in events if event.line_id in need.line_ids]
        readings = [(e.occurred_at, e.quantity) for e in mine if start <= e.occurred_at < end]
        return aggregate.time_weighted_average(readings, start, end, _level_at(mine, start))
    averages = []
    for subject_id in {stay.subject_id for stay in stays}:
        own = [event for event in events if event.subject_id == subject_id]
        readings = []
        for stay in stays:
            if stay.subject_id == subject_id and stay.line_id in need.line_ids:
                readings += _held(own, max(stay.start_at, start), min(stay.end_at or end, end), end)
        averages.append(aggregate.time_weighted_average(readings, start, end))
    return aggregate.total(averages)


def _level_at(events, instant):
    before = [event for event in events if event.occurred_at < instant]
    return before[-1].quantity if before else Decimal(0)


def _held(events, begin, until, end):
    """The level of a subject during one stay: what it brings along, its readings, and 0 when it leaves."""
    if begin >= until:
        return []
    inside = [(e.occurred_at, e.quantity) for e in events if begin <= e.occurred_at < until]
    leaving = [(until, Decimal(0))] if until < end else []
    return [(begin, _level_at(events, begin)), *inside, *leaving]

"""What changed on days that are charged: events that nobody counted, prices and baselines that hold now."""

from typing import NamedTuple

COUNTS = """
    SELECT d.charge_id, SUM(b.event_count)::bigint
      FROM (VALUES %s) d (charge_id, line_id, metric_id, date_start, date_end)
      JOIN usage_bucket b ON b.contract_line_id = d.line_id AND b.metric_id = d.metric_id
       AND b.usage_date >= d.date_start::date AND b.usage_date < d.date_end::date
     GROUP BY 1
"""
# Days are local: the instants of a day lie within a day of it in UTC.
LATE = """
    SELECT d.charge_id, COUNT(*), COUNT(e.voids_event_id), SUM(e.quantity)::text,
           (array_agg(e.id ORDER BY e.id))[1:100], (array_agg(e.quantity::text ORDER BY e.id))[1:100]
      FROM (VALUES %s) d (charge_id, line_id, metric_id, date_start, date_end, after)
      JOIN usage_event e ON e.contract_line_id = d.line_id AND e.metric_id = d.metric_id
       AND e.usage_date >= d.date_start::date AND e.usage_date < d.date_end::date
       AND e.occurred_at >= d.date_start::date - 1 AND e.occurred_at < d.date_end::date + 1
       AND e.id > d.after
     GROUP BY 1
"""


class Late(NamedTuple):
    """The events that came after a charge was rated; a void is one of them. At most 100 are listed."""

    event_count: int
    void_count: int
    quantity: str
    ids: list
    quantities: list


def changed(env, work):
    """(ids of charges with other events, ids of charges whose prices or baselines changed).

    What is measured from assignments has no events to count and is always looked at.
    """
    env["usage.metric"].flush_model()
    lines, counted, fresh, repriced = work.lines, {}, set(), set()
    rows = []
    for item in work.charged:
        if not work.is_rateable(item):
            continue
        held = work.reader.held_on(work.segments[item.id])
        if item.digest and item.digest != held:
            repriced.add(item.id)
        if lines[item.line_id].usage_metric_id.measured_from != "events":
            fresh.add(item.id)
            continue
        counted[item.id] = item.event_count
        for line_id in (item.line_id, *work.frame(item).members.ids):
            rows.append((item.id, line_id, item.metric_id, item.date_start, item.date_end))
    if rows:
        known = dict(env.cr.execute_values(COUNTS, rows, fetch=True, page_size=len(rows)))
        fresh |= {id_ for id_, count in counted.items() if known.get(id_, 0) != count}
    return fresh, repriced


def late_events(env, found):
    """{charge id: Late} of what was found, as far as it is known which events the charge had."""
    rows = [
        (item.charged.id, line_id, item.charged.metric_id, item.charged.date_start, item.charged.date_end, after)
        for item in found
        for after in [item.charged.events_until]
        if after is not None
        for line_id in item.rated.needs[0].line_ids
    ]
    if not rows:
        return {}
    return {
        charge_id: Late(*row) for charge_id, *row in env.cr.execute_values(LATE, rows, fetch=True, page_size=len(rows))
    }

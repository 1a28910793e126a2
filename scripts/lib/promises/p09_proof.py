"""Promise 9, judged: what is stored and billed against what the plan says, and what suspense holds."""

from collections import Counter, defaultdict
from datetime import timedelta
from zoneinfo import ZoneInfo

SLOT = 30
EVENTS = """
    SELECT row_number, occurred_at, usage_date, usage_slot, quantity::text
      FROM usage_event WHERE contract_line_id = %s
"""
IN_PERIODS = """
    SELECT COUNT(*) FILTER (WHERE found = 0), COUNT(*) FILTER (WHERE found > 1), COUNT(*)
      FROM (SELECT COUNT(p.id) AS found
              FROM usage_event e
              LEFT JOIN usage_billing_period p ON p.contract_line_id = e.contract_line_id AND p.state <> 'released'
               AND e.usage_date >= p.date_start AND e.usage_date < p.date_end
             GROUP BY e.id) AS each
"""
PERIODS = """
    SELECT p.contract_line_id, p.date_start, p.date_end,
           (SELECT SUM(c.quantity)::text FROM usage_charge c WHERE c.period_id = p.id),
           (SELECT SUM(c.event_count)::int FROM usage_charge c WHERE c.period_id = p.id),
           (SELECT SUM(b.quantity_sum)::text FROM usage_bucket b
             WHERE b.contract_line_id = p.contract_line_id
               AND b.usage_date >= p.date_start AND b.usage_date < p.date_end),
           (SELECT SUM(l.quantity * CASE WHEN m.move_type = 'out_refund' THEN -1 ELSE 1 END)::text
              FROM account_move_line l JOIN account_move m ON m.id = l.move_id
              JOIN usage_charge c ON c.id = l.usage_charge_id
             WHERE c.period_id = p.id AND m.state <> 'cancel' AND l.display_type = 'product')
      FROM usage_billing_period p WHERE p.state = 'invoiced'
     ORDER BY 1, 2
"""


def prove(database, places, plan, strange, failed):
    """The figures of the attack. `plan(place)`: the events sent; `strange`: [(record, reason)] of no period."""
    found = Counter()
    with database.env() as env:
        nowhere, twice, stored = _row(env, IN_PERIODS)
        periods = _periods(env)
        days = {place: _expected(env, place, plan(place), found) for place in places}
        waiting = _waiting(env)
    for place, by_day in days.items():
        _compare(place, by_day, periods.get(place.line_id, []), found)
    suspended = sum(waiting.get(record.external_id, ("",))[0] == reason for record, reason in strange)
    sent = sum(quantity for by_day in days.values() for quantity, _count in by_day.values())
    sent += sum(int(record.quantity) for record, _reason in strange)
    total = sent - sum(quantity for _reason, quantity in waiting.values())
    figures = {
        "zones": len({place.zone for place in places}),
        "contracts": len(places),
        "periods": sum(map(len, periods.values())),
        "events": stored,
        "events in no period": nowhere,
        "events in two": twice,
        "on another day than the zones say": found["another day"],
        "lines whose days are not all in one period": found["gaps"],
        "periods whose sum differs": found["sums"],
        "sent less suspended": total,
        "sum over periods": found["billed"],
        "out of window": len(strange),
        "out of window suspended with their reason": suspended,
        "contracts not billed": failed,
    }
    wrong = ("another day", "gaps", "sums", "missing")
    figures["holds"] = (
        not any(found[name] for name in wrong)
        and not (nowhere or twice or failed)
        and stored == found["sent"] > 0
        and total == found["billed"]
        and suspended == len(strange) == len(waiting)
    )
    return figures


def _row(env, query, *values):
    env.cr.execute(query, values)
    return env.cr.fetchone()


def _periods(env):
    """{line id: [(first day, first day after, charged, events charged, in buckets, on the invoice)]}."""
    found = defaultdict(list)
    env.cr.execute(PERIODS)
    for line_id, start, end, charged, events, used, invoiced in env.cr.fetchall():
        quantities = [
            int(float(text or 0)) if float(text or 0).is_integer() else None for text in (charged, used, invoiced)
        ]
        found[line_id].append((start, end, events or 0, *quantities))
    return found


def _expected(env, place, events, found):
    """{local day: (quantity, events)} of a place by its plan; each stored event is held against it."""
    zone, by_day, told = ZoneInfo(place.zone), {}, {}
    for _number, at, quantity in events:
        local = told.get(at)
        if local is None:
            there = at.astimezone(zone)
            local = told[at] = there.date(), (there.hour * 60 + there.minute) // SLOT * SLOT if place.slots else -1
        found["sent"] += 1
        summed, count = by_day.get(local[0], (0, 0))
        by_day[local[0]] = summed + quantity, count + 1
    env.cr.execute(EVENTS, (place.line_id,))
    rows = {number: rest for number, *rest in env.cr.fetchall()}
    found["missing"] += abs(len(rows) - len(events))
    for number, at, quantity in events:
        expected = [at.replace(tzinfo=None), *told[at], str(quantity)]
        found["another day"] += rows.get(number) != expected
    return by_day


def _compare(place, by_day, periods, found):
    """Count what is wrong with the periods of a place: gaps and overlaps, sums that differ."""
    days = [start + timedelta(days=n) for start, end, *_sums in periods for n in range((end - start).days)]
    whole = [place.start + timedelta(days=n) for n in range((place.end - place.start).days)]
    found["gaps"] += sorted(days) != whole
    for start, end, count, charged, used, invoiced in periods:
        own = [by_day.get(start + timedelta(days=n), (0, 0)) for n in range((end - start).days)]
        quantity, events = (sum(column) for column in zip(*own, strict=True))
        found["sums"] += not (quantity == charged == used == invoiced and events == count)
        found["billed"] += charged or 0


def _waiting(env):
    """{external id: (reason, quantity)} of what is in suspense."""
    rows = env["usage.suspense"].search([("state", "=", "open")])
    return {row.external_id: (row.reason_code, int(row.quantity_text)) for row in rows}

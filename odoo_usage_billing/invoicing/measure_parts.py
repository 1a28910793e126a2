"""The parts of a quantity that prices look at: event by event, by time of use, by price dimension.

Parts add up: a count counts events, every other metric adds quantities. A price by parts is for metrics
that are sums or counts.
"""

import re
from collections import defaultdict
from datetime import timezone

from odoo.tools import SQL

from .measure_sql import bucket_needs, events_of

EVENTS = """
    SELECT n.number, e.quantity::text, COALESCE(e.amount, e.quantity)::text, e.dimensions, e.occurred_at
      FROM %(events)s
     ORDER BY e.occurred_at, e.id
"""


def event_parts(env, numbered):
    """{number: one part per event, in the order of occurrence}."""
    found = defaultdict(list)
    if numbered:
        for number, *event in env.execute_query(SQL(EVENTS, events=events_of(numbered))):
            found[number].append(_event_part(*event))
    return found


def _event_part(quantity, amount, dimensions, occurred_at):
    part = {
        "quantity": quantity,
        "amount": amount,
        "started_at": occurred_at.replace(tzinfo=timezone.utc).isoformat(),
    }
    given = {name: str(value) for name, value in (dimensions or {}).items() if value not in (None, "")}
    if given:
        part["dimensions"] = given
    return part


BUCKETS = """
    %(needs)s
    JOIN usage_bucket b ON b.contract_line_id = n.line_id AND b.metric_id = n.metric_id
     AND b.usage_date >= n.date_start AND b.usage_date < n.date_end
     AND b.event_count > 2 * b.void_count
"""
QUANTITY = """
    trim_scale(SUM(CASE n.aggregation WHEN 'count' THEN b.event_count - 2 * b.void_count
                                      ELSE b.quantity_sum END))::text
"""

SLOTS = """
    SELECT n.number, EXTRACT(isodow FROM b.usage_date)::int - 1, b.usage_slot, b.dimension_key, %(quantity)s
      FROM %(buckets)s
     GROUP BY 1, 2, 3, 4
     ORDER BY 1, 2, 3, 4
"""


def slot_parts(env, numbered):
    """{number: one part per weekday (Monday is 0), slot and dimension key}."""
    found = defaultdict(list)
    if numbered:
        for number, weekday, minute, key, quantity in _read_buckets(env, SLOTS, numbered):
            found[number].append({"weekday": weekday, "minute": minute, "quantity": quantity, "dimension_key": key})
    return found


DIMENSIONS = """
    SELECT n.number, b.dimension_key, %(quantity)s, trim_scale(SUM(b.amount_sum))::text
      FROM %(buckets)s
     GROUP BY 1, 2
     ORDER BY 1, 2
"""


def dimension_parts(env, numbered):
    """{number: one part per combination of price dimensions}."""
    found = defaultdict(list)
    if numbered:
        for number, key, quantity, amount in _read_buckets(env, DIMENSIONS, numbered):
            found[number].append({"dimensions": read_dimension_key(key), "quantity": quantity, "amount": amount})
    return found


def _read_buckets(env, template, numbered):
    buckets = SQL(BUCKETS, needs=bucket_needs(numbered))
    return env.execute_query(SQL(template, quantity=SQL(QUANTITY), buckets=buckets))


# name=value, with a backslash before what would otherwise end the name or the value.
PAIR = re.compile(r"((?:\\.|[^=;])*)=((?:\\.|[^;])*)(?:;|$)", re.DOTALL)
ESCAPED = re.compile(r"\\([\\;=])")


def read_dimension_key(key):
    """{name: value} of the text that keeps buckets of different price dimensions apart."""
    return {ESCAPED.sub(r"\1", name): ESCAPED.sub(r"\1", value) for name, value in PAIR.findall(key)}

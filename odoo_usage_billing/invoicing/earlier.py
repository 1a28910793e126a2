"""What earlier billing periods of a rating term billed, and what an unused baseline carried on."""

from datetime import date
from typing import NamedTuple

from .positions import as_billed, read_charged, total

CHAIN = """
    SELECT s.line_id, s.date_start::date, c.term_start, c.basis -> 'rates', c.billed_after,
           (SELECT SUM(e.quantity)::text FROM usage_charge e
             WHERE e.contract_line_id = c.contract_line_id AND e.term_start = c.term_start
               AND e.date_end <= c.date_end AND e.state <> 'released' AND e.commitment_id IS NULL),
           EXISTS (SELECT FROM usage_adjustment a
                    WHERE a.contract_line_id = c.contract_line_id AND a.term_start = c.term_start)
      FROM (VALUES %s) s (line_id, date_start, term_start)
      JOIN usage_charge c ON c.contract_line_id = s.line_id
       AND c.date_end = s.date_start::date AND c.date_start >= s.term_start::date
       AND c.state <> 'released' AND c.commitment_id IS NULL
"""
CARRIED = """
    SELECT DISTINCT ON (s.line_id, s.date_start) s.line_id, s.date_start::date,
           COALESCE((SELECT a.quantity_carried FROM usage_adjustment a
                      WHERE a.charge_id = c.id AND a.state <> 'superseded'
                      ORDER BY a.number DESC LIMIT 1), c.quantity_carried)::text
      FROM (VALUES %s) s (line_id, date_start)
      JOIN usage_charge c ON c.contract_line_id = s.line_id
       AND c.date_end <= s.date_start::date AND c.state <> 'released' AND c.commitment_id IS NULL
     ORDER BY s.line_id, s.date_start, c.date_end DESC, c.id DESC
"""


class Earlier(NamedTuple):
    """The rating term before a segment.

    `start` is the first day whose usage counts: usage before it was billed under other terms. `quantity` are the
    billed units so far, `carried` is unused baseline of the term before; both as text. `rates` are the exchange rates
    that the term began with, {currency id: rate}.
    """

    start: date
    billed: dict
    quantity: str
    carried: str
    rates: dict | None = None


def earlier(env, segments, carrying):
    """{segment: Earlier}; `carrying` are the ids of lines whose baseline carries forward."""
    inside = [s for s in segments if s.date_start > s.term_start]
    chain = _read(env, CHAIN, [(s.line_id, s.date_start, s.term_start) for s in inside])
    chain.update(_adjusted(env, chain))
    carried = _read(env, CARRIED, sorted({(s.line_id, s.term_start) for s in segments if s.line_id in carrying}))
    result = {}
    for segment in segments:
        start, rates, billed, quantity, _adjusted_too = chain.get(
            (segment.line_id, segment.date_start), (segment.date_start, None, {}, "0", False)
        )
        (text,) = carried.get((segment.line_id, segment.term_start), ("0",))
        result[segment] = Earlier(start, billed or {}, quantity or "0", text or "0", rates)
    return result


def _adjusted(env, chain):
    """The same rows for terms that have adjustments: the sum of every charge and adjustment before the day."""
    touched = {key: row[0] for key, row in chain.items() if row[-1]}
    if not touched:
        return {}
    charged = read_charged(env, sorted({line_id for line_id, _day in touched}), min(touched.values()))
    result = {}
    for (line_id, day), term_start in touched.items():
        items = [item for item in charged if item.term == (line_id, term_start) and item.date_end <= day]
        position = {}
        for item in items:
            item.add_to(position)
        quantity = format(total([item.quantity for item in items]), "f")
        result[line_id, day] = term_start, chain[line_id, day][1], as_billed(position), quantity, True
    return result


def _read(env, query, rows):
    """{(line id, day): the other columns} of a query over VALUES."""
    if not rows:
        return {}
    env["usage.charge"].flush_model()
    env["usage.adjustment"].flush_model()
    found = env.cr.execute_values(query, rows, fetch=True, page_size=len(rows))
    return {(line_id, day): tuple(rest) for line_id, day, *rest in found}

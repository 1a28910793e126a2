"""What changed after a period was billed: usage that came late or was taken back, and the differences found since.

And the other way round: the differences of earlier periods that the invoice of a period bears too.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

FOUND = """
    SELECT a.charge_id, a.state, CASE WHEN m.state = 'posted' THEN m.name END, a.late_event_count,
           a.late_quantity::text, a.amount::text
      FROM usage_adjustment a LEFT JOIN account_move m ON m.id = a.move_id
     WHERE a.charge_id = ANY(%s) AND a.state <> 'superseded'
     ORDER BY a.charge_id, a.number
"""
# Events that neither the charge nor an adjustment of it knows. Days are local: their instants lie within a day of them.
COMING = """
    SELECT c.id, COUNT(*), SUM(e.quantity)::text, COUNT(e.voids_event_id)
      FROM usage_charge c
     CROSS JOIN LATERAL (
            SELECT MAX((known.basis->>'events_until')::bigint) AS id
              FROM (SELECT c.basis UNION ALL
                    SELECT a.basis FROM usage_adjustment a
                     WHERE a.charge_id = c.id AND a.state <> 'superseded') known (basis)) until
      JOIN usage_event e ON e.contract_line_id = c.contract_line_id AND e.metric_id = c.metric_id
       AND e.usage_date >= c.date_start AND e.usage_date < c.date_end
       AND e.occurred_at >= c.date_start - 1 AND e.occurred_at < c.date_end + 1
       AND e.id > until.id
     WHERE c.id = ANY(%s) AND c.commitment_id IS NULL
     GROUP BY c.id
"""
EARLIER = """
    SELECT c.id, a.date_start, a.date_end, a.amount::text
      FROM usage_charge c
      JOIN usage_billing_period p ON p.id = c.period_id
      JOIN usage_adjustment a ON a.move_id = p.move_id AND a.contract_line_id = c.contract_line_id
     WHERE c.id = ANY(%s) AND c.commitment_id IS NULL AND a.state = 'invoiced'
       AND c.date_start = (SELECT MIN(o.date_start) FROM usage_charge o
                            WHERE o.period_id = c.period_id AND o.commitment_id IS NULL AND o.state = 'invoiced')
     ORDER BY c.id, a.date_start, a.id
"""
BILLED, SETTLED = "billed", "settled"
COMING_STATE = "coming"
STATES = {"invoiced": BILLED, "rejected": SETTLED, "written_off": SETTLED, "nothing": SETTLED}


class Late(NamedTuple):
    """A change after the invoice: coming (on the next invoice), billed (on the one named) or settled without one.

    `quantity` is None where nothing was used more or less, or quantities do not add up; `amount` until it is known.
    """

    state: str
    quantity: Decimal | None
    unit: str
    amount: Decimal | None
    invoice: str


class Earlier(NamedTuple):
    """A difference of earlier days that stands on the invoice of a period."""

    date_start: date
    date_end: date
    amount: Decimal

    @property
    def date_last(self):
        """The last of the days."""
        return self.date_end - timedelta(days=1)


def read_earlier(env, charge_ids):
    """{charge id: (Earlier, ...)}: what else the invoice of its period bills for the line."""
    env.cr.execute(EARLIER, (list(charge_ids),))
    result = {}
    for charge_id, start, end, amount in env.cr.fetchall():
        result.setdefault(charge_id, []).append(Earlier(start, end, Decimal(amount)))
    return {charge_id: tuple(found) for charge_id, found in result.items()}


def read_late(env, lines):
    """{charge id: (Late, ...)}; `lines`: {charge id: contract line}."""
    for model in ("usage.charge", "usage.adjustment", "account.move"):
        env[model].flush_model()
    adds_up = {id_: line.usage_metric_id.aggregation for id_, line in lines.items()}
    units = {id_: line.usage_metric_id.uom_id.name for id_, line in lines.items()}
    env.cr.execute(FOUND, (list(lines),))
    result = {}
    for charge_id, state, invoice, count, quantity, amount in env.cr.fetchall():
        moved = STATES.get(state, COMING_STATE)
        if moved == BILLED and not invoice:
            moved = COMING_STATE
        known = Decimal(quantity or 0) if adds_up[charge_id] == "sum" and count else None
        late = Late(moved, known or None, units[charge_id], Decimal(amount), invoice or "")
        if late.quantity or late.amount:
            result.setdefault(charge_id, []).append(late)
    env.cr.execute(COMING, (list(lines),))
    for charge_id, count, quantity, voided in env.cr.fetchall():
        changes = {"sum": Decimal(quantity or 0), "count": Decimal(count - 2 * voided)}.get(adds_up[charge_id])
        if changes is None or changes:
            result.setdefault(charge_id, []).append(Late(COMING_STATE, changes, units[charge_id], None, ""))
    return {charge_id: tuple(found) for charge_id, found in result.items()}


def late_text(env, late):
    """The change in the reader's words; the amount stands beside it."""
    changed = env._("Another amount")
    if late.quantity is not None:
        number = env["usage.explainer"]._number(late.quantity)
        changed = f"{'+' if late.quantity > 0 else ''}{number} {late.unit}"
    elif late.amount is None:
        changed = env._("More usage")
    if late.state == BILLED:
        return env._("%(change)s after the invoice, adjusted on %(invoice)s", change=changed, invoice=late.invoice)
    if late.state == SETTLED:
        return env._("%(change)s after the invoice, which changes no invoice", change=changed)
    return env._("%(change)s after the invoice, will be adjusted on the next invoice", change=changed)

"""Differences of charged periods that a person accepted and no posted invoice has billed by a day."""

from decimal import Decimal

from .lines import NOTES

ADJUSTED = """
    SELECT a.contract_line_id, a.date_start, a.date_end, a.id, a.commitment_id IS NOT NULL, a.quantity::text,
           p.amount::text, p.name
      FROM usage_adjustment a
      JOIN usage_adjustment_component p ON p.adjustment_id = a.id AND p.kind <> ALL(%s)
      LEFT JOIN account_move m ON m.id = a.move_id
     WHERE a.contract_line_id = ANY(%s) AND a.date_end <= %s::date + 1
       AND (a.state = 'accepted' OR (a.state = 'invoiced' AND NOT (m.state = 'posted' AND m.date <= %s)))
     ORDER BY a.contract_line_id, a.date_start, a.id, p.sequence
"""
FLUSHED = ("usage.adjustment", "usage.adjustment.component")


def differences(env, lines, day):
    """Yield (line, first day, day after, quantity, amounts, names, settled) of each charged period of the lines."""
    for model in FLUSHED:
        env[model].flush_model()
    env.cr.execute(ADJUSTED, (list(NOTES), lines.ids, day, day))
    found = {}
    for line_id, start, end, adjustment_id, is_settled, quantity, amount, name in env.cr.fetchall():
        quantities, amounts, names, settled = found.setdefault((line_id, start, end), ({}, [], [], []))
        quantities[adjustment_id] = Decimal(quantity or 0)
        amounts.append(Decimal(amount))
        names.append(name)
        if is_settled:
            settled.append(Decimal(amount))
    for (line_id, start, end), (quantities, amounts, names, settled) in found.items():
        quantity = sum(quantities.values(), Decimal(0))
        yield lines.browse(line_id), start, end, quantity, tuple(amounts), tuple(names), sum(settled, Decimal(0))

"""Amounts recomputed from the traces of charges: a sample of them, or all."""

from decimal import Decimal

from ..rating import RatingError, TraceStep, recompute

SAMPLE = """
    SELECT id, amount::text, trace FROM usage_charge
     WHERE company_id = ANY(%(companies)s) ORDER BY random() LIMIT %(limit)s
"""
NEXT = """
    SELECT id, amount::text, trace FROM usage_charge
     WHERE company_id = ANY(%(companies)s) AND id > %(last)s ORDER BY id LIMIT %(limit)s
"""
SAMPLE_SIZE = 500
PAGE = 500


def recomputed(cr, companies, everything):
    """(how many were looked at, [what differs]) of the charges' traces."""
    if not everything:
        cr.execute(SAMPLE, {"companies": companies, "limit": SAMPLE_SIZE})
        rows = cr.fetchall()
        return len(rows), _differences(rows)
    count, last, found = 0, 0, []
    while True:
        cr.execute(NEXT, {"companies": companies, "limit": PAGE, "last": last})
        rows = cr.fetchall()
        if not rows:
            return count, found
        count, last = count + len(rows), rows[-1][0]
        found += _differences(rows)


def _differences(rows):
    result = []
    for charge_id, amount, trace in rows:
        try:
            proved = recompute([TraceStep.from_dict(step) for step in trace])
        except (RatingError, ArithmeticError, KeyError, IndexError, TypeError) as error:
            result.append(f"charge {charge_id}: amount {amount}, its trace proves nothing: {error}")
            continue
        if proved != Decimal(amount):
            result.append(f"charge {charge_id}: amount {amount}, its trace gives {proved}")
    return result

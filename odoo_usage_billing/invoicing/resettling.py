"""Commitments settled again: what lines billed changed, so that a surcharge or a true-up comes out otherwise."""

from .commitments import settle_again
from .positions import read_settled
from .rerating import Found, change_between

# Only terms whose charges have adjustments can come out otherwise.
TOUCHED = """
    SELECT c.date_start, c.terms FROM usage_charge c
     WHERE c.contract_line_id = ANY(%s) AND c.date_start >= %s AND c.date_start < %s
       AND c.state <> 'released' AND c.commitment_id IS NULL
       AND EXISTS (SELECT FROM usage_adjustment a
                     JOIN usage_charge o ON o.id = a.charge_id
                    WHERE o.contract_line_id = ANY(%s) AND o.date_start >= %s AND o.date_start < %s
                      AND a.commitment_id IS NULL)
     ORDER BY c.date_start DESC, c.id DESC LIMIT 1
"""


def find_settlements(env, contracts):
    """(settlements compared, [Found]) of commitments of `contracts`, which are held; nothing is written."""
    adjusted = env["usage.adjustment"].search_count([("contract_id", "in", contracts.ids)], limit=1)
    commitments = env["usage.commitment"].search([("contract_id", "in", contracts.ids)]) if adjusted else ()
    if not commitments:
        return [], []
    by_term = {}
    for item in read_settled(env, commitments.ids):
        by_term.setdefault((item.commitment_id, item.term_start), []).append(item)
    compared, found = [], []
    for (commitment_id, _start), settled in by_term.items():
        commitment, last = commitments.browse(commitment_id), max(settled, key=lambda item: (item.date_end, item.id))
        span = (commitment._lines().ids, last.term_start, last.term_end)
        env.cr.execute(TOUCHED, span + span)
        row = env.cr.fetchone()
        if row:
            compared.append(last)
            found.append(_settle(commitment, last, settled, row[1]))
    return compared, found


def _settle(commitment, last, settled, priced):
    standing = [item.without_draft() if item.id == last.id else item for item in settled]
    rated = settle_again(commitment, last, standing, priced)
    after = rated.charge.to_dict().get("billed_after", {})
    change = change_between(rated.usage.to_dict().get("billed_before", {}), after)
    return Found(last.without_draft(), rated, change, 0, last.draft, False)

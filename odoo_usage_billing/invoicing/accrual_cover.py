"""What prepaid money will pay of unbilled usage, from what of it was left in the books of a day.

The order and the arithmetic are those of the invoice that will draw it; nothing is drawn.
"""

from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

from ..prepaid import Bill, Purse, allocate, company_share
from ..prepaid.worth import rounded
from .figures import digits, money_step

# What invoices of later days drew was still there on the day: a closing is the same before and after the billing run.
LEFT = """
    SELECT g.id, (g.amount_remaining - COALESCE(SUM(d.amount), 0))::text
      FROM usage_prepaid_grant g
      LEFT JOIN (SELECT m.grant_id, m.amount
                   FROM usage_prepaid_move m JOIN account_move i ON i.id = m.move_id
                  WHERE m.kind IN ('draw', 'give_back') AND NOT (i.state = 'posted' AND i.date <= %s)) d
        ON d.grant_id = g.id
     WHERE g.id = ANY(%s) GROUP BY g.id
"""
#: The two parts of what is owed: the charges, and what lies above or is missing to a commitment.
USED, SETTLED = "used", "settled"


class Cover(NamedTuple):
    """What a grant will pay of what is owed, without taxes, and what that is worth in the company's currency.

    `worth` is at the rate of the purchase; None for money that is no liability and lowers revenue instead.
    """

    grant: object
    amount: Decimal
    worth: Decimal | None


def cover(grants, owed, day, kept):
    """{number of the Owed: [Cover]} for [(Owed, untaxed, gross)].

    `kept`: {balance id: what accruals of contracts that are left out keep of it}.
    """
    left = _left(grants, day, dict(kept))
    by_partner = grants.grouped("partner_id")
    found, turns = defaultdict(list), defaultdict(list)
    for number, (item, *_amounts) in enumerate(owed):
        # The day that the invoice will bear, however late it is made.
        turns[item.whole_end, item.line.contract_id.id].append(number)
    for (invoiced_on, _contract), numbers in sorted(turns.items()):
        mine = [(number, *owed[number]) for number in numbers]
        customer = mine[0][1].line.contract_id.invoice_partner_id.commercial_partner_id
        if customer in by_partner:
            for number, grant, amount in _paid_of(by_partner[customer], left, mine, invoiced_on):
                found[number].append(Cover(grant, amount, _worth(grant, amount)))
    return found


def _left(grants, day, kept):
    """{grant: what was left of it on the day}, in the order in which grants are drawn."""
    env = grants.env
    for model in ("usage.prepaid.move", "account.move"):
        env[model].flush_model()
    env.cr.execute(LEFT, (day, grants.ids))
    found = {grants.browse(id_): Decimal(amount) for id_, amount in env.cr.fetchall()}
    for grant in grants:
        cut = min(found[grant], kept.get(grant.balance_id.id, Decimal(0)))
        if cut > 0:
            found[grant] -= cut
            kept[grant.balance_id.id] -= cut
    return found


def _paid_of(grants, left, mine, invoiced_on):
    """Yield (number, grant, untaxed amount) of one contract's invoice; `left` goes down.

    What was taxed when it was bought pays without taxes, and first; then what is taxed when it is used.
    """
    step = Decimal(money_step(mine[0][1].line.contract_id.currency_id))
    bills, taxed = [], {}
    for number, item, untaxed, gross in mine:
        factor = gross / untaxed if untaxed else Decimal(1)
        for part, amount in ((USED, untaxed - item.settled), (SETTLED, item.settled)):
            if amount:
                taxed[number, part] = factor
                bills.append(Bill((number, part), amount, rounded(amount * factor, step)))
    items = {number: item for number, item, *_amounts in mine}
    open_grants = grants.filtered(lambda g: g.validity == "usage" or _is_open(g, invoiced_on))
    for is_taxed in (False, True):
        chosen = open_grants.filtered(lambda g, t=is_taxed: _pays_taxes(g) == t)
        paid = list(_allocated(chosen, left, bills, items, step))
        for key, grant, amount in paid:
            left[grant] -= amount
            net = min(rounded(amount / taxed[key], step), amount) if is_taxed else amount
            yield key[0], grant, net
        rest = defaultdict(Decimal)
        for key, _grant, amount in paid:
            rest[key] += amount
        bills = [_gross(bill, bill.net - rest[bill.key], taxed[bill.key], step) for bill in bills]


def _gross(bill, net, factor, step):
    """The rest of a bill, to be paid with its taxes."""
    amount = rounded(net * factor, step)
    return Bill(bill.key, amount, amount)


def _allocated(grants, left, bills, items, step):
    by_id = {grant.id: grant for grant in grants}
    purses = [
        Purse(
            grant.id,
            left[grant],
            frozenset(bill.key for bill in bills if _may_pay(grant, items[bill.key[0]], bill.key[1])),
            grant.priority,
            grant.date_end or None,
            grant.kind == "promotional",
            grant.id,
        )
        for grant in grants
        if left[grant] > 0
    ]
    for grant_id, key, amount in allocate(purses, bills, step):
        yield key, by_id[grant_id], amount


def _is_open(grant, day):
    return grant.date_start <= day and (not grant.date_end or day < grant.date_end)


def _pays_taxes(grant):
    return grant.balance_id.tax_policy == "at_use" and grant._carries_liability()


def _may_pay(grant, item, part):
    """Whether a grant may pay for usage that is owed, as `account.move.line._is_paid_by` says of its invoice line."""
    balance, contract = grant.balance_id, item.line.contract_id
    if (balance.company_id, balance.currency_id) != (contract.company_id, contract.currency_id):
        return False
    if balance.contract_id and balance.contract_id != contract:
        return False
    if balance.commitment_id and (part == SETTLED or item.line not in balance.commitment_id._lines()):
        return False
    return grant.validity == "invoice" or _is_open(grant, item.date_start)


def _worth(grant, amount):
    """What of the liability that is in the company's currency, at the rate of the purchase."""
    if not grant._carries_liability():
        return None
    if grant.currency_id == grant.company_currency_id:
        return amount
    first = grant.move_ids.filtered(lambda move: move.kind == "grant")[:1]
    granted, company = (Decimal(digits(first[name])) for name in ("amount_liability", "amount_company"))
    step = Decimal(money_step(grant.company_currency_id))
    return company_share(amount, Decimal(0), Decimal(0), granted, company, step)

"""Commitments: what the lines' charges draw down, what lies above, and one true-up when a term has ended.

A charge counts in the term in which it begins. A settlement is a charge of its own, beside those of the line
whose invoice carries it: the value that the lines billed, brought to what was promised.
"""

from decimal import Decimal
from fractions import Fraction

from odoo.exceptions import UserError

from ..rating import Terms, Usage, rate
from ..rating.commitment import position
from ..rating.interval import Interval, period_containing, proration
from .figures import day_basis, digits, figure, money_step
from .segments import Segment, line_end
from .terms import Agreement

VALUE = """
    SELECT COALESCE(SUM(amount), 0)::text FROM usage_charge
     WHERE contract_line_id = ANY(%s) AND date_start >= %s AND date_start < %s
       AND state <> 'released' AND commitment_id IS NULL
"""
RATED_UNTIL = """
    SELECT contract_line_id, MAX(date_end) FROM usage_charge
     WHERE contract_line_id = ANY(%s) AND state <> 'released' AND commitment_id IS NULL GROUP BY 1
"""
SETTLED = """
    SELECT billed_after FROM usage_charge
     WHERE commitment_id = %s AND term_start = %s AND state <> 'released'
     ORDER BY date_end DESC, id DESC LIMIT 1
"""


def settle(env, rated):
    """Return a Rated for each commitment term that the `rated` items touch, to be stored beside them."""
    contracts = {item.line.contract_id.id for item in rated}
    found = env["usage.commitment"].search([("contract_id", "in", list(contracts))])
    if not found:
        return []
    env["usage.charge"].flush_model()
    return [
        settled
        for commitment in found
        for items in [[item for item in rated if item.line in commitment._lines()]]
        for term, carrier in _terms_touched(commitment, items).items()
        for settled in [_settle_one(commitment, term, carrier, items)]
        if settled
    ]


def _terms_touched(commitment, items):
    """{term: the item that carries its settlement}: the one that reaches furthest."""
    result = {}
    for item in sorted(items, key=lambda item: (item.segment.date_end, -item.line.id)):
        term = term_of(commitment, item.segment.date_start, item.segment)
        if term:
            result[term] = item
    return result


def term_of(commitment, day, segment=None):
    """The term of a commitment that holds a local day, as an Interval; None outside the commitment."""
    if day < commitment.date_start or (commitment.date_end and day >= commitment.date_end):
        return None
    if commitment.term == "deal":
        return Interval(commitment.date_start, commitment.date_end)
    if commitment.term == "period":
        return Interval(segment.date_start, segment.term_end) if segment else None
    return period_containing(day, commitment.term, commitment.date_start)


def _settle_one(commitment, term, carrier, items):
    cr = commitment.env.cr
    lines = commitment._lines()
    inside = [item for item in items if term.contains(item.segment.date_start)]
    value = stored_value(cr, lines, term) + sum((item.charge.amount for item in inside), Decimal(0))
    lived = _lived(commitment, term, lines)
    terms = _terms(commitment, term, lived, inside)
    cr.execute(SETTLED, (commitment.id, term.start))
    row = cr.fetchone()
    before = {**(row[0] if row else {}), "unit": {"amount": str(value), "quantity": str(value)}}
    usage = Usage.from_dict(
        {
            "quantity": format(value, "f"),
            "billed_before": before,
            "final": _is_ended(cr, lines, lived, items),
            "label": commitment.name,
        }
    )
    start, end = carrier.due.date_start, carrier.due.date_end
    segment = Segment(carrier.due, max(start, term.start), min(end, term.end), term.start, term.end)
    agreement = Agreement(segment, carrier.line, term.start, before, usage.final, (), terms, None, ())
    settled = carrier._replace(
        segment=segment,
        agreement=agreement,
        usage=usage,
        charge=rate(usage, terms),
        event_count=0,
        quantity=Decimal(0),
        needs=(),
        commitment=commitment,
    )
    explainer = commitment.env["usage.explainer"]
    return settled._replace(names=tuple(explainer._phrase_component(settled, c) for c in settled.charge.components))


def stored_value(cr, lines, term):
    """What the lines' stored charges of a term amount to."""
    cr.execute(VALUE, (lines.ids, term.start, term.end))
    return Decimal(cr.fetchone()[0])


def _lived(commitment, term, lines):
    """The part of a term in which the commitment and one of its lines live."""
    ends = [line_end(line) for line in lines]
    last = None if None in ends or not all(ends) else max(ends)
    bounds = [end for end in (term.end, commitment.date_end, last) if end]
    return Interval(max(term.start, commitment.date_start), max(min(bounds), term.start))


def _is_ended(cr, lines, lived, items):
    """Whether every line is rated to the end of the lived term, stored or just now."""
    cr.execute(RATED_UNTIL, (lines.ids,))
    until = dict(cr.fetchall())
    for item in items:
        until[item.line.id] = max(until.get(item.line.id, item.segment.date_end), item.segment.date_end)
    return all(
        until.get(line.id) and until[line.id] >= min(filter(None, (lived.end, line_end(line))))
        for line in lines
        if line.date_start < lived.end
    )


def _terms(commitment, term, lived, inside):
    """The kernel's Terms of a settlement: every unit of value at one, against the promise by days."""
    basis = commitment.contract_id.usage_proration
    share = Fraction(1) if basis == "none" else proration(lived, term, day_basis(basis))
    currency = commitment.currency_id
    return Terms.from_dict(
        {
            "charge_model": "per_unit",
            "unit_price": "1",
            "currency_rounding": money_step(currency),
            "commitment": {
                "amount": figure(_promised(commitment, inside) * share),
                "overage_factor": digits(commitment.overage_factor),
                "true_up": commitment.true_up,
            },
        }
    )


def _promised(commitment, inside):
    """What is promised per term, in money; a quantity is worth what the line's prices charge for it."""
    if commitment.kind == "amount":
        return Fraction(digits(commitment.amount))
    quantity = digits(commitment.quantity)
    if not inside:
        return Fraction(0)
    priced = inside[-1].terms.to_dict()
    for name in ("baseline", "minimum", "maximum", "stretches", "days", "days_total", "quantity_included"):
        priced.pop(name, None)
    return Fraction(rate(Usage.from_dict({"quantity": quantity}), Terms.from_dict(priced)).amount)


def position_on(commitment, day):
    """(term, Position) of a commitment on a local day, open usage included; (None, None) outside it."""
    lines = commitment._lines()
    commitment.env["usage.charge"].flush_model()
    try:
        items = [item for item in commitment.contract_id._usage_rated(day) if item.line in lines]
    except UserError:
        items = []  # a line that cannot be rated says so in the preview
    segment = next((item.segment for item in items), None)
    term = term_of(commitment, day, segment)
    if not term:
        return None, None
    inside = [item for item in items if term.contains(item.segment.date_start)]
    value = stored_value(commitment.env.cr, lines, term) + sum((i.charge.amount for i in inside), Decimal(0))
    promise = _terms(commitment, term, _lived(commitment, term, lines), inside).commitment
    return term, position(
        value, promise.amount, promise.overage_factor, promise.true_up, False, money_step(commitment.currency_id)
    )

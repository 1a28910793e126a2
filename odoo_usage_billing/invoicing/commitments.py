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
from ..rating.money import round_money
from .charges import Rated
from .figures import day_basis, digits, figure, money_step
from .periods import Due
from .positions import as_billed, read_settled
from .segments import Segment, full_period, line_end
from .terms import Agreement

# A difference that is not billed, by a person's decision or for its size, is not used up either.
VALUE = """
    SELECT (COALESCE(SUM(c.amount), 0) + COALESCE(SUM(a.amount), 0))::text
      FROM usage_charge c
      LEFT JOIN LATERAL (
            SELECT SUM(amount) AS amount FROM usage_adjustment
             WHERE charge_id = c.id AND state IN ('draft', 'accepted', 'invoiced')) a ON TRUE
     WHERE c.contract_line_id = ANY(%s) AND c.date_start >= %s AND c.date_start < %s
       AND c.state <> 'released' AND c.commitment_id IS NULL
"""
RATED_UNTIL = """
    SELECT contract_line_id, MAX(date_end) FROM usage_charge
     WHERE contract_line_id = ANY(%s) AND state <> 'released' AND commitment_id IS NULL GROUP BY 1
"""


def settle(env, rated):
    """Return a Rated for each commitment term that the `rated` items touch, to be stored beside them."""
    contracts = {item.line.contract_id.id for item in rated}
    found = env["usage.commitment"].search([("contract_id", "in", list(contracts))])
    if not found:
        return []
    env["usage.charge"].flush_model()
    env["usage.adjustment"].flush_model()
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
        # Not the rating term, which may be longer: the whole billing period that the segment is of.
        line = commitment.env["contract.line"].browse(segment.line_id) if segment else None
        return Interval(*full_period(line, segment.due)) if line else None
    return period_containing(day, commitment.term, commitment.date_start)


def _settle_one(commitment, term, carrier, items):
    cr = commitment.env.cr
    lines = commitment._lines()
    inside = [item for item in items if term.contains(item.segment.date_start)]
    value = stored_value(cr, lines, term) + sum((item.charge.amount for item in inside), Decimal(0))
    lived = _lived(commitment, term, lines)
    terms = _terms(commitment, term, lived, inside[-1].terms.to_dict() if inside else None)
    settled = [item for item in read_settled(commitment.env, commitment.ids) if item.term_start == term.start]
    before = settled_before(settled, value)
    usage = _usage(commitment, value, before, _is_ended(cr, lines, lived, items))
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


def settled_before(settled, value):
    """What the settlements of a term billed, as the kernel's `billed_before`; the lines billed their `value`."""
    position = {}
    for item in settled:
        item.add_to(position)
    position.pop("unit", None)
    return {**as_billed(position), "unit": {"amount": format(value, "f"), "quantity": format(value, "f")}}


def _usage(commitment, value, before, final):
    return Usage.from_dict(
        {"quantity": format(value, "f"), "billed_before": before, "final": final, "label": commitment.name}
    )


def settle_again(commitment, last, settled, priced):
    """The Rated of a term that was settled, as its lines stand now. `priced`: terms of one of their charges."""
    cr, lines = commitment.env.cr, commitment._lines()
    term = Interval(last.term_start, last.term_end)
    lived, value = _lived(commitment, term, lines), stored_value(cr, lines, term)
    before = settled_before(settled, value)
    usage = _usage(commitment, value, before, _is_ended(cr, lines, lived, ()))
    terms = _terms(commitment, term, lived, priced)
    line = commitment.env["contract.line"].browse(last.line_id)
    due = Due(last.line_id, last.period_start, last.period_end)
    segment = Segment(due, last.date_start, last.date_end, term.start, term.end)
    agreement = Agreement(segment, line, term.start, before, usage.final, (), terms, None, ())
    charge = rate(usage, terms)
    metric = commitment.env["usage.metric"].browse(last.metric_id)
    unit = line._usage_unit()
    rated = Rated(segment, line, metric, unit, agreement, usage, charge, 0, Decimal(0), (), commitment=commitment)
    explainer = commitment.env["usage.explainer"]
    return rated._replace(names=tuple(explainer._phrase_component(rated, c) for c in charge.components))


def promised(commitment, term):
    """What is promised for a term, by the days of it that the commitment lives, in whole steps of the currency."""
    amount = _terms(commitment, term, _lived(commitment, term, commitment._lines()), None).commitment.amount
    return round_money(amount, money_step(commitment.currency_id))


def stored_value(cr, lines, term):
    """What the lines' stored charges of a term amount to."""
    cr.execute(VALUE, (lines.ids, term.start, term.end))
    return Decimal(cr.fetchone()[0])


def _lived(commitment, term, lines):
    """The part of a term in which the commitment and one of its lines live."""
    ends = [line_end(line) for line in _going(lines)]
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
        for line in _going(lines)
        if line.date_start < lived.end
    )


def _going(lines):
    """Those that are billed: a line that is cancelled ends no term, and none waits for it."""
    return lines.filtered(lambda line: not line.is_canceled) or lines


def _terms(commitment, term, lived, priced):
    """The kernel's Terms of a settlement: every unit of value at one, against the promise by days.

    `priced`: the terms of a line, as a dict, that tell what a promised quantity is worth.
    """
    basis = commitment.contract_id.usage_proration
    share = Fraction(1) if basis == "none" else proration(lived, term, day_basis(basis))
    currency = commitment.currency_id
    return Terms.from_dict(
        {
            "charge_model": "per_unit",
            "unit_price": "1",
            "currency_rounding": money_step(currency),
            "commitment": {
                "amount": figure(_promised(commitment, priced) * share),
                "overage_factor": digits(commitment.overage_factor),
                "true_up": commitment.true_up,
            },
        }
    )


def _promised(commitment, priced):
    """What is promised per term, in money; a quantity is worth what the line's prices charge for it."""
    if commitment.kind == "amount":
        return Fraction(digits(commitment.amount))
    quantity = digits(commitment.quantity)
    if not priced:
        return Fraction(0)
    priced = dict(priced)
    for name in ("baseline", "minimum", "maximum", "stretches", "days", "days_total", "quantity_included"):
        priced.pop(name, None)
    return Fraction(rate(Usage.from_dict({"quantity": quantity}), Terms.from_dict(priced)).amount)


def position_on(commitment, day):
    """(term, Position) of a commitment on a local day, open usage included; (None, None) outside it."""
    lines = commitment._lines()
    for model in ("usage.charge", "usage.adjustment"):
        commitment.env[model].flush_model()
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
    priced = inside[-1].terms.to_dict() if inside else None
    promise = _terms(commitment, term, _lived(commitment, term, lines), priced).commitment
    return term, position(
        value, promise.amount, promise.overage_factor, promise.true_up, False, money_step(commitment.currency_id)
    )

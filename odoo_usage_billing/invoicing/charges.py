"""Rating due periods and storing the result: charges with components, terms, usage and trace."""

import json
from decimal import Decimal
from typing import NamedTuple

from odoo.exceptions import UserError

from ..rating import RatingError, Usage, rate
from ..rating.schema import plain
from ..store.schema import ID_BLOCK
from .measures import measure
from .segments import segments
from .terms import TermsReader
from .usage_of import EXACT, needs_of, usage_of


class Rated(NamedTuple):
    """A segment of a due period with everything that its invoice lines need."""

    segment: object
    line: object
    metric: object
    unit: object
    agreement: object
    usage: object
    charge: object
    event_count: int
    quantity: Decimal
    needs: tuple
    names: tuple = ()
    commitment: object = None

    @property
    def due(self):
        """The due period that the segment is a part of."""
        return self.segment.due

    @property
    def terms(self):
        """The kernel's Terms."""
        return self.agreement.terms


def rate_dues(env, dues):
    """Rate each due period, a charge per rating term in it; nothing is written.

    Raises UserError with the contract line's name when terms are missing or contradictory.
    """
    lines = {line.id: line for line in env["contract.line"].browse({d.line_id for d in dues})}
    members = members_of(env, lines)
    parts = [segment for due in dues for segment in segments(lines[due.line_id], due)]
    reader = TermsReader(env, parts, lines, members)
    agreements = [reader.agreement(segment) for segment in parts]
    wanted = [needs_of(agreement) for agreement in agreements]
    measured = measure(env, [need for needs in wanted for need in needs])
    return [
        rate_one(agreement, needs, measured, reader.earlier[agreement.segment])
        for agreement, needs in zip(agreements, wanted, strict=True)
    ]


def members_of(env, lines):
    """{line id: the lines pooled into it}."""
    pooled = env["contract.line"].search([("usage_pool_line_id", "in", list(lines))])
    return {lead.id: members for lead, members in pooled.grouped("usage_pool_line_id").items()}


def rate_one(agreement, needs, measured, past):
    """The Rated of one agreement, from what was measured of its needs."""
    line, card = agreement.line, agreement.frame.card
    try:
        usage = Usage.from_dict(usage_of(agreement, needs, measured))
        charge = rate(usage, agreement.terms)
    except RatingError as error:
        raise UserError(
            line.env._(
                "%(line)s cannot be rated with %(card)s: %(error)s",
                line=line.display_name,
                card=card.display_name,
                error=error,
            )
        ) from error
    whole = measured[needs[0].key]
    before = measured[needs[1].key].event_count if agreement.term_start < agreement.segment.date_start else 0
    rated = Rated(
        agreement.segment,
        line,
        line.usage_metric_id,
        card.uom_id or line.usage_metric_id.uom_id,
        agreement,
        usage,
        charge,
        whole.event_count - before,
        EXACT.subtract(charge.quantity, Decimal(past.quantity)),
        tuple(needs),
    )
    explainer = line.env["usage.explainer"]
    return rated._replace(names=tuple(explainer._phrase_component(rated, c) for c in charge.components))


def store(env, rated, period_ids, rated_at):
    """Insert charges and components; return [(charge id, [component id])] in the order of `rated`."""
    until = events_until(env)
    texts = {}
    rows = [_charge_row(env, item, period_ids[item.due], rated_at, until, texts) for item in rated]
    ids = [charge_id for (charge_id,) in _insert(env, INSERT_CHARGE, rows)]
    component_rows = [
        _component_row(env, item, charge_id, sequence, component, rated_at)
        for item, charge_id in zip(rated, ids, strict=True)
        for sequence, component in enumerate(item.charge.components)
    ]
    component_ids = iter([id_ for (id_,) in _insert(env, INSERT_COMPONENT, component_rows)])
    versions = {stretch.version_id for item in rated for stretch in item.agreement.stretches}
    env["usage.rate.card.version"].browse(versions)._freeze()
    env["usage.charge"].invalidate_model()
    env["usage.charge.component"].invalidate_model()
    return [(id_, [next(component_ids) for _c in item.charge.components]) for id_, item in zip(ids, rated, strict=True)]


def events_until(env):
    """The last event id given out so far: usage of a contract whose rows are held gets a higher one.

    A value of the sequence stands for a block of ids; a writer draws its blocks once it holds the contracts.
    """
    last = "SELECT CASE WHEN is_called THEN last_value + %s - 1 ELSE 0 END FROM usage_event_id_seq"
    env.cr.execute(last, (ID_BLOCK,))
    return env.cr.fetchone()[0]


def _insert(env, query, rows):
    """Insert rows in order and return their ids in the same order."""
    if not rows:
        return []
    return env.cr.execute_values(query, rows, fetch=True, page_size=1000)


INSERT_CHARGE = """
INSERT INTO usage_charge (
    period_id, contract_line_id, contract_id, partner_id, company_id, metric_id,
    version_id, baseline_id, commitment_id, date_start, date_end, term_start, term_end, quantity,
    quantity_carried, event_count, currency_id, amount, state, terms, usage, trace, billed_after, basis,
    agreed_digest, rated_at,
    create_uid, create_date, write_uid, write_date)
VALUES %s RETURNING id
"""
INSERT_COMPONENT = """
INSERT INTO usage_charge_component (
    charge_id, company_id, sequence, code, kind, name, quantity, unit_price,
    amount_exact, currency_id, amount, create_uid, create_date, write_uid, write_date)
VALUES %s RETURNING id
"""


def _charge_row(env, item, period_id, rated_at, until, texts):
    line, contract = item.line, item.line.contract_id
    return (
        period_id,
        line.id,
        contract.id,
        contract.partner_id.id,
        line.company_id.id,
        item.metric.id,
        item.agreement.stretches[-1].version_id if item.agreement.stretches else None,
        item.agreement.baseline_id,
        item.commitment.id if item.commitment else None,
        item.segment.date_start,
        item.segment.date_end,
        item.agreement.term_start,
        item.segment.term_end,
        item.quantity,
        item.charge.quantity_carried,
        item.event_count,
        contract.currency_id.id,
        item.charge.amount,
        "invoiced",  # by the invoice of the same transaction
        *rated_json(item, texts),
        json.dumps(plain(item.charge.billed_after)),
        json.dumps(basis_of(item, until)),
        item.agreement.held,
        rated_at,
        env.uid,
        rated_at,
        env.uid,
        rated_at,
    )


def rated_json(item, texts=None):
    """Terms, usage and trace of what was rated, as they are stored.

    `texts` remembers terms that are written: lines with the same prices share them.
    """
    texts = {} if texts is None else texts
    if id(item.terms) not in texts:
        texts[id(item.terms)] = json.dumps(item.terms.to_dict())
    usage = item.usage.to_dict()
    if len(usage.get("parts", ())) > PARTS_KEPT:
        usage["parts"] = usage["parts"][:PARTS_KEPT]
    trace = [step.to_dict() for step in item.charge.trace]
    return texts[id(item.terms)], json.dumps(usage), json.dumps(trace)


def basis_of(item, until):
    """What a later rating of the same days must know: lines measured, exchange rates, the last event there was."""
    frame = item.agreement.frame
    pooled = bool(frame and frame.pooled)
    basis = {"events_until": until, "lines": list(item.needs[0].line_ids) if item.needs else [], "pooled": pooled}
    return {**basis, "rates": item.agreement.rates} if item.agreement.rates else basis


#: Events priced one by one stay in the event table; a charge keeps at most so many parts beside its trace.
PARTS_KEPT = 1000


def _component_row(env, item, charge_id, sequence, component, now):
    return (
        charge_id,
        item.line.company_id.id,
        sequence,
        component.code,
        component.kind,
        item.names[sequence],
        component.quantity,
        component.unit_price,
        component.amount_exact,
        item.line.contract_id.currency_id.id,
        component.amount,
        env.uid,
        now,
        env.uid,
        now,
    )

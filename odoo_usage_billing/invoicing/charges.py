"""Rating due periods and storing the result: charges with components, terms, usage and trace."""

import json
from decimal import Decimal
from typing import NamedTuple

from odoo.exceptions import UserError

from ..rating import RatingError, Usage, rate
from .quantities import measure
from .terms import PER_EVENT, PER_SLOT, TermsReader


class Rated(NamedTuple):
    """A due period with everything that its invoice lines need."""

    due: object
    line: object
    metric: object
    version: object
    baseline: object
    terms: object
    usage: object
    charge: object
    event_count: int
    names: tuple


def rate_dues(env, dues):
    """Rate each due period with the prices in force on its first day; nothing is written.

    Raises UserError with the contract line's name when terms are missing or contradictory.
    """
    lines = {line.id: line for line in env["contract.line"].browse({d.line_id for d in dues})}
    metrics = {id_: line.usage_metric_id for id_, line in lines.items()}
    picked = {due: _pick(lines[due.line_id], due) for due in dues}
    reader = TermsReader(
        env,
        {version.id for version, _baseline in picked.values()},
        {baseline.id for _version, baseline in picked.values() if baseline},
    )
    measured = measure(
        env,
        dues,
        metrics,
        [due for due in dues if picked[due][0].charge_model in PER_EVENT],
        [due for due in dues if picked[due][0].charge_model in PER_SLOT],
    )
    return [_rate_one(due, lines[due.line_id], *picked[due], measured[due], reader) for due in dues]


def _pick(line, due):
    return (
        line.usage_rate_card_id._require_version_on(due.date_start),
        line._baseline_on(due.date_start),
    )


def _rate_one(due, line, version, baseline, measured, reader):
    metric = line.usage_metric_id
    if version.currency_id != line.contract_id.currency_id:
        line._check_usage_terms()
    if version.charge_model in PER_SLOT and any(slot < 0 for _day, slot, _q in measured.parts):
        raise UserError(
            line.env._(
                "%(line)s is priced by time of use, but part of its usage was stored without "
                "the time of day, because %(metric)s had no time-of-use slots then.",
                line=line.display_name,
                metric=metric.display_name,
            )
        )
    try:
        terms = reader.terms(version, baseline, metric, line.contract_id.currency_id)
        usage = Usage.from_dict(_usage(version, measured))
        charge = rate(usage, terms)
    except RatingError as error:
        raise UserError(
            line.env._(
                "%(line)s cannot be rated with %(version)s: %(error)s",
                line=line.display_name,
                version=version.display_name,
                error=error,
            )
        ) from error
    rated = Rated(due, line, metric, version, baseline, terms, usage, charge, measured.event_count, ())
    explainer = line.env["usage.explainer"]
    return rated._replace(names=tuple(explainer._phrase_component(rated, c) for c in charge.components))


def _usage(version, measured):
    quantity = format(measured.quantity, "f")
    if version.charge_model in PER_SLOT:
        return {"quantity": quantity, "parts": _band_parts(version, measured.parts)}
    if version.charge_model in PER_EVENT:
        return {
            "quantity": quantity,
            "parts": [{"quantity": part} for part in measured.parts],
        }
    return {"quantity": quantity}


def _band_parts(version, slots):
    """Sum (weekday, slot, quantity) rows into one part per time-of-use band."""
    totals = {}
    for weekday, slot, quantity in slots:
        band = version._band_at(weekday, slot)
        totals[band] = totals.get(band, 0) + Decimal(quantity)
    return [
        {
            "quantity": format(total, "f"),
            "dimensions": {"band": str(band.id) if band else ""},
        }
        for band, total in totals.items()
    ]


def store(env, rated, period_ids, rated_at):
    """Insert charges and components; return {due: (charge id, [component id])}."""
    rows = [_charge_row(env, item, period_ids[item.due], rated_at) for item in rated]
    ids = _insert(env, INSERT_CHARGE, rows)
    component_rows, owners = [], []
    for item, (charge_id,) in zip(rated, ids, strict=True):
        for sequence, component in enumerate(item.charge.components):
            component_rows.append(_component_row(env, item, charge_id, sequence, component, rated_at))
            owners.append(item.due)
    component_ids = _insert(env, INSERT_COMPONENT, component_rows)
    stored = {item.due: (id_, []) for item, (id_,) in zip(rated, ids, strict=True)}
    for due, (id_,) in zip(owners, component_ids, strict=True):
        stored[due][1].append(id_)
    env["usage.rate.card.version"].browse({i.version.id for i in rated})._freeze()
    env["usage.charge"].invalidate_model()
    env["usage.charge.component"].invalidate_model()
    return stored


def _insert(env, query, rows):
    """Insert rows in order and return their ids in the same order."""
    if not rows:
        return []
    return env.cr.execute_values(query, rows, fetch=True, page_size=1000)


INSERT_CHARGE = """
INSERT INTO usage_charge (
    period_id, contract_line_id, contract_id, partner_id, company_id, metric_id,
    version_id, baseline_id, date_start, date_end, quantity, event_count, currency_id,
    amount, state, terms, usage, trace, rated_at,
    create_uid, create_date, write_uid, write_date)
VALUES %s RETURNING id
"""
INSERT_COMPONENT = """
INSERT INTO usage_charge_component (
    charge_id, company_id, sequence, code, kind, name, quantity, unit_price,
    amount_exact, currency_id, amount, create_uid, create_date, write_uid, write_date)
VALUES %s RETURNING id
"""


def _charge_row(env, item, period_id, rated_at):
    line, contract = item.line, item.line.contract_id
    usage = item.usage.to_dict()
    if len(usage.get("parts", ())) > PARTS_KEPT:
        usage["parts"] = usage["parts"][:PARTS_KEPT]
    return (
        period_id,
        line.id,
        contract.id,
        contract.partner_id.id,
        line.company_id.id,
        item.metric.id,
        item.version.id,
        item.baseline.id or None,
        item.due.date_start,
        item.due.date_end,
        item.charge.quantity,
        item.event_count,
        contract.currency_id.id,
        item.charge.amount,
        "rated",
        json.dumps(item.terms.to_dict()),
        json.dumps(usage),
        json.dumps([step.to_dict() for step in item.charge.trace]),
        rated_at,
        env.uid,
        rated_at,
        env.uid,
        rated_at,
    )


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

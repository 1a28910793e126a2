"""Storing what a rerating found: adjustments with components, one number per charge and finding."""

import json

import psycopg2.errors

from odoo.exceptions import ConcurrencyError

from .charges import basis_of, events_until, rated_json

INSERT_ADJUSTMENT = """
INSERT INTO usage_adjustment (
    charge_id, number, contract_line_id, contract_id, partner_id, company_id, metric_id, currency_id,
    commitment_id, date_start, date_end, term_start, version_id, state, quantity, quantity_carried, event_count,
    amount_before, amount, amount_now, late_event_count, late_void_count, late_quantity, late_events, is_repriced,
    terms, usage, trace, billed_change, basis, reason, found_at, create_uid, create_date, write_uid, write_date)
VALUES %s RETURNING id
"""
INSERT_COMPONENT = """
INSERT INTO usage_adjustment_component (
    adjustment_id, company_id, sequence, code, kind, name, quantity, unit_price, per, amount_exact,
    currency_id, amount, create_uid, create_date, write_uid, write_date)
VALUES %s
"""
NUMBERS = "SELECT charge_id, MAX(number) FROM usage_adjustment WHERE charge_id = ANY(%s) GROUP BY 1"


def store(env, compared, found, decide, now):
    """Insert what was `found` among the `compared` charges; return the adjustment records.

    `decide(found) -> (state, reason)`. A draft that is found again stays; one that is not is superseded.
    The number of an adjustment is unique per charge: whoever finds the same thing beside us is contention.
    """
    Adjustment = env["usage.adjustment"]
    if not found:
        return Adjustment
    outdated = [item.draft.id for item in found if item.draft and not item.is_known]
    Adjustment.browse(outdated)._supersede()
    Adjustment.flush_model()
    fresh = [item for item in found if not item.is_known and not item.is_nothing]
    env.cr.execute(NUMBERS, ([item.charged.id for item in fresh],))
    numbers = dict(env.cr.fetchall())
    until = events_until(env)
    rows = [_row(env, item, numbers.get(item.charged.id, 0) + 1, decide(item), until, now) for item in fresh]
    ids = []
    if rows:
        try:
            with env.cr.savepoint(flush=False):
                ids = [id_ for (id_,) in env.cr.execute_values(INSERT_ADJUSTMENT, rows, fetch=True, page_size=1000)]
        except psycopg2.errors.UniqueViolation as clash:
            raise ConcurrencyError("the same differences were found by a concurrent transaction") from clash
    parts = [
        _component_row(env, item, id_, sequence, now)
        for id_, item in zip(ids, fresh, strict=True)
        for sequence in range(len(item.rated.charge.components))
    ]
    if parts:
        env.cr.execute_values(INSERT_COMPONENT, parts, page_size=1000)
    _keep_digests(env, compared, found)
    env["usage.rate.card.version"].browse(
        {stretch.version_id for item in fresh for stretch in item.rated.agreement.stretches}
    )._freeze()
    Adjustment.invalidate_model()
    env["usage.adjustment.component"].invalidate_model()
    return Adjustment.browse(ids)


def _keep_digests(env, compared, found):
    """Remember what holds now, so that a change is looked at once."""
    held = [(item.charged.id, item.rated.agreement.held) for item in found]
    changed = dict(held).items() - {(item.id, item.digest) for item in compared}
    if changed:
        env.cr.execute_values(
            "UPDATE usage_charge c SET agreed_digest = v.digest FROM (VALUES %s) v (id, digest) WHERE c.id = v.id",
            sorted(changed),
        )
        env["usage.charge"].invalidate_model(["agreed_digest"])


def _row(env, item, number, decision, until, now):
    rated, charged, late = item.rated, item.charged, item.late
    line, contract = rated.line, rated.line.contract_id
    state, reason = decision
    stretches = rated.agreement.stretches
    events = [{"id": id_, "quantity": q} for id_, q in zip(late.ids, late.quantities, strict=True)] if late else []
    basis = {**basis_of(rated, until), "events_after": charged.events_until}
    return (
        charged.id,
        number,
        line.id,
        contract.id,
        charged.partner_id,
        line.company_id.id,
        rated.metric.id,
        contract.currency_id.id,
        rated.commitment.id if rated.commitment else None,
        charged.date_start,
        charged.date_end,
        charged.term_start,
        stretches[-1].version_id if stretches else None,
        state,
        rated.quantity,
        rated.charge.quantity_carried,
        item.event_count,
        charged.amount,
        item.amount,
        charged.amount + item.amount,
        late.event_count if late else 0,
        late.void_count if late else 0,
        late.quantity if late else 0,
        json.dumps(events),
        item.is_repriced,
        *rated_json(rated),
        json.dumps(item.change),
        json.dumps(basis),
        reason,
        now,
        env.uid,
        now,
        env.uid,
        now,
    )


def _component_row(env, item, adjustment_id, sequence, now):
    part = item.rated.charge.components[sequence]
    return (
        adjustment_id,
        item.rated.line.company_id.id,
        sequence,
        part.code,
        part.kind,
        item.rated.names[sequence],
        part.quantity,
        part.unit_price,
        part.per,
        part.amount_exact,
        item.rated.line.contract_id.currency_id.id,
        part.amount,
        env.uid,
        now,
        env.uid,
        now,
    )

"""What readings would become, with nothing kept: for a preview."""

from contextlib import closing

from odoo.addons.odoo_usage_billing.store import UsageWriter
from odoo.addons.odoo_usage_billing.store.records import Refusal

from .chains import Chains


def rehearse(source, readings, received_at):
    """(good records, refusals, duplicates) of readings, as storing them would tell. All is undone."""
    env = source.env
    with closing(env.cr.savepoint()):
        batch = env["usage.batch"].create({"name": source.name, "source_id": source.id})
        writer = UsageWriter(env, source, batch, received_at)
        chains = Chains(batch, writer)
        strange = chains.take(readings)
        refusals = [*chains.refusals, *writer.check(strange)[1]]
        for refusal in [*chains.unwritten, *writer.check(chains.deltas)[1]]:
            reading = chains.readings_of[refusal.record.external_id]
            refusals.append(Refusal(reading, refusal.reason, refusal.params))
    refusals = list({_key(refusal.record): refusal for refusal in refusals}.values())
    left = {_key(refusal.record) for refusal in refusals} | {_key(record) for record in chains.duplicates}
    return [record for record in readings if _key(record) not in left], refusals, chains.duplicates


def _key(record):
    return record.row_number, record.external_id

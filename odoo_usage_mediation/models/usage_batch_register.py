from datetime import timezone

from odoo import fields, models

from odoo.addons.odoo_usage_billing.store import UsageWriter, WriteResult
from odoo.addons.odoo_usage_billing.store.corrections import named
from odoo.addons.odoo_usage_billing.store.records import Refusal

from ..registers import Chains
from ..registers.stored import find_deltas, find_readings


class UsageBatch(models.Model):
    """Records that are readings become usage on their way into the store, whatever the door."""

    _inherit = "usage.batch"

    reading_count = fields.Integer(compute="_compute_reading_count")

    def _compute_reading_count(self):
        counts = dict(self.env["usage.reading"]._read_group([("batch_id", "in", self.ids)], ["batch_id"], ["__count"]))
        for batch in self:
            batch.reading_count = counts.get(batch, 0)

    def _store(self, records, refusals=(), filtered=0, origins=None):
        self.ensure_one()
        metrics = self.source_id._register_metrics()
        records = list(records)
        corrected = {named(record) for record in records} - {None}
        if metrics is not None and not metrics and not corrected:
            return super()._store(records, refusals, filtered, origins)
        corrected = find_readings(self.env.cr, self.source_id.id, corrected) if corrected else ()
        readings = [
            record
            for record in records
            if metrics is None or record.metric in metrics or (record.voids and record.voids in corrected)
        ]
        # Usage that a reading gave and that waited in suspense is usage, not a reading.
        given = find_deltas(self.env.cr, self.source_id.id, [record.external_id for record in readings])
        readings = [record for record in readings if record.external_id not in given]
        if not readings:
            return super()._store(records, refusals, filtered, origins)
        writer = UsageWriter(self.env, self.source_id, self, fields.Datetime.now().replace(tzinfo=timezone.utc))
        chains = Chains(self, writer)
        taken = {id(record) for record in readings}
        strange = chains.take(readings)
        others = [record for record in records if id(record) not in taken]
        results = super()._store([*others, *strange], refusals, filtered, origins)
        return [*results, self._store_readings(writer, chains, len(readings) - len(strange), origins)]

    def _store_readings(self, writer, chains, received, origins):
        """Store what readings gave. A reading whose usage is refused counts as suspended, and stands."""
        chains.flush()
        self._suspend([*chains.unwritten, *chains.refusals], origins)
        waiting = {
            chains.readings_of[refusal.record.external_id].external_id: Refusal(
                chains.readings_of[refusal.record.external_id], refusal.reason, refusal.params
            )
            for refusal in chains.unwritten
        }
        suspended = len(chains.refusals) + len(waiting)
        accepted = received - suspended - len(chains.duplicates)
        result = WriteResult(
            received=received,
            accepted=accepted,
            duplicate=len(chains.duplicates),
            suspended=suspended,
            refusals=[*chains.refusals, *waiting.values()],
            duplicates=chains.duplicates,
            accepted_digests=chains.accepted_digests,
        )
        self._close_suspense(result, origins)
        self._close_rederived(chains)
        self._count([result], 0, 0)
        self.is_derived = True
        for model in ("usage.register", "usage.reading", "usage.event", "usage.bucket"):
            self.env[model].invalidate_model()
        return result

    def _close_rederived(self, chains):
        """Usage that waits in suspense and was derived again, or is gone with its reading, waits no longer."""
        if chains.rederived:
            waiting = self.env["usage.suspense"]._open_of(self.source_id, chains.rederived)
            stale = waiting.filtered(lambda row: chains.rederived[row.suspense_key] != row.content_digest)
            stale.write({"state": "recycled", "closed_by_id": self.env.uid})

    def action_view_readings(self):
        """Open the readings of this batch."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Readings"),
            "res_model": "usage.reading",
            "view_mode": "list,kanban,form",
            "domain": [("batch_id", "=", self.id)],
        }

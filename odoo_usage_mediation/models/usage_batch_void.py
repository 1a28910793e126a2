from contextlib import closing
from datetime import timezone

from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.odoo_usage_billing.store import UsageWriter
from odoo.addons.odoo_usage_billing.store.records import Refusal

from ..registers import Chains, Withdrawals
from ..registers.stored import load_targets, save_registers

# What lies between readings goes with them, not event by event.
OF_READINGS = """
    EXISTS (SELECT FROM usage_reading d
             WHERE d.source_id = e.source_id AND d.delta_external_id = e.external_id)
"""


class UsageBatch(models.Model):
    """Taking back a batch of readings withdraws each of them; what its registers then say is derived again."""

    _inherit = "usage.batch"

    def _left_out_of_void(self):
        has_registers = self.env["usage.register"].search_count([("source_id", "=", self.source_id.id)], limit=1)
        return SQL(OF_READINGS) if has_registers else super()._left_out_of_void()

    def _take_back(self, void, received_at):
        count = 0
        if self.reading_count:
            count, _refusals = self._withdraw_readings(void)
        return count + super()._take_back(void, received_at)

    def _count_voidable(self):
        open_count, locked_count = super()._count_voidable()
        if self.reading_count:
            count, refusals = self._rehearse_void()
            open_count, locked_count = open_count + count, locked_count + len(refusals)
        return open_count, locked_count

    def _locked_sentence(self, count):
        refusals = self._rehearse_void()[1] if self.reading_count else ()
        if not refusals:
            return super()._locked_sentence(count)
        return self.env._(
            "%(count)s readings or events of this batch stay. The first reason: %(why)s",
            count=count,
            why=self.env["usage.suspense"]._phrase(refusals[0].reason, refusals[0].params),
        )

    def _rehearse_void(self):
        """(readings that would be withdrawn, refusals of those that would stay); nothing is kept."""
        with closing(self.env.cr.savepoint()):
            rehearsal = self.create(
                {
                    "name": self.name,
                    "source_id": self.source_id.id,
                    "kind": "void",
                    "voids_batch_id": self.id,
                    "void_reason": "-",
                }
            )
            rehearsal.flush_recordset()
            found = self._withdraw_readings(rehearsal)
        self.env.invalidate_all()
        return found

    def _withdraw_readings(self, void):
        """Withdraw what readings of this batch may be withdrawn, register by register."""
        received_at = fields.Datetime.now().replace(tzinfo=timezone.utc)
        chains = Chains(void, UsageWriter(self.env, self.source_id, void, received_at))
        withdrawals = Withdrawals(chains)
        readings = self.env["usage.reading"].search([("batch_id", "=", self.id), ("state", "=", "standing")])
        groups = {}
        for target in load_targets(self.env.cr, readings.ids):
            groups.setdefault(target.key, []).append(target)
        withdrawals.prepare([target for targets in groups.values() for target in targets])
        count, refusals = 0, []
        for targets in groups.values():
            plans = withdrawals.plan(targets, None, None)
            if isinstance(plans, Refusal):
                refusals += [plans] * len(targets)
                continue
            withdrawals.apply(plans, None, None, reason=void.void_reason, is_whole_batch=True)
            count += len(targets)
        void._settle_withdrawals(chains)
        return count, refusals

    def _settle_withdrawals(self, chains):
        """Keep where the registers stand after readings were withdrawn as this batch, and what waits of their usage."""
        save_registers(self.env.cr, chains.registers.values())
        self._suspend(chains.unwritten)
        self._close_rederived(chains)
        self.is_derived = True
        for model in ("usage.register", "usage.reading", "usage.reading.withdrawal", "usage.event", "usage.bucket"):
            self.env[model].invalidate_model()

from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from ..store.guide import Guide
from ..store.retirement import live_retired
from ..store.voids import NOTHING, count_billed, count_standing, void_batch


class UsageBatch(models.Model):
    """A whole batch may be taken back: as another batch, of kind void, that names it."""

    _inherit = "usage.batch"

    kind = fields.Selection([("usage", "Usage"), ("void", "Void")], required=True, default="usage", readonly=True)
    voids_batch_id = fields.Many2one(
        "usage.batch",
        string="Takes Back",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        copy=False,
    )
    void_batch_ids = fields.One2many("usage.batch", "voids_batch_id", readonly=True)
    void_batch_count = fields.Integer(compute="_compute_void_batch_count")
    void_reason = fields.Char(string="Why Taken Back", readonly=True, copy=False)
    void_state = fields.Selection(
        [("partly", "Taken back in part"), ("voided", "Taken back")], string="Void State", readonly=True, copy=False
    )
    locked_count = fields.Integer(
        string="Left, Invoiced",
        readonly=True,
        copy=False,
        help="Events that lie in invoiced periods, so that they still count.",
    )

    _void_names_its_batch = models.Constraint(
        "CHECK ((kind = 'void') = (voids_batch_id IS NOT NULL) AND (kind <> 'void' OR void_reason IS NOT NULL))",
        "A void names the batch that it takes back, and says why.",
    )

    def _compute_void_batch_count(self):
        counts = dict(self._read_group([("voids_batch_id", "in", self.ids)], ["voids_batch_id"], ["__count"]))
        for batch in self:
            batch.void_batch_count = counts.get(batch, 0)

    def action_void(self, reason):
        """Take back every event of this batch that counts and is not invoiced; again, nothing more happens.

        Returns the batch of kind void, or none when nothing was left to take back.
        """
        self.ensure_one()
        self._check_may_void(reason)
        # Two people at once: the second one finds nothing left.
        self.lock_for_update()
        received_at = fields.Datetime.now()
        self._hold_billing_off()
        open_count, locked_count = self._count_voidable()
        if not open_count and locked_count:
            raise UserError(self._locked_sentence(locked_count))
        if not open_count:
            self.void_state = "voided"
            return self.browse()
        void = self.create(
            {
                "name": self.env._("Void of %(name)s", name=self.name),
                "source_id": self.source_id.id,
                "received_at": received_at,
                "kind": "void",
                "voids_batch_id": self.id,
                "void_reason": reason.strip(),
                "locked_count": locked_count,
            }
        )
        void.flush_recordset()
        count = self._take_back(void, received_at)
        void.write({"received_count": count, "accepted_count": count})
        self.write({"void_state": "partly" if locked_count else "voided", "locked_count": locked_count})
        self.env["usage.event"].invalidate_model()
        self.env["usage.bucket"].invalidate_model()
        return void

    def _take_back(self, void, received_at):
        """Take back what may be taken back, as the batch `void`; returns how many records that is."""
        return void_batch(self.env.cr, self.id, void.id, received_at, self._left_out_of_void())

    def _left_out_of_void(self):
        """A condition on events `e` of this batch that are not taken back event by event."""
        return NOTHING

    def _check_may_void(self, reason):
        if not self.env.user.has_group("odoo_usage_billing.group_usage_manager"):
            raise AccessError(self.env._("Only a usage manager may take a whole batch back. Ask one to do it."))
        self.check_access("write")
        if self.kind == "void":
            raise UserError(self.env._("This batch takes another one back. Send the usage again to count it again."))
        if not (reason or "").strip():
            raise UserError(self.env._("Say why the batch is taken back: the reason stays on the new batch."))

    def _hold_billing_off(self):
        """Share-lock the contracts of this batch, as storing does, so that no invoice is made meanwhile."""
        self.env.cr.execute("SELECT DISTINCT contract_line_id FROM usage_event WHERE batch_id = %s", (self.id,))
        Guide(self.env, self.source_id).hold([line_id for (line_id,) in self.env.cr.fetchall()])

    def _flush_late_policies(self):
        for model in ("usage.billing.period", "usage.source", "contract.contract"):
            self.env[model].flush_model()

    def _locked_sentence(self, count):
        if self._live_retired():
            return self.env._(
                "%(count)s events of this batch are retired or lie in periods that are invoiced already, so they "
                "still count. Credit the difference.",
                count=count,
            )
        return self.env._(
            "%(count)s events of this batch lie in periods that are invoiced already, so they still count. Cancel the "
            "invoices while they are drafts and take the batch back then, or credit the difference.",
            count=count,
        )

    def _count_voidable(self):
        """(events that can be taken back now, events that are invoiced)."""
        self.ensure_one()
        self._flush_late_policies()
        open_count, locked_count = count_standing(self.env.cr, self.id, self._left_out_of_void())
        return open_count, locked_count + self._live_retired()

    def _count_billed(self):
        """How many of the events that can be taken back are invoiced, so that money moves."""
        self._flush_late_policies()
        return count_billed(self.env.cr, self.id)

    def _live_retired(self):
        """How many events were retired and count. Those of this batch stay where they are from now on, so that a fresh
        snapshot knows all that went."""
        with self.env.registry.cursor() as fresh:
            return max(live_retired(cr, self.id) for cr in (self.env.cr, fresh))

    def action_view_void_batches(self):
        """Open the batches that took this one back, or the batch that this one takes back."""
        self.ensure_one()
        batches = self.voids_batch_id or self.void_batch_ids
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Batches"),
            "res_model": "usage.batch",
            "view_mode": "list,kanban,form",
            "domain": [("id", "in", batches.ids)],
        }
        if len(batches) == 1:
            action |= {"res_id": batches.id, "view_mode": "form"}
        return action

    def action_open_void(self):
        """Ask for the reason, and show what would be taken back."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Take Batch Back"),
            "res_model": "usage.batch.void",
            "view_mode": "form",
            "target": "new",
            "context": {"default_batch_id": self.id},
        }

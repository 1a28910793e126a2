from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError


class AccountMove(models.Model):
    """Invoices that carry adjustments: linked line by line, given back when a draft goes."""

    _inherit = "account.move"

    usage_adjustment_ids = fields.One2many("usage.adjustment", "move_id", string="Usage Adjustments")
    usage_adjustment_count = fields.Integer(compute="_compute_usage_adjustment_count")

    @api.depends("usage_adjustment_ids")
    def _compute_usage_adjustment_count(self):
        found = self._usage_adjustments_shown()
        for move in self:
            move.usage_adjustment_count = len(
                found.filtered(lambda a, move=move: move in (a.move_id, a.sudo().origin_move_id))
            )

    def _usage_adjustments_shown(self):
        """The adjustments that these invoices carry, and those of what they billed."""
        return self.env["usage.adjustment"].search(
            [
                "|",
                ("move_id", "in", self.ids),
                ("charge_id.period_id.move_id", "in", self.ids),
                ("state", "!=", "superseded"),
            ]
        )

    def _link_usage_charges(self):
        result = super()._link_usage_charges()
        self._link_usage_adjustments()
        return result

    def _link_usage_adjustments(self):
        """Store the links adjustment <-> invoice line; each was accepted and is on one invoice only."""
        if not self:
            return
        self.env["account.move.line"].flush_model(["usage_adjustment_id", "usage_adjustment_component_id", "move_id"])
        self.env["usage.adjustment"].flush_model()
        cr = self.env.cr
        cr.execute(
            """
            UPDATE usage_adjustment_component c SET move_line_id = l.id
              FROM account_move_line l
             WHERE l.usage_adjustment_component_id = c.id AND l.move_id = ANY(%s)
            """,
            (self.ids,),
        )
        cr.execute(
            "SELECT COUNT(DISTINCT usage_adjustment_id) FROM account_move_line"
            " WHERE move_id = ANY(%s) AND usage_adjustment_id IS NOT NULL",
            (self.ids,),
        )
        (carried,) = cr.fetchone()
        if not carried:
            return
        cr.execute(
            """
            UPDATE usage_adjustment a SET state = 'invoiced', move_id = l.move_id
              FROM (SELECT DISTINCT usage_adjustment_id, move_id FROM account_move_line WHERE move_id = ANY(%s)) l
             WHERE a.id = l.usage_adjustment_id AND a.state = 'accepted'
            """,
            (self.ids,),
        )
        if cr.rowcount != carried:
            raise ConcurrencyError("adjustments were invoiced by a concurrent transaction")
        self.env["usage.adjustment"].invalidate_model()
        self.env["usage.adjustment.component"].invalidate_model()
        self.invalidate_recordset(["usage_adjustment_ids"])

    def _release_usage(self):
        result = super()._release_usage()
        # Whoever may cancel this draft may give back what it carries.
        carried = self.sudo().usage_adjustment_ids
        if carried:
            carried.write({"state": "accepted", "move_id": False})
            carried.flush_recordset()
        return result

    def button_draft(self):
        cancelled = self.filtered(lambda m: m.state == "cancel")
        if cancelled and cancelled.line_ids.filtered("usage_adjustment_id"):
            raise UserError(
                self.env._(
                    "The adjustments of this invoice were given back when it was cancelled and may be on another "
                    "invoice. Bill them again instead of reopening it."
                )
            )
        return super().button_draft()

    def action_view_usage_adjustments(self):
        """Open the adjustments that this invoice carries, or that were found of what it billed."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Usage Adjustments"),
            "res_model": "usage.adjustment",
            "view_mode": "list,kanban,form",
            "domain": [("id", "in", self._usage_adjustments_shown().ids)],
        }

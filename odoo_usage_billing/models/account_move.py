from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    _inherit = "account.move"

    usage_period_ids = fields.One2many("usage.billing.period", "move_id", string="Billing Periods")
    usage_charge_count = fields.Integer(compute="_compute_usage_charge_count")

    @api.depends("usage_period_ids")
    def _compute_usage_charge_count(self):
        counts = dict(
            self.env["usage.billing.period"]._read_group([("move_id", "in", self.ids)], ["move_id"], ["__count"])
        )
        for move in self:
            move.usage_charge_count = counts.get(move, 0)

    def _link_usage_charges(self):
        """Store the links charge <-> invoice line and mark the periods invoiced."""
        if not self:
            return
        self.env["account.move.line"].flush_model(["usage_charge_id", "usage_component_id", "move_id"])
        cr = self.env.cr
        cr.execute(
            """
            UPDATE usage_charge_component c SET move_line_id = l.id
              FROM account_move_line l
             WHERE l.usage_component_id = c.id AND l.move_id = ANY(%s)
            """,
            (self.ids,),
        )
        cr.execute(
            """
            UPDATE usage_billing_period p SET state = 'invoiced', move_id = v.move_id
              FROM (SELECT DISTINCT c.period_id, l.move_id
                      FROM account_move_line l JOIN usage_charge c ON c.id = l.usage_charge_id
                     WHERE l.move_id = ANY(%s)) v
             WHERE p.id = v.period_id
            """,
            (self.ids,),
        )
        self.env["usage.charge"].invalidate_model()
        self.env["usage.charge.component"].invalidate_model()
        self.env["usage.billing.period"].invalidate_model()
        self.invalidate_recordset(["usage_period_ids"])

    def _turn_negative_into_credit_notes(self):
        """A draft below zero, after corrections or credits, becomes a credit note: it could not be posted."""
        self.filtered(
            lambda move: move.move_type == "out_invoice" and move.currency_id.compare_amounts(move.amount_total, 0) < 0
        ).action_switch_move_type()

    def _due_from_their_day(self):
        """Drafts of a day to come are due on it: without payment terms they would be due on the day they were made."""
        for move in self:
            if move.invoice_date and move.invoice_date_due and move.invoice_date_due < move.invoice_date:
                move.invoice_date_due = move.invoice_date

    def _usage_contracts(self):
        """{move: contracts} of these invoices, from their lines."""
        found = {}
        for move, line in self.env["account.move.line"]._read_group(
            [("move_id", "in", self.ids), ("contract_line_id", "!=", False)],
            ["move_id", "contract_line_id"],
        ):
            found.setdefault(move, self.env["contract.contract"])
            found[move] |= line.contract_id
        return found

    def _fixed_contract_lines_back(self):
        """Set the fixed lines that these invoices carried back to the day before what they billed."""
        dated = self.invoice_line_ids.filtered("usage_date_start")
        billed = dated.filtered(lambda item: not item.contract_line_id.is_usage)
        for item in billed.sorted("usage_date_start", reverse=True):
            line, start = item.contract_line_id, item.usage_date_start
            if line.last_date_invoiced != item._usage_date_last():
                continue
            line.last_date_invoiced = fields.Date.subtract(start, days=1) if start > line.date_start else False

    def _usage_contract_lines_back(self, periods):
        """Set the contract lines of released periods back, so that they are due again."""
        for line, group in periods.grouped("contract_line_id").items():
            first = min(group.mapped("date_start"))
            before = fields.Date.subtract(first, days=1)
            line.write(
                {
                    "last_date_invoiced": before if before >= line.date_start else False,
                }
            )

    def _release_usage(self):
        if not self:  # account writes on lines call this on nothing, thousands of times
            return
        periods = self.usage_period_ids.filtered(lambda p: p.state == "invoiced")
        if periods:
            # Releasing needs rights on billing facts that an invoicing clerk does not
            # have; the right that replaces them is the one to cancel this draft invoice.
            released = periods.sudo()._release()
            self.sudo()._usage_contract_lines_back(released)
            self.sudo()._fixed_contract_lines_back()

    def _fees_of_runs(self):
        """Those of these that a run made of fixed lines alone: no copies, nor what was cancelled before."""
        open_ = self.filtered(lambda m: m.state != "cancel" and not m.usage_period_ids)
        # Whoever may cancel an invoice may let its fees be invoiced again.
        lines = self.env["usage.billing.run.line"].sudo()
        return lines.search([("move_ids", "in", open_.ids)]).move_ids & open_.sudo() if open_ else open_

    def button_cancel(self):
        fees = self._fees_of_runs()
        result = super().button_cancel()
        self._release_usage()
        fees._fixed_contract_lines_back()
        return result

    def button_draft(self):
        cancelled = self and self.filtered(lambda m: m.state == "cancel")
        if cancelled.usage_period_ids.filtered(lambda p: p.state == "released"):
            raise UserError(
                self.env._(
                    "The billing periods of this invoice were released when it was cancelled "
                    "and may be invoiced again. Start a billing run instead of reopening it."
                )
            )
        return super().button_draft()

    def unlink(self):
        self._release_usage()
        self._fees_of_runs()._fixed_contract_lines_back()
        return super().unlink()

    def action_view_usage_charges(self):
        """Open the charges behind this invoice."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Usage Charges"),
            "res_model": "usage.charge",
            "view_mode": "list,kanban,form",
            "domain": [("period_id.move_id", "=", self.id)],
        }

from odoo import fields, models

CHUNK = 50


class UsageBillingRunLine(models.Model):
    """A contract within a billing run, and what became of it."""

    _name = "usage.billing.run.line"
    _description = "Billing Run Contract"
    _order = "run_id, state, id"
    _rec_name = "contract_id"

    run_id = fields.Many2one("usage.billing.run", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="run_id.company_id", store=True)
    contract_id = fields.Many2one("contract.contract", required=True, ondelete="restrict")
    partner_id = fields.Many2one(related="contract_id.partner_id")
    state = fields.Selection(
        [("failed", "Failed"), ("held", "Held"), ("pending", "Pending"), ("done", "Done")],
        required=True,
        default="pending",
        index=True,
    )
    message = fields.Text(string="Reason")
    move_ids = fields.Many2many("account.move", string="Invoices")

    _contract_once = models.Constraint("UNIQUE (run_id, contract_id)", "A contract is in a run once.")

    def _with_companions(self):
        """These lines, and the pending ones of their run whose contracts may share an invoice with theirs."""
        partners = self.contract_id.filtered("usage_invoice_together").invoice_partner_id
        if not partners:
            return self
        return self | self.search(
            [
                ("run_id", "in", self.run_id.ids),
                ("state", "=", "pending"),
                ("contract_id.usage_invoice_together", "=", True),
                ("contract_id.invoice_partner_id", "in", partners.ids),
            ]
        )

    def _pending_chunks(self):
        """Cut the pending ones of these lines into chunks for one transaction each; companions stay together."""
        left = self.filtered(lambda line: line.state == "pending")
        while left:
            chunk = left[:CHUNK]._with_companions()
            yield chunk
            left -= chunk

    def action_open_contract(self):
        """Open the contract, to mend what stopped it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "contract.contract",
            "res_id": self.contract_id.id,
            "view_mode": "form",
        }

from collections import defaultdict

from odoo import fields, models

CHUNK = 50
LINK = """
INSERT INTO account_move_usage_billing_run_line_rel (usage_billing_run_line_id, account_move_id)
VALUES %s ON CONFLICT DO NOTHING
"""


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

    def _note_outcome(self, owners, holds, behind):
        """Say what became of these contracts: their invoices, held periods, and whether periods are left to do.

        `owners`: {invoice: its contracts}.
        """
        stopped = holds.grouped("contract_id")
        outcomes = defaultdict(self.browse)
        for line in self:
            contract = line.contract_id
            state = "held" if contract in stopped else "pending" if contract in behind else "done"
            message = "\n".join(stopped[contract].mapped("message")) if contract in stopped else False
            outcomes[state, message or False] |= line
        for (state, message), lines in outcomes.items():
            lines.write({"state": state, "message": message})
        self._link_invoices(owners)

    def _link_invoices(self, owners):
        """Add invoices to the lines of the contracts that are on them, in one statement."""
        by_contract = defaultdict(list)
        for move, contracts in owners.items():
            for contract in contracts:
                by_contract[contract].append(move.id)
        pairs = [(line.id, move_id) for line in self for move_id in by_contract[line.contract_id]]
        if pairs:
            self.flush_recordset(["move_ids"])
            self.env.cr.execute_values(LINK, pairs, page_size=len(pairs))
            self.invalidate_recordset(["move_ids"])
            self.modified(["move_ids"])

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

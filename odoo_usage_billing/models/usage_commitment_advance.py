from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..invoicing import commitments


class UsageCommitment(models.Model):
    """Promises that are billed at the start of their term: a deferred liability that usage draws on."""

    _inherit = "usage.commitment"

    in_advance = fields.Boolean(
        string="Billed in Advance",
        tracking=True,
        help="The promise is invoiced at the start of each term and deferred; charges of the term are covered by it. "
        "What is not used by its end expires, so that no shortfall is billed.",
    )
    prepaid_product_id = fields.Many2one(
        "product.product", string="Invoiced As", domain="[('usage_prepaid', '=', True)]", tracking=True
    )
    prepaid_recognition = fields.Selection(
        [("use", "By use"), ("days", "By days")],
        string="Revenue",
        required=True,
        default="use",
        tracking=True,
        help="By use: as usage draws on it, and the rest when the term has ended. By days: the same amount each day "
        "of the term.",
    )
    prepaid_balance_ids = fields.One2many("usage.prepaid.balance", "commitment_id", string="Prepaid Balances")
    prepaid_grant_ids = fields.One2many("usage.prepaid.grant", "commitment_id", string="Paid Terms")

    _advance_sane = models.Constraint(
        "CHECK (NOT in_advance OR (kind = 'amount' AND term <> 'period' AND NOT COALESCE(true_up, false)"
        " AND prepaid_product_id IS NOT NULL))",
        "A commitment that is billed in advance promises an amount over a month, quarter, year or deal, names the "
        "product it is invoiced as, and bills no shortfall.",
    )

    @api.onchange("in_advance")
    def _onchange_in_advance(self):
        if self.in_advance:
            self.true_up = False

    def write(self, vals):
        result = super().write(vals)
        if "date_end" in vals:
            self.filtered("in_advance")._move_prepaid_ends()
        return result

    def _move_prepaid_ends(self):
        """An earlier or later end of the deal is the end of the term that is paid."""
        for commitment in self:
            for grant in commitment.sudo().prepaid_grant_ids:
                term = commitments.term_of(commitment, grant.date_start)
                if term:
                    grant._move_end(min(filter(None, (term.end, commitment.date_end))))

    def action_bill_term(self):
        """Invoice the term of today, or the first one, if it is not billed."""
        self.ensure_one()
        self.check_access("write")
        if not self.in_advance:
            raise UserError(self.env._("%s is not billed in advance.", self.name))
        day = max(fields.Date.context_today(self), self.date_start)
        move = self._bill_term(day)
        if not move:
            raise UserError(
                self.env._("The term of %(day)s is billed already, or %(name)s has ended.", day=day, name=self.name)
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": move.id,
            "view_mode": "form",
        }

    def _bill_term(self, day):
        """The invoice of the term that holds a day; none when it is billed or there is no such term."""
        term = commitments.term_of(self, day)
        billed = term and self.env["account.move.line"].sudo().search_count(
            [
                ("usage_commitment_id", "=", self.id),
                ("usage_term_start", "=", max(term.start, self.date_start)),
                ("parent_state", "!=", "cancel"),
            ],
            limit=1,
        )
        if not term or billed:
            return self.env["account.move"]
        contract = self.contract_id.with_company(self.company_id)
        account = contract.company_id.usage_deferred_account_id or contract.company_id.usage_prepaid_account_id
        if not account:
            raise UserError(
                self.env._("Commitments in advance need an account for deferred revenue. Choose it in the settings.")
            )
        vals = contract._prepare_invoice(max(term.start, self.date_start))
        vals["invoice_line_ids"] = [Command.create(self._term_line(term, account))]
        # The billing run's rights: whoever may bill the commitment has them.
        move = self.env["account.move"].sudo().create(vals)
        move._usage_post_by_policy()
        return move.sudo(False)

    def _term_line(self, term, account):
        start = max(term.start, self.date_start)
        end = min(filter(None, (term.end, self.date_end)))
        explainer = self.env["usage.explainer"].with_context(lang=self.partner_id.lang)
        return {
            "product_id": self.prepaid_product_id.id,
            "name": f"{self.name} ({explainer._days_text(start, end)})",
            "quantity": 1,
            "price_unit": float(commitments.promised(self, term)),
            "account_id": account.id,
            "contract_line_id": self._lines()[:1].id,
            "usage_commitment_id": self.id,
            "usage_term_start": start,
            "usage_term_end": end,
        }

    def _prepaid_balance(self, account):
        """The balance of this commitment's paid terms."""
        contract = self.contract_id
        found = self.env["usage.prepaid.balance"].with_context(active_test=False)
        domain = [("commitment_id", "=", self.id), ("currency_id", "=", contract.currency_id.id)]
        return found.search(domain) or found.create(
            {
                "company_id": contract.company_id.id,
                "partner_id": contract.invoice_partner_id.id,
                "currency_id": contract.currency_id.id,
                "contract_id": contract.id,
                "commitment_id": self.id,
                "account_id": account.id,
                "tax_policy": "at_purchase",
            }
        )

    @api.model
    def _cron_bill_in_advance(self):
        """Daily: invoice the terms of commitments that begin, each on its own; what stops one is said on it."""
        today = fields.Date.context_today(self)
        for commitment in self.search([("in_advance", "=", True), ("date_start", "<=", today)]):
            try:
                with self.env.cr.savepoint():
                    commitment._bill_term(today)
            except UserError as error:
                self.env.invalidate_all()
                commitment.message_post(body=self.env._("The term could not be invoiced: %s", str(error)))
            self.env["ir.cron"]._commit_progress(1)

    def action_view_prepaid(self):
        """Open what was paid in advance."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_billing.usage_prepaid_grant_action")
        return {**action, "domain": [("commitment_id", "=", self.id)], "context": {}}

from odoo import fields, models

from ..store.schema import refuse_truncate

# A customer that is merged into another takes the lines along; nothing else of them changes.
FACT = """
CREATE OR REPLACE FUNCTION usage_accrual_line_is_fact() RETURNS trigger AS $$
BEGIN
    IF EXISTS (SELECT FROM usage_accrual WHERE state = 'posted'
                AND id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.accrual_id END,
                           CASE WHEN TG_OP <> 'DELETE' THEN NEW.accrual_id END))
        AND (TG_OP <> 'UPDATE'
             OR to_jsonb(NEW) - 'partner_id'::text IS DISTINCT FROM to_jsonb(OLD) - 'partner_id'::text)
    THEN RAISE EXCEPTION 'Lines of a posted accrual are facts: % is refused. Accrue the same date again instead.',
        TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$ LANGUAGE plpgsql;
DROP TRIGGER IF EXISTS usage_accrual_line_fact ON usage_accrual_line;
CREATE TRIGGER usage_accrual_line_fact BEFORE INSERT OR UPDATE OR DELETE ON usage_accrual_line
    FOR EACH ROW EXECUTE FUNCTION usage_accrual_line_is_fact();
"""


class UsageAccrualLine(models.Model):
    """Unbilled usage of a contract line in one billing period, what of it is posted already, and what is not.

    A line with a reason has periods that could not be rated: nothing of them is posted, and what was posted of them,
    which it shows as unbilled, stays.
    """

    _name = "usage.accrual.line"
    _description = "Usage Accrual Line"
    _order = "accrual_id DESC, contract_id, contract_line_id, date_start, id"
    _rec_name = "contract_line_id"

    accrual_id = fields.Many2one("usage.accrual", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="accrual_id.company_id", store=True)
    state = fields.Selection(related="accrual_id.state")
    date = fields.Date(related="accrual_id.date", store=True)
    contract_line_id = fields.Many2one("contract.line", required=True, index=True, ondelete="restrict")
    contract_id = fields.Many2one("contract.contract", required=True, index=True, ondelete="restrict")
    partner_id = fields.Many2one("res.partner", string="Customer", required=True, ondelete="restrict")
    metric_id = fields.Many2one("usage.metric", required=True, ondelete="restrict")
    date_start = fields.Date(string="First Day")
    date_end = fields.Date(string="First Day After")
    quantity = fields.Float(digits=False, min_display_digits=2)
    currency_id = fields.Many2one("res.currency", required=True, ondelete="restrict")
    company_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")
    amount_unbilled = fields.Monetary(help="Unbilled by the date, in the contract's currency, without taxes.")
    amount_unbilled_company = fields.Monetary(string="Unbilled, Company Currency", currency_field="company_currency_id")
    amount = fields.Monetary(string="To Post", help="Unbilled less what is posted for the same date.")
    amount_company = fields.Monetary(string="To Post, Company Currency", currency_field="company_currency_id")
    account_id = fields.Many2one("account.account", string="Revenue Account", ondelete="restrict")
    prepaid_balance_id = fields.Many2one(
        "usage.prepaid.balance",
        string="Paid From",
        index="btree_not_null",
        ondelete="restrict",
        help="Prepaid money that the invoice will draw for it.",
    )
    liability_account_id = fields.Many2one(
        "account.account",
        string="Liability Account",
        ondelete="restrict",
        help="What customers paid ahead is earned out of it. Empty: unbilled revenue, or less of it.",
    )
    analytic_distribution = fields.Json()
    analytic_precision = fields.Integer(store=False, default=2)
    is_charged = fields.Boolean(string="Charged", help="Its invoice is a draft, or is dated later.")
    explanation = fields.Text(help="What the invoice would say.")
    reason = fields.Text(string="Why Left Out")
    move_line_id = fields.Many2one(
        "account.move.line", string="Journal Item", index="btree_not_null", ondelete="restrict"
    )

    def init(self):
        refuse_truncate(self.env.cr, self._table)
        self.env.cr.execute(FACT)

    def action_open_contract(self):
        """Open the contract, to mend what left it out."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "contract.contract",
            "res_id": self.contract_id.id,
            "view_mode": "form",
        }

from odoo import fields, models


class ResCompany(models.Model):
    """How prepaid money is booked."""

    _inherit = "res.company"

    usage_prepaid_account_id = fields.Many2one(
        "account.account",
        string="Prepaid Balance Account",
        check_company=True,
        domain="[('account_type', 'in', ('liability_current', 'liability_non_current'))]",
        help="What customers paid ahead and have not used.",
    )
    usage_deferred_account_id = fields.Many2one(
        "account.account",
        string="Deferred Commitment Account",
        check_company=True,
        domain="[('account_type', 'in', ('liability_current', 'liability_non_current'))]",
        help="Commitments that are billed in advance. Empty: the account of prepaid balances.",
    )
    usage_prepaid_income_account_id = fields.Many2one(
        "account.account",
        string="Breakage Income Account",
        check_company=True,
        domain="[('internal_group', '=', 'income')]",
        help="Revenue of what is never used, and of commitments by days. Empty: the first income account of the "
        "sales journal.",
    )
    usage_prepaid_promotion_account_id = fields.Many2one(
        "account.account",
        string="Promotional Balance Account",
        check_company=True,
        domain="[('internal_group', 'in', ('income', 'expense'))]",
        help="What promotional money takes off. Empty: the revenue account of the usage it pays for.",
    )
    usage_prepaid_tax_policy = fields.Selection(
        [("at_purchase", "When it is bought"), ("at_use", "When it is used")],
        string="Prepaid Balances Are Taxed",
        required=True,
        default="at_purchase",
    )
    usage_prepaid_available = fields.Selection(
        [("posted", "Its invoice is posted"), ("paid", "Its invoice is paid")],
        string="Prepaid Money May Be Used Once",
        required=True,
        default="paid",
    )
    usage_prepaid_breakage = fields.Float(
        string="Expected Breakage (%)",
        digits=False,
        min_display_digits=2,
        help="Of what is bought from now on, so much is expected never to be used, and becomes revenue in proportion "
        "to use. 0: revenue when it expires.",
    )

    _usage_prepaid_breakage_sane = models.Constraint(
        "CHECK (COALESCE(usage_prepaid_breakage, 0) >= 0 AND COALESCE(usage_prepaid_breakage, 0) < 100)",
        "Expected breakage is a share below 100 per cent.",
    )

    def _usage_prepaid_income(self):
        """The account of revenue that no invoice line bears."""
        journal = self.env["account.journal"].search([("company_id", "=", self.id), ("type", "=", "sale")], limit=1)
        return self.usage_prepaid_income_account_id or journal.default_account_id or self.income_account_id

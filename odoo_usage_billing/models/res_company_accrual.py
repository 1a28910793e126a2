from odoo import fields, models


class ResCompany(models.Model):
    """Where unbilled usage is accrued."""

    _inherit = "res.company"

    usage_accrual_journal_id = fields.Many2one(
        "account.journal",
        string="Usage Accrual Journal",
        check_company=True,
        domain="[('type', '=', 'general')]",
        help="Empty: the company's journal for automatic entries, else its first general journal.",
    )
    usage_accrual_account_id = fields.Many2one(
        "account.account",
        string="Unbilled Usage Account",
        check_company=True,
        domain="[('internal_group', '=', 'asset'), ('account_type', 'not in', ('asset_receivable', 'asset_cash'))]",
        help="The contract asset that accruals of unbilled usage debit. Empty: the company's revenue accrual account.",
    )

    def _usage_accrual_journal(self):
        """The journal of accruals, empty when the company has no general journal."""
        if not self:
            return self.env["account.journal"]
        return (
            self.usage_accrual_journal_id
            or self.automatic_entry_default_journal_id
            or self.env["account.journal"].search(
                [("company_id", "=", self.id), ("type", "=", "general")], order="sequence, id", limit=1
            )
        )

    def _usage_accrual_account(self):
        """The account of unbilled revenue; nobody but an accountant can guess it when none is set."""
        return self.usage_accrual_account_id or self.revenue_accrual_account_id

    def _usage_managers(self):
        """The billing managers who may work in the company, without the technical users."""
        self.ensure_one()
        return (
            self.env.ref("odoo_usage_billing.group_usage_manager")
            .all_user_ids.filtered(lambda user: user.active and not user.share and self in user.company_ids)
            .filtered(lambda user: user.id != self.env.ref("base.user_root").id)
        )

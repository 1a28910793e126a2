from odoo import fields, models


class ProductTemplate(models.Model):
    """Products that buy prepaid money: their invoice lines credit the liability and grant the amount."""

    _inherit = "product.template"

    usage_prepaid = fields.Boolean(
        string="Prepaid Balance",
        help="Invoice lines with this product fill the customer's prepaid balance instead of being income.",
    )
    usage_prepaid_months = fields.Integer(
        string="Usable for (months)", help="Months after the invoice date. 0: it never expires."
    )

    _usage_prepaid_months_positive = models.Constraint(
        "CHECK (COALESCE(usage_prepaid_months, 0) >= 0)", "How long prepaid money lasts may not be negative."
    )

    def _get_product_accounts(self):
        accounts = super()._get_product_accounts()
        if self.usage_prepaid:
            company = self.company_id or self.env.company
            accounts["income"] = company.usage_prepaid_account_id or accounts["income"]
        return accounts

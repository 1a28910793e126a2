from odoo import fields, models

from ..invoicing import together


class ContractContract(models.Model):
    """Contracts of one customer that share an invoice."""

    _inherit = "contract.contract"

    usage_invoice_together = fields.Boolean(
        string="One Invoice with Other Contracts",
        help="Invoice together with the customer's other contracts that say so and are due on the same day, when "
        "company, currency, journal, payment terms and fiscal position are the same. Each contract is a section.",
    )

    def _prepare_recurring_invoices_values(self, date_ref=False):
        """Bring together, or part, what the contracts say; usage is rated by now."""
        values = super()._prepare_recurring_invoices_values(date_ref)
        if not self.filtered("has_usage"):
            return values
        return together.arranged(self.env, values)

    def _usage_invoice_section(self):
        """The heading of this contract on an invoice that it shares: its reference and name."""
        self.ensure_one()
        return " ".join(filter(None, (self.code, self.name)))

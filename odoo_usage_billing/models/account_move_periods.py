from datetime import timedelta

from odoo import models


class AccountMove(models.Model):
    """Electronic invoices say which days a line is for."""

    _inherit = "account.move"

    def _prepare_product_base_line_for_taxes_computation(self, product_line):
        base_line = super()._prepare_product_base_line_for_taxes_computation(product_line)
        start, last = product_line.usage_date_start, product_line._usage_date_last()
        if last and not base_line.get("deferred_start_date"):
            # The keys that the writers of electronic invoices look at; nothing is deferred by them.
            base_line.update(deferred_start_date=start, deferred_end_date=last)
        return base_line

    def _usage_paid_lines(self):
        """The lines that pay with money from a balance after taxes: to a receiver they are payments."""
        return self.invoice_line_ids.filtered(lambda line: line._is_payment())


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _is_payment(self):
        """Whether the line pays from a balance that is taxed when it is used; what it pays bears the taxes."""
        # Whoever sends an invoice may not read balances.
        balance = self.sudo().usage_prepaid_balance_id
        return balance.tax_policy == "at_use" and self.account_id == balance.account_id and not self.tax_ids

    def _check_edi_line_tax_required(self):
        return super()._check_edi_line_tax_required() and not self._is_payment()

    def _usage_date_last(self):
        """The last day that the line bills, False when it bills no period."""
        return self.usage_date_end and self.usage_date_end - timedelta(days=1)

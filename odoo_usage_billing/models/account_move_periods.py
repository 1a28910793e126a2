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


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _usage_date_last(self):
        """The last day that the line bills, False when it bills no period."""
        return self.usage_date_end and self.usage_date_end - timedelta(days=1)

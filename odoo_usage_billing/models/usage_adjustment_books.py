from odoo import models


class UsageAdjustment(models.Model):
    """Where a difference belongs: to the customer, taxes and accounts of the invoice that it differs from."""

    _inherit = "usage.adjustment"

    def _billed_line(self, code=None):
        """The invoice line that billed the charge, the one of the component `code` first; empty if none was needed."""
        self.ensure_one()
        # Whoever decides about differences may let them mirror the invoice.
        lines = self.sudo().origin_move_id.invoice_line_ids.filtered(
            lambda item: item.display_type == "product" and item.usage_charge_id == self.charge_id
        )
        return lines.filtered(lambda item: item.usage_component_id.code == code)[:1] or lines[:1]

    def _billed_books(self, code=None):
        """(account, taxes, analytic distribution) with which the charge was billed.

        A charge that came to nothing has no line: its taxes are those of the product, in the origin's fiscal position.
        """
        self.ensure_one()
        billed, line = self._billed_line(code), self.contract_line_id.with_company(self.company_id)
        if not billed:
            books = line._usage_revenue_books(self.sudo().origin_move_id.fiscal_position_id)
            return books.account, books.taxes, line.analytic_distribution
        account = billed.account_id
        if not account.active:
            account = line._usage_revenue_books(billed.move_id.fiscal_position_id).account
        return account, billed.tax_ids, billed.analytic_distribution

    def _fitting(self, vals):
        """Those that an invoice of these values may bear: of the customer and fiscal position of their origin."""
        header = {**vals, "invoice_line_ids": []}
        move = self.env["account.move"].with_company(vals["company_id"]).new(header)
        place = move.partner_id.commercial_partner_id._origin, move.fiscal_position_id._origin

        def fits(adjustment):
            origin = adjustment.sudo().origin_move_id
            return (origin.commercial_partner_id, origin.fiscal_position_id) == place

        return self.filtered(fits)

    def _fit_next_invoice(self):
        """Those that may go on the next invoice of their contracts."""
        fitting = self.browse()
        # Whoever may look for differences learns where they go, without rights on invoices.
        for contract, group in self.sudo().grouped("contract_id").items():
            fitting |= group._fitting(contract._prepare_invoice(contract._usage_today()))
        return self & fitting

    def _own_header(self):
        """What a document of these differences takes over from the invoice that is adjusted."""
        origin = self.sudo().origin_move_id[:1]
        header = {"fiscal_position_id": origin.fiscal_position_id.id}
        contract = self.contract_id[:1]
        if origin.commercial_partner_id != contract.invoice_partner_id.commercial_partner_id:
            # The contract has another customer by now: who got the invoice gets the difference.
            header |= {
                "partner_id": origin.partner_id.id,
                "partner_shipping_id": origin.partner_shipping_id.id,
                "invoice_payment_term_id": origin.invoice_payment_term_id.id,
            }
        return header

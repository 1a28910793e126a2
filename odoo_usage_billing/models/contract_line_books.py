from decimal import Decimal
from typing import NamedTuple

from odoo import models
from odoo.exceptions import UserError

from ..invoicing.figures import digits


class RevenueBooks(NamedTuple):
    """Where the invoice of a contract line books its revenue, and with which taxes."""

    account: object
    taxes: object
    line: object

    def untaxed(self, amounts):
        """The revenue in amounts of invoice lines (Decimal): less the taxes that are included in them."""
        if not any(tax.price_include for tax in self.taxes):
            return sum(amounts, Decimal(0))
        contract = self.line.contract_id
        return sum((self._untaxed_one(amount, contract) for amount in amounts), Decimal(0))

    def untaxed_and_gross(self, amounts):
        """(revenue, revenue with its taxes) in amounts of invoice lines."""
        untaxed, contract = self.untaxed(amounts), self.line.contract_id
        found = self.taxes.compute_all(
            float(untaxed),
            contract.currency_id,
            1.0,
            self.line.product_id,
            contract.invoice_partner_id,
            handle_price_include=False,
        )
        return untaxed, Decimal(digits(contract.currency_id.round(found["total_included"])))

    def _untaxed_one(self, amount, contract):
        found = self.taxes.compute_all(
            float(amount), contract.currency_id, 1.0, self.line.product_id, contract.invoice_partner_id
        )
        return Decimal(digits(contract.currency_id.round(found["total_excluded"])))


class ContractLine(models.Model):
    _inherit = "contract.line"

    def _usage_fiscal_position(self):
        """The fiscal position that the next invoice of the contract will have."""
        self.ensure_one()
        contract = self.contract_id.with_company(self.company_id)
        if contract.fiscal_position_id:
            return contract.fiscal_position_id
        partner = contract.invoice_partner_id
        delivery = partner.browse(partner.address_get(["delivery"])["delivery"])
        return (
            self.env["account.fiscal.position"]
            .with_company(self.company_id)
            ._get_fiscal_position(partner, delivery=delivery)
        )

    def _usage_revenue_books(self, position=None):
        """The RevenueBooks of a usage line: as the invoice will compute them from product and fiscal position.

        `position`: that of an invoice there was; without one it is that of the next invoice.
        """
        self.ensure_one()
        contract = self.contract_id.with_company(self.company_id)
        position = self._usage_fiscal_position() if position is None else position
        product = self.product_id.with_company(self.company_id)
        account = product.product_tmpl_id.get_product_accounts(fiscal_pos=position)["income"] if product else None
        account = account or contract._usage_sale_journal().default_account_id
        if not account:
            raise UserError(
                self.env._(
                    "%(line)s has no income account: neither its product nor the sales journal has one. Set one of "
                    "them.",
                    line=self.display_name,
                )
            )
        taxes = product.taxes_id._filter_taxes_by_company(self.company_id) or account.tax_ids.filtered(
            lambda tax: tax.type_tax_use == "sale"
        )
        return RevenueBooks(account, position.map_tax(taxes) if position else taxes, self)

from decimal import Decimal

from odoo import fields, models


class ContractLine(models.Model):
    _inherit = "contract.line"

    def _usage_unit_price(self):
        """About what one unit of the metric costs now, in the company's currency; None when nothing tells.

        What the last invoiced period cost per unit, else the price of the version in force. An
        estimate of what waits, never a price that is billed.
        """
        self.ensure_one()
        card = self.usage_rate_card_id
        if card.uom_id and card.uom_id != self.usage_metric_id.uom_id:
            return None
        charge = self.env["usage.charge"].search(
            [("contract_line_id", "=", self.id), ("state", "=", "invoiced"), ("quantity", ">", 0)], limit=1
        )
        if charge:
            price, currency = Decimal(str(charge.amount)) / Decimal(str(charge.quantity)), charge.currency_id
        else:
            version = card._version_on(fields.Date.context_today(self)) if card else card.version_ids
            amount = version.tier_ids[:1].unit_price if version.tier_ids else version.unit_price
            if not amount:
                return None
            price, currency = Decimal(str(amount)), card.currency_id
        own, today = self.company_id.currency_id, fields.Date.context_today(self)
        rate = currency._get_conversion_rate(currency, own, self.company_id, today)
        return round(price * Decimal(str(rate)), 8)

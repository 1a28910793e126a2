from decimal import Decimal

from odoo import Command, models

from ..invoicing.figures import money_step
from ..prepaid.worth import rounded
from .account_move_prepaid import AFTER_ALL, exact


class AccountMove(models.Model):
    """Credit notes of differences: what prepaid money paid for goes back where it came from."""

    _inherit = "account.move"

    def _return_prepaid(self):
        """Add lines to draft credit notes that give back what their invoice drew, up to what they credit."""
        for note in self.filtered(lambda m: m.move_type == "out_refund" and m.state == "draft").sudo():
            lines = note.reversed_entry_id.invoice_line_ids.filtered("usage_prepaid_balance_id")
            for line in lines.sorted("sequence", reverse=True):
                amount = min(
                    line._left_to_give_back(), exact(note.amount_untaxed if line.tax_ids else note.amount_total)
                )
                if amount > 0:
                    note._add_return(line, amount)

    def _add_return(self, line, amount):
        """A line that gives `amount` back, as `line` of the invoice took it."""
        own = exact(line.price_subtotal)
        price = rounded(-exact(line.price_unit) * amount / own, Decimal(money_step(self.currency_id)))
        explainer = self.env["usage.explainer"].with_context(lang=self.partner_id.lang)
        self.write(
            {
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": explainer._phrase_prepaid_return(line.usage_prepaid_balance_id),
                            "quantity": 1,
                            "price_unit": float(price),
                            "account_id": line.account_id.id,
                            "tax_ids": [Command.set(line.tax_ids.ids)],
                            "analytic_distribution": line.analytic_distribution or False,
                            "contract_line_id": line.contract_line_id.id,
                            "usage_prepaid_balance_id": line.usage_prepaid_balance_id.id,
                            "sequence": max(self.invoice_line_ids.mapped("sequence"), default=0) + AFTER_ALL,
                        }
                    )
                ]
            }
        )

from odoo import models
from odoo.exceptions import UserError

from ..invoicing.own_marks import OWN


class AccountMove(models.Model):
    """A draft of usage keeps the currency, the direction and the payer that its charges and draws have."""

    _inherit = "account.move"

    def write(self, vals):
        if "currency_id" in vals:
            self._keep_usage_currency(vals["currency_id"])
        if "partner_id" in vals:
            self._keep_prepaid_customer(vals["partner_id"])
        return super().write(vals)

    def _keep_usage_currency(self, currency_id):
        """Refuse another currency: fifty euros do not become fifty dollars."""
        for move in self.filtered(lambda m: m.currency_id.id != currency_id and m._shows_usage()):
            raise UserError(
                self.env._(
                    "%(invoice)s bills usage that was rated in %(currency)s. Cancel it, and set the currency on the "
                    "contract.",
                    invoice=move.display_name,
                    currency=move.currency_id.name,
                )
            )

    def _keep_prepaid_customer(self, partner_id):
        """Refuse to let another customer be paid for."""
        payer = self.env["res.partner"].browse(partner_id).commercial_partner_id
        for move in self.filtered(lambda m: m.commercial_partner_id != payer):
            balance = move.sudo().invoice_line_ids.usage_prepaid_balance_id[:1]
            if balance:
                raise UserError(
                    self.env._(
                        "%(invoice)s is paid from what %(customer)s paid ahead. Delete the lines that take prepaid "
                        "money first.",
                        invoice=move.display_name,
                        customer=balance.partner_id.display_name,
                    )
                )

    def _shows_usage(self):
        """Whether a line bills a part of a charge or of an adjustment."""
        return any(line._shows_usage() for line in self.invoice_line_ids)

    def action_switch_move_type(self):
        """Usage below zero is a credit note, and above it an invoice."""
        usage = self.filtered(lambda m: m._shows_usage())
        wrong = usage.filtered(lambda m: m.currency_id.compare_amounts(m.amount_total, 0) >= 0)
        if wrong:
            raise UserError(
                self.env._(
                    "%(invoice)s shows charges of usage, and the other kind of document would turn their signs round. "
                    "Post it, and credit it then.",
                    invoice=wrong[0].display_name,
                )
            )
        if usage:
            self = self.with_context(usage_turns_round=OWN)
        return super().action_switch_move_type()

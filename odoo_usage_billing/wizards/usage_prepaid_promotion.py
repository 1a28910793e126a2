from odoo import fields, models


class UsagePrepaidPromotion(models.TransientModel):
    """Give a customer promotional money: it pays for usage, nobody paid for it, and it is no liability."""

    _name = "usage.prepaid.promotion"
    _description = "Give Promotional Balance"

    balance_id = fields.Many2one("usage.prepaid.balance", required=True, ondelete="cascade")
    currency_id = fields.Many2one(related="balance_id.currency_id")
    amount = fields.Monetary(required=True)
    name = fields.Char(string="Reason", required=True, help="The customer reads it.")
    date_start = fields.Date(string="From", required=True, default=fields.Date.context_today)
    date_end = fields.Date(string="First Day After", help="Empty: it never expires.")
    priority = fields.Integer(default=10, help="The lowest number is used first.")

    def action_give(self):
        """Add the grant."""
        self.ensure_one()
        self.balance_id.check_access("write")
        self.balance_id._give(self.amount, self.name, self.date_start, self.date_end, self.priority)
        return {"type": "ir.actions.act_window_close"}

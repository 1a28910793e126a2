from odoo import models


class UsageExplainer(models.AbstractModel):
    """Prepaid money on invoices, in words."""

    _inherit = "usage.explainer"

    def _phrase_prepaid_section(self):
        """The heading above the lines that take prepaid money."""
        return self.env._("Prepaid")

    def _phrase_prepaid(self, grant, left):
        """What pays, and what is left of it."""
        balance = grant.balance_id
        left = self._money(float(left), balance.currency_id)
        if balance.commitment_id:
            return self.env._(
                "Covered by %(commitment)s, paid in advance (%(left)s left)",
                commitment=balance.commitment_id.name,
                left=left,
            )
        if grant.kind == "promotional":
            return self.env._("Promotional balance (%(left)s of your balance left)", left=left)
        return self.env._("Paid from your prepaid balance (%(left)s left)", left=left)

    def _phrase_prepaid_return(self, balance):
        """What a credit note gives back."""
        if balance.commitment_id:
            return self.env._("Back to %s, paid in advance", balance.commitment_id.name)
        return self.env._("Back to your prepaid balance")

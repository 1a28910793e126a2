from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..invoicing.figures import digits, money_step
from ..invoicing.own_marks import OWN, is_marked
from ..prepaid.worth import rounded

FIXED_IN_DRAFTS = {"price_unit", "quantity", "discount", "tax_ids", "account_id", "usage_prepaid_balance_id"}


class AccountMoveLine(models.Model):
    """Lines that take prepaid money, and lines that buy it."""

    _inherit = "account.move.line"

    usage_prepaid_balance_id = fields.Many2one(
        "usage.prepaid.balance", string="Paid from", ondelete="restrict", index="btree_not_null"
    )
    usage_prepaid_move_ids = fields.One2many("usage.prepaid.move", "move_line_id", string="Prepaid Movements")
    usage_commitment_id = fields.Many2one(
        "usage.commitment", string="Bills the Commitment", copy=False, ondelete="restrict", index="btree_not_null"
    )
    usage_term_start = fields.Date(string="Term From", copy=False)
    usage_term_end = fields.Date(string="Term Until", copy=False)

    _usage_commitment_once = models.UniqueIndex(
        "(usage_commitment_id, usage_term_start) WHERE usage_commitment_id IS NOT NULL"
        " AND parent_state IS DISTINCT FROM 'cancel'",
        "This term of the commitment is billed already.",
    )

    # -- what may be paid --------------------------------------------------

    def _is_prepayable(self):
        """Whether prepaid money may pay for this line: charges of usage and their differences."""
        return self.display_type == "product" and bool(self.usage_charge_id or self.usage_adjustment_id)

    def _is_paid_by(self, grant):
        """Whether a grant may pay for this usage line: its contract, its commitment's lines, its days."""
        balance, contract_line = grant.balance_id, self.contract_line_id
        if balance.contract_id and balance.contract_id != contract_line.contract_id:
            return False
        fact = self.usage_charge_id or self.usage_adjustment_id
        if balance.commitment_id:
            # What lies above the promise is not what was promised.
            if fact.commitment_id or contract_line not in balance.commitment_id._lines():
                return False
        if grant.validity == "usage":
            first = fact.date_start
            return grant.date_start <= first and (not grant.date_end or first < grant.date_end)
        return True

    def _prepaid_group(self, grant):
        """What makes draws one invoice line: balance, kind, account, taxes, analytic distribution, and paid line.

        Where taxes are rounded line by line, each paid line has its own, so that the taxes cancel out exactly.
        """
        balance = grant.balance_id
        alone = self.tax_ids and self.company_id.tax_calculation_rounding_method == "round_per_line"
        paid = self.id if alone else self.contract_line_id.contract_id.id
        if grant._carries_liability():
            return balance, grant.kind, "use", balance.account_id, tuple(self.tax_ids.ids), (), paid
        account = grant._lowers_account() or self.account_id
        analytic = tuple(sorted((self.analytic_distribution or {}).items()))
        return balance, grant.kind, grant.recognition, account, tuple(self.tax_ids.ids), analytic, paid

    def _raw_amount(self, net):
        """The price from which Odoo arrives at `net`: with the taxes that prices of this line include."""
        own = Decimal(digits(self.price_subtotal))
        if not any(tax.price_include for tax in self.tax_ids) or not own:
            return net
        raw = Decimal(digits(self.currency_id.round(self.price_unit * self.quantity)))
        return rounded(raw * net / own, Decimal(money_step(self.currency_id)))

    # -- drawing -----------------------------------------------------------

    def _draw(self, parts):
        """Record the draws of this line, [(grant, paid line, amount)]; return whether rounding left some of it."""
        self.ensure_one()
        step = Decimal(money_step(self.currency_id))
        amounts = {}
        for grant, _paid, amount in parts:
            amounts[grant] = amounts.get(grant, Decimal(0)) + amount
        wanted = sum(amounts.values())
        if -self._exact_amount() > wanted:
            # Taxes included in prices round: rather a step too little than too much.
            price = Decimal(digits(self.price_unit)) + step
            self.with_context(usage_prepaid_draw=OWN).price_unit = float(price)
        rest = short = wanted + self._exact_amount()
        for grant in reversed(amounts):
            cut = min(short, amounts[grant])
            amounts[grant], short = amounts[grant] - cut, short - cut
        for grant, amount in amounts.items():
            if amount:
                grant._record(
                    "draw",
                    -amount,
                    date=self.move_id.invoice_date or fields.Date.context_today(self),
                    move_id=self.move_id.id,
                    move_line_id=self.id,
                )
        return bool(rest)

    def _exact_amount(self):
        """What the line says without taxes, as the ledger has it: rounded over all lines it may be a cent beside."""
        sign = 1 if self.move_id.move_type == "out_refund" else -1
        return sign * Decimal(digits(self.amount_currency))

    def _give_back_draws(self):
        """Give back, once, what drafts drew that are cancelled or deleted."""
        draws = self.sudo().usage_prepaid_move_ids.filtered(
            lambda m: m.kind == "draw" and not m.draw_id and not m.reversed_by_ids
        )
        if draws:
            draws.balance_id._lock()
            draws._undo(reason=self.env._("The invoice was not posted"))

    def write(self, vals):
        if FIXED_IN_DRAFTS & vals.keys() and not is_marked(self.env, "usage_prepaid_draw"):
            self._keep_drawn(vals)
        return super().write(vals)

    def _keep_drawn(self, vals):
        drawn = self.filtered(lambda line: line.usage_prepaid_balance_id and line.sudo().usage_prepaid_move_ids)
        for line in drawn:
            for name in ("price_unit", "quantity", "discount"):
                if name in vals and line[name] != vals[name]:
                    raise UserError(
                        self.env._(
                            "This line was drawn from %(balance)s and stays as it is. Delete the line to give the "
                            "money back.",
                            balance=line.usage_prepaid_balance_id.sudo().display_name,
                        )
                    )

    @api.ondelete(at_uninstall=False)
    def _unlink_gives_back(self):
        taken = self.filtered("usage_prepaid_balance_id")
        if taken:
            taken._give_back_draws()

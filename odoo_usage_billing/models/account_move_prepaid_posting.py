from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import UserError

from .account_move_prepaid import exact


class AccountMove(models.Model):
    """Posting: purchases grant, credit notes take back or give back, and the liability keeps its historic worth."""

    _inherit = "account.move"

    usage_prepaid_origin_id = fields.Many2one(
        "account.move", string="Prepaid Money of", readonly=True, copy=False, index="btree_not_null"
    )

    def _post(self, soft=True):
        posted = super()._post(soft=soft)
        sold = posted.filtered(lambda m: m.move_type in ("out_invoice", "out_refund"))
        for move in sold.filtered(lambda m: m._touches_prepaid()).sudo():
            move._book_prepaid()
        return posted

    def _touches_prepaid(self):
        return any(line.usage_prepaid_balance_id or line.product_id.usage_prepaid for line in self.invoice_line_ids)

    def _book_prepaid(self):
        """Grant, take back or give back what the lines of a posted invoice or credit note say."""
        self.ensure_one()
        for line in self.invoice_line_ids.filtered(lambda line: line.display_type == "product"):
            if line.usage_prepaid_balance_id:
                line._book_drawn()
            elif line.product_id.usage_prepaid:
                line._book_bought()
        self._book_prepaid_rate()

    def _book_prepaid_rate(self):
        """Bring the liability to the rate of its purchase by an entry (IFRIC 22); nothing in the company's currency."""
        if self.currency_id == self.company_id.currency_id:
            return
        moves = self.usage_prepaid_move_ids.filtered("amount_company")
        for account, group in moves.grouped(lambda m: m.balance_id.account_id).items():
            wanted = -sum((exact(m.amount_company) for m in group), Decimal(0))
            items = group.move_line_id.filtered(lambda item, a=account: item.account_id == a)
            booked = sum((exact(item.balance) for item in items), Decimal(0))
            if wanted != booked:
                self._rate_entry(account, wanted - booked)

    def _rate_entry(self, account, difference):
        company = self.company_id
        gain = company.income_currency_exchange_account_id
        loss = company.expense_currency_exchange_account_id
        journal = company.currency_exchange_journal_id or company._usage_accrual_journal()
        other = gain if difference > 0 else loss
        if not other or not journal:
            raise UserError(
                self.env._(
                    "Prepaid money in %(currency)s is drawn at another rate than it was bought at. Set the accounts "
                    "for exchange differences in the accounting settings.",
                    currency=self.currency_id.name,
                )
            )
        name = self.env._("Prepaid money of %s at the rate of its purchase", self.name)
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": journal.id,
                "date": self.date,
                "ref": name,
                "usage_prepaid_origin_id": self.id,
                "line_ids": [
                    fields.Command.create(
                        {
                            "name": name,
                            "account_id": each.id,
                            "partner_id": self.commercial_partner_id.id,
                            "currency_id": self.currency_id.id,
                            "amount_currency": 0,
                            "balance": float(amount),
                            "tax_ids": [fields.Command.clear()],
                        }
                    )
                    for each, amount in ((account, difference), (other, -difference))
                ],
            }
        )
        entry._post(soft=False)

    def _unbook_prepaid(self):
        """Undo what posting did, before an invoice or credit note is a draft again."""
        for move in self.filtered(lambda m: m.move_type in ("out_invoice", "out_refund")).sudo():
            done = move.usage_prepaid_move_ids.filtered(
                lambda m: not m.reversed_by_ids and not m.reverses_id and m.kind in ("grant", "correction", "give_back")
            )
            if done:
                done.balance_id._lock()
                for each in done:
                    if each.amount > 0 and each.grant_id.amount_remaining < each.amount:
                        raise UserError(
                            self.env._(
                                "%(move)s stays posted, because its prepaid money was used since. Make a credit note "
                                "for what is left.",
                                move=move.name,
                            )
                        )
                done._undo(reason=self.env._("The document is a draft again"))
            for entry in self.search([("usage_prepaid_origin_id", "=", move.id), ("state", "=", "posted")]):
                if not entry.reversal_move_ids:
                    entry._reverse_moves([{"date": entry.date}], cancel=True)

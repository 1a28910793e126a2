from decimal import Decimal

from odoo import Command, fields, models
from odoo.exceptions import UserError

from ..invoicing.figures import digits
from ..invoicing.lines import NOTES
from .contract_contract import FAST_CREATE
from .contract_line_books import RevenueBooks


class UsageAdjustment(models.Model):
    """What people decide about adjustments, and what is booked of them."""

    _inherit = "usage.adjustment"

    write_off_move_id = fields.Many2one("account.move", string="Write-off Entry", readonly=True, ondelete="restrict")

    def _decide(self, state, **vals):
        self.write({"state": state, "decided_by_id": self.env.uid, "decided_at": fields.Datetime.now(), **vals})

    def _require(self, states, sentence):
        self.check_access("write")
        wrong = self.filtered(lambda a: a.state not in states)
        if wrong:
            labels = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(sentence % {"adjustment": wrong[0].display_name, "state": labels[wrong[0].state]})
        # Two people at once: the second one sees what the first one decided.
        self.lock_for_update()

    def action_accept(self):
        """Let these differences go onto the next invoice of their contracts."""
        self._require(
            ("draft",),
            self.env._("%(adjustment)s is decided already (%(state)s). Choose adjustments that are to decide."),
        )
        self._decide("accepted")
        return True

    def action_reject(self):
        """Leave these differences unbilled; each needs its reason."""
        self._require(
            ("draft", "accepted"),
            self.env._("%(adjustment)s is %(state)s, so it cannot be rejected any more."),
        )
        self._require_reason()
        self._decide("rejected")
        return True

    def action_write_off(self):
        """Give these differences up, and show that in the books if the company has an account for it."""
        self._require(
            ("draft", "accepted"),
            self.env._("%(adjustment)s is %(state)s, so it cannot be written off any more."),
        )
        self._require_reason()
        self._decide("written_off")
        self._book_write_off()
        return True

    def _require_reason(self):
        if self.filtered(lambda a: not (a.reason or "").strip()):
            raise UserError(
                self.env._("Fill in why the difference is not billed. The adjustment stays and shows who decided it.")
            )

    def action_bill_now(self):
        """Bill or credit these differences now, on documents of their own, and open them."""
        self.filtered(lambda a: a.state == "draft").action_accept()
        self._require(("accepted",), self.env._("%(adjustment)s is %(state)s, so there is nothing to bill."))
        moves = self._bill()
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Invoices"),
            "res_model": "account.move",
            "context": {"default_move_type": "out_invoice", "create": False},
        }
        if len(moves) == 1:
            return {**action, "view_mode": "form", "res_id": moves.id}
        return {**action, "view_mode": "list,kanban,form", "domain": [("id", "in", moves.ids)]}

    def _bill(self):
        """Make an invoice, or a credit note, per contract and invoice that is adjusted; return them."""
        self.contract_id._hold_usage_off()
        # Billing takes the rights of a billing run: whoever accepted the differences had them.
        accepted = self.sudo().filtered(lambda a: a.state == "accepted")
        moves = self.env["account.move"]
        for company, group in accepted.grouped("company_id").items():
            moves |= group.with_company(company)._bill_in_company()
        return moves

    def _bill_in_company(self):
        groups = list(self.grouped(lambda a: (a.contract_id, a.origin_move_id, a._order_number())).items())
        values = [group._own_invoice_vals(contract, origin, order) for (contract, origin, order), group in groups]
        moves = self.env["account.move"].with_context(**FAST_CREATE).create(values)
        moves = self.env["account.move"].browse(moves.ids)
        moves._link_usage_charges()
        moves._turn_negative_into_credit_notes()
        moves.with_context(**FAST_CREATE)._draw_prepaid()
        for move, ((_contract, origin, _order), _group) in zip(moves, groups, strict=True):
            if move.move_type == "out_refund" and origin.move_type == "out_invoice":
                move.reversed_entry_id = origin
                # It takes back a part of what was booked: at the rate at which it was booked.
                move.invoice_currency_rate = origin.invoice_currency_rate
            move.message_post(body=self.env._("Adjusts %s.", origin._get_html_link()))
        moves._return_prepaid()
        moves._usage_post_by_policy()
        return moves

    def _order_number(self):
        self.ensure_one()
        return self.contract_line_id.usage_order_number or ""

    def _own_invoice_vals(self, contract, origin, order):
        vals = {**contract._prepare_invoice(contract._usage_today()), **self._own_header()}
        vals["invoice_line_ids"] = contract._usage_adjustment_commands(self)
        if order or origin.name:
            vals["ref"] = order or self.env._("Adjustment of %s", origin.name)
        return vals

    def _book_write_off(self):
        """Show what was given up as income and as the expense of the company's account; nothing without one."""
        if self.contract_id._usage_is_rehearsed():
            return
        for adjustment in self.sudo():
            account = adjustment.company_id.usage_write_off_account_id
            if account and not adjustment.currency_id.is_zero(adjustment.amount):
                adjustment.write_off_move_id = adjustment._write_off_entry(account)

    def _write_off_entry(self, account):
        """The posted entry of what is given up: as its invoice would book it, less the taxes in its prices."""
        self.ensure_one()
        company, line = self.company_id, self.contract_line_id.with_company(self.company_id)
        journal = company._usage_accrual_journal()
        income, taxes, analytic = self._billed_books()
        books = RevenueBooks(income, taxes, line)
        parts = self.component_ids.filtered(lambda part: part.kind not in NOTES)
        amount = float(books.untaxed([Decimal(digits(part.amount)) for part in parts]))
        today = self.contract_id._usage_today()
        balance = self.currency_id._convert(amount, company.currency_id, company, today)
        name = self.env._("Written off: %s", self.display_name)

        def item(account_, sign):
            return Command.create(
                {
                    "name": name,
                    "account_id": account_.id,
                    "partner_id": self.partner_id.id,
                    "currency_id": self.currency_id.id,
                    "amount_currency": sign * amount,
                    "balance": sign * balance,
                    "tax_ids": [Command.clear()],
                    "analytic_distribution": analytic or False,
                }
            )

        move = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": journal.id,
                "date": today,
                "ref": name,
                "line_ids": [item(account, 1), item(books.account, -1)],
            }
        )
        move.action_post()
        return move

    def _unbook_write_off(self):
        """Take entries of what was given up back: its charge is given back, and is billed anew with it."""
        today = fields.Date.context_today(self)
        for entry in self.sudo().write_off_move_id.filtered(lambda m: m.state == "posted" and not m.reversal_move_ids):
            entry._reverse_moves([{"date": today, "ref": self.env._("Reversal: %s", entry.ref)}], cancel=True)

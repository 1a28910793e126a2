from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import UserError

from ..invoicing.figures import digits, money_step
from ..prepaid.worth import rounded
from .account_move_prepaid import exact


class AccountMoveLine(models.Model):
    """What a posted line does to prepaid money."""

    _inherit = "account.move.line"

    def _book_drawn(self):
        """An invoice took what it drew; a credit note gives back what its invoice drew."""
        self.ensure_one()
        drawn = -sum(
            (exact(m.amount) for m in self.usage_prepaid_move_ids if m.kind in ("draw", "give_back")), Decimal(0)
        )
        amount = -self._exact_amount()
        if self.move_id.move_type == "out_refund":
            return self._give_back(amount)
        if drawn != amount and not self._draw_rest(amount - drawn):
            raise UserError(
                self.env._(
                    "%(line)s takes %(amount)s of prepaid money, and %(drawn)s was drawn for it. Delete the line.",
                    line=self.name,
                    amount=amount,
                    drawn=drawn,
                )
            )
        return None

    def _draw_rest(self, rest):
        """Draw, or give back, the cents that taxes included in prices moved between lines since the draft was made."""
        last = self.usage_prepaid_move_ids.filtered(lambda m: m.kind == "draw")[:1]
        small = Decimal(digits(self.currency_id.rounding)) * len(self.move_id.invoice_line_ids)
        included = any(tax.price_include for tax in self.move_id.invoice_line_ids.tax_ids)
        if not last or not included or abs(rest) > small or last.grant_id._figure("amount_remaining") < rest:
            return False
        vals = {"date": last.date, "move_id": self.move_id.id, "move_line_id": self.id}
        if rest > 0:
            last.grant_id._record("draw", -rest, **vals)
        else:
            last.grant_id._record("give_back", -rest, draw_id=last.id, **vals)
        return True

    def _give_back(self, amount):
        """Give back `amount` to the grants that the credited invoice drew, the last one first."""
        origin = self.move_id.reversed_entry_id
        if amount <= 0:
            raise UserError(self.env._("A credit note gives prepaid money back; %s would take some.", self.name))
        self.usage_prepaid_balance_id._lock()
        draws = origin.usage_prepaid_move_ids.filtered(
            lambda m: (
                m.kind == "draw"
                and not m.draw_id
                and m.balance_id == self.usage_prepaid_balance_id
                and m.move_line_id.account_id == self.account_id
            )
        )
        for draw in draws.sorted("id", reverse=True):
            back = self.env["usage.prepaid.move"].search([("draw_id", "=", draw.id)])
            left = -exact(draw.amount) - sum((exact(m.amount) for m in back), Decimal(0))
            part = min(amount, left)
            if part > 0:
                self._give_back_of(draw, back, part, part == left)
                amount -= part
        if amount:
            raise UserError(
                self.env._(
                    "%(move)s gives back %(amount)s more prepaid money than its invoice drew and has not got back "
                    "yet. Correct the amount of “%(line)s”.",
                    move=self.move_id.display_name,
                    amount=amount,
                    line=self.name,
                )
            )

    def _give_back_of(self, draw, back, part, is_last):
        grant = draw.grant_id
        liability = part if draw.amount_liability else Decimal(0)
        company = None
        if is_last:
            # The last of it brings the rest of the draw's worth with it.
            company = -exact(draw.amount_company) - sum((exact(m.amount_company) for m in back), Decimal(0))
        elif liability:
            step = Decimal(money_step(grant.company_currency_id))
            company = rounded(exact(draw.amount_company) * part / exact(draw.amount), step)
        grant._record(
            "give_back",
            part,
            liability=liability,
            company=company,
            date=self.move_id.date,
            draw_id=draw.id,
            move_id=self.move_id.id,
            move_line_id=self.id,
        )

    def _book_bought(self):
        """A purchase grants what it costs without taxes; a credit note takes it back."""
        self.ensure_one()
        company, move = self.company_id, self.move_id
        amount = self._exact_amount() * (1 if move.move_type == "out_invoice" else -1)
        if not amount:
            return
        balance = self._prepaid_target()
        if self.account_id != balance.account_id:
            raise UserError(
                self.env._(
                    "%(line)s buys prepaid money, so it is booked on %(account)s. Set that account on the line.",
                    line=self.name,
                    account=balance.account_id.display_name,
                )
            )
        if balance.tax_policy == "at_use" and self.price_subtotal != self.price_total:
            raise UserError(
                self.env._(
                    "%(line)s buys prepaid money that is taxed when it is used. Remove the taxes of the line.",
                    line=self.name,
                )
            )
        balance._lock()
        if amount > 0:
            self._grant_bought(balance, amount, company)
        else:
            self._take_back_bought(balance, -amount)

    def _prepaid_target(self):
        """The balance that this line fills, or that its credited invoice filled."""
        Balance, move = self.env["usage.prepaid.balance"], self.move_id
        origin = move.reversed_entry_id.invoice_line_ids.filtered(lambda line: line.product_id == self.product_id)
        bought = self.env["usage.prepaid.grant"].search([("move_line_id", "in", origin.ids)])
        if bought:
            return bought.balance_id[:1]
        if self.usage_commitment_id:
            return self.usage_commitment_id._prepaid_balance(self.account_id)
        return Balance._for_or_new(
            move.commercial_partner_id, self.company_id, move.currency_id, self.contract_line_id.contract_id
        )

    def _grant_bought(self, balance, amount, company):
        commitment, template = self.usage_commitment_id, self.product_id.product_tmpl_id
        start = self.usage_term_start or self.move_id.invoice_date
        months = template.usage_prepaid_months
        grant = self.env["usage.prepaid.grant"].create(
            {
                "name": self.name or self.product_id.display_name,
                "balance_id": balance.id,
                "kind": "bought",
                "recognition": commitment.prepaid_recognition if commitment else "use",
                "validity": "usage" if commitment else "invoice",
                # A commitment is owed whether its invoice is paid or not, so it covers usage from the start.
                "needs_payment": not commitment and company.usage_prepaid_available == "paid",
                "date_start": start,
                "date_end": self.usage_term_end or (fields.Date.add(start, months=months) if months else False),
                "priority": 5 if commitment else 10,
                "expected_breakage": 0 if commitment else company.usage_prepaid_breakage,
                "move_line_id": self.id,
            }
        )
        grant._record(
            "grant",
            amount,
            liability=amount,
            company=-exact(self.balance),
            date=self.move_id.date,
            move_id=self.move_id.id,
            move_line_id=self.id,
        )

    def _take_back_bought(self, balance, amount):
        """Take back what a credit note, or a negative line, returns: of the credited purchase, else the last bought."""
        grants = balance.grant_ids.filtered(lambda g: g.kind == "bought")
        origin = self.move_id.reversed_entry_id
        if origin:
            grants = grants.filtered(lambda g: g.purchase_move_id == origin)
        missing = grants._take_back(amount, date=self.move_id.date, move_id=self.move_id.id, move_line_id=self.id)
        if missing:
            raise UserError(
                self.env._(
                    "%(move)s takes back %(amount)s more prepaid money than is left of what it credits. Lower the "
                    "amount of “%(line)s”: what was used cannot be taken back.",
                    move=self.move_id.display_name,
                    amount=missing,
                    line=self.name,
                )
            )

    def _left_to_give_back(self):
        """What of this line's draws was not given back, and is on no draft that will."""
        drawn = -sum((exact(m.amount) for m in self.usage_prepaid_move_ids), Decimal(0))
        notes = self.search(
            [
                ("move_id.reversed_entry_id", "=", self.move_id.id),
                ("usage_prepaid_balance_id", "=", self.usage_prepaid_balance_id.id),
                ("account_id", "=", self.account_id.id),
                ("parent_state", "!=", "cancel"),
            ]
        )
        same = notes.filtered(lambda note: note.tax_ids == self.tax_ids)
        return drawn + sum((note._exact_amount() for note in same), Decimal(0))

from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import UserError

from ..invoicing.figures import digits, money_step
from ..prepaid import by_days, expected_breakage


class UsagePrepaidGrant(models.Model):
    """What of a grant is revenue by a day, less what is posted."""

    _inherit = "usage.prepaid.grant"

    def _earned_by(self, day):
        """[values of recognition lines] of this grant up to and including a day."""
        self.ensure_one()
        result = []
        step = Decimal(money_step(self.currency_id))
        granted = self._figure("amount_granted")
        # What is not paid has not expired: it is credited, or paid late.
        ends = self.date_end and self.expires_on <= day and self._is_paid() and self._is_complete()
        if self.recognition == "days":
            earned = by_days(granted, self.date_start, self.date_end, day, step)
            result.append(self._earned("days", day, earned - self._figure("amount_recognised")))
        elif self.expected_breakage and self.kind == "bought" and not ends:
            earned = expected_breakage(
                granted, self._figure("amount_drawn"), Decimal(digits(self.expected_breakage)), step
            )
            result.append(self._earned("expected", day, earned - self._figure("amount_recognised")))
        if ends and self.amount_remaining:
            revenue = Decimal(0) if self.recognition == "days" else self._figure("amount_liability")
            first = not self.move_ids.filtered(lambda move: move.kind == "expiry")
            result.append(self._earned("expired", self.expires_on if first else day, revenue, self.amount_remaining))
        return [vals for vals in result if vals["amount"] or vals["amount_expired"]]

    def _earned(self, kind, day, revenue, expired=0.0):
        return {
            "grant_id": self.id,
            "kind": kind,
            "date": day,
            "currency_id": self.currency_id.id,
            "amount_expired": expired,
            "amount": float(revenue),
            "amount_company": -float(self._company_share(-revenue)),
            "account_id": self._revenue_account().id,
        }

    def _is_complete(self):
        """Whether no usage that it may pay for is still to be invoiced."""
        if self.validity == "invoice":
            return not (self.amount_remaining and any(map(self._is_awaited_by, self._paid_lines())))
        lines = self.commitment_id._lines() or self.contract_id.contract_line_ids.filtered("is_usage")
        return all(not line.recurring_next_date or line._usage_due().date_start >= self.date_end for line in lines)

    def _paid_lines(self):
        """The usage lines whose invoices it pays for."""
        domain = [
            ("is_usage", "=", True),
            ("is_canceled", "=", False),
            ("company_id", "=", self.company_id.id),
            ("contract_id.invoice_partner_id", "child_of", self.partner_id.id),
            ("recurring_next_date", "<=", self.expires_on),
            # What becomes an order, or is archived, is invoiced by no run.
            ("contract_id.generation_type", "=", "invoice"),
        ]
        # Who recognises what is paid ahead waits for invoices of contracts that are not his.
        lines = self.env["contract.line"].sudo().search(domain)
        return lines.filtered(
            lambda line: (
                line.contract_id.currency_id == self.currency_id
                and line.contract_id.invoice_partner_id.commercial_partner_id == self.partner_id
                and self.contract_id in (line.contract_id, self.env["contract.contract"])
            )
        )

    def _is_awaited_by(self, line):
        """Whether usage of a line is still to be invoiced, however late, by an invoice that is dated on its days."""
        if line.usage_metric_id.measured_from != "events":
            return True
        since = line._usage_due().date_start
        days = [("usage_date", ">=", since), ("usage_date", "<=", self.expires_on)]
        # The same right.
        return bool(self.env["usage.bucket"].sudo().search_count([("contract_line_id", "=", line.id), *days], limit=1))

    def _revenue_account(self):
        """A commitment's revenue is that of its lines; what is never used is the company's breakage income."""
        lines = self.commitment_id._lines() if self.commitment_id else None
        account = lines[0]._usage_revenue_books().account if lines else self.company_id._usage_prepaid_income()
        if not account:
            raise UserError(
                self.env._(
                    "Prepaid revenue of %(company)s has no account. Choose the account for breakage income under Usage "
                    "> Configuration > Settings.",
                    company=self.company_id.name,
                )
            )
        return account

    def _move_end(self, date_end):
        """Let these grants end on another day, because their commitment does."""
        for grant in self.filtered(lambda g: g.amount_granted and g.date_start < date_end):
            grant.date_end = fields.Date.to_date(date_end)

from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models

from ..invoicing.accrual_cover import cover


class UsageAccrual(models.Model):
    """What prepaid money will pay for is no claim: it is earned out of what customers paid ahead."""

    _inherit = "usage.accrual"

    amount_prepaid = fields.Monetary(
        string="Of Which Prepaid",
        compute="_compute_amount_prepaid",
        compute_sudo=True,
        help="Unbilled usage that customers paid ahead: revenue out of the liability, not a claim.",
    )

    @api.depends("line_ids.amount_unbilled_company", "line_ids.liability_account_id")
    def _compute_amount_prepaid(self):
        for accrual in self:
            prepaid = accrual.line_ids.filtered("liability_account_id")
            accrual.amount_prepaid = sum(prepaid.mapped("amount_unbilled_company"))

    def _covered(self, owed, refused):
        """{number: [Cover]} of [(Owed, RevenueBooks)]."""
        # Whoever accrues may know what is paid ahead; balances have rights of their own.
        grants = self._prepaid_grants([item.line.contract_id for item, _books in owed])
        if not grants:
            return {}
        priced = [(item, *books.untaxed_and_gross(item.amounts)) for item, books in owed]
        return cover(grants, priced, self.date, self._kept(refused))

    def _prepaid_grants(self, contracts):
        """The grants that the invoices of these contracts may draw, as far as they were in the books on the date."""
        contracts = self.env["contract.contract"].browse({contract.id for contract in contracts})
        found = (
            self.env["usage.prepaid.grant"]
            .sudo()
            .search(
                [
                    ("company_id", "=", self.company_id.id),
                    ("partner_id", "in", contracts.invoice_partner_id.commercial_partner_id.ids),
                    ("amount_granted", ">", 0),
                ],
                order="priority, date_end, id",
            )
        )
        return found.filtered(lambda g: g._is_paid() and g._granted_on() <= self.date)

    def _kept(self, refused):
        """{balance id: what was accrued out of it for contracts that cannot be rated now, and stays}."""
        kept = defaultdict(Decimal)
        for key, (_end, amount, _company) in self._staying(refused).items():
            if key.balance_id:
                kept[key.balance_id] += abs(amount)
        return kept

    def _cover_vals(self, base, covers):
        """The values of the lines of what is owed: one per balance that pays for it, and what nobody paid ahead."""
        from_liability, from_revenue = defaultdict(lambda: [Decimal(0), Decimal(0)]), defaultdict(Decimal)
        for each in covers:
            if each.worth is None:
                from_revenue[each.grant.balance_id, each.grant._lowers_account()] += each.amount
            else:
                sums = from_liability[each.grant.balance_id]
                sums[0] += each.amount
                sums[1] += each.worth
        found = [
            {**base, "amount_unbilled": amount, "amount_unbilled_company": worth, **self._paid_by(balance, True)}
            for balance, (amount, worth) in from_liability.items()
        ]
        rest = base["amount_unbilled"] - sum(amount for amount, _worth in from_liability.values())
        if rest or not found:
            found.append({**base, **self._amounts(base, rest)})
        for (balance, account), amount in from_revenue.items():
            account_id = account.id or base["account_id"]
            found.append({**base, **self._amounts(base, -amount), **self._paid_by(balance), "account_id": account_id})
        for vals in found[1:]:
            vals.update(quantity=Decimal(0), explanation=False)
        return found

    def _amounts(self, base, amount):
        currency = self.env["res.currency"].browse(base["currency_id"])
        return {"amount_unbilled": amount, "amount_unbilled_company": self._in_company_currency(currency, amount)}

    def _paid_by(self, balance, is_liability=False):
        return {
            "prepaid_balance_id": balance.id,
            "liability_account_id": balance.account_id.id if is_liability else False,
        }

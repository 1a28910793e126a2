import json
from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from odoo import fields, models
from odoo.exceptions import UserError

from ..invoicing import accruals
from ..invoicing.figures import digits

POSTED = """
    SELECT l.contract_line_id, l.date_start, l.account_id, l.currency_id, l.analytic_distribution,
           l.prepaid_balance_id, l.liability_account_id,
           MAX(l.date_end), SUM(l.amount)::text, SUM(l.amount_company)::text
      FROM usage_accrual_line l JOIN usage_accrual a ON a.id = l.accrual_id
     WHERE a.state = 'posted' AND a.company_id = %s AND a.date = %s AND l.account_id IS NOT NULL
     GROUP BY 1, 2, 3, 4, 5, 6, 7
    HAVING SUM(l.amount) <> 0 OR SUM(l.amount_company) <> 0
"""
CHUNK = 100


class Key(NamedTuple):
    """What makes two lines one: a period of a contract line, where it is booked, and what pays for it."""

    line_id: int
    date_start: date
    account_id: int
    currency_id: int
    analytic: str
    balance_id: int | None
    liability_id: int | None


class UsageAccrual(models.Model):
    """The preview: what is unbilled, less what is posted for the date."""

    _inherit = "usage.accrual"

    def _require_draft(self):
        self.ensure_one()
        if self.state != "draft":
            raise UserError(
                self.env._("%s is posted and stays as it is. Make a new accrual of the same date.", self.display_name)
            )
        if self.date > fields.Date.context_today(self):
            raise UserError(
                self.env._("Usage up to %s is not known yet. Accrue up to today or an earlier day.", self.date)
            )

    def _prepare(self):
        """Replace the draft's lines by what is unbilled now."""
        self.ensure_one()
        self.line_ids.unlink()
        targets, refused = self._targets()
        self.env["usage.accrual.line"].create(self._differences(targets, refused) + self._left_out(refused))
        self.prepared_at = fields.Datetime.now()

    def _contracts(self):
        """Archived ones too: what was invoiced of them after the date is unbilled on it."""
        contracts = self.env["contract.contract"].with_company(self.company_id)
        domain = [("company_id", "=", self.company_id.id), ("has_usage", "=", True)]
        return contracts.browse(contracts.with_context(active_test=False).search(domain, order="id").ids)

    def _targets(self):
        """({key: line values}, {contract: LeftOut}): what should be posted for the date in all."""
        owed, refused, contracts = [], {}, self._contracts()
        for start in range(0, len(contracts), CHUNK):
            found, unable = accruals.unbilled(contracts[start : start + CHUNK], self.date)
            refused.update(unable)
            owed += [(item, item.line._usage_revenue_books()) for item in found]
        covered = self._covered(owed, refused)
        lines = [
            vals
            for number, (item, books) in enumerate(owed)
            for vals in self._cover_vals(self._line_vals(item, books), covered.get(number, ()))
        ]
        return {_key(vals): vals for vals in lines}, refused

    def _line_vals(self, owed, books):
        """The values of an accrual line, with exact amounts."""
        line = owed.line
        return {
            **self._identity_of(line),
            "date_start": owed.date_start,
            "date_end": owed.date_end,
            "quantity": owed.quantity,
            "currency_id": line.contract_id.currency_id.id,
            "amount_unbilled": books.untaxed(owed.amounts),
            "account_id": books.account.id,
            "analytic_distribution": line.analytic_distribution or False,
            "prepaid_balance_id": False,
            "liability_account_id": False,
            "is_charged": owed.charged,
            "explanation": "\n".join(f"{name}: {a}" for name, a in zip(owed.names, owed.amounts, strict=True)),
        }

    def _identity_of(self, line):
        return {
            "accrual_id": self.id,
            "contract_line_id": line.id,
            "contract_id": line.contract_id.id,
            "partner_id": line.contract_id.partner_id.id,
            "metric_id": line.usage_metric_id.id,
        }

    def _in_company_currency(self, currency, amount):
        """An exact amount at the rate of the accrual's date."""
        own = self.company_id.currency_id
        if currency == own:
            return amount
        return Decimal(digits(currency._convert(float(amount), own, self.company_id, self.date)))

    def _differences(self, targets, refused):
        """The values of lines: each target less what is posted, and what is posted and no longer owed."""
        posted, stays = self._posted(), self._staying(refused)
        for key, (date_end, _amount, _company) in posted.items():
            if key not in targets and key not in stays:
                targets[key] = self._gone(key, date_end)
        result = []
        for key, vals in targets.items():
            _end, amount, company = posted.get(key, (None, Decimal(0), Decimal(0)))
            unbilled, unbilled_company = vals["amount_unbilled"], vals["amount_unbilled_company"]
            if unbilled or unbilled_company or amount or company:
                vals = {**vals, "amount": unbilled - amount, "amount_company": unbilled_company - company}
                result.append({name: float(v) if isinstance(v, Decimal) else v for name, v in vals.items()})
        return result

    def _staying(self, refused):
        """What is posted for periods of unknown worth, by key, as `_posted` gives it: it stays."""
        left_out = {line.id: left for contract, left in refused.items() for line in contract._usage_lines_ever()}
        return {
            key: posted
            for key, posted in self._posted().items()
            if key.line_id in left_out and left_out[key.line_id].is_about(key.line_id, key.date_start)
        }

    def _posted(self):
        """{key: (end, amount, amount in company currency)} posted for the date so far."""
        for model in ("usage.accrual", "usage.accrual.line"):
            self.env[model].flush_model()
        self.env.cr.execute(POSTED, (self.company_id.id, self.date))
        return {
            Key(*book, _text(analytic), balance_id, liability_id): (end, Decimal(amount), Decimal(company))
            for *book, analytic, balance_id, liability_id, end, amount, company in self.env.cr.fetchall()
        }

    def _gone(self, key, date_end):
        """A line for what was posted and is owed no more, or under another account."""
        return {
            **self._identity_of(self.env["contract.line"].browse(key.line_id)),
            "date_start": key.date_start,
            "date_end": date_end,
            "quantity": 0,
            "currency_id": key.currency_id,
            "amount_unbilled": Decimal(0),
            "amount_unbilled_company": Decimal(0),
            "account_id": key.account_id,
            "analytic_distribution": json.loads(key.analytic) or False,
            "prepaid_balance_id": key.balance_id,
            "liability_account_id": key.liability_id,
        }

    def _left_out(self, refused):
        """The values of lines that say why, and what of them stays posted."""
        stays = defaultdict(lambda: [Decimal(0), Decimal(0)])
        for key, (_end, amount, company) in self._staying(refused).items():
            stays[key.line_id][0] += amount
            stays[key.line_id][1] += company
        return [
            {
                **self._identity_of(line),
                "currency_id": contract.currency_id.id,
                "reason": left.reason,
                "amount_unbilled": float(stays[line.id][0]),
                "amount_unbilled_company": float(stays[line.id][1]),
            }
            for contract, left in refused.items()
            for line in contract._usage_lines_ever()
        ]


def _key(vals):
    return Key(
        vals["contract_line_id"],
        vals["date_start"],
        vals["account_id"],
        vals["currency_id"],
        _text(vals["analytic_distribution"]),
        vals["prepaid_balance_id"] or None,
        vals["liability_account_id"] or None,
    )


def _text(analytic):
    return json.dumps(analytic or False, sort_keys=True)

from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..invoicing.figures import digits

QUIET = {"tracking_disable": True, "mail_create_nolog": True, "skip_analytic_sync": True}


class UsageAccrual(models.Model):
    """Posting: one entry on the date and its mirror on the next day."""

    _inherit = "usage.accrual"

    def action_post(self):
        """Post what the preview shows; when usage or prices changed meanwhile, show that first."""
        self.ensure_one()
        self._require_draft()
        self._require_books()
        shown = self._shown()
        self._prepare()
        if shown != self._shown():
            return self._notice(self.env._("Usage, prices or invoices changed since the preview. Look at it again."))
        if not self._has_difference():
            return self._notice(self.env._("Nothing changed since this date was last accrued. Nothing is posted."))
        self._post()
        return True

    def _shown(self):
        """What the preview says, to be compared."""
        return sorted(
            (
                line.contract_line_id.id,
                str(line.date_start),
                line.account_id.id,
                line.prepaid_balance_id.id,
                line.liability_account_id.id,
                line.amount,
                line.amount_company,
            )
            for line in self.line_ids
            if not line.reason
        )

    def _has_difference(self):
        """Whether an entry would have items: what lowers revenue may leave nothing of it."""
        return bool(self._entry_vals(self._grouped(), 1, self.date)["line_ids"])

    def _require_books(self):
        """Refuse without account or journal, and where either day is locked: Odoo would move the entry's date."""
        if not self.account_id or not self.journal_id:
            raise UserError(
                self.env._(
                    "Accruals need an account for unbilled revenue and a journal. Choose them here, or for all "
                    "accruals under Usage > Configuration > Settings."
                )
            )
        self._require_open(self.date, self.date_reversal)

    def _post(self):
        """Post the entry and its reversal; the unique number refuses whoever posted the same date meanwhile."""
        groups = self._grouped()
        entry = self._entry_vals(groups, 1, self.date)
        move = self._create_move(entry)
        mirror = self._entry_vals(groups, -1, self.date_reversal) | {"reversed_entry_id": move.id}
        reversal = self._create_move(mirror)
        others = self.account_id | self.line_ids.liability_account_id
        items = {self._book(item): item for item in move.line_ids if item.account_id not in others}
        for book, lines in groups.items():
            lines.move_line_id = items.get(book)
        self.env["usage.accrual.line"].flush_model()
        self._mark_posted(move_id=move.id, reversal_move_id=reversal.id)
        (move | reversal).with_context(tracking_disable=True)._post(soft=False)
        self._reconcile()
        (move | reversal)._message_log_batch(
            {each.id: self.env._("Created by %s.", self._get_html_link()) for each in move | reversal}
        )

    def _grouped(self):
        """{book: accrual lines}: what one journal item says for all."""
        result = defaultdict(self.env["usage.accrual.line"].browse)
        for line in self.line_ids.filtered(lambda line: line.amount or line.amount_company):
            result[self._book(line)] |= line
        return result

    def _book(self, item):
        """Account, currency and analytic distribution of an accrual line or a journal item."""
        return item.account_id.id, item.currency_id.id, tuple(sorted((item.analytic_distribution or {}).items()))

    def _create_move(self, vals):
        return self.env["account.move"].with_context(**QUIET).with_company(self.company_id).create(vals)

    def _entry_vals(self, groups, sign, day):
        ref = self.env._("Unbilled usage up to %s", self.date)
        if sign < 0:
            ref = self.env._("Reversal: %s", ref)
        items = []
        for (account_id, currency_id, analytic), lines in groups.items():
            amount, company = self._sums(lines, sign)
            more = {"analytic_distribution": dict(analytic) or False}
            items += self._items(account_id, currency_id, -amount, -company, ref, more)
        for (account, currency, partner), lines in self._against().items():
            amount, company = self._sums(lines, sign)
            items += self._items(account.id, currency.id, amount, company, ref, {"partner_id": partner.id})
        return {
            "move_type": "entry",
            "company_id": self.company_id.id,
            "journal_id": self.journal_id.id,
            "date": day,
            "ref": ref,
            "line_ids": [fields.Command.create(item) for item in items],
        }

    def _against(self):
        """{(account, currency, customer): lines}: unbilled revenue, and what customers paid ahead."""
        return self.line_ids.grouped(
            lambda line: (
                line.liability_account_id or self.account_id,
                line.currency_id,
                line.prepaid_balance_id.partner_id if line.liability_account_id else line.partner_id.browse(),
            )
        )

    def _sums(self, lines, sign):
        """(amount, amount in company currency) of lines, exact."""
        return tuple(
            sum((Decimal(digits(line[name])) for line in lines), Decimal(0)) * sign
            for name in ("amount", "amount_company")
        )

    def _items(self, account_id, currency_id, amount, company, name, more):
        """Values of journal items: one, or two where the amounts in the two currencies have different signs."""
        pairs = [(amount, company)] if amount * company >= 0 else [(amount, Decimal(0)), (Decimal(0), company)]
        return [
            {
                "name": name,
                "account_id": account_id,
                "currency_id": currency_id,
                "amount_currency": float(one),
                "balance": float(other),
                "tax_ids": [fields.Command.clear()],
                **more,
            }
            for one, other in pairs
            if one or other
        ]

    def _reconcile(self):
        """Entry and reversal settle each other where the account is reconciled."""
        if not self.account_id.reconcile:
            return
        items = (self.move_id | self.reversal_move_id).line_ids.filtered(
            lambda item: item.account_id == self.account_id
        )
        for group in items.grouped("currency_id").values():
            group.reconcile()

    # -- by itself ---------------------------------------------------------

    @api.model
    def _cron_accrue(self):
        """Accrue the month that has ended, for each company that has said where."""
        for company in self.env["res.company"].search([]):
            if company._usage_accrual_account() and company._usage_accrual_journal():
                self.with_company(company)._accrue_by_itself(company)
                self.env["ir.cron"]._commit_progress(1)

    def _accrue_by_itself(self, company):
        """Prepare and post; what stops it is said to the billing managers on the draft, which stays."""
        accrual = self.create({"company_id": company.id})
        try:
            with self.env.cr.savepoint():
                accrual._require_books()
                accrual._prepare()
                if accrual._has_difference():
                    accrual._post()
        except UserError as error:
            self.env.invalidate_all()
            accrual._tell_managers(self.env._("The accrual was not posted"), str(error))
            return
        if accrual.skipped_count:
            accrual._tell_managers(
                self.env._("Contracts were left out of the accrual"),
                self.env._("Each says why. Mend it and accrue the same date again: the difference is posted."),
            )
        elif accrual.state == "draft":
            accrual.unlink()

from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..invoicing.figures import digits
from ..store.schema import refuse_truncate

QUIET = {"tracking_disable": True, "mail_create_nolog": True, "skip_analytic_sync": True}
FACT = """
CREATE OR REPLACE FUNCTION usage_recognition_is_fact() RETURNS trigger AS $$
BEGIN
    IF OLD.state = 'posted' AND (TG_OP = 'DELETE' OR (NEW.state, NEW.company_id, NEW.date, NEW.number)
        IS DISTINCT FROM (OLD.state, OLD.company_id, OLD.date, OLD.number))
    THEN RAISE EXCEPTION 'A posted recognition is a fact: % is refused. Recognise the same date again instead.',
        TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$ LANGUAGE plpgsql;
DROP TRIGGER IF EXISTS usage_recognition_fact ON usage_recognition;
CREATE TRIGGER usage_recognition_fact BEFORE UPDATE OR DELETE ON usage_recognition
    FOR EACH ROW EXECUTE FUNCTION usage_recognition_is_fact();
"""


class UsageRecognition(models.Model):
    """Prepaid money that becomes revenue by a date: by days, as expected breakage, or because it has expired.

    draft -> posted. A date may be recognised again: only the difference to what is posted is posted. PostgreSQL
    keeps the rest of a grant from expiring twice, and two runs from posting the same difference.
    """

    _name = "usage.recognition"
    _description = "Recognition of Prepaid Revenue"
    _inherit = ["usage.posting"]
    _order = "date DESC, id DESC"
    _check_company_auto = True

    date = fields.Date(help="What is earned up to and including this day.")
    line_ids = fields.One2many("usage.recognition.line", "recognition_id", readonly=True)
    amount = fields.Monetary(string="Revenue", compute="_compute_amount", compute_sudo=True)

    _posted_once = models.UniqueIndex(
        "(company_id, date, number) WHERE state = 'posted'",
        "This date was recognised by somebody else meanwhile. Look at the preview again.",
    )

    def init(self):
        refuse_truncate(self.env.cr, self._table)
        self.env.cr.execute(FACT)

    @api.depends("line_ids.amount_company")
    def _compute_amount(self):
        for each in self:
            each.amount = sum(each.line_ids.mapped("amount_company"))

    @api.depends("date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for each in self:
            day = each.date and self.env["usage.explainer"]._day_text(each.date)
            each.display_name = self.env._("Prepaid revenue up to %s", day)

    def write(self, vals):
        if {"company_id", "date"} & vals.keys():
            self._require_draft()
            self.line_ids.unlink()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_drafts(self):
        if self.filtered(lambda each: each.state == "posted"):
            raise UserError(
                self.env._("What is posted stays. Recognise the same date again: the difference is posted.")
            )

    def _require_draft(self):
        for each in self:
            if each.state != "draft":
                raise UserError(self.env._("%s is posted and stays as it is. Make a new one.", each.display_name))

    def action_post(self):
        """Post what the preview shows; if something changed meanwhile, show that first."""
        self.ensure_one()
        self._require_draft()
        if not self.journal_id:
            raise UserError(self.env._("Choose a journal for the entries."))
        self._require_open(self.date)
        shown = self._shown()
        self._grants().balance_id._lock()
        self._prepare()
        if shown != self._shown():
            return self._notice(self.env._("Something was drawn, bought or changed meanwhile. Look at it again."))
        if not self.line_ids:
            return self._notice(self.env._("Nothing is earned by this date that is not posted."))
        self._post()
        return True

    def _shown(self):
        return sorted(
            (line.grant_id.id, line.kind, line.date, line.amount_expired, line.amount, line.amount_company)
            for line in self.line_ids
        )

    def _grants(self):
        """The grants of which something may be earned or expire. Rights: the recognition's own."""
        return (
            self.env["usage.prepaid.grant"]
            .sudo()
            .search(
                [
                    ("company_id", "=", self.company_id.id),
                    ("date_start", "<=", self.date),
                    "|",
                    "|",
                    ("amount_remaining", ">", 0),
                    ("amount_liability", "!=", 0),
                    "&",
                    ("recognition", "=", "days"),
                    ("amount_granted", ">", 0),
                ],
                order="id",
            )
        )

    def _prepare(self):
        self.ensure_one()
        self.line_ids.unlink()
        found = [vals for grant in self._grants() for vals in grant._earned_by(self.date)]
        if found:
            self._require_open(self.date)
        self.env["usage.recognition.line"].create(
            [{**vals, "recognition_id": self.id, "date": self._open_day(vals["date"])} for vals in found]
        )
        self.prepared_at = fields.Datetime.now()

    def _open_day(self, day):
        """The day of an entry: what expired in a month that is locked since is revenue on the document's own date."""
        return self.date if self._locks_on(day) else day

    # -- posting -----------------------------------------------------------

    def _post(self):
        """An entry per day, and a movement per line that says which entry it is in."""
        for day, lines in self.line_ids.grouped("date").items():
            entry = self._entry(day, lines.filtered(lambda line: line.amount or line.amount_company))
            items = {self._book_of(item): item for item in entry.line_ids}
            for line in lines:
                item = items.get(line._book()) if line.amount or line.amount_company else None
                line._record(entry if item else entry.browse(), item or entry.line_ids.browse())
        # Once it is posted, its lines change no more.
        self.env["usage.recognition.line"].flush_model()
        self._mark_posted()

    def _entry(self, day, lines):
        """The posted entry of a day: liability against revenue, per account, currency and customer."""
        # Whoever may post this document posts its entries.
        moves = self.env["account.move"].sudo().with_context(**QUIET).with_company(self.company_id)
        if not lines:
            return moves
        sums = defaultdict(lambda: [Decimal(0), Decimal(0)])
        for line in lines:
            for book, sign in ((line._book(), 1), (line._book(revenue=True), -1)):
                sums[book][0] += sign * Decimal(digits(line.amount))
                sums[book][1] += sign * Decimal(digits(line.amount_company))
        ref = self.env._("Prepaid revenue up to %s", day)
        entry = moves.create(
            {
                "move_type": "entry",
                "company_id": self.company_id.id,
                "journal_id": self.journal_id.id,
                "date": day,
                "ref": ref,
                "line_ids": [
                    fields.Command.create(
                        {
                            "name": ref,
                            "account_id": account_id,
                            "currency_id": currency_id,
                            "partner_id": partner_id,
                            "amount_currency": float(amount),
                            "balance": float(company),
                            "tax_ids": [fields.Command.clear()],
                        }
                    )
                    for (account_id, currency_id, partner_id), (amount, company) in sums.items()
                ],
            }
        )
        entry._post(soft=False)
        entry._message_log(body=self.env._("Created by %s.", self._get_html_link()))
        return entry

    def _book_of(self, item):
        return item.account_id.id, item.currency_id.id, item.partner_id.id

    def action_view_entries(self):
        """Open the entries of these documents."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Journal Entries"),
            "res_model": "account.move",
            "view_mode": "list,kanban,form",
            "domain": [("id", "in", self.line_ids.prepaid_move_id.move_id.ids)],
        }

    # -- by itself ---------------------------------------------------------

    @api.model
    def _cron_recognise(self):
        """Recognise the month that has ended, for each company that has prepaid money."""
        for company in self.env["res.company"].search([]):
            if not company.usage_prepaid_account_id and not company.usage_deferred_account_id:
                continue
            each = self.with_company(company).create({"company_id": company.id})
            each._recognise_by_itself()
            self.env["ir.cron"]._commit_progress(1)

    def _recognise_by_itself(self):
        """Prepare and post; what stops it is said to the billing managers on the draft, which stays."""
        try:
            with self.env.cr.savepoint():
                self._grants().balance_id._lock()
                self._prepare()
                if self.line_ids:
                    self._post()
        except UserError as error:
            self.env.invalidate_all()
            self._tell_managers(self.env._("Prepaid revenue was not recognised"), str(error))
            return
        if self.state == "draft":
            self.unlink()

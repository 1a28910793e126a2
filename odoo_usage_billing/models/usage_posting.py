from odoo import api, fields, models
from odoo.exceptions import UserError


class UsagePosting(models.AbstractModel):
    """A document that posts, up to a date, the difference to what is posted for that date.

    draft -> posted. It is previewed first, and posting shows again what changed since. A date may be posted again.
    """

    _name = "usage.posting"
    _description = "Posting up to a Date"
    _inherit = ["mail.thread", "mail.activity.mixin"]

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, ondelete="restrict"
    )
    date = fields.Date(required=True, default=lambda self: self._default_date())
    number = fields.Integer(readonly=True, copy=False, help="The how manieth of its date.")
    state = fields.Selection(
        [("draft", "Draft"), ("posted", "Posted")], required=True, default="draft", tracking=True, copy=False
    )
    journal_id = fields.Many2one(
        "account.journal",
        compute="_compute_journal_id",
        store=True,
        readonly=False,
        check_company=True,
        domain="[('type', '=', 'general')]",
    )
    user_id = fields.Many2one("res.users", default=lambda self: self.env.user, readonly=True, copy=False)
    prepared_at = fields.Datetime(readonly=True, copy=False)
    posted_at = fields.Datetime(readonly=True, copy=False)
    currency_id = fields.Many2one(related="company_id.currency_id")

    def _default_date(self):
        """The last day of the month before."""
        return fields.Date.subtract(fields.Date.context_today(self).replace(day=1), days=1)

    @api.depends("company_id")
    def _compute_journal_id(self):
        for posting in self:
            posting.journal_id = posting.company_id._usage_accrual_journal()

    def action_prepare(self):
        """Show what would be posted; nothing is."""
        for posting in self:
            posting._require_draft()
            posting._prepare()
        return True

    def _locks_on(self, day):
        """The lock dates that a day of this document violates, as Odoo lists them."""
        # Who may post may know what is locked.
        return self.company_id.sudo()._get_violated_lock_dates(day, False, self.journal_id)

    def _require_open(self, *days):
        """Refuse days that are locked: Odoo would move an entry into the next open month without a word."""
        for day in days:
            locks = self._locks_on(day)
            if locks:
                raise UserError(
                    self.env._(
                        "%(document)s cannot be posted, because %(day)s is locked: %(locks)s. Choose a later date, or "
                        "let an accountant change the lock date.",
                        document=self.display_name,
                        day=day,
                        locks=self.company_id._format_lock_dates(locks),
                    )
                )

    def _mark_posted(self, **values):
        """Take the next number of the date; the unique index refuses whoever took it meanwhile."""
        posted = [("company_id", "=", self.company_id.id), ("date", "=", self.date), ("state", "=", "posted")]
        number = 1 + self.sudo().search_count(posted)
        self.write({"state": "posted", "number": number, "posted_at": fields.Datetime.now(), **values})
        self.flush_recordset()

    def _notice(self, message):
        """Tell the person who pressed the button, and show the document anew."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "title": self.display_name,
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _tell_managers(self, summary, note):
        for user in self.company_id._usage_managers():
            self.activity_schedule("mail.mail_activity_data_todo", summary=summary, note=note, user_id=user.id)

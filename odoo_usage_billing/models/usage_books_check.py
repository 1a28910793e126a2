from odoo import api, fields, models
from odoo.exceptions import UserError

from ..audit import verify
from ..store.retirement import hold

KEEP_DAYS = 90


class UsageBooksCheck(models.Model):
    """One look at the books of a company: every invariant by its name, what was counted and what breaks it."""

    _name = "usage.books.check"
    _description = "Check of the Books"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "checked_at DESC, id DESC"
    _rec_name = "checked_at"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True, ondelete="cascade"
    )
    checked_at = fields.Datetime(required=True, default=fields.Datetime.now, readonly=True)
    is_complete = fields.Boolean(string="Every Trace", help="Recompute every charge from its trace, not a sample.")
    state = fields.Selection(
        [("draft", "Not Checked"), ("holds", "Holds"), ("broken", "Broken")],
        required=True,
        default="draft",
        readonly=True,
    )
    line_ids = fields.One2many("usage.books.check.line", "check_id", readonly=True)

    def action_check(self):
        """Ask every invariant and keep what it says."""
        for check in self:
            if check.state != "draft":
                raise UserError(self.env._("This check stays as it was found. Make a new one."))
            check._check()
        return True

    def _check(self):
        """Look at the books as they are in this transaction; queries read every company's tables for ours alone."""
        self.ensure_one()
        self.check_access("write")
        self.env.flush_all()
        found = list(verify(self.env.cr, self.company_id.ids, self.is_complete))
        self.write(
            {
                "checked_at": fields.Datetime.now(),
                "state": "broken" if any(finding.broken for finding in found) else "holds",
                "line_ids": [
                    fields.Command.create(
                        {
                            "code": finding.code,
                            "name": self.env._(finding.sentence),  # pylint: disable=translation-not-lazy
                            "checked_count": finding.checked,
                            "broken_count": finding.broken,
                            "examples": "\n".join(finding.examples) or False,
                        }
                    )
                    for finding in found
                ],
            }
        )

    @api.model
    def _cron_check(self):
        """Daily: check each company that has usage, and tell its billing managers of a break."""
        for company in self.env["res.company"].search([]):
            if self.env["usage.billing.period"].search_count([("company_id", "=", company.id)], limit=1):
                # Each begins a transaction, and with its lock, so that no month of events goes under its eyes.
                self.env["ir.cron"]._commit_progress(1)
                hold(self.env.cr)
                self.create({"company_id": company.id})._check_and_tell()

    def _check_and_tell(self):
        """Check; a break that is the same as last time and is still on somebody's desk is not told again."""
        before = self.search([("company_id", "=", self.company_id.id), ("state", "!=", "draft")], limit=1)
        self._check()
        if self.state != "broken" or (before.activity_ids and before._breaks() == self._breaks()):
            return
        note = "\n".join(f"{line.name}: {line.broken_count}" for line in self.line_ids if line.broken_count)
        for user in self.company_id._usage_managers():
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("The books do not hold"),
                note=note,
                user_id=user.id,
            )

    def _breaks(self):
        return {line.code: line.broken_count for line in self.line_ids if line.broken_count}

    @api.autovacuum
    def _gc_old(self):
        """Drop old checks that found nothing."""
        old = fields.Datetime.subtract(fields.Datetime.now(), days=KEEP_DAYS)
        self.search([("checked_at", "<", old), ("state", "!=", "broken")]).unlink()

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..invoicing.postable import policy_of
from .contract_contract import FAST_CREATE
from .usage_billing_run import CONTENTION

#: So long a mail that comes back is noticed on its invoice.
RETURN_DAYS = 14


class AccountMove(models.Model):
    """Usage invoices that are posted, and go to the customer by themselves, as their contracts say; once."""

    _inherit = "account.move"

    usage_send_state = fields.Selection(
        [("waiting", "To send"), ("sent", "Sent"), ("failed", "Not sent")],
        string="Sending",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    usage_send_message = fields.Text(string="Why Not Sent", readonly=True, copy=False)
    usage_sent_at = fields.Datetime(string="Sent to the Customer", readonly=True, copy=False)
    usage_message_id = fields.Many2one("mail.message", string="Mail to the Customer", readonly=True, copy=False)

    def _usage_post_by_policy(self, owners=None):
        """Post these invoices, and queue for sending, as all contracts on each of them say.

        `owners`: {invoice: its contracts}, where the caller knows.
        """
        posted, queued = self.browse(), self.browse()
        for move, contracts in (self._usage_contracts() if owners is None else owners).items():
            policy = policy_of(contracts)
            posted |= move if policy != "draft" else move.browse()
            queued |= move if policy == "send" else move.browse()
        # A clean context: what sped up creation must not reach other addons' posting.
        self.env["account.move"].with_context(**FAST_CREATE).browse(posted.ids)._post(soft=False)
        queued._usage_queue()

    def _usage_queue(self):
        """Let these go to their customers in the background."""
        if self:
            self.write({"usage_send_state": "waiting", "usage_send_message": False})
            self.env.ref("odoo_usage_billing.cron_usage_send")._trigger()

    def action_usage_send(self):
        """Try again to send what was not sent."""
        self.check_access("write")
        if self.filtered(lambda move: move.state != "posted"):
            raise UserError(self.env._("Only invoices that are posted can be sent."))
        self.filtered(lambda move: move.usage_send_state == "failed")._usage_queue()
        return True

    # -- in the background -------------------------------------------------

    @api.model
    def _cron_usage_send(self):
        """Send what waits, an invoice per transaction: its mail and its state are committed together."""
        cron = self.env["ir.cron"]
        domain = [("usage_send_state", "=", "waiting"), ("state", "=", "posted")]
        cron._commit_progress(remaining=self.search_count(domain))
        last = 0
        while move := self.search([*domain, ("id", ">", last)], limit=1, order="id"):
            last = move.id
            if move.try_lock_for_update(allow_referencing=True):
                move._usage_send_or_note()
            if not cron._commit_progress(1):
                break
        self._usage_note_returned()

    def _usage_send_or_note(self):
        """Send this invoice; what stops it is noted on it, and the next one goes on."""
        try:
            self.with_company(self.company_id)._usage_send()
            self.env.flush_all()
        except CONTENTION:
            self.env.cr.rollback()  # it still waits, and the next round takes it
        except Exception as error:  # noqa: BLE001 - recorded for a person
            # Whatever was made for the mail goes with the transaction, so that it cannot be sent twice.
            self.env.cr.rollback()
            self._usage_note_not_sent(str(error) or repr(error))

    def _usage_send(self):
        """Send this invoice through Odoo's own sending, with its PDF and workbook, in the customer's language."""
        self.ensure_one()
        send = self.env["account.move.send"]
        methods = send._get_default_sending_methods(self)
        if "manual" in methods:
            raise UserError(
                self.env._(
                    "%(customer)s is set to get invoices by hand. Choose another way of sending invoices on the "
                    "customer, or send this one by hand.",
                    customer=self.commercial_partner_id.display_name,
                )
            )
        template = send._get_default_mail_template_id(self)
        language = send._get_default_mail_lang(self, template)
        if "email" in methods and not send._get_default_mail_partner_ids(self, template, language):
            raise UserError(
                self.env._(
                    "%(customer)s has no e-mail address. Give it one, then send the invoice again.",
                    customer=self.partner_id.display_name,
                )
            )
        send._generate_and_send_invoices(self)
        self._usage_note_sent()

    def _usage_note_sent(self):
        """These went out, by themselves or by hand: they are not sent by themselves again."""
        summary = self._usage_not_sent_summary()
        for move in self.filtered(lambda move: move.usage_send_state in ("waiting", "failed")):
            move.usage_send_state, move.usage_send_message = "sent", False
            move.usage_sent_at = self.env.cr.now()
            move.usage_message_id = move.message_ids.filtered("notification_ids")[:1]
            move.activity_ids.filtered(lambda activity: activity.summary == summary).action_done()

    def _usage_note_not_sent(self, message):
        """Keep why, with one open activity for the person who answers for the invoice."""
        self.ensure_one()
        self.write({"usage_send_state": "failed", "usage_send_message": message})
        summary = self._usage_not_sent_summary()
        if summary not in self.activity_ids.mapped("summary"):
            contracts = self._usage_contracts().get(self, self.env["contract.contract"])
            user = contracts.user_id[:1] or self.invoice_user_id or self.env.user
            self.activity_schedule("mail.mail_activity_data_todo", summary=summary, note=message, user_id=user.id)

    @api.model
    def _usage_not_sent_summary(self):
        return self.env._("Invoice could not be sent")

    @api.model
    def _usage_note_returned(self):
        """Mails that the mail server refused, or that came back, are not sent after all."""
        since = fields.Datetime.now() - timedelta(days=RETURN_DAYS)
        returned = ("exception", "bounce")
        moves = self.search(
            [
                ("usage_send_state", "=", "sent"),
                ("usage_sent_at", ">=", since),
                ("usage_message_id.notification_ids.notification_status", "in", returned),
            ]
        )
        for move in moves:
            notes = move.usage_message_id.notification_ids.filtered(lambda n: n.notification_status in returned)
            move._usage_note_not_sent("\n".join(n.failure_reason or n.format_failure_reason() for n in notes))

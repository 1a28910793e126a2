"""Invoices that are posted and sent by policy: with PDF and workbook, in the customer's language, and once."""

import io
from datetime import date
from unittest.mock import patch

import openpyxl
from pypdf import PdfReader

from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged

from .common import UsageCommon

MAIL = "odoo.addons.odoo_usage_billing.models.account_move_sending.AccountMove"


class SendingCommon(UsageCommon):
    """Two printers with an end user; a page costs 0.01, and the customer has an address."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.email = "bills@brightwater.example"
        cls.card = cls.make_card([(100, 0.02, 0), (None, 0.01, 0)])
        cls.contract = cls.make_contract(
            [
                {"name": "Fee", "product_id": cls.product_service.id, "specific_price": 5},
                cls.usage_line(cls.card),
            ],
            usage_invoice_policy="send",
        )
        cls.line = cls.contract.contract_line_ids.filtered("is_usage")
        cls.devices = cls.make_subjects(cls.line, 2)
        cls.user = cls.env["res.partner"].create({"name": "Ada Reader", "parent_id": cls.customer.id})
        cls.line.usage_assignment_ids.filtered(lambda a: a.subject_id == cls.devices[0]).end_user_id = cls.user
        cls.send([cls.record("PRN0001", 150), cls.record("PRN0002", 30)])

    def bill(self, day=date(2026, 2, 1)):
        return self.run_billing(day).line_ids.move_ids

    def mails(self, move):
        """The mails of an invoice to its customer; colleagues get others, of activities."""
        domain = [("model", "=", "account.move"), ("res_id", "=", move.id)]
        return self.env["mail.mail"].search([*domain, ("recipient_ids", "in", move.partner_id.ids)])

    def workbook(self, attachment):
        return openpyxl.load_workbook(io.BytesIO(attachment.raw))


@tagged("post_install", "-at_install")
class TestSending(SendingCommon):
    def trigger(self):
        with self.enter_registry_test_mode():
            self.env.ref("odoo_usage_billing.cron_usage_send").method_direct_trigger()
        self.env.invalidate_all()

    def test_an_invoice_is_posted_queued_and_sent_with_its_workbook_once(self):
        move = self.bill()
        self.assertEqual((move.state, move.usage_send_state), ("posted", "waiting"))
        self.assertFalse(self.mails(move))
        self.trigger()
        self.trigger()
        mail = self.mails(move)
        self.assertEqual(len(mail), 1)
        self.assertEqual(mail.recipient_ids, self.customer)
        self.assertEqual((move.usage_send_state, move.is_move_sent), ("sent", True))
        self.assertTrue(move.usage_sent_at)
        books = mail.attachment_ids.filtered(lambda a: a.name.endswith(".xlsx"))
        self.assertEqual(len(books), 1)
        book = self.workbook(books)
        charges = [[cell.value for cell in row] for row in book["Charges"].iter_rows(min_row=2)]
        self.assertEqual(sum(row[7] or 0 for row in charges), 2 + 0.8)  # 100 x 0.02 + 80 x 0.01
        subjects = [[cell.value for cell in row][4:] for row in book["Subjects"].iter_rows(min_row=2)]
        self.assertEqual(
            [(row[0], row[3], row[4], row[6]) for row in subjects],
            [("PRN0001", "Ada Reader", 150, 1), ("PRN0002", None, 30, 1)],
        )

    def test_policies_of_a_shared_invoice_are_followed_carefully(self):
        other = self.make_contract([{"name": "Fee", "specific_price": 1}, self.usage_line(self.card)], name="Other")
        both = self.contract | other
        both.usage_invoice_together = True
        for policy, expected in (
            ("post", ("posted", False)),
            ("draft", ("draft", False)),
            ("send", ("posted", "waiting")),
        ):
            with self.subTest(policy=policy), self.env.cr.savepoint() as savepoint:
                other.usage_invoice_policy = policy
                move = self.run_billing(date(2026, 2, 1), both).line_ids.move_ids
                self.assertEqual((len(move), move.state, move.usage_send_state), (1, *expected))
                savepoint.rollback()

    def test_a_draft_that_is_cancelled_while_it_waits_is_not_sent(self):
        move = self.bill()
        move.button_draft()
        self.trigger()
        self.assertFalse(self.mails(move))
        move.action_post()
        self.trigger()
        self.assertEqual(len(self.mails(move)), 1)

    def test_without_an_address_the_reason_is_kept_and_a_person_is_asked_once(self):
        self.customer.email = False
        move = self.bill()
        self.trigger()
        self.assertEqual(move.usage_send_state, "failed")
        self.assertIn("no e-mail address", move.usage_send_message)
        self.assertEqual(move.activity_ids.mapped("summary"), ["Invoice could not be sent"])
        self.customer.email = "bills@brightwater.example"
        self.trigger()
        self.assertFalse(self.mails(move), "it waits until somebody says so")
        move.action_usage_send()
        self.trigger()
        self.assertEqual((move.usage_send_state, move.usage_send_message), ("sent", False))
        self.assertEqual(len(self.mails(move)), 1)
        self.assertFalse(move.activity_ids)

    def test_a_customer_who_gets_invoices_by_hand_is_not_mailed(self):
        self.customer.invoice_sending_method = "manual"
        move = self.bill()
        self.trigger()
        self.assertEqual(move.usage_send_state, "failed")
        self.assertIn("by hand", move.usage_send_message)

    def test_one_that_cannot_be_sent_leaves_the_next_its_turn(self):
        poor = self.make_contract([self.usage_line(self.card)], usage_invoice_policy="send", name="Poor")
        poor.partner_id = poor.invoice_partner_id = self.env["res.partner"].create({"name": "No address"})
        first = self.run_billing(date(2026, 2, 1), poor).line_ids.move_ids
        second = self.run_billing(date(2026, 2, 1), self.contract).line_ids.move_ids
        self.trigger()
        self.assertEqual((first.usage_send_state, second.usage_send_state), ("failed", "sent"))

    def test_a_failure_after_the_mail_was_made_leaves_no_mail(self):
        move = self.bill()
        with patch(f"{MAIL}._usage_note_sent", side_effect=UserError("The pen broke.")):
            self.trigger()
        self.assertFalse(self.mails(move))
        self.assertEqual((move.usage_send_state, move.usage_send_message), ("failed", "The pen broke."))

    def test_what_a_person_sent_is_not_sent_again(self):
        move = self.bill()
        self.env["account.move.send"]._generate_and_send_invoices(move)
        self.assertEqual(move.usage_send_state, "sent")
        self.trigger()
        self.assertEqual(len(self.mails(move)), 1)

    def test_a_mail_that_comes_back_is_not_sent_after_all(self):
        move = self.bill()
        self.trigger()
        notification = self.mails(move).mail_message_id.notification_ids.sudo()
        notification.write({"notification_status": "bounce", "failure_reason": "Mailbox is full"})
        self.trigger()
        self.assertEqual((move.usage_send_state, move.usage_send_message), ("failed", "Mailbox is full"))
        self.assertEqual(len(move.activity_ids), 1)
        move.action_usage_send()
        self.trigger()
        self.assertEqual(move.usage_send_state, "sent")

    def test_the_mail_is_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        template = self.env.ref("account.email_template_edi_invoice")
        template.with_context(lang="fr_FR").subject = "Facture {{ object.name }}"
        self.customer.lang = "fr_FR"
        move = self.bill()
        self.trigger()
        self.assertEqual(self.mails(move).subject, f"Facture {move.name}")

    def test_a_company_may_send_without_the_workbook(self):
        self.company.sudo().usage_send_workbook = False
        move = self.bill()
        self.trigger()
        self.assertFalse(self.mails(move).attachment_ids.filtered(lambda a: a.name.endswith(".xlsx")))

    def test_a_credit_note_for_an_adjustment_is_sent_with_what_it_credits(self):
        self.contract.usage_adjustment_policy = "own_invoice"
        self.bill()
        self.send(
            [self.record("PRN0001", 100, external_id="new")._replace(replaces=self.record("PRN0001", 1).external_id)]
        )
        self.contract._usage_adjust()
        credit = self.contract.usage_adjustment_ids.move_id
        self.assertEqual((credit.move_type, credit.usage_send_state), ("out_refund", "waiting"))
        self.trigger()
        book = self.workbook(self.mails(credit).attachment_ids.filtered(lambda a: a.name.endswith(".xlsx")))
        amounts = [row[7].value or 0 for row in book["Charges"].iter_rows(min_row=2)]
        self.assertEqual(round(sum(amounts), 2), -credit.amount_untaxed)

    def test_an_invoice_posted_again_gets_a_workbook_of_what_it_is_now(self):
        move = self.bill()
        self.trigger()
        self.assertTrue(move.usage_workbook_id)
        move.button_draft()
        self.assertFalse(move.usage_workbook_id)


@tagged("post_install", "-at_install")
class TestSendingPdf(SendingCommon, HttpCase):
    """The real PDF, drawn by wkhtmltopdf, is what the mail carries."""

    def test_the_mail_carries_the_pdf_with_the_annex(self):
        move = self.bill()
        move.with_context(force_report_rendering=True)._usage_send()
        pdf = self.mails(move).attachment_ids.filtered(lambda a: a.name.endswith(".pdf"))
        self.assertEqual(len(pdf), 1)
        text = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.raw)).pages).split())
        self.assertIn("Usage annex", text)
        self.assertIn("PRN0001", text)

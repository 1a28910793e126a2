import base64
import io
from datetime import datetime, time

from dateutil.relativedelta import relativedelta
from pypdf import PdfReader

from odoo import Command, fields
from odoo.tests import HttpCase, new_test_user, tagged

from .common import MediationCommon


@tagged("post_install", "-at_install")
class TestMainJobBrowser(MediationCommon, HttpCase):
    """The main job in a browser: upload, preview, confirm, run, invoice, lineage, PDF."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract.active = False  # the shared one; only ours is due
        month = fields.Date.today().replace(day=1) - relativedelta(months=1)
        card = cls.make_card([(70, 0.012, 0), (False, 0.009, 0)], name="Excess")
        cls.contract = cls.make_contract(
            [
                {"name": "Service", "product_id": cls.product_service.id, "specific_price": 99},
                cls.usage_line(
                    card,
                    usage_baseline_ids=[Command.create({"date_start": month, "quantity": 50, "fixed_amount": 600})],
                ),
            ],
            date_start=month,
        )
        line = cls.contract.contract_line_ids.filtered("is_usage")
        cls.make_subjects(line, 3, prefix="DEV")
        at = datetime.combine(month, time(12))
        content = cls.xlsx(
            cls.row("DEV0001", 40, at=at),
            cls.row("DEV0002", 40, at=at),
            cls.row("NOT-OURS", 5, at=at),
            cls.row("DEV0003", -5, at=at),
        )
        cls.attachment = cls.env["ir.attachment"].create({"name": "main-job.xlsx", "datas": base64.b64encode(content)})
        cls.manager = new_test_user(
            cls.env,
            login="main_job_manager",
            groups="odoo_usage_billing.group_usage_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.attachment.public = True

    def test_from_the_workbook_to_the_invoice_and_back(self):
        self.start_tour(
            "/odoo/action-odoo_usage_mediation.usage_upload_action",
            "odoo_usage_mediation_upload",
            login=self.manager.login,
        )
        self.start_tour(
            "/odoo/action-odoo_usage_billing.usage_billing_run_action",
            "odoo_usage_mediation_billing",
            login=self.manager.login,
        )
        move = self.contract._get_related_invoices()
        self.assertEqual(move.state, "posted")
        # 99 service + 600 baseline + 20 x 0.012 + 10 x 0.009
        self.assertEqual(move.amount_untaxed, 99 + 600 + 0.24 + 0.09)
        text = self.pdf_text(move)
        self.assertIn("Usage annex", text)
        self.assertIn("DEV0001", text)
        if "usage.report" in self.env:
            self.look_in_the_portal()

    def pdf_text(self, move):
        with self.allow_pdf_render():
            content, _kind = (
                self.env["ir.actions.report"]
                .with_context(force_report_rendering=True)
                ._render_qweb_pdf("account.account_invoices", move.ids)
            )
        pages = PdfReader(io.BytesIO(content)).pages
        return " ".join(" ".join(page.extract_text() for page in pages).split())

    def look_in_the_portal(self):
        """The customer opens the contract: both charts are drawn. The pages are the MI addon's."""
        customer = new_test_user(self.env, login="main_job_customer", groups="base.group_portal")
        self.contract.message_subscribe(partner_ids=customer.partner_id.ids)
        self.browser_js(
            f"/my/usage/{self.contract.id}",
            "console.log('test successful')",
            ready="document.querySelectorAll('.o_usage_chart_ready').length === 2",
            login=customer.login,
        )

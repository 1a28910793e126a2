import io

import openpyxl

from odoo.tests import HttpCase, freeze_time, tagged
from odoo.tools import mute_logger

from .common import HEADER, NOW, MediationCommon

HOSTILE = ["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "http://example.com", "<b>x</b>"]


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestAnnotated(MediationCommon):
    """Bad rows come back as they were sent, each with what is wrong and what to do."""

    def annotated(self, upload):
        columns, rows = upload._refused()
        return columns, list(rows)

    def test_only_bad_rows_with_their_number_reason_and_mend(self):
        upload = self.upload(self.xlsx(self.row(), self.row("NOBODY"), self.row(""), self.row("PRN0002")))
        columns, rows = self.annotated(upload)
        self.assertEqual(columns, list(HEADER))
        self.assertEqual([row[0] for row in rows], [3, 4])
        number, cells, what, mend = rows[0]
        self.assertEqual(cells[:2], ["NOBODY", "pages"])
        self.assertIn("NOBODY", what)
        self.assertTrue(mend)

    def test_a_conflict_in_a_later_chunk_is_among_them(self):
        upload = self.upload(self.xlsx(self.row(quantity=1), self.row(quantity=2)))
        self.assertEqual([row[0] for row in self.annotated(upload)[1]], [3])

    def test_the_rows_of_a_batch_come_from_suspense(self):
        batch = self.store(self.xlsx(self.row("NOBODY"), self.row("")))
        rows = list(batch._refused_rows())
        self.assertEqual([row[0] for row in rows], [2, 3])
        self.assertEqual(rows[0][1][0], "NOBODY")
        batch.suspense_ids[0].closed_reason = "test device"
        batch.suspense_ids[0].action_write_off()
        self.assertEqual(len(list(batch._refused_rows())), 1)


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestDownload(MediationCommon, HttpCase):
    """The files as a browser gets them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls.env["res.users"].create(
            {
                "name": "Olga Operator",
                "login": "olga",
                "password": "olga-olga-olga",
                "company_id": cls.company.id,
                "company_ids": [(6, 0, cls.company.ids)],
                "group_ids": [(6, 0, cls.env.ref("odoo_usage_billing.group_usage_operator").ids)],
            }
        )

    def get(self, url, login="olga"):
        self.authenticate(login, "olga-olga-olga" if login == "olga" else login)
        return self.url_open(url)

    def workbook(self, response):
        self.assertEqual(response.status_code, 200)
        self.assertIn("attachment", response.headers["Content-Disposition"])
        return openpyxl.load_workbook(io.BytesIO(response.content))

    def test_bad_rows_hold_no_formula_and_no_link(self):
        rows = [[text, "pages", "2026-01-15", "x", text, text, text] for text in HOSTILE]
        upload = self.upload(self.xlsx(*rows, change=self.as_text), env=self.env(user=self.operator))
        self.assertEqual(upload.suspended_count, len(HOSTILE))
        url = f"/usage/upload/{upload.id}/refused.xlsx"
        sheet = self.workbook(self.get(url))["Usage"]
        cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
        self.assertFalse([cell for cell in cells if cell.data_type == "f" or cell.hyperlink])
        self.assertEqual([row[0].value for row in sheet.iter_rows(min_row=2)], HOSTILE)
        header = [cell.value for cell in sheet[1]]
        self.assertEqual(header, [*HEADER, "Row", "Reason", "What to do"])

    def as_text(self, sheet):
        for row in sheet.iter_rows(min_row=2):
            for cell in row:
                cell.data_type = "s"

    def test_corrected_bad_rows_can_be_uploaded_again(self):
        operator = self.env(user=self.operator)
        upload = self.upload(self.xlsx(self.row("PRN001", 7), self.row()), env=operator)
        book = self.workbook(self.get(f"/usage/upload/{upload.id}/refused.xlsx"))
        book["Usage"]["A2"] = "PRN0001"
        target = io.BytesIO()
        book.save(target)
        again = self.upload(target.getvalue())
        self.assertCounts(again, received=1, good=1, duplicate=0, suspended=0)
        again.action_confirm()
        self.assertEqual(self.events().quantity, 7)

    def test_the_file_of_a_batch_comes_back_as_it_was(self):
        content = self.xlsx(self.row())
        batch = self.store(content)
        response = self.get(batch.action_download_file()["url"])
        self.assertEqual(response.content, content)

    def test_the_rows_of_a_batch_and_the_template_and_a_profile(self):
        batch = self.store(self.xlsx(self.row("NOBODY")))
        book = self.workbook(self.get(batch.action_download_refused()["url"]))
        self.assertEqual(book["Usage"]["A2"].value, "NOBODY")
        template = (
            self.env["usage.template"]
            .with_user(self.operator)
            .create({"source_id": self.template_source.id, "contract_id": self.contract.id})
        )
        book = self.workbook(self.get(template.action_download()["url"]))
        self.assertIn("Instructions", book.sheetnames)
        profile = self.template_source.profile_id
        response = self.get(profile.action_export()["url"])
        self.assertEqual(response.json()["definition"], profile.definition)

    @mute_logger("odoo.http")
    def test_nobody_downloads_what_is_not_theirs(self):
        upload = self.upload(self.xlsx(self.row("NOBODY")))
        self.assertEqual(self.get(f"/usage/upload/{upload.id}/refused.xlsx").status_code, 403)
        self.authenticate(None, None)
        response = self.url_open(f"/usage/upload/{upload.id}/refused.xlsx", allow_redirects=False)
        self.assertEqual(response.status_code, 303)

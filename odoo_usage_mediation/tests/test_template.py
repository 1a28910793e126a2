import io
from datetime import datetime

import openpyxl

from odoo.tests import freeze_time, tagged

from .common import HEADER, NOW, MediationCommon


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestTemplate(MediationCommon):
    """Download the template, fill it in, upload it."""

    def download(self, **vals):
        template = self.env["usage.template"].create({"source_id": self.template_source.id, **vals})
        target = io.BytesIO()
        template._write(target)
        return openpyxl.load_workbook(io.BytesIO(target.getvalue()))

    def save(self, book):
        target = io.BytesIO()
        book.save(target)
        return target.getvalue()

    def test_the_template_has_header_checks_metrics_and_instructions(self):
        book = self.download()
        sheet = book["Usage"]
        self.assertEqual([cell.value for cell in sheet[1]], list(HEADER))
        self.assertEqual(sheet.freeze_panes, "A2")
        kinds = {check.type for check in sheet.data_validations.dataValidation}
        self.assertEqual(kinds, {"list", "date", "decimal"})
        codes = [row[0] for row in book["Metrics"].iter_rows(min_row=2, values_only=True)]
        self.assertIn("pages", codes)
        self.assertTrue(book["Instructions"]["A1"].value)

    def test_the_devices_of_a_contract_are_written_in(self):
        sheet = self.download(contract_id=self.contract.id, occurred_at=datetime(2026, 1, 31, 11))["Usage"]
        rows = list(sheet.iter_rows(min_row=2, max_col=4, values_only=True))
        self.assertEqual([row[0] for row in rows], ["PRN0001", "PRN0002", "PRN0003"])
        # 11:00 UTC is noon in Brussels.
        self.assertEqual(rows[0][1:], ("pages", datetime(2026, 1, 31, 12), None))

    def test_archived_and_ended_devices_are_not(self):
        self.devices[0].active = False
        self.devices[1].assignment_ids.end_at = datetime(2026, 1, 1)
        sheet = self.download(contract_id=self.contract.id, occurred_at=datetime(2026, 1, 31, 11))["Usage"]
        self.assertEqual(sheet.max_row, 2)

    def test_a_filled_template_is_read_as_it_is(self):
        book = self.download(contract_id=self.contract.id, occurred_at=datetime(2026, 1, 31, 11))
        book["Usage"]["D2"], book["Usage"]["D3"] = 1000, 12.5
        upload = self.upload(self.save(book))
        self.assertFalse(upload.problem, upload.problem)
        self.assertCounts(upload, received=3, good=2, duplicate=0, suspended=0, filtered=1)
        upload.action_confirm()
        self.assertEqual(sorted(self.events().mapped("quantity")), [12.5, 1000])
        self.assertEqual(set(self.events().mapped("occurred_at")), {datetime(2026, 1, 31, 11)})

    def test_an_empty_template_is_refused_with_a_reason(self):
        self.assertTrue(self.upload(self.save(self.download())).problem)

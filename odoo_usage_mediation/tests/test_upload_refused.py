import random
import zipfile
from io import BytesIO

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .common import HEADER, NOW, MediationCommon


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestUploadRefused(MediationCommon):
    """A file that cannot be read is refused as a whole, with what, why and what to do."""

    def refuse(self, content, name="usage.xlsx"):
        """Upload a file that is refused; returns what the person reads."""
        before = self.env["usage.batch"].search_count([])
        upload = self.upload(content, name)
        self.assertEqual(upload.state, "upload")
        self.assertTrue(upload.problem)
        self.assertTrue(upload.problem_mend)
        self.assertNotIn("%(", upload.problem + upload.problem_mend)
        self.assertFalse(upload.row_ids)
        self.assertEqual(self.env["usage.batch"].search_count([]), before)
        return upload.problem

    def test_no_file_asks_for_one(self):
        upload = self.env["usage.upload"].create({"source_id": self.template_source.id})
        with self.assertRaises(UserError):
            upload.action_preview()

    def test_a_text_file_where_a_workbook_is_expected(self):
        self.refuse(b"Serial,Metric\nPRN0001,pages\n", "usage.csv")

    def test_a_file_of_no_bytes(self):
        # An empty upload is no upload for the web client; a blank text is.
        self.refuse(b"\n", "usage.xlsx")

    def test_a_workbook_without_rows(self):
        self.refuse(self.xlsx())

    def test_a_workbook_without_header(self):
        self.refuse(self.xlsx(self.row(), header=None))

    def test_a_missing_column_is_named(self):
        header = ["Quantity used" if name == "Quantity" else name for name in HEADER]
        self.assertIn("Quantity", self.refuse(self.xlsx(self.row(), header=header)))

    def test_a_merged_header(self):
        self.refuse(self.xlsx(self.row(), change=lambda s: s.merge_cells("A1:B1")))

    def test_a_column_name_used_twice(self):
        header = ["Serial", "Serial", *HEADER[2:]]
        self.refuse(self.xlsx(self.row(), header=header))

    def test_ten_megabytes_of_random_bytes(self):
        self.refuse(random.Random(20260210).randbytes(10_000_000))

    def test_random_bytes_behind_a_zip_signature(self):
        self.refuse(b"PK\x03\x04" + random.Random(7).randbytes(100_000))

    def test_a_zip_that_is_no_workbook(self):
        target = BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("readme.txt", "hello")
        self.refuse(target.getvalue())

    def test_a_truncated_workbook(self):
        content = self.xlsx(self.row())
        self.refuse(content[: len(content) // 2])

    def test_an_old_or_encrypted_workbook(self):
        # Both are OLE containers: .xls, and .xlsx behind a password.
        self.refuse(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096), "usage.xls")

    def test_a_bomb(self):
        target = BytesIO()
        with zipfile.ZipFile(BytesIO(self.xlsx(self.row()))) as book:
            with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
                for name in book.namelist():
                    data = book.read(name)
                    if name.endswith("sheet1.xml"):
                        data = data.replace(b"</sheetData>", b" " * 60_000_000 + b"</sheetData>")
                    archive.writestr(name, data)
        self.refuse(target.getvalue())

    def test_more_rows_than_the_source_takes(self):
        self.template_source.max_rows = 2
        rows = [self.row(serial) for serial in ("PRN0001", "PRN0002", "PRN0003")]
        self.assertIn("2", self.refuse(self.xlsx(*rows)))

    def test_too_many_rows_on_confirm_store_nothing(self):
        rows = [self.row(serial) for serial in ("PRN0001", "PRN0002", "PRN0003")]
        upload = self.upload(self.xlsx(*rows))
        self.template_source.max_rows = 2
        upload.action_confirm()
        self.assertTrue(upload.problem)
        self.assertFalse(upload.batch_id)
        self.assertFalse(self.events())

    def test_a_file_larger_than_the_source_takes(self):
        self.template_source.max_megabytes = 1
        self.refuse(random.Random(1).randbytes(2_000_000))

    def test_the_next_file_may_be_good(self):
        upload = self.upload(b"nothing of the kind", "usage.txt")
        self.assertTrue(upload.problem)
        good = self.upload(self.xlsx(self.row()))
        self.assertCounts(good, received=1, good=1, duplicate=0, suspended=0)

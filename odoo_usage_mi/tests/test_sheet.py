import io
import zipfile
from datetime import datetime, time, timedelta

from lxml import etree
from openpyxl import load_workbook

from odoo.tests import tagged

from ..consumption import Consumption, write_sheet
from .common import MiCommon

HOSTILE = ["=1+1", "@SUM(A1)", "+1", "-1", "http://example.com", "0042", '=HYPERLINK("x")']


@tagged("post_install", "-at_install")
class TestSheet(MiCommon):
    def sheet(self, period=1):
        consumption = Consumption(self.contract.with_user(self.reader))
        target = io.BytesIO()
        write_sheet(target, consumption, consumption.periods()[period])
        return target

    def test_content(self):
        book = load_workbook(self.sheet())
        summary, usage = book.worksheets
        self.assertEqual(summary["B2"].value, "North fleet (C-N)")
        self.assertEqual(summary["B3"].value, "Brightwater Print")
        line = [cell.value for cell in summary[8]]
        self.assertEqual(line[0], "Pages N")
        self.assertEqual(line[5:9], [1000, 1100, 100, 51])
        rows = [[cell.value for cell in row] for row in usage.iter_rows(min_row=2)]
        day = datetime.combine(self.last_month.replace(day=5), time())
        self.assertEqual(
            rows,
            [
                [day, "Pages N", "Pages", "N0001", "N0001", "Ground floor N", "Ada N", 700, "Units", 1],
                [day, "Pages N", "Pages", "N0002", "N0002", None, None, 400, "Units", 1],
            ],
        )

    def test_what_came_after_the_invoice_is_in_a_column_of_its_own(self):
        self.invoice_last_month()
        self.send([self.record("N0001", 50, self.noon(self.last_month + timedelta(days=6)))])
        self.contract._usage_look()
        line = [cell.value for cell in load_workbook(self.sheet()).worksheets[0][8]]
        self.assertEqual(line[5:9], [1000, 1100, 100, 51])
        self.assertIn("+50 Units after the invoice, will be adjusted on the next invoice", line[11])
        self.assertIn("0.50", line[11])

    def test_text_stays_text(self):
        subjects = self.env["usage.subject"].search([("code", "=like", "N000%")])
        for hostile in HOSTILE:
            subjects[0].location = hostile
            subjects[1].name = hostile
            self.env.flush_all()
            data = self.sheet()
            usage = load_workbook(data).worksheets[1]
            self.assertEqual(usage["F2"].value, hostile)
            with zipfile.ZipFile(data) as parts:
                for name in parts.namelist():
                    if name.startswith("xl/worksheets/sheet"):
                        tree = etree.fromstring(parts.read(name))
                        self.assertFalse(tree.findall(".//{*}f"), hostile)
                        self.assertFalse(tree.findall(".//{*}hyperlink"), hostile)

    def test_empty_period_keeps_titles(self):
        self.env.cr.execute(
            "DELETE FROM usage_bucket WHERE contract_line_id = %s",
            (self.contract.contract_line_ids.id,),
        )
        usage = load_workbook(self.sheet(0)).worksheets[1]
        self.assertEqual(usage["A1"].value, "Day")
        self.assertEqual(usage.max_row, 1)

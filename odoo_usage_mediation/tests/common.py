"""Builders shared by the mediation tests: devices of a customer, files, uploads."""

import base64
import io
from datetime import datetime

import openpyxl

from odoo.tests import tagged

from odoo.addons.odoo_usage_billing.tests.common import UsageCommon

HEADER = ("Serial", "Metric", "Date and time", "Quantity", "Id", "End user", "Note")
NOW = "2026-02-10 09:00:00"
NOON = datetime(2026, 1, 15, 12)


@tagged("post_install", "-at_install")
class MediationCommon(UsageCommon):
    """Three printers of one customer and the source that reads the usage template."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_devices()
        cls.template_source = cls.env["usage.source"].search(
            [("code", "=", "template"), ("company_id", "=", cls.company.id)]
        )
        cls.template_source.tz = "Europe/Brussels"

    @classmethod
    def xlsx(cls, *rows, header=HEADER, change=None):
        """The bytes of a workbook as the template has it; `change` may alter its sheet."""
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.title = "Usage"
        for row in [header, *rows] if header else rows:
            sheet.append(list(row))
        if change:
            change(sheet)
        target = io.BytesIO()
        book.save(target)
        return target.getvalue()

    @classmethod
    def row(cls, serial="PRN0001", quantity=100, at=NOON, metric="pages", own_id=None):
        """One row of the template."""
        return [serial, metric, at, quantity, own_id]

    @classmethod
    def upload(cls, content, name="usage.xlsx", source=None, env=None):
        """An upload of a file, previewed."""
        upload = (env or cls.env)["usage.upload"].create(
            {
                "source_id": (source or cls.template_source).id,
                "file": base64.b64encode(content),
                "file_name": name,
            }
        )
        upload.action_preview()
        return upload

    @classmethod
    def store(cls, content, name="usage.xlsx", source=None):
        """Upload and confirm; returns the batch."""
        upload = cls.upload(content, name, source)
        upload.action_confirm()
        return upload.batch_id

    def events(self):
        """The events of the contract's line."""
        return self.env["usage.event"].search([("contract_line_id", "=", self.line.id)])

    def assertCounts(self, counted, received, good, duplicate, suspended, filtered=0):
        """Check the counts of an upload or a batch."""
        accepted = "good_count" if counted._name == "usage.upload" else "accepted_count"
        self.assertEqual(
            (
                counted.received_count,
                counted[accepted],
                counted.duplicate_count,
                counted.suspended_count,
                counted.filtered_count,
            ),
            (received, good, duplicate, suspended, filtered),
        )

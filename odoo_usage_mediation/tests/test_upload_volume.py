from odoo import Command
from odoo.tests import freeze_time, tagged

from .common import NOW, MediationCommon

ROWS = 20_000


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestUploadVolume(MediationCommon):
    """A large file is checked and stored, and only its first rows are shown."""

    def lines(self, count):
        """A text file: one row in a hundred has an unknown serial."""
        rows = ["id,serial,at,pages"]
        for number in range(count):
            serial = "NOBODY" if number % 100 == 99 else f"PRN000{number % 3 + 1}"
            rows.append(f"{number},{serial},2026-01-15 12:{number % 60:02},{number % 7}")
        return "\n".join(rows).encode()

    def make_source(self):
        """A source that reads these lines."""
        profile = self.env["usage.profile"].create(
            {
                "name": "Volume",
                "format": "csv",
                "identity": "column",
                "column_ids": [
                    Command.create({"name": "serial", "target": "subject"}),
                    Command.create({"target": "metric", "constant": "pages"}),
                    Command.create({"name": "at", "target": "occurred_at"}),
                    Command.create({"name": "pages", "target": "quantity"}),
                    Command.create({"name": "id", "target": "external_id"}),
                ],
            }
        )
        return self.env["usage.source"].create(
            {
                "name": "Volume",
                "code": "volume",
                "company_id": self.company.id,
                "transport": "file",
                "profile_id": profile.id,
                "tz": "Europe/Berlin",
            }
        )

    def test_twenty_thousand_rows(self):
        upload = self.upload(self.lines(ROWS), "volume.csv", self.make_source())
        self.assertCounts(upload, ROWS, good=19_800, duplicate=0, suspended=200)
        self.assertEqual(len(upload.row_ids), 200)
        self.assertEqual(upload.hidden_count, ROWS - 200)
        upload.action_confirm()
        self.assertCounts(upload.batch_id, ROWS, good=19_800, duplicate=0, suspended=200)
        self.assertEqual(len(upload.batch_id.suspense_ids), 200)

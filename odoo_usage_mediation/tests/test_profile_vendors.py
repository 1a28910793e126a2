import io
import json
import zipfile
from decimal import Decimal

from odoo.tests import freeze_time, tagged

from .common import NOW
from .foreign_common import ForeignCommon

CALLS = "caller,called,start,billsec,uuid\n"


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestProfileVendors(ForeignCommon):
    """Exports of more providers and makers, uploaded, stored, mended and sent again."""

    def zipped(self, **members):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, content in members.items():
                archive.writestr(f"{name}.csv", content)
        return out.getvalue()

    def test_files_of_an_archive_are_stored_mended_and_known_again_alone(self):
        source = self.source_of("call_records", "call_seconds")
        january = CALLS + "PRN0001,1,2026-01-03 10:00:00,60,a\nPRN0001,1,2026-01-04 10:00:00,30,b\n"
        february = CALLS + "PRN0001,1,2026-02-03 10:00:00,,c\nPRN0001,1,2026-02-04 10:00:00,7,d\n"
        batch = self.store(self.zipped(b_february=february, a_january=january), "calls.zip", source)
        self.assertCounts(batch, received=4, good=3, duplicate=0, suspended=1)
        # The first file has the lines 1 to 3, so that line 2 of the second is row 5.
        self.assertEqual(batch.suspense_ids.row_number, 5)
        wizard = self.env["usage.suspense.correct"].with_context(active_ids=batch.suspense_ids.ids)
        wizard.create({"quantity": "5"}).action_correct_and_recycle()
        self.assertEqual(sum(quantity for _code, _at, quantity in self.stored(source)), 60 + 30 + 7 + 5)
        again = self.store(january.encode(), "january.csv", source)
        self.assertCounts(again, received=2, good=0, duplicate=2, suspended=0)

    def test_files_of_an_archive_that_are_not_alike_are_refused_before_anything_is_stored(self):
        source = self.source_of("call_records", "call_seconds")
        row = "PRN0001,1,2026-01-03 10:00:00,60,a\n"
        upload = self.upload(self.zipped(a=CALLS + row, b="x,y\n1,2\n"), "calls.zip", source)
        self.assertIn("b.csv", upload.problem)
        self.assertIn("the same columns", upload.problem_mend)
        self.assertEqual(self.stored(source), [])

    def test_messages_that_a_subscriber_recorded_as_objects_are_readings(self):
        source = self.source_of("energy_plugs_file", "energy")
        source.register_metric_ids = self.env["usage.metric"].search([("code", "=", "energy")])
        lines = [("2026-01-03T10:00:00", 1.5), ("2026-01-03T11:00:00", [1.25, 1]), ("2026-01-03T12:00:00", 4)]
        text = "\n".join(
            json.dumps(
                {
                    "tst": "2026-01-03T12:00:01.000000Z+0100",
                    "topic": "tele/PRN0001/SENSOR",
                    "payload": json.dumps({"Time": at, "ENERGY": {"Total": total}}),
                }
            )
            for at, total in lines
        )
        self.store(text.encode(), "plugs.jsonl", source)
        # 2.25 - 1.5 and 4 - 2.25, in the hours before the later reading
        self.assertEqual([quantity for _code, _at, quantity in self.stored(source)], [Decimal("0.75"), Decimal("1.75")])

    def test_costs_of_another_cloud_are_stored_with_their_credits(self):
        source = self.source_of("gcp_export_json", "gcp_cost")
        rows = [
            {
                "project": {"id": "PRN0001"},
                "usage_start_time": f"2026-01-0{day} 00:00:00 UTC",
                "currency": "EUR",
                "cost": cost,
                "credits": [{"amount": credit}] if credit else [],
            }
            for day, cost, credit in ((3, 10.5, -0.25), (4, 7, 0), (5, 1, -3))
        ]
        batch = self.store("\n".join(map(json.dumps, rows)).encode(), "export.jsonl", source)
        self.assertCounts(batch, received=6, good=3, duplicate=0, suspended=0, filtered=3)
        self.assertEqual(
            [quantity for _code, _at, quantity in self.stored(source)], [Decimal("10.25"), Decimal(7), Decimal(-2)]
        )

from datetime import datetime
from decimal import Decimal

from odoo.tests import freeze_time, tagged

from .common import NOW
from .foreign_common import ForeignCommon

CLOCKS = [f"{place // 2:02d}:{place % 2 * 30:02d}" for place in range(48)]


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestProfileForeign(ForeignCommon):
    """Files that another program or a spreadsheet wrote, by the profiles that come with the addon."""

    def test_costs_that_a_spreadsheet_saved_anew_are_those_of_the_provider(self):
        source = self.source_of("azure_cost", "azure_cost")
        head = "SubscriptionId;Date;BillingPeriodEndDate;CostInBillingCurrency;BillingCurrency\n"
        rows = "PRN0001;02.01.2026;31.01.2026;1.234,5;EUR\nPRN0001;03.01.2026;31.01.2026;(0,50);EUR\n"
        batch = self.store(("Costs of January;;;;\n\n" + head + rows).encode("utf-16"), "costs.csv", source)
        self.assertCounts(batch, received=2, good=2, duplicate=0, suspended=0)
        self.assertEqual(
            self.stored(source),
            [
                ("azure_cost", "2026-01-02 00:00", Decimal("1234.5")),
                ("azure_cost", "2026-01-03 00:00", Decimal("-0.50")),
            ],
        )

    def test_a_workbook_is_read_by_a_profile_for_text(self):
        source = self.source_of("azure_cost", "azure_cost")
        names = ("SubscriptionId", "Date", "Cost", "BillingCurrency")
        content = self.xlsx(("PRN0001", datetime(2026, 1, 2), 1.25, "EUR"), header=names)
        self.assertCounts(self.store(content, "c.xlsx", source), received=1, good=1, duplicate=0, suspended=0)
        self.assertEqual(self.stored(source), [("azure_cost", "2026-01-02 00:00", Decimal("1.25"))])

    def test_a_date_that_nothing_settles_waits_and_a_person_settles_it(self):
        source = self.source_of("call_records", "call_seconds")
        content = b"caller;called;start;billsec\nPRN0001;1;3/1/2026 10:00;60\n"
        batch = self.store(content, "calls.csv", source)
        self.assertCounts(batch, received=1, good=0, duplicate=0, suspended=1)
        row = batch.suspense_ids
        self.assertEqual(row.reason_code, "bad_time")
        self.assertIn("cannot be told apart", row.message)
        row.action_recycle()
        self.assertEqual((row.state, self.stored(source)), ("open", []))
        wizard = self.env["usage.suspense.correct"].with_context(active_ids=row.ids)
        wizard.create({"occurred_at": "2026-01-03 09:00:00"}).action_correct_and_recycle()
        self.assertEqual(self.stored(source), [("call_seconds", "2026-01-03 09:00", Decimal(60))])

    def test_what_a_file_leaves_open_its_source_says_and_the_file_comes_again(self):
        source = self.source_of("charging_sessions", "charging_energy", "charging_time", "charging_sessions")
        head = "Session ID;Station ID;Start Date;End Date;Total kWh\n"
        content = (head + "1;PRN0001;3/1/2026 10:00;3/1/2026 11:00;1,234\n").encode()
        batch = self.store(content, "sessions.csv", source)
        self.assertCounts(batch, received=1, good=0, duplicate=0, suspended=1)
        self.assertIn("the source or the profile", batch.suspense_ids.message)
        source.assumed_order = "day_first"
        batch = self.store(content, "again.csv", source)
        self.assertCounts(batch, received=3, good=2, duplicate=0, suspended=1)
        self.assertEqual(batch.suspense_ids.reason_code, "ambiguous_number")
        source.assumed_decimal = ","
        self.assertCounts(self.store(content, "once more.csv", source), received=3, good=1, duplicate=2, suspended=0)
        self.assertEqual(
            self.stored(source),
            [
                ("charging_energy", "2026-01-03 09:00", Decimal("1.234")),
                ("charging_sessions", "2026-01-03 09:00", Decimal(1)),
                ("charging_time", "2026-01-03 09:00", Decimal(3600)),
            ],
        )
        # What the file proves is not overruled: 0.5 has a point, 2/13 the month first.
        proven = (head + "2;PRN0001;2/1/2026 10:00;2/1/2026 11:00;1,234\n3;PRN0001;1/13/2026;1/13/2026;0.5\n").encode()
        self.assertCounts(self.store(proven, "us.csv", source), received=6, good=6, duplicate=0, suspended=0)
        self.assertIn(("charging_energy", "2026-02-01 09:00", Decimal(1234)), self.stored(source))

    def test_half_hours_in_columns_are_rows_of_their_own_in_suspense_too(self):
        source = self.source_of("half_hour_days", "electricity")
        row = ["PRN0001", "2026-01-15", *["0,5"] * 47, "?"]
        content = "\n".join([";".join(["MPAN", "Date", *CLOCKS]), ";".join(row)]).encode()
        batch = self.store(content, "days.csv", source)
        self.assertCounts(batch, received=48, good=47, duplicate=0, suspended=1)
        self.assertEqual(self.stored(source)[0], ("electricity", "2026-01-14 23:00", Decimal("0.5")))
        wizard = self.env["usage.suspense.correct"].with_context(active_ids=batch.suspense_ids.ids)
        wizard.create({"quantity": "1.5"}).action_correct_and_recycle()
        stored = self.stored(source)
        self.assertEqual((len(stored), stored[-1]), (48, ("electricity", "2026-01-15 22:30", Decimal("1.5"))))
        again = self.store(content, "days.csv", source)
        self.assertCounts(again, received=48, good=0, duplicate=47, suspended=1)

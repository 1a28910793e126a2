from datetime import datetime
from decimal import Decimal

from odoo import Command
from odoo.tests import freeze_time, tagged

from .common import NOW, MediationCommon

CLOCKS = [f"{place // 2:02d}:{place % 2 * 30:02d}" for place in range(48)]


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestProfileForeign(MediationCommon):
    """Files that another program or a spreadsheet wrote, by the profiles that come with the addon."""

    def source_of(self, stem, *codes):
        """A source that reads with a shipped profile; the printer of the company counts the metrics too."""
        for code in codes:
            metric = self.env["usage.metric"].create(
                {
                    "name": code,
                    "code": code,
                    "uom_id": self.env.ref("uom.product_uom_unit").id,
                    "accept_negative": True,
                }
            )
            line = self.line.copy({"usage_metric_id": metric.id, "contract_id": self.line.contract_id.id})
            self.devices[0].write(
                {"assignment_ids": [Command.create({"contract_line_id": line.id, "start_at": datetime(2020, 1, 1)})]}
            )
        return self.env["usage.source"].create(
            {
                "name": stem,
                "code": stem,
                "transport": "file",
                "profile_id": self.env.ref(f"odoo_usage_mediation.usage_profile_{stem}").id,
                "tz": "Europe/Berlin",
                "max_age_days": 4000,
            }
        )

    def stored(self, source):
        self.env.cr.execute(
            """
            SELECT m.code, e.occurred_at, e.quantity::text FROM usage_event e
              JOIN usage_metric m ON m.id = e.metric_id WHERE e.source_id = %s ORDER BY 1, 2
            """,
            (source.id,),
        )
        return [(code, f"{at:%Y-%m-%d %H:%M}", Decimal(quantity)) for code, at, quantity in self.env.cr.fetchall()]

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

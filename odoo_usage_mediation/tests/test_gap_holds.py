"""A period of a source that misses messages waits for a person, where the bounds say so."""

from datetime import datetime

from odoo.tests import tagged

from odoo.addons.odoo_usage_billing.tests.common import UsageCommon


@tagged("post_install", "-at_install")
class TestGapHolds(UsageCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_devices()
        cls.contract.write({"usage_bounds_from": "own", "usage_hold_gap": True})
        cls.send([cls.record("PRN0001", 10)])

    def gap(self, source, found_at):
        producer = self.env["usage.producer"].sudo().create({"name": f"P{source.id}{found_at}", "source_id": source.id})
        made = (
            self.env["usage.gap"]
            .sudo()
            .create(
                {
                    "producer_id": producer.id,
                    "source_id": source.id,
                    "company_id": source.company_id.id,
                    "epoch": 0,
                    "number_first": 2,
                    "number_last": 4,
                    "missing_count": 3,
                    "found_at": found_at,
                }
            )
        )
        return made.with_user(self.env.user)

    def test_an_open_gap_holds_the_period_until_it_is_dealt_with(self):
        gap = self.gap(self.source, datetime(2026, 1, 20))
        run = self.run_billing(contracts=self.contract)
        self.assertEqual(run.line_ids.state, "held")
        self.assertEqual(self.contract.usage_hold_ids.breaches, [["open_gap", {"count": "1"}]])
        gap.closed_reason = "The device was exchanged"
        gap.action_write_off()
        run.action_retry_failed()
        self.assertEqual((run.line_ids.state, self.contract.usage_hold_ids.state), ("done", "settled"))

    def test_gaps_of_other_sources_and_other_months_hold_nothing(self):
        self.gap(self.source.copy({"code": "other"}), datetime(2026, 1, 20))
        self.gap(self.source, datetime(2026, 3, 20))
        self.assertEqual(self.run_billing(contracts=self.contract).line_ids.state, "done")

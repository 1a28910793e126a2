from datetime import datetime

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .common import UsageCommon, utc


@tagged("post_install", "-at_install")
@freeze_time("2026-02-10 09:00:00")
class TestSuspense(UsageCommon):
    """What waits: seen when and how often, corrected beside what was received, valued, closed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        card = cls.make_card(charge_model="per_unit", unit_price=0.5)
        cls.line = cls.make_contract([cls.usage_line(card)]).contract_line_ids
        cls.make_subjects(cls.line, 2)

    def open_rows(self):
        return self.env["usage.suspense"].search([("source_id", "=", self.source.id), ("state", "=", "open")])

    def correct(self, rows, recycle=True, **values):
        wizard = self.env["usage.suspense.correct"].with_context(active_ids=rows.ids).create(values)
        return wizard.action_correct_and_recycle() if recycle else wizard.action_correct()

    def test_the_same_record_again_counts_an_attempt(self):
        first = self.send([self.record("NEW1", 5, external_id="x")]).suspense_ids
        self.send([self.record("NEW1", 5, external_id="x")])
        self.assertEqual(self.open_rows(), first)
        self.assertEqual(first.attempts, 2)
        self.assertGreaterEqual(first.last_seen_at, first.first_seen_at)

    def test_an_instant_is_shown_in_the_zone_of_who_looks(self):
        row = self.send([self.record("NEW1", 5, occurred_at=utc(2026, 1, 15, 23, 30))]).suspense_ids
        shown = row.with_context(tz="Europe/Brussels", lang="en_US").occurred_on
        self.assertEqual(shown, "01/16/2026 12:30:00 AM")
        row.correction = {"occurred_at": "yesterday"}
        self.assertEqual(row.occurred_on, "yesterday")

    def test_one_id_with_two_contents_makes_two_rows(self):
        self.send([self.record("NEW1", 5, external_id="x"), self.record("NEW1", 6, external_id="x")])
        self.assertEqual(sorted(self.open_rows().mapped("quantity_text")), ["5", "6"])

    def test_when_one_of_two_contents_counts_the_other_is_a_conflict(self):
        self.send([self.record("NEW1", 5, external_id="x"), self.record("NEW1", 6, external_id="x")])
        five = self.open_rows().filtered(lambda s: s.quantity_text == "5")
        six = self.open_rows() - five
        self.make_subjects(self.line, 1, "NEW1")
        self.env["usage.subject.identity"].create(
            {"identity": "NEW1", "subject_id": self.env["usage.subject"].search([("code", "=", "NEW10001")]).id}
        )
        five.action_recycle()
        self.assertEqual((five.state, six.state, six.reason_code), ("recycled", "open", "conflict"))
        six.action_recycle()
        self.assertEqual((six.state, six.reason_code), ("open", "conflict"))
        self.assertEqual(self.env["usage.event"].search([("external_id", "=", "x")]).quantity, 5)

    def test_a_bad_and_a_good_record_of_one_id_in_one_file_contradict_each_other(self):
        self.send([self.record("NEW1", 5, external_id="x"), self.record("PRN0001", 6, external_id="x")])
        self.assertEqual(self.open_rows().reason_code, "conflict")

    def test_a_written_off_record_stays_closed_when_it_comes_again(self):
        row = self.send([self.record("NEW1", 5, external_id="x")]).suspense_ids
        wizard = self.env["usage.suspense.write.off"].with_context(active_ids=row.ids)
        wizard.create({"reason": "Test device"}).action_write_off()
        self.send([self.record("NEW1", 5, external_id="x")])
        self.assertEqual((row.state, row.closed_reason, row.attempts), ("written_off", "Test device", 2))
        self.assertFalse(self.open_rows())

    def test_a_wrong_serial_is_corrected_for_all_rows_at_once(self):
        rows = self.send([self.record("PRM0001", 5, external_id=str(n)) for n in range(3)]).suspense_ids
        received = [row.payload for row in rows]
        self.correct(rows, subject_id=self.env["usage.subject"].search([("code", "=", "PRN0001")]).id)
        self.assertEqual(set(rows.mapped("state")), {"recycled"})
        self.assertEqual([row.payload for row in rows], received)
        self.assertEqual(rows[0].correction, {"subject": "PRN0001"})
        events = self.env["usage.event"].search([("external_id", "in", ["0", "1", "2"])])
        self.assertEqual((len(events), sum(events.mapped("quantity"))), (3, 15))

    def test_times_are_moved_and_quantities_multiplied_exactly(self):
        row = self.send([self.record("NEW1", "0.3", external_id="x")]).suspense_ids
        device = self.env["usage.subject"].search([("code", "=", "PRN0001")])
        self.correct(row, subject_id=device.id, shift_minutes=-90, multiplier="0.1")
        self.assertEqual(row.correction["quantity"], "0.03")
        event = self.env["usage.event"].search([("external_id", "=", "x")])
        self.assertEqual(event.occurred_at, datetime(2026, 1, 15, 10, 30))

    def test_a_unit_is_converted_to_the_metrics(self):
        row = self.send([self.record("NEW1", 2, external_id="x")]).suspense_ids
        self.correct(row, recycle=False, uom_id=self.env.ref("uom.product_uom_dozen").id)
        self.assertEqual(row.quantity_text, "24")

    def test_a_word_or_an_unlike_unit_is_refused_with_advice(self):
        row = self.send([self.record("NEW1", 2)]).suspense_ids
        for values in ({"quantity": "many"}, {"quantity": "NaN"}, {"uom_id": self.env.ref("uom.product_uom_kgm").id}):
            with self.subTest(values=values), self.assertRaises(UserError):
                self.correct(row, recycle=False, **values)
        self.assertFalse(row.correction)

    def test_whoever_recycles_is_told_what_was_stored_and_what_was_refused_again(self):
        rows = self.send(
            [self.record("NEW1", 1, external_id="1"), self.record("NEW2", 2, external_id="2")]
        ).suspense_ids
        rows[0].correction = {"subject": "PRN0001"}
        told = rows.action_recycle()["params"]
        self.assertEqual((told["type"], told["message"]), ("warning", "1 stored, 1 refused again: each says why."))
        rows[1].correction = {"subject": "PRN0001"}
        told = rows.action_recycle()["params"]
        self.assertEqual((told["type"], told["message"]), ("success", "1 stored."))

    def test_a_correction_that_does_not_help_keeps_one_row(self):
        row = self.send([self.record("NEW1", 5, external_id="x")]).suspense_ids
        self.correct(row, quantity="7")
        self.assertEqual(self.open_rows(), row)
        self.assertEqual((row.attempts, row.reason_code, row.quantity_text), (2, "unknown_subject", "7"))

    def test_what_waits_is_valued_by_the_usual_line(self):
        late = self.record("PRN0001", 10, utc(2019, 1, 1), external_id="early")
        row = self.send([late]).suspense_ids
        self.assertEqual((row.reason_code, row.amount_estimate), ("no_assignment", 5.0))
        unknown = self.send([self.record("NEW1", 4)]).suspense_ids
        self.assertFalse(unknown.amount_estimate)
        self.source.default_contract_line_id = self.line
        self.env["usage.suspense"]._cron_estimate()
        self.assertEqual(unknown.amount_estimate, 2.0)
        sums = self.env["usage.suspense"]._read_group(
            [("source_id", "=", self.source.id)], ["reason_code"], ["amount_estimate:sum"]
        )
        self.assertEqual(dict(sums), {"no_assignment": 5.0, "unknown_subject": 2.0})

    def test_what_no_database_holds_is_made_visible_and_stops_no_other_record(self):
        odd = self.record("NEW1", 5, external_id="odd", raw={"cell": "a\0b\ud800"})
        batch = self.send([odd, self.record("PRN0001", 1)])
        self.assertEqual((batch.accepted_count, batch.suspended_count), (1, 1))
        self.assertEqual(batch.suspense_ids.payload["raw"], {"cell": "a\\x00b\\ud800"})

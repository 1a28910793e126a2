from datetime import date, datetime

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .common import NOON, NOW, MediationCommon


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestUpload(MediationCommon):
    """A person uploads a workbook, sees what is good and what is not, and confirms."""

    def reason_of(self, *rows):
        """The reason code with which the only refused row ends in suspense."""
        batch = self.store(self.xlsx(*rows))
        self.assertEqual(batch.suspended_count, 1)
        self.assertTrue(batch.suspense_ids.message)
        self.assertNotIn("%(", batch.suspense_ids.message)
        return batch.suspense_ids.reason_code

    def test_good_rows_are_stored_on_confirm_and_not_before(self):
        upload = self.upload(self.xlsx(self.row("PRN0001", 100), self.row("PRN0002", 2.5)))
        self.assertEqual(upload.state, "preview")
        self.assertCounts(upload, received=2, good=2, duplicate=0, suspended=0)
        self.assertFalse(self.events())
        upload.action_confirm()
        self.assertEqual(upload.state, "done")
        self.assertEqual(sorted(self.events().mapped("quantity")), [2.5, 100])
        # Noon in Brussels is 11:00 UTC in winter.
        self.assertEqual(set(self.events().mapped("occurred_at")), {datetime(2026, 1, 15, 11)})

    def test_the_batch_keeps_file_checksum_and_profile(self):
        content = self.xlsx(self.row())
        batch = self.store(content, "january.xlsx")
        self.assertEqual(batch.name, "january.xlsx")
        self.assertEqual(batch.attachment_id.raw, content)
        self.assertEqual(len(batch.checksum), 64)
        self.assertEqual(batch.profile_id, self.template_source.profile_id)
        self.assertEqual(batch.columns[:2], ["Serial", "Metric"])

    def test_the_preview_adds_up_good_rows_per_contract_and_metric(self):
        upload = self.upload(self.xlsx(self.row("PRN0001", 100), self.row("PRN0002", 50)))
        self.assertEqual(upload.total_ids.contract_id, self.contract)
        self.assertEqual(upload.total_ids.metric_id, self.metric)
        self.assertEqual((upload.total_ids.event_count, upload.total_ids.quantity), (2, 150))

    def test_the_preview_shows_bad_rows_first_with_reason_and_mend(self):
        upload = self.upload(self.xlsx(self.row("PRN0001"), self.row("NOBODY")))
        self.assertEqual(upload.row_ids.mapped("status"), ["refused", "good"])
        bad = upload.row_ids[0]
        self.assertEqual((bad.row_number, bad.subject), (3, "NOBODY"))
        self.assertIn("NOBODY", bad.reason)
        self.assertIn("recycle", bad.mend)

    def test_the_same_file_twice_gives_the_same_events(self):
        content = self.xlsx(self.row("PRN0001"), self.row("PRN0002"))
        first = self.store(content)
        again = self.upload(content)
        self.assertEqual(again.same_batch_id, first)
        self.assertCounts(again, received=2, good=0, duplicate=2, suspended=0)
        again.action_confirm()
        self.assertEqual(len(self.events()), 2)
        self.assertCounts(again.batch_id, received=2, good=0, duplicate=2, suspended=0)

    def test_confirming_twice_makes_one_batch(self):
        upload = self.upload(self.xlsx(self.row()))
        upload.action_confirm()
        batch = upload.batch_id
        upload.action_confirm()
        self.assertEqual(upload.batch_id, batch)
        self.assertEqual(len(self.events()), 1)

    def test_two_people_with_the_same_file_give_the_same_events(self):
        content = self.xlsx(self.row())
        hers, his = self.upload(content), self.upload(content)
        self.assertCounts(his, received=1, good=1, duplicate=0, suspended=0)
        hers.action_confirm()
        his.action_confirm()
        self.assertEqual(len(self.events()), 1)
        self.assertCounts(his.batch_id, received=1, good=0, duplicate=1, suspended=0)

    def test_the_same_usage_in_another_file_counts_once(self):
        self.store(self.xlsx(self.row("PRN0001", 100)))
        # A date as text and a number as text say the same as the cells did.
        batch = self.store(self.xlsx(self.row("PRN0001", "100.0", "2026-01-15 12:00")))
        self.assertCounts(batch, received=1, good=0, duplicate=1, suspended=0)
        self.assertEqual(len(self.events()), 1)

    def test_another_quantity_under_the_same_key_is_a_conflict(self):
        self.store(self.xlsx(self.row("PRN0001", 100)))
        self.assertEqual(self.reason_of(self.row("PRN0001", 101)), "conflict")
        self.assertEqual(self.events().quantity, 100)

    def test_repeats_within_a_file_are_told_apart(self):
        upload = self.upload(self.xlsx(self.row(quantity=5), self.row(quantity=5), self.row(quantity=6)))
        self.assertCounts(upload, received=3, good=1, duplicate=1, suspended=1)
        upload.action_confirm()
        self.assertCounts(upload.batch_id, received=3, good=1, duplicate=1, suspended=1)

    def test_an_id_of_its_own_keeps_two_rows_of_one_moment_apart(self):
        batch = self.store(self.xlsx(self.row(own_id="a"), self.row(own_id="b")))
        self.assertCounts(batch, received=2, good=2, duplicate=0, suspended=0)
        self.assertEqual(set(self.events().mapped("external_id")), {"a", "b"})
        self.assertFalse(any(self.events().mapped("dimensions")))

    def test_rows_without_quantity_are_left_out(self):
        batch = self.store(self.xlsx(self.row(), self.row("PRN0002", None)))
        self.assertCounts(batch, received=2, good=1, duplicate=0, suspended=0, filtered=1)

    def test_an_unknown_serial_is_suspended(self):
        self.assertEqual(self.reason_of(self.row("NOBODY")), "unknown_subject")

    def test_an_empty_serial_is_suspended(self):
        self.assertEqual(self.reason_of(self.row("")), "missing_subject")

    def test_an_unknown_metric_is_suspended(self):
        self.assertEqual(self.reason_of(self.row(metric="steps")), "unknown_metric")

    def test_a_negative_quantity_is_suspended(self):
        self.assertEqual(self.reason_of(self.row(quantity=-1)), "negative_quantity")

    def test_a_negative_quantity_is_good_where_the_metric_accepts_it(self):
        self.metric.accept_negative = True
        self.assertEqual(self.store(self.xlsx(self.row(quantity=-1))).accepted_count, 1)

    def test_a_word_as_quantity_is_suspended(self):
        self.assertEqual(self.reason_of(self.row(quantity="many")), "bad_quantity")

    def test_a_word_as_date_is_suspended(self):
        self.assertEqual(self.reason_of(self.row(at="yesterday")), "bad_time")

    def test_usage_from_long_ago_is_suspended(self):
        old = datetime(2024, 1, 1)
        self.assertEqual(self.reason_of(self.row(at=old)), "time_too_old")

    def test_usage_from_the_future_is_suspended(self):
        ahead = datetime(2026, 3, 1)
        self.assertEqual(self.reason_of(self.row(at=ahead)), "time_in_future")

    def test_usage_outside_the_assignment_is_suspended(self):
        self.line.usage_assignment_ids[:1].start_at = datetime(2026, 1, 20)
        self.assertEqual(self.reason_of(self.row(at=NOON)), "no_assignment")

    def test_usage_of_an_invoiced_period_is_suspended_when_the_contract_refuses_it(self):
        self.contract.usage_late_policy = "refuse"
        self.env["usage.billing.period"].sudo().create(
            {
                "contract_line_id": self.line.id,
                "contract_id": self.contract.id,
                "company_id": self.company.id,
                "metric_id": self.metric.id,
                "date_start": date(2026, 1, 1),
                "date_end": date(2026, 2, 1),
                "state": "invoiced",
            }
        )
        self.assertEqual(self.reason_of(self.row()), "locked_period")

    def test_a_serial_of_another_company_is_suspended_and_named(self):
        other = self.setup_other_company(name="Northern Print")["company"]
        self.env["usage.subject"].create({"code": "NORTH1", "company_id": other.id})
        batch = self.store(self.xlsx(self.row("NORTH1")))
        self.assertEqual(batch.suspense_ids.reason_code, "other_company_subject")
        self.assertIn("Northern Print", batch.suspense_ids.message)

    def test_a_formula_in_a_cell_is_suspended(self):
        self.assertEqual(self.reason_of(self.row(quantity="=1+1")), "formula_cell")

    def test_a_formula_in_a_note_does_not_matter(self):
        row = [*self.row(), None, "=1+1"]
        self.assertEqual(self.store(self.xlsx(row)).accepted_count, 1)

    def test_one_bad_row_stops_no_other(self):
        rows = [self.row(serial) for serial in ("PRN0001", "NOBODY", "PRN0002", "PRN0003")]
        batch = self.store(self.xlsx(*rows))
        self.assertCounts(batch, received=4, good=3, duplicate=0, suspended=1)

    def test_a_bad_file_sent_again_keeps_one_row_in_suspense(self):
        content = self.xlsx(self.row("NOBODY"), self.row(""))
        first = self.store(content)
        self.store(content)
        self.assertEqual(first.suspense_ids.mapped("attempts"), [2, 2])

    def test_a_row_that_cannot_be_read_shows_its_serial_and_metric(self):
        upload = self.upload(self.xlsx(self.row(quantity="many"), self.row("PRN0002", None)))
        shown = [(row.status, row.subject, row.metric) for row in upload.row_ids]
        self.assertEqual(shown, [("refused", "PRN0001", "pages"), ("filtered", "PRN0002", "pages")])
        upload.action_confirm()
        self.assertEqual(upload.batch_id.suspense_ids.subject_code, "PRN0001")

    def test_a_profile_that_cannot_be_used_is_named(self):
        self.env.cr.execute(
            "UPDATE usage_profile SET definition = '{}'::jsonb WHERE id = %s",
            (self.template_source.profile_id.id,),
        )
        self.template_source.profile_id.invalidate_recordset()
        with self.assertRaisesRegex(UserError, "Usage template"):
            self.upload(self.xlsx(self.row()))

    def test_back_forgets_the_file_and_its_rows(self):
        upload = self.upload(self.xlsx(self.row("NOBODY")))
        upload.action_back()
        self.assertEqual(upload.state, "upload")
        self.assertFalse(upload.file or upload.row_ids or upload.total_ids)

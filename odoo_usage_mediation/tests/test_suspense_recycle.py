from odoo.tests import freeze_time, tagged

from .common import NOW, MediationCommon


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestSuspenseRecycle(MediationCommon):
    """Rows that the reader refused go through the same door again, read by the profile as it is now."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profile = cls.env["usage.profile"].create(
            {
                "name": "Pages in columns",
                "format": "csv",
                "is_advanced": True,
                "definition": {
                    "format": "csv",
                    "subject": "serial",
                    "external_id": {"row": True},
                    "time": "at",
                    "decimal": ",",
                    "time_formats": ["%d.%m.%Y"],
                    "measures": [{"metric": "pages", "quantity": "qty"}],
                },
            }
        )
        cls.csv_source = cls.env["usage.source"].create(
            {
                "name": "Files",
                "code": "files",
                "transport": "file",
                "profile_id": cls.profile.id,
                "tz": "UTC",
                "max_age_days": 4000,
            }
        )

    def refused(self, *rows):
        content = "\n".join(["serial;at;qty", *rows]).encode()
        return self.store(content, "pages.csv", self.csv_source).suspense_ids

    def new_version(self, **changes):
        """Files of the source are read by another version of the profile from now on."""
        definition = {**self.profile.definition, **changes}
        values = {"name": "Pages, second version", "format": "csv", "is_advanced": True, "definition": definition}
        self.csv_source.profile_id = self.env["usage.profile"].create(values)

    def correct(self, rows, **values):
        wizard = self.env["usage.suspense.correct"].with_context(active_ids=rows.ids).create(values)
        return wizard.action_correct_and_recycle()

    def test_rows_are_read_with_the_profile_as_it_is_now(self):
        rows = self.refused("PRN0001;2026-01-15;3", "PRN0002;15.01.2026;4")
        self.assertEqual((len(rows), rows.reason_code), (1, "bad_time"))
        self.new_version(time_formats=["%d.%m.%Y", "iso"])
        rows.action_recycle()
        self.assertEqual(rows.state, "recycled")
        self.assertEqual(sorted(self.events().mapped("quantity")), [3, 4])

    def test_a_row_read_again_is_the_same_row_of_the_file(self):
        rows = self.refused("PRN0001;2026-01-15;3")
        content = b"serial;at;qty\nPRN0001;2026-01-15;3"
        self.new_version(time_formats=["iso"])
        rows.action_recycle()
        again = self.store(content, "again.csv", self.csv_source)
        self.assertCounts(again, received=1, good=0, duplicate=1, suspended=0)

    def test_a_corrected_quantity_is_not_read_by_the_files_separators(self):
        rows = self.refused("PRN0001;15.01.2026;many")
        self.correct(rows, quantity="2.5")
        self.assertEqual((rows.state, self.events().quantity), ("recycled", 2.5))
        self.assertEqual(rows.payload["raw"], ["PRN0001", "15.01.2026", "many"])

    def test_a_corrected_quantity_is_what_counts_whatever_the_factor_of_the_column(self):
        quantity = {"column": "kqty", "else": {"column": "qty", "factor": "0.001"}}
        self.new_version(measures=[{"metric": "pages", "quantity": quantity}])
        rows = self.refused("PRN0001;15.01.2026;many")
        self.correct(rows, quantity="2.5")
        self.assertEqual((rows.state, self.events().quantity), ("recycled", 2.5))

    def test_a_corrected_time_and_serial_go_in_too(self):
        rows = self.refused(";never;7")
        self.correct(rows, subject_id=self.devices[0].id, occurred_at="2026-01-20 10:00:00")
        self.assertEqual((rows.state, self.events().quantity), ("recycled", 7))

    def test_a_row_that_stays_bad_stays_open_and_counts(self):
        rows = self.refused("PRN0001;15.01.2026;many")
        rows.action_recycle()
        self.assertEqual((rows.state, rows.attempts, rows.reason_code), ("open", 2, "bad_quantity"))
        batch = self.env["usage.batch"].search([("source_id", "=", self.csv_source.id)], limit=1)
        self.assertCounts(batch, received=1, good=0, duplicate=0, suspended=1)

    def test_a_row_that_reads_now_but_has_no_subject_waits_for_the_stores_reason(self):
        rows = self.refused("NOBODY;15.01.2026;many")
        self.correct(rows, quantity="3")
        self.assertEqual((rows.state, rows.reason_code), ("open", "unknown_subject"))
        self.correct(rows, subject_id=self.devices[1].id)
        self.assertEqual((rows.state, self.events().subject_id), ("recycled", self.devices[1]))

    def test_a_row_of_the_wrong_width_stays_refused_in_words(self):
        rows = self.refused("PRN0001;15.01.2026;1;2")
        rows.action_recycle()
        self.assertEqual((rows.state, rows.reason_code), ("open", "bad_row_shape"))
        self.assertNotIn("?", rows.message)

    def test_a_correction_reaches_the_column_that_the_file_calls_otherwise(self):
        self.new_version(
            subject={"column": "device", "or": ["serial"]},
            measures=[{"metric": "pages", "quantity": {"column": "pages", "or": ["qty"]}}],
        )
        rows = self.refused(";15.01.2026;many")
        self.assertEqual(rows.subject_code, False)
        self.correct(rows, subject_id=self.devices[0].id, quantity="7")
        self.assertEqual((rows.state, self.events().quantity), ("recycled", 7))

    def test_a_correction_reaches_the_quantity_that_was_refused_and_not_its_neighbour(self):
        scans = {"metric": "scans", "quantity": "scans", "id_suffix": "#scans", "on_missing": "filter"}
        self.new_version(measures=[{"metric": "pages", "quantity": "qty"}, scans])
        content = b"serial;at;qty;scans\nPRN0001;15.01.2026;many;"
        rows = self.store(content, "pages.csv", self.csv_source).suspense_ids
        self.assertEqual((rows.reason_code, rows.metric_code), ("bad_quantity", "pages"))
        self.correct(rows, quantity="2.5")
        self.assertEqual((rows.state, self.events().quantity), ("recycled", 2.5))

    def test_usage_without_a_time_is_dated_when_its_file_first_came(self):
        self.new_version(
            time={"column": "when", "or": ["@received_at"]},
            time_formats=["iso", "epoch_seconds"],
            external_id={"key": ["serial", "@received_at"]},
        )
        content = b"serial;qty\nPRN0001;3\nPRN0002;many\n"
        first = self.store(content, "pages.csv", self.csv_source)
        self.assertEqual(self.events().occurred_at, first.received_at)
        rows = first.suspense_ids
        with freeze_time("2026-02-20 08:00:00"):
            self.assertCounts(
                self.store(content, "again.csv", self.csv_source), received=2, good=0, duplicate=1, suspended=1
            )
            self.correct(rows, quantity="4")
        self.assertEqual(rows.state, "recycled")
        self.assertEqual(self.events().mapped("occurred_at"), [first.received_at] * 2)

    def test_a_refused_row_shows_the_code_of_its_metric_and_not_what_the_file_calls_it(self):
        kind = {"column": "kind", "map": {"BW": "pages", "SC": "scans"}}
        self.new_version(measures=[{"metric": kind, "quantity": "qty"}])
        content = b"serial;at;qty;kind\nPRN0001;15.01.2026;many;BW\n;15.01.2026;2;SC\nPRN0001;15.01.2026;3;XX\n"
        rows = self.store(content, "kinds.csv", self.csv_source).suspense_ids.sorted("row_number")
        found = [(row.reason_code, row.metric_code) for row in rows]
        self.assertEqual(found, [("bad_quantity", "pages"), ("missing_subject", "scans"), ("unknown_metric", "XX")])
        self.correct(rows[2], metric_id=self.metric.id)
        self.assertEqual((rows[2].state, self.events().quantity), ("recycled", 3))

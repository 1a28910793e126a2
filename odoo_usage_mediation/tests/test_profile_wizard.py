import base64

from odoo.exceptions import UserError
from odoo.tests import Form, freeze_time, tagged

from .common import NOW, MediationCommon

SAMPLE = (
    "Belegnr;Serial;Datum;Type;Pages;Kostenstelle\n"
    "1;PRN0001;15.01.2026 12:00;pages;1.234,5;4711\n"
    "2;PRN0002;16.01.2026 12:00;pages;7,5;<b>4712</b>\n"
)


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestProfileWizard(MediationCommon):
    """From a sample file to a profile and a source, without reading a manual."""

    def begin(self, content=SAMPLE.encode("cp1252"), name="fleet.csv"):
        wizard = self.env["usage.profile.wizard"].create(
            {"file": base64.b64encode(content), "file_name": name, "tz": "Europe/Berlin"}
        )
        wizard.action_read()
        return wizard

    def column(self, wizard, name):
        return wizard.column_ids.filtered(lambda column: column.name == name)

    def test_delimiter_numbers_dates_and_meanings_are_recognised(self):
        wizard = self.begin()
        self.assertEqual((wizard.state, wizard.name), ("columns", "fleet"))
        self.assertEqual((wizard.delimiter, wizard.decimal), (";", ","))
        self.assertEqual(wizard.thousands, ".")
        self.assertEqual(wizard.date_formats, "%d.%m.%Y %H:%M")
        self.assertEqual(self.column(wizard, "Datum").target, "occurred_at")
        self.assertEqual(self.column(wizard, "Serial").target, "subject")
        self.assertEqual(self.column(wizard, "Type").target, "metric")
        self.assertEqual(self.column(wizard, "Pages").target, "quantity")
        self.assertIn("1.234,5", self.column(wizard, "Pages").samples)

    def test_a_column_of_metric_codes_is_recognised_whatever_its_name(self):
        wizard = self.begin(SAMPLE.replace("Type", "Zählerart").encode("cp1252"))
        self.assertEqual(self.column(wizard, "Zählerart").target, "metric")
        wizard = self.begin(SAMPLE.replace("Type", "Zählerart").replace("pages;7,5", "scans;7,5").encode("cp1252"))
        self.assertEqual(self.column(wizard, "Zählerart").target, "unused", "scans is no metric")

    def test_what_lacks_is_said_in_the_words_of_the_form(self):
        wizard = self.begin()
        self.column(wizard, "Datum").target = "unused"
        self.assertIn("date and time", wizard.preview)

    def test_the_preview_follows_each_choice(self):
        wizard = self.begin()
        with Form(wizard) as form:
            for place, column in enumerate(wizard.column_ids):
                with form.column_ids.edit(place) as line:
                    if column.name == "Belegnr":
                        line.target = "external_id"
                    if column.name == "Kostenstelle":
                        line.target = "dimension"
            self.assertIn("1234.5", form.preview)
            self.assertIn("&lt;b&gt;4712", form.preview)
            self.assertNotIn("<b>4712", form.preview)

    def test_saving_makes_a_profile_and_a_source_that_reads_the_sample(self):
        wizard = self.begin()
        action = wizard.action_save()
        source = self.env["usage.source"].browse(action["res_id"])
        self.assertEqual(source.profile_id.sample_name, "fleet.csv")
        self.assertFalse(source.profile_id.is_advanced)
        upload = self.upload(SAMPLE.encode(), "fleet.csv", source)
        self.assertCounts(upload, received=2, good=2, duplicate=0, suspended=0)

    def test_the_metric_of_all_rows_needs_no_column(self):
        wizard = self.begin()
        self.column(wizard, "Type").target = "unused"
        self.assertIn("metric", wizard.preview)
        wizard.metric_id = self.metric
        profile = self.env["usage.source"].browse(wizard.action_save()["res_id"]).profile_id
        self.assertEqual(profile.definition["measures"][0]["metric"], {"constant": "pages"})

    def test_an_unfinished_profile_is_not_saved(self):
        wizard = self.begin()
        wizard.column_ids.target = "unused"
        with self.assertRaises(UserError):
            wizard.action_save()

    def test_a_workbook_is_recognised(self):
        wizard = self.begin(self.xlsx(self.row(), self.row("PRN0002")), "usage.xlsx")
        self.assertEqual((wizard.format, wizard.date_formats), ("xlsx", "iso"))
        self.assertEqual(self.column(wizard, "Date and time").target, "occurred_at")
        self.assertEqual(self.column(wizard, "Quantity").target, "quantity")

    def test_a_sample_that_cannot_be_read_is_explained(self):
        wizard = self.begin(b"PK\x03\x04 not really", "usage.xlsx")
        self.assertEqual(wizard.state, "sample")
        self.assertTrue(wizard.problem and wizard.problem_mend)

    def test_a_file_without_header_gets_columns_by_position(self):
        lines = "\n".join(SAMPLE.splitlines()[1:]).encode()
        wizard = self.begin(lines)
        self.assertEqual(wizard.header_row, 0)
        for place, target in ((1, "subject"), (3, "metric")):
            wizard.column_ids[place].write({"target": target, "is_key": True})
        wizard.column_ids[4].target = "quantity"
        wizard.column_ids[0].target = "unused"
        source = self.env["usage.source"].browse(wizard.action_save()["res_id"])
        upload = self.upload(lines, "fleet.csv", source)
        self.assertCounts(upload, received=2, good=2, duplicate=0, suspended=0)

    def test_a_header_further_down_is_found_where_it_is_said_to_be(self):
        wizard = self.env["usage.profile.wizard"].create(
            {
                "file": base64.b64encode(b"Fleet report\n\n" + SAMPLE.encode()),
                "file_name": "fleet.csv",
                "header_row": 2,
            }
        )
        wizard.action_read()
        self.assertEqual(self.column(wizard, "Serial").target, "subject")
        self.assertEqual(wizard.header_row, 2)

    def test_a_header_below_titles_is_found_without_being_told(self):
        wizard = self.begin(b"Fleet report\n\nof January\n" + SAMPLE.encode())
        self.assertEqual((wizard.header_row, wizard.decimal), (3, ","))
        self.assertEqual(self.column(wizard, "Serial").target, "subject")
        self.assertIn("PRN0001", wizard.preview)

    def test_what_a_sample_leaves_open_is_said_and_not_guessed(self):
        """3/4/2026 and 1.234 mean two things each."""
        wizard = self.begin(b"Serial;Date;Type;Pages\nPRN0001;3/1/2026;pages;1.234\nPRN0001;4/1/2026;pages;5.678\n")
        self.assertEqual((wizard.decimal, wizard.date_formats), ("auto", "%d/%m/%Y; %m/%d/%Y"))
        self.assertIn("cannot be told apart", wizard.preview)
        self.assertTrue(wizard.dates_are_open)
        wizard.action_day_first()
        self.assertEqual((wizard.date_formats, wizard.dates_are_open), ("%d/%m/%Y", False))
        self.assertIn("can be read in two ways", wizard.preview)
        wizard.decimal, wizard.thousands = ",", "."
        self.assertIn("1234", wizard.preview)

    def test_saving_says_in_the_forms_words_what_lacks(self):
        wizard = self.begin(b"Serial;Date;Pages\nPRN0001;2026-01-15;3\n")
        with self.assertRaisesRegex(UserError, "^Choose the column that holds the metric, or the metric of all rows.$"):
            wizard.action_save()

    def test_json_lines_are_recognised(self):
        line = b'{"device": {"serial": "PRN0001"}, "time": "2026-01-15T12:00:00Z", "pages": 3}\n'
        wizard = self.begin(line * 2, "usage.jsonl")
        self.assertEqual(wizard.format, "jsonl")
        self.assertEqual(self.column(wizard, "device.serial").target, "subject")

    def test_a_profile_that_reads_the_sample_is_offered(self):
        rows = "".join(f"m1,2025-03-{day:02d} 00:30:00,0.{day}\n" for day in range(1, 29))
        wizard = self.begin(("LCLid,DateTime,KWH/hh (per half hour)\n" + rows).encode(), "meter.csv")
        known = self.env.ref("odoo_usage_mediation.usage_profile_half_hour_readings")
        self.assertEqual((wizard.known_profile_id, wizard.known_share), (known, "28 of 28"))
        source = self.env["usage.source"].browse(wizard.action_use_known()["res_id"])
        self.assertEqual((source.profile_id, source.name, source.tz), (known, "meter", "Europe/Berlin"))
        again = self.env["usage.source"].browse(wizard.action_use_known()["res_id"])
        self.assertNotEqual(again.code, source.code)

    def test_a_file_that_the_form_cannot_describe_may_have_a_profile(self):
        xml = b"<Fleet><Equipment><EquipmentHeader><SerialNumber>1</SerialNumber></EquipmentHeader><CumulativeOperating"
        xml += b'Hours datetime="2025-03-01T00:00:00Z"><Hour>5</Hour></CumulativeOperatingHours></Equipment></Fleet>'
        wizard = self.begin(xml, "fleet.xml")
        self.assertIn("XML", wizard.problem)
        known = self.env.ref("odoo_usage_mediation.usage_profile_fleet_snapshot")
        self.assertEqual(wizard.known_profile_id, known)

    def test_a_file_of_no_known_kind_is_described_by_its_columns(self):
        self.assertFalse(self.begin().known_profile_id)

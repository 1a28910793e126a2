from datetime import datetime

from odoo import Command
from odoo.tests import freeze_time, tagged

from .common import NOW, MediationCommon


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestUploadCsv(MediationCommon):
    """The same through a CSV with a mapping of its columns."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profile = cls.env["usage.profile"].create(
            {
                "name": "German fleet",
                "format": "csv",
                "delimiter": ";",
                "decimal": ",",
                "thousands": ".",
                "date_formats": "%d.%m.%Y %H:%M",
                "identity": "column",
                "column_ids": [
                    Command.create({"name": "Gerät", "target": "subject"}),
                    Command.create({"target": "metric", "constant": "pages"}),
                    Command.create({"name": "Zeit", "target": "occurred_at"}),
                    Command.create({"name": "Seiten", "target": "quantity"}),
                    Command.create({"name": "Beleg", "target": "external_id"}),
                    Command.create({"name": "Papier", "target": "dimension"}),
                ],
            }
        )
        cls.csv_source = cls.env["usage.source"].create(
            {
                "name": "German fleet",
                "code": "german",
                "company_id": cls.company.id,
                "transport": "file",
                "profile_id": cls.profile.id,
                "tz": "Europe/Berlin",
            }
        )

    def send(self, *lines, encoding="utf-8"):
        """Store a text file and return its batch."""
        text = "\r\n".join(["Beleg;Gerät;Zeit;Seiten;Papier", *lines, ""])
        return self.store(text.encode(encoding), "fleet.csv", self.csv_source)

    def test_decimal_commas_and_thousands_points(self):
        batch = self.send("1;PRN0001;15.01.2026 12:00;1.234,5;A4")
        self.assertCounts(batch, received=1, good=1, duplicate=0, suspended=0)
        event = self.events()
        self.assertEqual((event.quantity, event.external_id), (1234.5, "1"))
        self.assertEqual(event.occurred_at, datetime(2026, 1, 15, 11))
        self.assertEqual(event.dimensions, {"Papier": "A4"})

    def test_another_encoding_is_recognised(self):
        batch = self.send("1;PRN0001;15.01.2026 12:00;7;A4", encoding="cp1252")
        self.assertEqual(batch.accepted_count, 1)

    def test_a_row_of_another_width_is_suspended_alone(self):
        batch = self.send("1;PRN0001;15.01.2026 12:00;7;A4", "2;PRN0002;15.01.2026 12:00")
        self.assertCounts(batch, received=2, good=1, duplicate=0, suspended=1)
        self.assertEqual(batch.suspense_ids.reason_code, "bad_row_shape")

    def test_a_point_where_a_comma_is_the_decimal_sign_is_not_guessed(self):
        batch = self.send("1;PRN0001;15.01.2026 12:00;12.5;A4")
        self.assertEqual(batch.suspense_ids.reason_code, "bad_quantity")

    def test_an_id_is_counted_once_however_often_it_comes(self):
        line = "1;PRN0001;15.01.2026 12:00;7;A4"
        self.send(line)
        batch = self.send(line, "2;PRN0001;15.01.2026 12:00;7;A4")
        self.assertCounts(batch, received=2, good=1, duplicate=1, suspended=0)

    def test_several_quantity_columns_give_an_event_each(self):
        colour = self.env["usage.metric"].create({"name": "Colour", "code": "colour", "uom_id": self.metric.uom_id.id})
        line = self.make_contract(
            [
                self.usage_line(
                    self.line.usage_rate_card_id,
                    usage_metric_id=colour.id,
                )
            ]
        ).contract_line_ids
        self.env["usage.assignment"].create(
            {
                "subject_id": self.devices[0].id,
                "contract_line_id": line.id,
                "start_at": datetime(2020, 1, 1),
            }
        )
        profile = self.env["usage.profile"].create(
            {
                "name": "Wide",
                "format": "csv",
                "identity": "key",
                "column_ids": [
                    Command.create({"name": "serial", "target": "subject", "is_key": True}),
                    Command.create({"name": "day", "target": "occurred_at", "is_key": True}),
                    Command.create({"name": "bw", "target": "quantity", "metric_code": "pages"}),
                    Command.create({"name": "col", "target": "quantity", "metric_code": "colour"}),
                ],
            }
        )
        source = self.csv_source.copy({"code": "wide", "profile_id": profile.id})
        content = b"serial,day,bw,col\nPRN0001,2026-01-15,10,3\nPRN0001,2026-01-16,x,y\n"
        batch = self.store(content, "wide.csv", source)
        self.assertCounts(batch, received=4, good=2, duplicate=0, suspended=2)
        self.assertEqual(len(batch.suspense_ids), 2)
        self.assertEqual(self.events().quantity, 10)

    def test_key_columns_keep_two_metrics_of_one_row_apart(self):
        targets = self.env.ref("odoo_usage_mediation.usage_profile_template")._identity_targets()
        self.assertEqual(targets, ["subject", "metric", "occurred_at"])

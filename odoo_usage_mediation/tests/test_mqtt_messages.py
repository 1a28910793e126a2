import json

from odoo.exceptions import ValidationError
from odoo.tests import freeze_time, tagged

from odoo.addons.odoo_usage_mediation.mqtt.messages import Message
from odoo.addons.odoo_usage_mediation.mqtt.reader import Reader

from .common import NOW
from .mqtt_common import MqttCommon


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestMqttMessages(MqttCommon):
    """A batch of messages: what counts, what is refused, what is known already."""

    def stored(self, batch):
        return self.env["usage.event"].search([("batch_id", "=", batch.id)], order="row_number, id")

    def test_json_events_are_stored(self):
        batch, outcome = self.deliver(
            self.event(
                id="a", amount="1.50", end_user="nobody@example.com", dimensions={"colour": "red", "duplex": True}
            ),
            self.event("PRN0002", id="b", quantity="0.25"),
        )
        self.assertCounts(batch, received=2, good=2, duplicate=0, suspended=0)
        first, second = self.stored(batch)
        self.assertEqual((first.external_id, first.amount), ("a", 1.5))
        self.assertEqual(first.dimensions, {"colour": "red", "duplex": "true"})
        self.assertEqual(second.quantity, 0.25)
        self.assertEqual((outcome.messages, outcome.accepted), (2, 2))

    def test_a_message_that_comes_again_is_a_duplicate(self):
        self.deliver(self.event())
        batch, _outcome = self.deliver(self.event(), self.event())
        self.assertCounts(batch, received=2, good=0, duplicate=2, suspended=0)

    def test_the_same_id_with_other_content_is_a_conflict(self):
        self.deliver(self.event())
        batch, _outcome = self.deliver(self.event(quantity=6))
        self.assertEqual(self.reasons(batch), ["conflict"])

    def test_a_message_without_id_is_known_by_topic_and_content(self):
        messages = [self.event(id=None), self.event(id=None, quantity=6), self.event("PRN0002", id=None)]
        batch, _outcome = self.deliver(*messages)
        self.assertEqual(batch.accepted_count, 3)
        again, _outcome = self.deliver(*messages)
        self.assertEqual(again.duplicate_count, 3)

    def test_events_of_one_message_without_ids_are_told_apart(self):
        event = {"subject": "PRN0001", "metric": "pages", "time": "2026-01-15T12:00:00Z", "quantity": 1}
        message = Message("usage/PRN0001/events", json.dumps([event, event]).encode())
        batch, _outcome = self.deliver(message)
        self.assertEqual(batch.accepted_count, 2)
        again, _outcome = self.deliver(message)
        self.assertEqual(again.duplicate_count, 2)

    def test_the_topic_names_the_subject_where_the_message_does_not(self):
        batch, _outcome = self.deliver(self.event("PRN0003", subject=None))
        self.assertEqual(self.stored(batch).subject_id.code, "PRN0003")

    def test_a_message_that_names_another_subject_than_its_topic_is_refused(self):
        batch, _outcome = self.deliver(
            self.event("PRN0001", topic="usage/PRN0002/events"), self.event("PRN0002", id="2")
        )
        self.assertCounts(batch, received=2, good=1, duplicate=0, suspended=1)
        refused = batch.suspense_ids
        self.assertEqual(refused.reason_code, "subject_mismatch")
        self.assertIn("PRN0002", refused.message)
        self.assertEqual(refused.payload["raw"]["@topic"], "usage/PRN0002/events")
        self.assertEqual(refused.payload["raw"]["quantity"], "5")

    def test_a_refused_message_waits_under_the_metric_that_it_names(self):
        batch, _outcome = self.deliver(
            self.event(quantity="many"), self.event(id="2", time=None), self.event(id="3", metric=None)
        )
        rows = batch.suspense_ids.sorted("row_number")
        self.assertEqual(rows.mapped("reason_code"), ["bad_quantity", "missing_time", "missing_metric"])
        self.assertEqual(rows.mapped("metric_code"), ["pages", "pages", False])
        rows[0].action_recycle()
        self.assertEqual((rows[0].state, rows[0].metric_code), ("open", "pages"))

    def test_usage_claimed_for_another_subject_cannot_be_recycled(self):
        batch, _outcome = self.deliver(self.event("PRN0001", topic="usage/PRN0002/events"))
        self.assertIsNone(batch.suspense_ids._to_record())

    def test_without_a_level_the_topic_says_nothing_of_the_subject(self):
        source = self.make_source(code="flat", mqtt_topic="all", mqtt_subject_level=0)
        batch, _outcome = self.deliver(self.event(topic="all"), source=source)
        self.assertEqual(batch.accepted_count, 1)

    def test_what_cannot_be_read_waits_in_suspense_and_its_neighbours_count(self):
        bad = [b"", b"no json", b"\xff\xfe\x00", b"[]", b"[1]", b"{", b"{}", b'{"a": ' * 50, b"null"]
        topics = "usage/PRN0001/events"
        batch, _outcome = self.deliver(
            self.event(id="before"), *[Message(topics, content) for content in bad], self.event(id="after")
        )
        self.assertCounts(batch, received=len(bad) + 2, good=2, duplicate=0, suspended=len(bad))
        self.assertEqual(len(batch.suspense_ids), len(bad))
        for row in batch.suspense_ids:
            self.assertTrue(row.message and "?" not in row.message, row.message)

    def test_a_refused_message_that_comes_again_is_one_row(self):
        first, _outcome = self.deliver(Message("usage/PRN0001/events", b"nothing"))
        self.deliver(Message("usage/PRN0001/events", b"nothing"))
        self.assertEqual(first.suspense_ids.attempts, 2)

    def test_what_no_database_holds_is_refused_or_shown(self):
        batch, _outcome = self.deliver(
            self.event(id="a\0b"),
            self.event("NOPE\ud800", topic="usage/+/events"),
            self.event("NOPE", dimensions={"x": "\0"}),
            Message(None, b"{}"),
        )
        self.assertEqual(batch.suspended_count, 4)

    def test_a_time_is_the_producers_never_ours(self):
        batch, _outcome = self.deliver(self.event(time=None))
        self.assertEqual(self.reasons(batch), ["missing_time"])

    def test_where_the_source_says_so_a_message_is_dated_when_it_first_arrived(self):
        self.feed.mqtt_receipt_time = True
        batch, _outcome = self.deliver(self.event(time=None, id=None))
        self.assertEqual(str(self.stored(batch).occurred_at), NOW)
        with freeze_time("2026-02-10 10:30:00"):
            again, _outcome = self.deliver(self.event(time=None, id=None), self.event(id="2"))
        self.assertCounts(again, received=2, good=1, duplicate=1, suspended=0)
        self.assertEqual(str(self.stored(again).occurred_at), "2026-01-15 12:00:00", "its own time counts")
        with freeze_time("2026-02-10 11:00:00"):
            other, _outcome = self.deliver(self.event(time=None, id=None, quantity=6))
        self.assertEqual(str(self.stored(other).occurred_at), "2026-02-10 11:00:00")

    def test_a_plug_that_says_no_time_is_a_register_read_when_its_message_arrived(self):
        metric = self.env["usage.metric"].create(
            {"name": "Energy", "code": "energy", "uom_id": self.env.ref("uom.product_uom_unit").id}
        )
        self.assertTrue(metric)
        self.env["usage.subject"].create({"code": "plug", "company_id": self.company.id})
        profile = self.env["usage.profile"].search([("name", "like", "Energy plugs (Tasmota), messages")], limit=1)
        source = self.make_source(
            code="plugs", mqtt_topic="tele/+/SENSOR", mqtt_payload="profile", profile_id=profile.id
        )
        source.mqtt_receipt_time = True
        first = Message("tele/plug/SENSOR", b'{"ENERGY": {"Total": 1.5}}')
        self.deliver(first, source=source)
        with freeze_time("2026-02-11 09:00:00"):
            batch, _outcome = self.deliver(
                Message("tele/plug/SENSOR", b'{"ENERGY": {"Total": 1.5}}'),
                Message("tele/plug/SENSOR", b'{"ENERGY": {"Total": 2.75}}'),
                source=source,
            )
        self.assertEqual((batch.received_count, batch.duplicate_count), (2, 1))
        readings = self.env["usage.reading"].search([("source_id", "=", source.id)], order="read_at")
        self.assertEqual(
            [(str(reading.read_at), reading.value) for reading in readings],
            [(NOW, 1.5), ("2026-02-11 09:00:00", 2.75)],
        )

    def correct(self, rows, **values):
        wizard = self.env["usage.suspense.correct"].with_context(active_ids=rows.ids).create(values)
        return wizard.action_correct_and_recycle()

    def test_an_event_that_came_without_a_profile_is_corrected_and_read_again(self):
        batch, _outcome = self.deliver(
            self.event(id="a", time=None), self.event(id="b", quantitty=7), self.event(id=None, quantity="x")
        )
        rows = batch.suspense_ids.sorted("row_number")
        self.assertEqual(rows.mapped("reason_code"), ["missing_time", "bad_structure", "bad_quantity"])
        self.correct(rows[0], occurred_at="2026-01-20 10:00:00")
        self.correct(rows[1], quantity="7")
        self.correct(rows[2], quantity="2")
        self.assertEqual(set(rows.mapped("state")), {"recycled"})
        events = self.env["usage.event"].search([("source_id", "=", self.feed.id)])
        self.assertEqual(sorted(events.mapped("quantity")), [2, 5, 7])
        again, _outcome = self.deliver(self.event(id="a", time="2026-01-20T10:00:00Z"))
        self.assertEqual(again.duplicate_count, 1)

    def test_a_correction_cannot_count_usage_for_another_than_the_topic_names(self):
        batch, _outcome = self.deliver(self.event(id="a", time=None))
        self.correct(batch.suspense_ids, occurred_at="2026-01-20 10:00:00", subject_id=self.devices[1].id)
        self.assertEqual((batch.suspense_ids.state, batch.suspense_ids.reason_code), ("open", "subject_mismatch"))

    def test_unknown_attributes_and_other_units_are_refused(self):
        batch, _outcome = self.deliver(
            self.event(quantitty=7), self.event(id="2", unit="kWh"), self.event(id="3", unit="units")
        )
        self.assertEqual(self.reasons(batch), ["bad_structure", "unit_mismatch"])
        self.assertEqual(batch.accepted_count, 1)

    def test_a_profile_of_the_source_is_used(self):
        profile = self.env["usage.profile"].create(
            {
                "name": "Plug",
                "format": "json",
                "is_advanced": True,
                "definition": {
                    "format": "json",
                    "records_path": "readings",
                    "subject": "@subject",
                    "external_id": {"key": ["@topic", "t"]},
                    "time": "t",
                    "time_formats": ["epoch_seconds"],
                    "measures": [{"metric": "pages", "quantity": "n"}],
                },
            }
        )
        source = self.make_source(code="plug", mqtt_payload="profile", profile_id=profile.id)
        content = json.dumps({"readings": [{"t": 1768478400, "n": 3}, {"t": 1768478460, "n": "x"}]}).encode()
        batch, _outcome = self.deliver(Message("usage/PRN0001/events", content), source=source)
        self.assertCounts(batch, received=2, good=1, duplicate=0, suspended=1)
        self.assertEqual((batch.profile_id, self.reasons(batch)), (profile, ["bad_quantity"]))

    def test_senml_takes_the_subject_from_the_topic_and_the_metric_from_the_name(self):
        source = self.make_source(code="senml", mqtt_payload="senml")
        pack = [{"bn": "urn:dev:1/", "bt": 1768478400, "n": "pages", "v": 4}, {"n": "pages", "t": 60, "v": 5}]
        message = Message("usage/PRN0001/events", json.dumps(pack).encode())
        batch, _outcome = self.deliver(message, source=source)
        self.assertEqual(self.stored(batch).sorted("occurred_at").mapped("quantity"), [4, 5])
        again, _outcome = self.deliver(message, source=source)
        self.assertEqual(again.duplicate_count, 2)

    def test_sources_that_cannot_work_are_refused(self):
        for vals in (
            {"mqtt_topic": "usage/#/x"},
            {"mqtt_topic": "usage/a+/x"},
            {"mqtt_topic": ""},
            {"mqtt_topic": "$SYS/#"},
            {"mqtt_topic": "usage/+", "mqtt_subject_level": 3},
            {"mqtt_share_group": "a/b"},
            {"mqtt_payload": "profile"},
            {"mqtt_payload": "profile", "profile_id": self.template_source.profile_id.id},
            {"mqtt_payload": "sparkplug", "mqtt_topic": "spBv1.0/#", "mqtt_share_group": "g"},
            {"mqtt_payload": "senml", "mqtt_subject_level": 0},
        ):
            with self.subTest(**vals), self.assertRaises(ValidationError):
                self.make_source(code="bad", **vals)

    def test_one_small_object_is_read_as_any_other_payload_is(self):
        reader = Reader(self.feed)
        reader.prepare(self.env, self.company.id)
        good = self.event(amount="1e2", dimensions={"a": 1.50, "b": None})
        contents = [
            good.payload,
            b" " + good.payload,
            good.payload + b" ",
            good.payload.replace(b"5", b"NaN"),
            good.payload.replace(b"PRN", "é".encode()),
            good.payload[:-1] + b', "x": ' + b"[" * 30 + b"]" * 30 + b"}",
            good.payload + good.payload,
            b"{" + b'"a":{' * 5000,
            b"{}",
            b'{"id": "' + b"x" * 20_000 + b'"}',
            good.payload.decode().encode("utf-16"),
        ]
        for content in contents:
            fast, slow = Message(good.topic, content), Message(good.topic, content)
            reader._is_plain = True
            one = reader.read(fast, 1)
            reader._is_plain = False
            other = reader.read(slow, 1)
            self.assertEqual(
                (one.records, one.refusals, one.filtered), (other.records, other.refusals, other.filtered), content[:90]
            )

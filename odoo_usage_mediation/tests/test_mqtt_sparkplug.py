from odoo.tests import freeze_time, tagged

from odoo.addons.odoo_usage_mediation.mqtt.messages import Message
from odoo.addons.odoo_usage_mediation.parsing.protobuf import field

from .common import NOW
from .mqtt_common import MqttCommon

NOON = 1_768_478_400_000
INT32, INT64 = 3, 4


def metric(name="", alias=None, number=None, at=None):
    """An Int32 metric; without a name only its alias is sent."""
    parts = [field(1, name.encode())] if name else []
    parts += [field(2, alias)] if alias is not None else []
    parts += [field(3, at)] if at is not None else []
    parts += [field(4, INT32)] if name else []
    parts += [field(10, number & 0xFFFFFFFF)] if number is not None else []
    return field(2, b"".join(parts))


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestMqttSparkplug(MqttCommon):
    """Edge nodes and devices: births define, data counts, deaths and gaps are known."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.feed.write({"mqtt_payload": "sparkplug", "mqtt_topic": "spBv1.0/+/+/+/#", "mqtt_subject_level": 5})

    def sent(self, kind, *metrics, seq=0, at=NOON, device="PRN0001"):
        topic = f"spBv1.0/plant/{kind}/edge" + (f"/{device}" if kind[0] == "D" else "")
        number = b"" if seq is None else field(3, seq)
        return Message(topic, field(1, at) + b"".join(metrics) + number)

    def births(self, at=NOON):
        death = field(2, field(1, b"bdSeq") + field(4, INT64) + field(11, 1))
        return [
            self.sent("NBIRTH", death, metric("Node Control/Rebirth", 1), at=at),
            self.sent("DBIRTH", metric("pages", 7, 100), metric("temperature", 8, 21), seq=1, at=at),
        ]

    def data(self, seq, number, at=None):
        return self.sent("DDATA", metric(alias=7, number=number, at=at or NOON + seq), seq=seq)

    def producer(self):
        return self.env["usage.producer"].search([("source_id", "=", self.feed.id)])

    def test_data_counts_by_alias_and_what_is_no_metric_of_ours_is_left_out(self):
        data = self.sent("DDATA", metric(alias=7, number=5, at=NOON), metric(alias=8, number=22, at=NOON), seq=2)
        batch, outcome = self.deliver(*self.births(), data)
        self.assertCounts(batch, received=4, good=1, duplicate=0, suspended=0, filtered=3)
        event = self.env["usage.event"].search([("batch_id", "=", batch.id)])
        self.assertEqual((event.subject_id.code, event.quantity), ("PRN0001", 5))
        self.assertEqual(str(event.occurred_at), "2026-01-15 12:00:00")
        self.assertFalse(outcome.rebirths)

    def test_aliases_hold_in_later_batches_and_again_is_a_duplicate(self):
        births = self.births()
        self.deliver(*births)
        batch, _outcome = self.deliver(self.data(2, 5))
        self.assertEqual(batch.accepted_count, 1)
        again, outcome = self.deliver(*births, self.data(2, 5))
        self.assertEqual((again.duplicate_count, again.accepted_count), (1, 0))
        self.assertFalse(self.env["usage.gap"].search([]))
        self.assertFalse(outcome.rebirths)

    def test_an_alias_without_birth_waits_in_suspense_and_the_births_are_asked_for(self):
        batch, outcome = self.deliver(self.data(2, 5))
        self.assertEqual(self.reasons(batch), ["unknown_alias"])
        self.assertIn("plant/edge", batch.suspense_ids.message)
        self.assertTrue(batch.suspense_ids.payload["raw"]["@topic"])
        self.assertEqual(outcome.rebirths, {"spBv1.0/plant/NCMD/edge"})

    def test_a_missing_number_is_a_gap_and_the_births_are_asked_for(self):
        self.deliver(*self.births(), self.data(2, 5))
        _batch, outcome = self.deliver(self.data(5, 6))
        gap = self.env["usage.gap"].search([])
        self.assertEqual((gap.number_first, gap.number_last, gap.producer_id.name), (3, 4, "plant/edge"))
        self.assertTrue(outcome.rebirths)

    def test_numbers_wrap_at_256_and_begin_again_with_a_birth(self):
        self.deliver(*self.births(), *[self.data(seq, 1) for seq in range(2, 256)])
        later = [self.sent("DDATA", metric(alias=7, number=1, at=NOON + 300 + n), seq=n) for n in range(3)]
        self.deliver(*later)
        self.deliver(*self.births(at=NOON + 1_000_000))
        self.assertFalse(self.env["usage.gap"].search([]))

    def test_a_death_is_known(self):
        self.deliver(*self.births())
        self.assertTrue(self.producer().is_online)
        death = field(2, field(1, b"bdSeq") + field(4, INT64) + field(11, 1))
        batch, _outcome = self.deliver(self.sent("NDEATH", death, seq=None))
        self.assertEqual(batch.filtered_count, 1)
        self.assertFalse(self.producer().is_online)

    def test_bytes_that_are_no_payload_wait_in_suspense_whole(self):
        batch, _outcome = self.deliver(Message("spBv1.0/plant/DDATA/edge/PRN0001", b"\xff\x00\x01"))
        self.assertEqual(self.reasons(batch), ["bad_structure"])
        self.assertEqual(batch.suspense_ids.payload["raw"]["payload_base64"], "/wAB")

    def test_commands_and_foreign_topics_are_left_out(self):
        batch, _outcome = self.deliver(Message("spBv1.0/plant/NCMD/edge", b""), Message("spBv1.0/STATE/host", b"{}"))
        self.assertCounts(batch, received=2, good=0, duplicate=0, suspended=0, filtered=2)

    def test_without_a_level_the_device_is_named_whole(self):
        self.feed.mqtt_subject_level = 0
        self.env["usage.subject.identity"].create(
            {"subject_id": self.devices[1].id, "identity": "plant/edge/PRN0001", "source_id": self.feed.id}
        )
        batch, _outcome = self.deliver(*self.births(), self.data(2, 5))
        self.assertEqual(self.env["usage.event"].search([("batch_id", "=", batch.id)]).subject_id, self.devices[1])

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .common import NOW
from .mqtt_common import MqttCommon


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestMqttSequence(MqttCommon):
    """Numbered messages: what is missing is a row, and the row closes when it comes late."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.feed.write({"sequence_path": "seq"})

    def numbered(self, *numbers, serial="PRN0001"):
        return [
            self.event(serial, id=f"{serial}-{n}", seq=n, time=f"2026-01-15T12:{n // 60:02d}:{n % 60:02d}Z")
            for n in numbers
        ]

    def gaps(self, state=None):
        domain = [("source_id", "=", self.feed.id)] + ([("state", "=", state)] if state else [])
        found = self.env["usage.gap"].search(domain, order="number_first")
        return [
            (gap.producer_id.name, gap.number_first, gap.number_last, gap.missing_count, gap.state) for gap in found
        ]

    def test_numbers_without_holes_leave_no_gap(self):
        self.deliver(*self.numbered(0, 1, 2), *self.numbered(7, 8, serial="PRN0002"))
        self.assertEqual(self.gaps(), [])
        self.assertEqual(self.env["usage.producer"].search([]).mapped("name"), ["PRN0001", "PRN0002"])

    def test_a_gap_is_found_across_batches_and_closed_when_filled_late(self):
        self.deliver(*self.numbered(0, 1))
        batch, _outcome = self.deliver(*self.numbered(5))
        self.assertEqual(self.gaps(), [("PRN0001", 2, 4, 3, "open")])
        self.assertEqual(self.env["usage.gap"].search([]).batch_id, batch)
        self.deliver(*self.numbered(3))
        self.assertEqual(self.gaps(), [("PRN0001", 2, 4, 2, "open")])
        self.deliver(*self.numbered(4, 2))
        self.assertEqual(self.gaps(), [("PRN0001", 2, 4, 0, "closed")])
        self.assertTrue(self.env["usage.gap"].search([]).closed_at)

    def test_messages_out_of_order_within_a_batch_leave_no_gap(self):
        self.deliver(*self.numbered(0, 3, 1, 2, 4))
        self.assertEqual(self.gaps(), [])

    def test_messages_that_come_again_leave_no_gap(self):
        self.deliver(*self.numbered(0, 1, 2))
        self.deliver(*self.numbered(1, 2, 3))
        self.assertEqual(self.gaps(), [])

    def test_a_refused_message_has_arrived_all_the_same(self):
        late = self.numbered(0, 1, 2)
        late[1] = self.event("PRN0001", id="x", seq=1, quantity="many")
        batch, _outcome = self.deliver(*late)
        self.assertEqual((self.reasons(batch), self.gaps()), (["bad_quantity"], []))

    def test_a_refused_message_of_the_start_before_is_no_gap_of_this_one(self):
        early = self.numbered(*range(40))
        refused = self.event("PRN0001", id="x", seq=30, time="2026-01-15T12:00:30Z", quantity="many")
        again = [self.event(id=f"b{n}", seq=n, time=f"2026-01-15T13:00:0{n}Z") for n in range(3)]
        self.deliver(*early[:30], *early[31:], *again)
        self.assertEqual(self.gaps(), [("PRN0001", 30, 30, 1, "open")])
        batch, _outcome = self.deliver(refused)
        self.assertEqual(self.reasons(batch), ["bad_quantity"])
        self.assertEqual(self.gaps(), [("PRN0001", 30, 30, 0, "closed")])

    def test_a_number_that_is_none_is_refused(self):
        batch, _outcome = self.deliver(self.event(seq="-1"), self.event(id="2", seq=1.5), self.event(id="3"))
        self.assertEqual(self.reasons(batch), ["bad_structure", "bad_structure"])
        self.assertEqual(batch.accepted_count, 1)

    def test_a_restart_named_by_the_producer_begins_anew(self):
        self.feed.sequence_boot_path = "boot"
        for boot in ("a", "b"):
            self.deliver(*[self.event(id=f"{boot}{n}", seq=n, boot=boot) for n in (0, 1)])
        self.assertEqual(self.gaps(), [])

    def test_a_gap_is_written_off_with_a_reason_and_closes_if_it_is_filled_after_all(self):
        self.deliver(*self.numbered(0, 2))
        gap = self.env["usage.gap"].search([])
        with self.assertRaises(UserError):
            gap.action_write_off()
        gap.closed_reason = "The device was replaced."
        gap.action_write_off()
        self.assertEqual((gap.state, gap.closed_by_id), ("written_off", self.env.user))
        self.deliver(*self.numbered(1))
        self.assertEqual(self.gaps(), [("PRN0001", 1, 1, 0, "closed")])
        with self.assertRaises(UserError):
            gap.unlink()

    def test_nobody_numbers_the_messages_of_another(self):
        self.deliver(*self.numbered(0))
        self.deliver(self.event("PRN0001", topic="usage/PRN0002/events", seq=99))
        self.deliver(*self.numbered(1))
        self.assertEqual(self.gaps(), [])

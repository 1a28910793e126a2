import random
import struct

from odoo.tests import BaseCase, tagged

from odoo.addons.odoo_usage_mediation.mqtt.messages import Message
from odoo.addons.odoo_usage_mediation.mqtt.packets import Inbox, MalformedError, acknowledgements

PINGRESP = b"\xd0\x00"
ALIASED = b"\x30\x06\x00\x00\x03\x23\x00\x01"


def length_of(number):
    """A length as MQTT writes it: seven bits per byte."""
    written = bytearray()
    while True:
        number, low = divmod(number, 128)
        written.append(low | (128 if number else 0))
        if not number:
            return bytes(written)


def publish(topic, payload, mid=1, qos=1, properties=b"", flags=0):
    """A PUBLISH packet."""
    body = struct.pack(">H", len(topic)) + topic + (struct.pack(">H", mid) if qos else b"")
    body += length_of(len(properties)) + properties + payload
    return bytes([0x30 | flags | qos << 1]) + length_of(len(body)) + body


@tagged("post_install", "-at_install")
class TestMqttPackets(BaseCase):
    """Messages are the same however the network cuts the bytes they come in."""

    def taken(self, stream, sizes, most=10_000):
        """[(topic, payload, mid, qos)] and other packets of a stream that comes in parts of some sizes."""
        inbox, place, messages, others = Inbox(), 0, [], []
        while place < len(stream):
            size = next(sizes)
            inbox.add(stream[place : place + size])
            place += size
            while inbox.is_ready:
                found, handed = inbox.take(most)
                messages += found
                others += handed
                if not found:
                    break
        return [(m.topic, m.payload, m.mid, m.qos) for m in messages], others

    def test_any_cut_of_a_stream_gives_its_messages(self):
        dice = random.Random(3)
        wanted, stream = [], []
        for number in range(300):
            qos, topic = dice.randrange(2), f"usage/ü{number}/events"
            payload = dice.randbytes(dice.choice([0, 1, 90, 130, 20_000]))
            properties = b"\x26\x00\x01a\x00" + bytes([dice.choice([1, 200])])
            properties = dice.choice([b"", properties + bytes(properties[-1])])
            wanted.append((topic, payload, number + 1 if qos else 0, qos))
            stream += [publish(topic.encode(), payload, number + 1, qos, properties, dice.choice([0, 1, 8])), PINGRESP]
        stream = b"".join(stream)
        for largest in (1, 7, 1_000, 70_000, len(stream)):
            part = stream if largest > 7 else stream[:30_000]
            sizes = iter(lambda largest=largest: dice.randint(1, largest), None)
            messages, others = self.taken(part, sizes, dice.choice([1, 3, 10_000]))
            self.assertTrue(messages)
            self.assertEqual(messages, wanted[: len(messages)])
            self.assertLessEqual(set(others), {PINGRESP})
            if part is stream:
                self.assertEqual((len(messages), len(others)), (300, 300))

    def test_no_more_is_taken_than_there_is_room_for(self):
        inbox = Inbox()
        inbox.add(b"".join([publish(b"t", b"%d" % number, number) for number in range(1, 8)]))
        taken = [[m.mid for m in inbox.take(3)[0]] for _turn in range(4)]
        self.assertEqual(taken, [[1, 2, 3], [4, 5, 6], [7], []])
        self.assertFalse(inbox.is_ready)

    def test_what_is_not_in_the_common_form_is_handed_on(self):
        exactly_once = publish(b"t", b"x", 9, 2)
        unnumbered = publish(b"t", b"x", 0, 1)
        too_short = b"\x32\x03\x00\x09t"
        for packet in (exactly_once, unnumbered, ALIASED, too_short, PINGRESP, b"\xe0\x02\x8e\x00"):
            self.assertEqual(self.taken(packet, iter([100])), ([], [packet]))

    def test_a_topic_that_is_no_text_comes_without_one(self):
        self.assertEqual(self.taken(publish(b"\xff", b"x"), iter([100])), ([(None, b"x", 1, 1)], []))

    def test_a_length_that_never_ends_is_no_packet(self):
        inbox = Inbox()
        inbox.add(b"\x32\x80\x80\x80")
        self.assertEqual(inbox.take(1), ([], []))
        inbox.add(b"\x80")
        with self.assertRaises(MalformedError):
            inbox.take(1)

    def test_acknowledgements_name_their_messages_in_order(self):
        messages = [Message("t", b"", mid, qos) for mid, qos in ((258, 1), (0, 0), (3, 1))]
        self.assertEqual(acknowledgements(messages), b"\x40\x02\x01\x02\x40\x02\x00\x03")

import random
import uuid

import psycopg2.errors

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..store.identity import void_key
from ..store.keys import HASHED, ORDERED, keys_of
from .common import UsageCommon


def name(dice):
    """An id as producers make them, alike ones among them."""
    number = dice.randrange(10 ** dice.randrange(1, 17))
    head = dice.choice(["", "evt-", "evt-1", "a\x1fb", "ä", "7", "0"])
    timed = f"{dice.randrange(2**48):012x}7{dice.randrange(2**12):03x}a{dice.randrange(2**60):015x}"
    return dice.choice(
        [
            f"{head}{number}",
            f"{head}{number:0{dice.randrange(1, 17)}d}",
            f"{head}{number}{dice.choice(['x', '٣', ' ', '-'])}",
            str(uuid.UUID(int=dice.getrandbits(128))),
            str(uuid.UUID(timed)),
            f"f-{dice.getrandbits(80):020x}-{number}",
        ]
    )


@tagged("post_install", "-at_install")
class TestStoreKeys(UsageCommon):
    """An id has one key, whatever else its batch holds, and no two ids share one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_devices()

    def test_the_key_of_an_id_does_not_depend_on_its_batch(self):
        seed = random.randrange(10**6)
        dice = random.Random(seed)
        names = sorted({name(dice) for _ in range(20_000)})
        alone = [key for each in names for key in keys_of([each], ORDERED)]
        with self.subTest(seed=seed):
            self.assertEqual(keys_of(names, ORDERED), alone)
            self.assertEqual(len(set(alone)), len(names))
            self.assertEqual({len(key) for key in alone}, {32})
            self.assertFalse(set("".join(alone)) - set("0123456789abcdef"))
        for _ in range(200):
            batch = dice.sample(names, dice.randrange(1, 4))
            self.assertEqual(keys_of(batch, ORDERED), [key for each in batch for key in keys_of([each], ORDERED)])

    def test_a_count_lies_side_by_side_and_spelling_counts(self):
        names = [f"meter-1-{number:06d}" for number in range(990, 1020)]
        keys = keys_of(names, ORDERED)
        self.assertEqual(keys, sorted(keys))
        self.assertEqual({key[:18] for key in keys}, {keys[0][:18]})
        alike = ["a007", "a0007", "a7", "a07", "a700", "b007", "a007 ", "a00٧"]
        self.assertEqual(len(set(keys_of(alike, ORDERED))), len(alike))

    def test_a_timed_uuid_is_its_own_key_and_its_other_spellings_are_other_ids(self):
        timed = "01890a5d-ac96-774b-bcce-b302099a8057"
        self.assertEqual(keys_of([timed], ORDERED), [timed.replace("-", "")])
        others = [timed.upper(), timed.replace("-", ""), f"{timed}\n"[1:], f" {timed[1:]}"]
        self.assertNotIn(timed.replace("-", ""), keys_of(others, ORDERED))

    def test_no_id_has_the_key_of_a_withdrawal(self):
        withdrawn = void_key(12_345)
        self.assertEqual(withdrawn[:16], "0" * 16)
        for text in ("12345", f"{12_345:032x}", str(uuid.UUID(withdrawn)), "0" * 36, "00000000012345"):
            (key,) = keys_of([text], ORDERED)
            self.assertNotEqual(key[:16], "0" * 16)

    def test_sources_of_both_forms_know_what_they_have(self):
        self.assertEqual(self.source.key_form, ORDERED)
        hashed = self.env["usage.source"].create({"name": "Old", "code": "old", "key_form": HASHED, "tz": "UTC"})
        records = [self.record("PRN0001", 1, external_id=f"n-{number:04d}") for number in range(150)]
        for source in (self.source, hashed):
            for accepted in (150, 0):
                batch = self.env["usage.batch"].create({"name": "keys", "source_id": source.id})
                batch._store(records)
                self.assertEqual((batch.accepted_count, batch.duplicate_count), (accepted, 150 - accepted))
            self.env.cr.execute(
                "SELECT replace(external_key::text, '-', '') FROM usage_event_key WHERE source_id = %s", (source.id,)
            )
            stored = {key for (key,) in self.env.cr.fetchall()}
            self.assertEqual(stored, set(keys_of([record.external_id for record in records], source.key_form)))

    def test_the_form_never_changes(self):
        with self.assertRaises(psycopg2.errors.RestrictViolation), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.source.key_form = HASHED
            self.env.flush_all()

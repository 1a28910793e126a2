import random
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from odoo.tests import tagged

from ..store import UsageWriter
from ..store.by_columns import say
from ..store.identity import BY_BATCH, KEYS, ODD, load_identities, load_odd, void_key
from ..store.keys import HASHED, ORDERED, keys_of
from ..store.records import Refusal, content_digest
from .common import UsageCommon, utc

ZONES = ("Europe/Brussels", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "UTC")


@tagged("post_install", "-at_install")
class TestWriterColumns(UsageCommon):
    """What is done by columns gives what doing it one by one gives."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        card = cls.make_card(charge_model="per_unit", unit_price=0.01)
        cls.lines = cls.env["contract.line"]
        for place, zone in enumerate(ZONES):
            cls.lines |= cls.make_contract([cls.usage_line(card)], usage_tz=zone).contract_line_ids
            cls.make_subjects(cls.lines[place], 2, prefix=f"Z{place}-")
        moved = cls.env["usage.assignment"].search([("subject_id.code", "=", "Z0-0001")])
        moved.end_at = datetime(2026, 3, 15)
        moved.flush_recordset()
        moved.copy({"contract_line_id": cls.lines[1].id, "start_at": datetime(2026, 3, 15), "end_at": False})
        cls.person = cls.env["res.partner"].create({"name": "Ada", "ref": "ada"})
        cls.source.max_age_days = 1000
        cls.metric.price_dimensions = "band"

    def some_records(self, dice, count, odd):
        zones = (timezone.utc, timezone(timedelta(hours=2)))
        for number in range(count):
            is_odd = dice.random() < odd
            moment = datetime(2026, 1, 2) + timedelta(seconds=dice.randrange(300 * 86_400))
            yield self.record(
                f"Z{dice.randrange(5)}-000{dice.randrange(1, 3)}" if not is_odd else dice.choice(["Z0-0001", "NOPE"]),
                Decimal(dice.randrange(-1 if is_odd else 0, 10**6)).scaleb(-dice.randrange(4) if is_odd else 0),
                (moment + timedelta(microseconds=is_odd)).replace(tzinfo=dice.choice(zones) if is_odd else zones[0]),
                external_id=f"e{number}",
                end_user=dice.choice([None, "ada", "nobody"]) if odd else None,
                amount=Decimal(dice.randrange(99)) if is_odd else None,
                dimensions={"band": "peak"} if is_odd else None,
            )

    def test_records_are_guided_as_they_are_one_by_one(self):
        for slot_minutes in (False, "15"):
            self.metric.slot_minutes = slot_minutes
            for odd in (0, 0.2):
                seed = random.randrange(10**6)
                with self.subTest(seed=seed, odd=odd, slot_minutes=slot_minutes):
                    records = list(self.some_records(random.Random(seed), 2_000, odd))
                    writer = UsageWriter(self.env, self.source, self.env["usage.batch"], utc(2026, 11, 1))
                    rows, refusals, known = writer._guide_all(records)
                    one_by_one = [writer._guide_one(record) for record in records]
                    self.assertEqual(rows, [row for row in one_by_one if not isinstance(row, Refusal)])
                    self.assertEqual(refusals, [row for row in one_by_one if isinstance(row, Refusal)])
                    self.assertFalse(known)
                    self.assertEqual(bool(refusals), bool(odd))

    def test_days_that_a_line_is_not_billed_for_are_refused_alike(self):
        for line, first, last in zip(self.lines, range(1, 6), (28, 1, 29, 30, 31), strict=True):
            line.write({"date_start": f"2026-01-0{first}", "date_end": f"2026-{first + 3:02d}-{last}"})
        seed = random.randrange(10**6)
        records = list(self.some_records(random.Random(seed), 2_000, 0))
        edges = [utc(2026, month, 1) + timedelta(hours=hour) for month in range(4, 10) for hour in range(-15, 15)]
        records += [self.record(f"Z{n % 5}-0002", 1, at, f"edge-{n}") for n in range(5) for at in edges]
        writer = UsageWriter(self.env, self.source, self.env["usage.batch"], utc(2026, 11, 1))
        for part in (records, [record for record in records if utc(2026, 2, 1) < record.occurred_at < utc(2026, 4, 1)]):
            with self.subTest(seed=seed, count=len(part)):
                rows, refusals, _known = writer._guide_all(part)
                one_by_one = [writer._guide_one(record) for record in part]
                self.assertEqual(rows, [row for row in one_by_one if not isinstance(row, Refusal)])
                self.assertEqual(refusals, [row for row in one_by_one if isinstance(row, Refusal)])
                self.assertEqual(
                    {refusal.reason for refusal in refusals}, {"outside_line"} if part is records else set()
                )

    def test_what_records_say_is_told_by_columns_as_one_by_one(self):
        records = list(self.some_records(random.Random(1), 300, 0.5))
        for form in (ORDERED, HASHED):
            said = say(records, form)
            self.assertEqual(said.keys, [key for record in records for key in keys_of([record.external_id], form)])
        self.assertEqual(said.digests, [content_digest(record) for record in records])

    def test_a_file_sent_again_with_news_counts_the_news(self):
        records = list(self.some_records(random.Random(2), 300, 0))
        first = self.send(records[:250])
        changed = [records[7]._replace(quantity=Decimal("0.5"))]
        again = self.send([*records[:7], *changed, *records[8:], self.record("NOPE", 1)])
        self.assertEqual((first.accepted_count, first.received_count), (250, 250))
        self.assertEqual((again.accepted_count, again.duplicate_count, again.suspended_count), (50, 249, 2))
        self.assertEqual(set(again.suspense_ids.mapped("reason_code")), {"conflict", "unknown_subject"})

    def test_what_was_taken_back_with_its_batch_is_news(self):
        records = list(self.some_records(random.Random(3), 150, 0))
        first = self.send(records)
        first.action_void("Wrong month")
        self.assertEqual(self.send(records).accepted_count, 150)
        self.assertEqual(self.send(records).duplicate_count, 150)
        said = say(records, self.source.key_form)
        self.assertEqual(set(load_odd(self.env.cr, self.source.id, said.keys, said.digests).values()), {False})
        identity = load_identities(self.env.cr, self.source, ["e0"])["e0"]
        self.assertEqual((identity.revision, identity.taken_back), (2, ""))
        self.env.cr.execute(
            "SELECT count(*) FROM usage_event_key WHERE content_digest = %s::uuid AND external_key <> %s::uuid",
            (BY_BATCH, void_key(0)),
        )
        self.assertEqual(self.env.cr.fetchone()[0], 150)

    def test_keys_are_looked_up_one_by_one_of_a_source_that_statistics_do_not_know(self):
        stored = (
            "INSERT INTO usage_event_key (source_id, external_key, content_digest, event_id)"
            " SELECT %s, md5(n::text)::uuid, md5(n::text)::uuid, n FROM generate_series(1, 5000) AS n"
        )
        self.env.cr.execute(stored, (-1,))
        self.env.cr.execute("ANALYZE usage_event_key")
        self.env.cr.execute(stored, (self.source.id,))
        some = "{" + ",".join(keys_of(["1", "2"], HASHED)) + "}"
        said = {"source": self.source.id, "keys": some, "digests": some}
        for statement, values in ((KEYS, (some, self.source.id)), (ODD, said)):
            self.env.cr.execute("EXPLAIN (ANALYZE, TIMING OFF, BUFFERS) " + statement, values)
            plan = "\n".join(line for (line,) in self.env.cr.fetchall())
            self.assertNotIn("Rows Removed", plan)
            self.assertNotIn("Seq Scan on usage_event_key", plan)

    def test_sums_of_a_day_that_has_begun_and_of_one_that_has_not_are_both_right(self):
        from ..store.buckets import rebuild_buckets

        dice = random.Random(4)
        for days in ((0, 3), (2, 6)):
            self.send(
                [
                    self.record(
                        f"Z{dice.randrange(5)}-0002",
                        dice.randrange(1000),
                        utc(2026, 5, 1) + timedelta(minutes=dice.randrange(days[0] * 1440, days[1] * 1440)),
                        external_id=f"{days}{number}",
                        dimensions={"band": dice.choice(["a;b", "c\\d"])},
                    )
                    for number in range(2_000)
                ]
            )
        self.assertEqual(rebuild_buckets(self.env.cr, self.lines.ids), 0)

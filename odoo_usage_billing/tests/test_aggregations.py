"""Aggregations in SQL and by the kernel's reference, on the same stored events: the same digits."""

import random
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from odoo.tests import tagged

from ..invoicing.measure_parts import read_dimension_key
from ..invoicing.measures import Need, measure
from ..rating.interval import Interval, instants
from ..store.buckets import rebuild_buckets
from ..store.records import dimension_key, plain
from .common import UsageCommon, utc
from .reference import expected, stored_events, stored_stays, within

ZONE = "Europe/Brussels"
# A fortnight around the day of 25 hours and one around the day of 23; the change, and its day.
SEASONS = {
    "autumn": (date(2025, 10, 20), date(2025, 10, 26)),
    "spring": (date(2026, 3, 22), date(2026, 3, 29)),
}
SEEDS = (1, 2, 3, 4)
ONE_DAY = timedelta(days=1)
VARIANTS = [
    {"aggregation": "sum"},
    {"aggregation": "count"},
    {"aggregation": "unique_count", "unique_by": "subject"},
    {"aggregation": "unique_count", "unique_by": "end_user"},
    {"aggregation": "unique_count", "unique_by": "dimension", "unique_dimension": "who"},
    {"aggregation": "max"},
    {"aggregation": "latest"},
    {"aggregation": "average"},
    {"aggregation": "time_weighted_average"},
    {"aggregation": "percentile", "percentile": 95},
    {"aggregation": "percentile", "percentile": 50},
    {"aggregation": "percentile", "percentile": 1},
]


class AggregationCommon(UsageCommon):
    """Three lines of one contract for one gauge, and the metric that the tests change as they need."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.metric.write({"accept_negative": True, "slot_minutes": "30", "price_dimensions": "class"})
        card = cls.make_card(charge_model="per_unit", unit_price=1)
        cls.contract = cls.make_contract([cls.usage_line(card, date_start=date(2025, 1, 1)) for _ in range(3)])
        cls.lines = cls.contract.contract_line_ids
        cls.people = cls.env["res.partner"].create([{"name": ref, "ref": ref} for ref in ("ada", "bob")])

    def subject(self, code, *stays):
        """A subject with (line, start, end) assignments."""
        subject = self.env["usage.subject"].create({"code": code, "company_id": self.company.id})
        self.env["usage.assignment"].create(
            [
                {"subject_id": subject.id, "contract_line_id": line.id, "start_at": start, "end_at": end}
                for line, start, end in stays
            ]
        )
        return subject

    def need(self, key, date_start, date_end, lines=None, detail=""):
        lines = self.lines if lines is None else lines
        return Need(key, tuple(lines.ids), self.metric, date_start, date_end, ZONE, detail)

    def one(self, date_start, date_end, lines=None, detail="", **metric):
        """What a single need measures."""
        self.metric.write(metric)
        return measure(self.env, [self.need("it", date_start, date_end, lines, detail)])["it"]


@tagged("post_install", "-at_install")
class TestAggregations(AggregationCommon):
    """Random events through the real writer: every aggregation equals its definition."""

    def scatter(self, seed, first):
        """Subjects that move, come late or leave, and some hundred events in several batches."""
        rng = random.Random(seed)
        start = datetime(first.year, first.month, first.day)
        codes = []
        for number in range(6):
            codes.append(f"S{seed}{number}")
            moment, stays = start - timedelta(hours=rng.randrange(900)), []
            for _ in range(rng.randint(1, 4)):
                line, stay = rng.choice(self.lines), timedelta(minutes=rng.randrange(30, 20000))
                stays.append((line, moment, moment + stay))
                moment += stay + rng.choice((timedelta(0), timedelta(seconds=rng.randrange(90000))))
            line, moment, _end = stays.pop()
            self.subject(codes[-1], *stays, (line, moment, None if rng.random() < 0.6 else moment + stay))
        for batch in range(4):
            self.send([self.random_record(rng, codes, start, f"{seed}-{batch}-{row}") for row in range(120)])

    def random_record(self, rng, codes, start, external_id):
        """One event; instants repeat, quantities have any sign and many decimals."""
        step = rng.choice((ONE_DAY, timedelta(hours=1), timedelta(minutes=15), timedelta(microseconds=1)))
        span = timedelta(days=rng.choice((14, 14, 45)))
        at = start + span * rng.random() - (span - timedelta(days=14))
        at = datetime.min + (at - datetime.min) // step * step
        dimensions = {"class": rng.choice(("hot", "cold")), "who": rng.choice(("x", "y", "z", ""))}
        return self.record(
            rng.choice(codes),
            rng.choice(("0", f"{rng.randint(-500, 5000)}", f"{rng.randint(-(10**18), 10**18)}e-{rng.randint(1, 12)}")),
            utc(*at.timetuple()[:6], at.microsecond),
            external_id=external_id,
            amount=Decimal(rng.randint(-999, 9999)) / 100 if rng.random() < 0.5 else None,
            dimensions=rng.choice((None, dimensions, {"class": dimensions["class"]})),
            end_user=rng.choice((None, "ada", "bob")),
        )

    def take_back(self, seed):
        """Some events are taken back, others replaced, some of them twice."""
        rng = random.Random(-seed)
        events = self.env["usage.event"].search([("metric_id", "=", self.metric.id)], order="id")
        codes = sorted(set(events.subject_id.mapped("code")))
        instants_of = {event.external_id: event.occurred_at for event in events}
        named = rng.sample(sorted(instants_of), len(instants_of) // 2)
        for step in range(2):
            batch = []
            for name in named:
                record = self.random_record(rng, codes, datetime(2026, 3, 20), f"{name}/{step}")
                if rng.random() < 0.7:
                    record = record._replace(occurred_at=instants_of[name].replace(tzinfo=timezone.utc))
                instants_of[record.external_id] = record.occurred_at.replace(tzinfo=None)
                batch.append(record._replace(**{rng.choice(("voids", "replaces")): name}))
            self.send(batch)
            named = [record.external_id for record in batch if record.replaces and rng.random() < 0.5]
        self.assertEqual(rebuild_buckets(self.env.cr, self.lines.ids), 0)

    def needs(self, first, changed_on):
        """Each line, two and all of them; the day of the change, its neighbours, weeks, a day long after."""
        spans = [
            (changed_on - ONE_DAY, changed_on),
            (changed_on, changed_on + ONE_DAY),
            (changed_on + ONE_DAY, changed_on + 3 * ONE_DAY),
            (first, first + 7 * ONE_DAY),
            (first, first + 14 * ONE_DAY),
            (first + 300 * ONE_DAY, first + 301 * ONE_DAY),
        ]
        sets = [*self.lines, self.lines[:2], self.lines]
        return [self.need((tuple(lines.ids), span), *span, lines) for lines in sets for span in spans]

    def compare(self, seed, first, changed_on):
        events, stays = stored_events(self.env, self.metric), stored_stays(self.env, self.metric)
        rows = stored_events(self.env, self.metric, standing=False)
        self.assertGreater(len(events), 50)
        needs = self.needs(first, changed_on)
        for variant in VARIANTS:
            for per_subject in (False, True):
                self.metric.write({**variant, "per_subject": per_subject})
                found = measure(self.env, needs)
                for need in needs:
                    with self.subTest(seed=seed, **variant, per_subject=per_subject, need=need.key):
                        mine = within(need, events)
                        result = found[need.key]
                        self.assertEqual(plain(result.quantity), plain(expected(need, events, stays)))
                        self.assertEqual(result.amount, sum(event.amount for event in mine))
                        self.assertEqual(result.event_count, len(within(need, rows)))

    def test_every_aggregation_equals_its_definition(self):
        for seed in SEEDS:
            first, changed_on = SEASONS["autumn" if seed % 2 else "spring"]
            with self.subTest(seed=seed, first=first), self.env.cr.savepoint() as savepoint:
                self.scatter(seed, first)
                self.compare(seed, first, changed_on)
                self.take_back(seed)
                self.compare(seed, first, changed_on)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_the_days_of_23_and_25_hours_are_in_it(self):
        hours = [
            (end - start) / timedelta(hours=1)
            for _first, changed_on in SEASONS.values()
            for start, end in [instants(Interval(changed_on, changed_on + ONE_DAY), ZONE)]
        ]
        self.assertEqual(hours, [25, 23])

    def test_no_events_are_zero(self):
        for variant in VARIANTS:
            with self.subTest(**variant):
                for date_end in (date(2026, 2, 1), date(2026, 1, 1)):
                    self.assertEqual(self.one(date(2026, 1, 1), date_end, **variant), (0, 0, 0, ()))

    def test_a_large_average_keeps_every_digit(self):
        self.subject("A", (self.lines[0], datetime(2025, 1, 1), None))
        self.send([self.record("A", n, utc(2026, 1, n + 1), external_id=f"{n}") for n in (1, 2)])
        self.send([self.record("A", "299999999999999999999.5", utc(2026, 1, 9))])
        # (1 + 2 + 299999999999999999999.5) / 3 = 100000000000000000000.8333...
        result = self.one(date(2026, 1, 1), date(2026, 2, 1), aggregation="average")
        self.assertEqual(str(result.quantity), "100000000000000000000.833333333")

    def test_a_tie_at_midnight_goes_to_the_event_stored_last(self):
        for code in ("A", "B"):
            self.subject(code, (self.lines[0], datetime(2025, 1, 1), None))
        at = utc(2026, 1, 15)
        # The bucket that decides is neither the newest nor the oldest one.
        self.send([self.record("B", 1, at - ONE_DAY / 4, dimensions={"class": "hot"})])
        self.send([self.record("A", 1, at - ONE_DAY / 4, dimensions={"class": "hot"})])
        self.send([self.record("B", 20, at, dimensions={"class": "hot"})])
        self.send([self.record("A", 10, at, dimensions={"class": "cold"})])
        self.send([self.record("A", 11, at, external_id="z", dimensions={"class": "hot"})])
        january = date(2026, 1, 1), date(2026, 2, 1)
        self.assertEqual(self.one(*january, aggregation="latest").quantity, 11)
        self.assertEqual(self.one(*january, aggregation="latest", per_subject=True).quantity, 31)
        # February has no reading: January's last ones hold.
        february = date(2026, 2, 1), date(2026, 3, 1)
        levels = {"aggregation": "time_weighted_average"}
        self.assertEqual(self.one(*february, **levels, per_subject=True).quantity, 31)
        self.assertEqual(self.one(*february, **levels, per_subject=False).quantity, 11)


@tagged("post_install", "-at_install")
class TestLevels(AggregationCommon):
    """The time-weighted average in sums that fit a comment."""

    def level(self, lines, date_start=date(2026, 3, 1), date_end=date(2026, 4, 1)):
        return self.one(date_start, date_end, lines, aggregation="time_weighted_average", per_subject=True).quantity

    def test_a_level_comes_along_when_its_subject_moves(self):
        moved = datetime(2026, 6, 16)
        first, second, _third = self.lines
        self.subject("A", (first, datetime(2025, 1, 1), moved), (second, moved, None))
        self.send([self.record("A", 30, utc(2026, 2, 1))])
        june = date(2026, 6, 1), date(2026, 7, 1)
        # 1 June begins at 22:00 UTC of 31 May: 15 days and 2 hours of 30 days on the first line.
        self.assertEqual(self.level(first, *june), Decimal("15.083333333"))
        self.assertEqual(self.level(second, *june), Decimal("14.916666667"))
        self.assertEqual(self.level(first + second, *june), 30)

    def test_a_level_stays_with_its_customer(self):
        card = self.make_card(charge_model="per_unit", unit_price=1)
        other = self.make_contract(
            [self.usage_line(card)], partner_id=self.env["res.partner"].create({"name": "Other"}).id
        ).contract_line_ids
        moved = datetime(2026, 6, 16)
        self.subject("A", (self.lines[0], datetime(2025, 1, 1), moved), (other, moved, None))
        self.send([self.record("A", 30, utc(2026, 6, 2))])
        self.assertEqual(self.level(other, date(2026, 6, 1), date(2026, 7, 1)), 0)
        self.assertEqual(self.level(other, date(2026, 7, 1), date(2026, 8, 1)), 0)

    def test_a_level_comes_along_from_a_contract_in_another_zone(self):
        self.metric.slot_minutes = False
        card = self.make_card(charge_model="per_unit", unit_price=1)
        tokyo = self.make_contract([self.usage_line(card)], usage_tz="Asia/Tokyo").contract_line_ids
        # June begins in Brussels at 22:00 UTC of 31 May; in Tokyo it is the morning of 1 June then.
        came, left = datetime(2026, 5, 31, 22), datetime(2026, 5, 31, 22, 45)
        self.subject("A", (tokyo, datetime(2025, 1, 1), came), (self.lines[0], came, left), (tokyo, left, None))
        june = date(2026, 6, 1), date(2026, 7, 1)
        self.send([self.record("A", 960, utc(2026, 5, 31, 21, 30))])
        # 960 x 45 minutes of 720 hours = 1, also when a bucket of Tokyo's day has a later reading
        self.assertEqual(self.level(self.lines, *june), 1)
        self.send([self.record("A", 5, utc(2026, 5, 31, 22, 50))])
        self.assertEqual(self.level(self.lines, *june), 1)

    def test_the_day_of_23_hours_is_divided_by_23(self):
        self.subject("A", (self.lines[0], datetime(2025, 1, 1), None))
        # 1 o'clock UTC is 3 o'clock, two hours after midnight: 2 x 46 + 21 x 23 = 575 = 25 x 23
        self.send([self.record("A", 46, utc(2026, 1, 1)), self.record("A", 23, utc(2026, 3, 29, 1))])
        self.assertEqual(self.level(self.lines, date(2026, 3, 29), date(2026, 3, 30)), 25)

    def test_a_subject_that_left_counts_no_more(self):
        self.subject("A", (self.lines[0], datetime(2025, 1, 1), datetime(2026, 2, 10)))
        self.send([self.record("A", 30, utc(2026, 1, 1))])
        self.assertEqual(self.level(self.lines), 0)
        self.assertEqual(self.one(date(2026, 3, 1), date(2026, 4, 1), per_subject=False).quantity, 30)


@tagged("post_install", "-at_install")
class TestParts(AggregationCommon):
    """What prices look at beside the quantity."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.metric.price_dimensions = "class,place"

    def setUp(self):
        super().setUp()
        self.subject("A", (self.lines[0], datetime(2025, 1, 1), None))

    def january(self, detail, **metric):
        return self.one(date(2026, 1, 1), date(2026, 2, 1), None, detail, **metric).parts

    def test_events_come_in_order_with_their_money_and_instant(self):
        self.send([self.record("A", "2.50", utc(2026, 1, 9), dimensions={"class": "hot", "n": 7, "none": None})])
        self.send([self.record("A", 1, utc(2026, 1, 8, 12, 30), amount=Decimal("3.1"))])
        self.assertEqual(
            self.january("events"),
            (
                {"quantity": "1", "amount": "3.1", "started_at": "2026-01-08T12:30:00+00:00"},
                {
                    "quantity": "2.5",
                    "amount": "2.5",
                    "started_at": "2026-01-09T00:00:00+00:00",
                    "dimensions": {"class": "hot", "n": "7"},
                },
            ),
        )

    def test_slots_are_told_apart_by_weekday_minute_and_dimension(self):
        # 5 and 12 January are Mondays; 08:40 UTC is 09:40 in Brussels.
        for day, kind in ((5, "hot"), (12, "hot"), (12, "cold"), (13, "hot")):
            self.send([self.record("A", day, utc(2026, 1, day, 8, 40), f"{day}{kind}", dimensions={"class": kind})])
        wanted = {(0, 570, "class=cold"): "12", (0, 570, "class=hot"): "17", (1, 570, "class=hot"): "13"}
        found = {(p["weekday"], p["minute"], p["dimension_key"]): p["quantity"] for p in self.january("slots")}
        self.assertEqual(found, wanted)
        counted = {p["quantity"] for p in self.january("slots", aggregation="count")}
        self.assertEqual(counted, {"1", "2"})

    def test_dimensions_are_summed_with_their_money(self):
        for row, kind in enumerate(("a=b", "a=b", "c d\t\"'", "")):
            self.send([self.record("A", 4, external_id=f"{row}", amount=Decimal(row), dimensions={"class": kind})])
        found = sorted(self.january("dimensions"), key=lambda part: part["amount"])
        self.assertEqual(
            found,
            [
                {"dimensions": {"class": "a=b"}, "quantity": "8", "amount": "1"},
                {"dimensions": {"class": "c d\t\"'"}, "quantity": "4", "amount": "2"},
                {"dimensions": {}, "quantity": "4", "amount": "3"},
            ],
        )

    def test_a_dimension_key_is_read_back(self):
        rng = random.Random(5)
        for _ in range(500):
            wanted = {
                name: "".join(rng.choice("ab=:, \n\t\"'é%|") for _ in range(rng.randint(1, 6)))
                for name in ("class", "place")
            }
            self.assertEqual(read_dimension_key(dimension_key(wanted, ("class", "place"))), wanted)

    def test_escaped_signs_of_a_dimension_key_are_read_back(self):
        self.assertEqual(
            read_dimension_key(r"a\=b=c\;d\\;e=f=\\\;\\"),
            {"a=b": "c;d\\", "e": "f=\\;\\"},
        )

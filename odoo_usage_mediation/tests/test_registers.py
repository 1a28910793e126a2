import random
from decimal import Decimal

import psycopg2

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.odoo_usage_billing.tests.common import utc

from ..registers.rehearsal import rehearse
from .register_common import START, RegisterCase


@tagged("post_install", "-at_install")
class TestRegisters(RegisterCase):
    """What a counter shows becomes usage between two readings: nothing invented, nothing lost."""

    def test_usage_is_the_difference_of_two_readings(self):
        batch = self.send([self.read(0, 100), self.read(24, 130), self.read(48, "130.5")])
        self.assertEqual(self.counts(batch), (3, 3, 0, 0))
        self.assertEqual(self.standing(), [(24, 30), (48, 0.5)])
        again = self.send([self.read(24, 130), self.read(72, 140)])
        self.assertEqual(self.counts(again), (2, 1, 1, 0))
        self.assertEqual(self.standing()[-1], (72, 9.5))
        register = self.env["usage.register"].search([("source_id", "=", self.source.id)])
        self.assertEqual((register.last_value, register.reading_count, register.state), (140, 4, "running"))

    def test_a_reading_of_midnight_ends_the_day_before(self):
        midnight = utc(2026, 1, 31, 23)  # 1 February in Brussels
        self.send([self.read(0, 100)])
        self.send([self.record("PRN0001", 150, midnight, "m")])
        event = self.env["usage.event"].search([("contract_line_id", "=", self.line.id)])
        self.assertEqual(str(event.usage_date), "2026-01-31")

    def test_a_late_reading_splits_usage_and_keeps_its_total(self):
        self.send([self.read(0, 100), self.read(48, 160), self.read(72, 200)])
        late = self.send([self.read(36, 150), self.read(24, 110)])
        self.assertEqual(self.counts(late), (2, 2, 0, 0))
        self.assertEqual(self.standing(), [(24, 10), (36, 40), (48, 10), (72, 40)])
        self.send([self.read(-24, 90), self.read(96, 205)])
        self.assertEqual(self.standing(), [(0, 10), (24, 10), (36, 40), (48, 10), (72, 40), (96, 5)])

    def test_what_a_counter_shows_is_not_valued_as_if_it_were_used(self):
        self.source.register_max_per_day = 100
        batch = self.send([self.read(0, 100), self.read(24, 10_000_100)])
        waiting = batch.suspense_ids
        self.assertEqual((waiting.reason_code, waiting.quantity_text), ("implausible_delta", "10000100"))
        # 10,000,100 x 0.01 would be 100,001.00 that nobody used
        self.assertEqual(waiting.amount_estimate, 0)
        waiting.amount_estimate = 100_001
        waiting._estimate_value()
        self.assertEqual(waiting.amount_estimate, 0)

    def test_a_late_reading_of_an_invoiced_period_waits(self):
        self.source.late_policy = "suspend"
        self.send([self.read(0, 100), self.read(48, 160)])
        self.run_billing()
        batch = self.send([self.read(24, 110)])
        self.assertEqual(batch.suspense_ids.reason_code, "locked_period")
        self.assertEqual(self.standing(), [(48, 60)])

    def test_an_estimate_below_the_one_before_takes_back_what_that_gave_too_much(self):
        estimates = [self.read(24, 150, "estimated"), self.read(48, 140, "estimated")]
        batch = self.send([self.read(0, 100), *estimates])
        self.assertEqual(self.counts(batch), (3, 3, 0, 0))
        self.send([self.read(72, 145)])
        # 50, then 10 of it back, then 145 - 100 - 40
        self.assertEqual(self.standing(), [(24, 50), (48, -10), (72, 5)])

    def test_estimates_are_trued_up_by_the_next_actual_reading(self):
        self.send([self.read(0, 100), self.read(24, 150, "estimated"), self.read(48, 190, "estimated")])
        self.send([self.read(72, 170)])
        self.assertEqual(self.standing(), [(24, 50), (48, 40), (72, -20)])
        # An actual reading that comes late between them tells more: 100, 130, then an estimate too low.
        self.send([self.read(36, 130)])
        self.assertEqual(sum(quantity for _at, quantity in self.standing()), 70)

    def test_rollover_reset_and_replacement(self):
        self.source.register_rollover = 1000
        self.send([self.read(0, 990), self.read(1, 5)])
        self.assertEqual(self.standing(), [(1, 15)])
        batch = self.send([self.read(2, 1200), self.read(3, 2)])
        self.assertEqual(batch.suspense_ids.mapped("reason_code"), ["implausible_delta", "reading_above_rollover"])
        self.send([self.read(4, 10, "closing")])
        register = self.env["usage.register"].search([("source_id", "=", self.source.id)])
        self.assertEqual(register.state, "replacing")
        batch = self.send([self.read(5, 9)])
        self.assertEqual(batch.suspense_ids.reason_code, "replacement_incomplete")
        self.send([self.read(6, 3, "opening"), self.read(7, 8)])
        self.assertEqual(self.standing(), [(1, 15), (4, 5), (7, 5)])

    def test_a_fall_without_a_declared_size_waits_and_the_next_good_reading_covers_it(self):
        batch = self.send([self.read(0, 100), self.read(1, 20), self.read(2, 130)])
        self.assertEqual(self.counts(batch), (3, 2, 0, 1))
        self.assertEqual(batch.suspense_ids.reason_code, "counter_rollover_undeclared")
        self.assertEqual(self.standing(), [(2, 30)])

    def test_a_spike_waits(self):
        self.source.register_spike_factor = 5
        self.send([self.read(hour, 100 + 10 * hour) for hour in range(6)])
        batch = self.send([self.read(6, 301)])
        self.assertEqual(batch.suspense_ids.reason_code, "implausible_delta")
        self.assertEqual(batch.suspense_ids.reason_params, {"delta": "151", "limit": "50"})
        self.source.register_spike_factor = 0
        batch.suspense_ids.action_recycle()
        self.assertEqual(batch.suspense_ids.state, "recycled")
        self.assertEqual(self.standing()[-1], (6, 151))

    def test_usage_that_the_store_refuses_waits_by_itself(self):
        self.env["usage.assignment"].search([("subject_id.code", "=", "PRN0002")]).end_at = START.replace(tzinfo=None)
        batch = self.send([self.read(0, 100, subject="PRN0002"), self.read(24, 130, subject="PRN0002")])
        self.assertEqual(self.counts(batch), (2, 1, 0, 1))
        self.assertEqual(batch.suspense_ids.reason_code, "no_assignment")
        self.env["usage.assignment"].search([("subject_id.code", "=", "PRN0002")]).end_at = False
        batch.suspense_ids.action_recycle()
        self.assertEqual(self.standing(), [(24, 30)])
        self.send([self.read(48, 131, subject="PRN0002")])
        self.assertEqual(self.standing(), [(24, 30), (48, 1)])

    def test_unknown_serials_wait_and_are_recycled_as_readings(self):
        suspense = self.send([self.read(0, 100, subject="NEW0001"), self.read(1, 130, subject="NEW0001")]).suspense_ids
        self.assertEqual(set(suspense.mapped("reason_code")), {"unknown_subject"})
        self.make_subjects(self.line, 1, prefix="NEW")
        suspense.action_recycle()
        self.assertEqual(set(suspense.mapped("state")), {"recycled"})
        self.assertEqual(self.standing(), [(1, 30)])

    def test_a_recycled_reading_keeps_its_kind(self):
        self.source.register_max_per_day = 1
        suspense = self.send([self.read(0, 100), self.read(24, 130, "estimated")]).suspense_ids
        self.assertEqual(suspense.reason_code, "implausible_delta")
        self.env["usage.register"].search([("source_id", "=", self.source.id)]).max_per_day = 0
        suspense.action_recycle()
        readings = self.env["usage.reading"].search([("source_id", "=", self.source.id)], order="read_at")
        self.assertEqual(readings.mapped("kind"), ["actual", "estimated"])

    def test_readings_are_facts(self):
        batch = self.send([self.read(0, 100), self.read(1, 130)])
        reading = self.env["usage.reading"].search([("batch_id", "=", batch.id)], limit=1)
        with self.assertRaises(UserError):
            reading.write({"value": 1})
        with self.assertRaises(UserError):
            reading.unlink()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.RestrictViolation),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute("UPDATE usage_reading SET value = 1")

    def test_one_id_with_two_values_is_a_conflict(self):
        self.send([self.read(0, 100)])
        batch = self.send([self.read(0, 101)])
        self.assertEqual(batch.suspense_ids.reason_code, "conflict")

    def test_any_order_of_arrival_gives_the_same_usage(self):
        for seed in range(5):
            rng = random.Random(seed)
            code = f"R{seed}"
            self.make_subjects(self.line, 1, prefix=code)
            values, value = [], Decimal(rng.randrange(1000))
            for hour in range(12):
                values.append(self.read(hour, value, subject=f"{code}0001"))
                value += Decimal(rng.randrange(0, 5000)) / 100
            rng.shuffle(values)
            while values:
                size = rng.randint(1, 4)
                self.assertEqual(self.send(values[:size]).suspended_count, 0)
                values = values[size:]
            found = self.env["usage.event"].search([("subject_id.code", "=", f"{code}0001")])
            standing = found.filtered(lambda e: not e.voids_event_id and not e.is_voided)
            self.assertEqual(len(standing), 11)
            self.env.cr.execute(
                "SELECT SUM(quantity)::text FROM usage_event WHERE subject_id = %s", standing.subject_id.ids
            )
            readings = self.env["usage.reading"].search([("subject_code", "=", f"{code}0001")])
            self.env.cr.execute(
                "SELECT MAX(value) - MIN(value), (SELECT SUM(quantity) FROM usage_event"
                " WHERE subject_id = %s) FROM usage_reading WHERE id = ANY(%s)",
                (standing.subject_id.id, readings.ids),
            )
            self.assertEqual(*self.env.cr.fetchone())

    def test_a_preview_says_what_readings_will_become_and_keeps_nothing(self):
        self.send([self.read(0, 100), self.read(24, 130)])
        again, fallen, new = self.read(24, 130), self.read(36, 5), self.read(48, 150)
        strange = self.read(48, 1, subject="NOBODY")
        good, refusals, duplicates = rehearse(self.source, [again, fallen, new, strange], utc(2026, 2, 1))
        self.assertEqual((good, duplicates), ([new], [again]))
        self.assertEqual(
            {refusal.record.external_id: refusal.reason for refusal in refusals},
            {fallen.external_id: "counter_rollover_undeclared", strange.external_id: "unknown_subject"},
        )
        self.assertEqual(self.standing(), [(24, 30)])
        self.assertEqual(self.counts(self.send([again, fallen, new, strange])), (4, 1, 1, 2))

    def test_usage_that_a_late_reading_brings_and_nobody_owns_is_told_with_that_reading(self):
        self.env["usage.subject"].create({"code": "FREE", "company_id": self.company.id})
        self.send([self.read(24, 130, subject="FREE")])
        late = self.read(0, 100, subject="FREE")
        good, refusals, duplicates = rehearse(self.source, [late], utc(2026, 2, 1))
        self.assertEqual((good, duplicates), ([], []))
        self.assertEqual([refusal.record.external_id for refusal in refusals], [late.external_id])
        self.assertEqual(self.counts(self.send([late])), (1, 0, 0, 1))

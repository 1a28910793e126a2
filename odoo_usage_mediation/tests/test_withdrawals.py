import random
from decimal import Decimal

import psycopg2

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.odoo_usage_billing.store.buckets import rebuild_buckets

from .register_common import HOUR, START, RegisterCase


class WithdrawalCase(RegisterCase):
    """Two printers whose counters are read, and a record that takes a reading back."""

    def standing(self, subject="PRN0001"):
        return super().standing(subject)

    def withdraw(self, name, by="wrong"):
        return self.send([self.read(0, 0, external_id=by, voids=name)])


@tagged("post_install", "-at_install")
class TestWithdrawals(WithdrawalCase):
    """A wrong reading is taken back or replaced; usage is again the difference of the readings that count."""

    def test_a_withdrawn_reading_leaves_the_difference_of_its_neighbours(self):
        self.send([self.read(0, 100), self.read(24, 1500), self.read(48, 1600), self.read(72, 1610)])
        batch = self.withdraw("PRN0001@24")
        self.assertEqual(self.counts(batch), (1, 1, 0, 0))
        self.assertEqual(self.standing(), [(48, 1500), (72, 10)])
        again = self.withdraw("PRN0001@24")
        self.assertEqual(self.counts(again), (1, 0, 1, 0))
        resent = self.send([self.read(24, 1500)])
        self.assertEqual(self.counts(resent), (1, 0, 1, 0), "what was withdrawn stays so")
        reading = self.env["usage.reading"].search([("external_id", "=", "PRN0001@24")])
        self.assertEqual((reading.state, reading.withdrawal_ids.external_id), ("withdrawn", "wrong"))
        self.assertEqual(self.env["usage.reading"].search_count([("state", "=", "standing")]), 3)

    def test_a_replaced_reading_counts_as_corrected_also_under_its_own_id(self):
        self.send([self.read(0, 100), self.read(24, 1500)])
        waiting = self.send([self.read(48, 160)]).suspense_ids
        self.assertEqual(waiting.reason_code, "counter_rollover_undeclared")
        self.send([self.read(24, 150, external_id="right", replaces="PRN0001@24")])
        self.assertEqual(self.standing(), [(24, 50)])
        waiting.action_recycle()
        self.assertEqual(self.standing(), [(24, 50), (48, 10)])
        batch = self.send([self.read(48, 170, replaces="PRN0001@48")])
        self.assertEqual(self.counts(batch), (1, 1, 0, 0))
        self.assertEqual(self.standing(), [(24, 50), (48, 20)])
        self.assertEqual(self.counts(self.send([self.read(48, 160)])), (1, 0, 1, 0))
        self.assertEqual(self.counts(self.send([self.read(48, 165)])), (1, 0, 0, 1))

    def test_the_first_the_last_and_the_only_reading_go(self):
        self.send([self.read(0, 100), self.read(24, 130), self.read(48, 135)])
        self.withdraw("PRN0001@48", "w1")
        self.assertEqual(self.standing(), [(24, 30)])
        self.withdraw("PRN0001@0", "w2")
        self.assertEqual(self.standing(), [])
        self.withdraw("PRN0001@24", "w3")
        register = self.env["usage.register"].search([("source_id", "=", self.source.id)])
        self.assertEqual((register.last_at, register.tracking["state"]), (False, None))
        self.send([self.read(60, 7), self.read(61, 9)])
        self.assertEqual(self.standing(), [(61, 2)])
        self.send([self.read(0, 1, external_id="new")])
        self.assertEqual(self.standing(), [(60, 6), (61, 2)])

    def test_a_reading_of_the_wrong_device_moves_to_the_right_one(self):
        self.send([self.read(0, 100), self.read(24, 777), self.read(48, 800)])
        self.send([self.read(0, 700, subject="PRN0002"), self.read(48, 790, subject="PRN0002")])
        self.send([self.read(24, 777, subject="PRN0002", external_id="moved", replaces="PRN0001@24")])
        self.assertEqual(self.standing(), [(48, 700)])
        self.assertEqual(self.standing("PRN0002"), [(24, 77), (48, 13)])

    def test_going_back_and_forth_to_the_same_figures_counts_each_time(self):
        self.send([self.read(0, 100), self.read(24, 110), self.read(48, 130)])
        for turn in range(3):
            self.withdraw("PRN0001@24" if not turn else f"again{turn}", f"w{turn}")
            self.assertEqual(self.standing(), [(48, 30)])
            self.send([self.read(24, 110, external_id=f"again{turn + 1}")])
            self.assertEqual(self.standing(), [(24, 10), (48, 20)])

    def test_corrections_in_the_file_of_their_readings(self):
        batch = self.send(
            [
                self.read(0, 0, external_id="w", voids="PRN0001@24"),
                self.read(0, 100),
                self.read(24, 900),
                self.read(48, 950),
                self.read(48, 130, external_id="r", replaces="PRN0001@48"),
            ]
        )
        self.assertEqual(self.counts(batch), (5, 5, 0, 0))
        self.assertEqual(self.standing(), [(48, 30)])

    def test_what_would_not_be_certain_is_refused_and_nothing_changes(self):
        self.send([self.read(0, 100), self.read(24, 150, "closing"), self.read(25, 0, "opening"), self.read(48, 9)])
        for name, reason in (("PRN0001@24", "replacement_incomplete"), ("nothing", "unknown_correction")):
            batch = self.withdraw(name, f"w-{name}")
            self.assertEqual(batch.suspense_ids.reason_code, reason)
        self.assertEqual(self.standing(), [(24, 50), (48, 9)])
        self.send([self.read(24, 0, external_id="x", voids="PRN0001@48")])
        batch = self.send([self.read(24, 0, external_id="y", voids="PRN0001@48")])
        self.assertEqual(batch.suspense_ids.reason_code, "voided_already")

    def test_a_closed_period_gets_its_adjustment(self):
        self.send([self.read(0, 100), self.read(24, 1100), self.read(48, 1200)])
        self.run_billing()
        self.withdraw("PRN0001@48")
        self.send([self.read(24, 150, external_id="right", replaces="PRN0001@24")])
        self.contract._usage_look()
        adjustment = self.env["usage.adjustment"].search([("contract_id", "=", self.contract.id)])
        # 1100 pages were billed, 50 count: 1050 x 0.01 less.
        self.assertEqual(sum(adjustment.filtered(lambda a: a.state != "superseded").mapped("amount")), -10.5)

    def test_a_closed_period_that_refuses_late_usage_keeps_its_reading(self):
        self.source.late_policy = "suspend"
        self.send([self.read(0, 100), self.read(48, 160)])
        self.run_billing()
        batch = self.withdraw("PRN0001@48")
        self.assertEqual(batch.suspense_ids.reason_code, "locked_period")
        self.assertEqual(self.standing(), [(48, 60)])

    def test_usage_in_suspense_goes_with_its_reading(self):
        assignment = self.env["usage.assignment"].search([("subject_id.code", "=", "PRN0001")])
        assignment.end_at = START.replace(tzinfo=None)
        batch = self.send([self.read(0, 100), self.read(24, 130), self.read(48, 140)])
        self.assertEqual(set(batch.suspense_ids.mapped("reason_code")), {"no_assignment"})
        self.withdraw("PRN0001@24")
        waiting = self.env["usage.suspense"].search([("source_id", "=", self.source.id), ("state", "=", "open")])
        self.assertEqual(waiting.mapped("quantity_text"), ["40"])
        assignment.end_at = False
        waiting.action_recycle()
        self.assertEqual(self.standing(), [(48, 40)])

    def test_a_batch_of_readings_is_taken_back_and_may_come_again(self):
        self.send([self.read(0, 100), self.read(48, 160)])
        batch = self.send([self.read(24, 110), self.read(72, 170), self.read(0, 5, subject="PRN0002")])
        self.assertEqual(self.standing(), [(24, 10), (48, 50), (72, 10)])
        self.assertEqual(batch._count_voidable(), (3, 0))
        self.assertEqual(self.standing(), [(24, 10), (48, 50), (72, 10)])
        void = batch.action_void("Wrong site")
        self.assertEqual((void.accepted_count, batch.void_state), (3, "voided"))
        self.assertEqual(self.standing(), [(48, 60)])
        again = self.send([self.read(24, 110), self.read(72, 170), self.read(0, 5, subject="PRN0002")])
        self.assertEqual(self.counts(again), (3, 3, 0, 0))
        self.assertEqual(self.standing(), [(24, 10), (48, 50), (72, 10)])

    def test_a_batch_leaves_what_a_chain_cannot_do_without(self):
        self.send([self.read(0, 100)])
        batch = self.send([self.read(24, 150, "closing"), self.read(0, 1, subject="PRN0002")])
        self.send([self.read(25, 0, "opening"), self.read(48, 9)])
        self.assertEqual(batch._count_voidable(), (1, 1))
        batch.action_void("Wrong site")
        self.assertEqual((batch.void_state, batch.locked_count), ("partly", 1))
        self.assertEqual(self.standing(), [(24, 50), (48, 9)])

    def test_a_withdrawn_reading_stays_withdrawn(self):
        self.send([self.read(0, 100), self.read(24, 130)])
        self.withdraw("PRN0001@24")
        withdrawal = self.env["usage.reading.withdrawal"].search([])
        with self.assertRaises(UserError):
            withdrawal.reason = "other"
        with self.assertRaises(UserError):
            withdrawal.unlink()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.RestrictViolation),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute("DELETE FROM usage_reading_withdrawal")

    def ask(self, *names):
        readings = self.env["usage.reading"].search([("external_id", "in", names), ("state", "=", "standing")])
        operator = new_test_user(
            self.env,
            login=f"operator-{self.env['res.users'].search_count([])}",
            groups="odoo_usage_billing.group_usage_operator",
            company_id=self.company.id,
        )
        return (
            self.env["usage.reading.withdraw"]
            .with_user(operator)
            .browse(readings.with_user(operator).action_withdraw()["res_id"])
        )

    def test_a_person_withdraws_after_a_look_at_what_changes(self):
        self.send([self.read(0, 100), self.read(24, 1500), self.read(48, 1600)])
        wizard = self.ask("PRN0001@24")
        self.assertEqual(
            [(line.before, line.after, line.difference) for line in wizard.line_ids],
            [("1400", "", "-1400"), ("100", "1500", "1400")],
        )
        self.assertEqual(self.standing(), [(24, 1400), (48, 100)], "a look changes nothing")
        with self.assertRaisesRegex(UserError, "why"):
            wizard.action_confirm()
        wizard.reason = "Typing error"
        wizard.action_confirm()
        self.assertEqual(self.standing(), [(48, 1500)])
        withdrawal = self.env["usage.reading.withdrawal"].search([])
        self.assertEqual((withdrawal.reason, withdrawal.create_uid), ("Typing error", wizard.env.user))

    def test_a_person_replaces_a_reading_also_on_another_device(self):
        self.send([self.read(0, 100), self.read(24, 1500), self.read(0, 1400, subject="PRN0002")])
        wizard = self.ask("PRN0001@24")
        wizard.write({"mode": "replace", "reason": "Wrong meter", "value": "x"})
        wizard.action_look()
        self.assertIn("plain number", wizard.problem)
        wizard.write({"value": "1500", "subject_id": self.env["usage.subject"].search([("code", "=", "PRN0002")]).id})
        wizard.action_look()
        self.assertFalse(wizard.problem)
        self.assertEqual(
            [(line.subject_id.code, line.before, line.after) for line in wizard.line_ids],
            [("PRN0001", "1400", ""), ("PRN0002", "", "100")],
        )
        wizard.action_confirm()
        self.assertEqual((self.standing(), self.standing("PRN0002")), ([], [(24, 100)]))
        reading = self.env["usage.reading"].search([("external_id", "=", "PRN0001@24")])
        self.assertEqual(reading.withdrawal_ids.replaced_by_id.subject_code, "PRN0002")

    def test_what_cannot_be_withdrawn_is_said_before(self):
        self.send([self.read(0, 100), self.read(24, 150, "closing"), self.read(25, 0, "opening"), self.read(48, 9)])
        wizard = self.ask("PRN0001@24")
        self.assertTrue(wizard.problem)
        wizard.reason = "Wrong"
        with self.assertRaises(UserError):
            wizard.action_confirm()
        both = self.ask("PRN0001@24", "PRN0001@25")
        self.assertIn("rollover", both.problem, "without them the register falls from 100 to 9")

    def test_the_books_hold_with_readings(self):
        self.send([self.read(0, 100), self.read(24, 130), self.read(48, 160)])
        self.send([self.read(12, 110)])
        self.withdraw("PRN0001@24")
        self.run_billing()
        check = self.env["usage.books.check"].create({})
        check.action_check()
        self.assertEqual(sum(check.line_ids.mapped("broken_count")), 0)


@tagged("post_install", "-at_install")
class TestWithdrawnByChance(WithdrawalCase):
    """Random histories: after any withdrawals usage is what the surviving readings alone would give."""

    def test_usage_is_recomputed_from_surviving_readings(self):
        seed = random.randrange(10**9)
        dice = random.Random(seed)
        for number in range(6):
            code = f"R{number}"
            self.make_subjects(self.line, 1, prefix=code)
            with self.subTest(seed=seed, history=number):
                self._live(dice, f"{code}0001", rollover=dice.choice((None, 10_000)))

    def _live(self, dice, code, rollover):
        self.source.register_rollover = rollover or 0
        truth, value, hour, names = {}, Decimal(dice.randrange(9000)), 0, 0
        for _turn in range(12):
            records = []
            for _new in range(dice.randint(1, 3)):
                hour += dice.randint(1, 5)
                value += Decimal(dice.randrange(0, 40_000)) / 100
                names += 1
                shown = value % rollover if rollover else value
                records.append(self.read(hour, shown, subject=code, external_id=f"{code}-{names}"))
                truth[f"{code}-{names}"] = (hour, shown)
            dice.shuffle(records)
            self.assertEqual(self.send(records).suspended_count, 0)
            if dice.random() < 0.7:
                self._correct(dice, code, truth, names, rollover)
            self._compare(code, truth, rollover)

    def _correct(self, dice, code, truth, names, rollover):
        name = dice.choice(sorted(truth))
        hours, shown = truth[name]
        kind = dice.choice(("void", "replace", "own id"))
        by = f"{code}-by-{names}-{dice.randrange(10**9)}"
        if kind == "void" or rollover:
            record = self.read(0, 0, subject=code, external_id=by, voids=name)
        else:
            record = self.read(hours, shown, subject=code, external_id=by if kind == "replace" else name, replaces=name)
            record = record._replace(quantity=self._between(dice, truth, name))
        batch = self.send([record])
        if batch.suspended_count:
            # A merged difference beyond half of the register is not certain.
            self.assertTrue(rollover)
            return
        del truth[name]
        if not record.voids and not batch.duplicate_count:
            truth[record.external_id] = (hours, record.quantity)
        elif batch.duplicate_count:
            truth[name] = (hours, shown)

    def _between(self, dice, truth, name):
        ordered = sorted(truth.values())
        place = ordered.index(truth[name])
        low = ordered[place - 1][1] if place else Decimal(0)
        high = ordered[place + 1][1] if place + 1 < len(ordered) else truth[name][1] + 10
        return low + (high - low) * dice.randrange(101) / 100

    def _compare(self, code, truth, rollover):
        expected, before = [], None
        for hours, shown in sorted(truth.values()):
            if before is not None:
                used = shown - before
                expected.append((hours, used + rollover if used < 0 else used))
            before = shown
        self.env.cr.execute(
            "SELECT occurred_at, SUM(quantity)::text FROM usage_event e JOIN usage_subject s ON s.id = e.subject_id"
            " WHERE s.code = %s GROUP BY 1 HAVING SUM(CASE WHEN voids_event_id IS NULL THEN 1 ELSE -1 END) > 0"
            " ORDER BY 1",
            (code,),
        )
        start = START.replace(tzinfo=None)
        found = [(round((at - start) / HOUR), Decimal(quantity)) for at, quantity in self.env.cr.fetchall()]
        self.assertEqual(found, expected)
        self.assertEqual(rebuild_buckets(self.env.cr, self.line.ids), 0)

"""The pure arithmetic of prepaid money, by chance: nothing is paid twice, nothing is left over."""

import os
import random
from datetime import date, timedelta
from decimal import Decimal

from odoo.tests import BaseCase

from odoo.addons.odoo_usage_billing.prepaid import (
    Bill,
    Purse,
    allocate,
    by_days,
    company_share,
    expected_breakage,
)
from odoo.addons.odoo_usage_billing.prepaid.drawdown import payable

CENT = Decimal("0.01")
FIRST = date(2026, 1, 1)


def cents(dice, low, high):
    return Decimal(dice.randint(low, high)) / 100


class TestPrepaidArithmetic(BaseCase):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("PREPAID_SEED") or random.randrange(10**6))
        self.dice = random.Random(self.seed)

    def test_no_bill_and_no_grant_is_paid_beyond_its_amount(self):
        for _turn in range(300):
            nets = [cents(self.dice, -3000, 9000) for _bill in range(self.dice.randint(1, 6))]
            rate = Decimal(self.dice.choice(("1", "1.06", "1.21")))
            bills = [Bill(number, net, (net * rate).quantize(CENT)) for number, net in enumerate(nets)]
            purses = [
                Purse(key, cents(self.dice, 1, 9000), frozenset(k for k in range(6) if self.dice.random() < 0.7))
                for key in range(self.dice.randint(1, 5))
            ]
            drawn = allocate(purses, bills, CENT)
            limits = payable(bills, CENT)
            for bill in bills:
                paid = sum(amount for _purse, key, amount in drawn if key == bill.key)
                self.assertLessEqual(paid, limits[bill.key], self.seed)
            for purse in purses:
                taken = [(key, amount) for purse_key, key, amount in drawn if purse_key == purse.key]
                self.assertLessEqual(sum(amount for _key, amount in taken), purse.left, self.seed)
                self.assertLessEqual({key for key, _amount in taken}, purse.pays, self.seed)
            self.assertLessEqual(sum(limits.values()), max(sum(nets), 0) + CENT * len(bills), self.seed)

    def test_the_order_is_priority_end_promotion_age(self):
        everything = frozenset({1})
        purses = [
            Purse("old", Decimal(1), everything, number=1),
            Purse("promotional", Decimal(1), everything, promotional=True, number=2),
            Purse("ends", Decimal(1), everything, date_end=FIRST, number=3),
            Purse("first", Decimal(1), everything, priority=1, number=4),
        ]
        drawn = allocate(purses, [Bill(1, Decimal(4), Decimal(4))], CENT)
        self.assertEqual([key for key, _bill, _amount in drawn], ["first", "ends", "promotional", "old"])

    def test_the_last_part_takes_the_rest_of_both_currencies(self):
        for _turn in range(200):
            granted, worth = cents(self.dice, 1, 99999), cents(self.dice, 1, 99999)
            left, left_company = granted, worth
            while left:
                part = min(left, cents(self.dice, 1, 40000))
                change = company_share(-part, left, left_company, granted, worth, CENT)
                left, left_company = left - part, left_company + change
            self.assertEqual(left_company, 0, self.seed)

    def test_by_days_everything_is_earned_on_the_last_day_and_never_less_than_before(self):
        for _turn in range(200):
            granted, days = cents(self.dice, 1, 10**7), self.dice.randint(1, 400)
            end = FIRST + timedelta(days=days)
            earned = [by_days(granted, FIRST, end, FIRST + timedelta(days=n), CENT) for n in range(-2, days + 2)]
            self.assertEqual((earned[0], earned[-1], earned[days + 1]), (0, granted, granted), self.seed)
            self.assertEqual(earned, sorted(earned), self.seed)

    def test_expected_breakage_is_in_proportion_and_within_what_is_left(self):
        self.assertEqual(expected_breakage(Decimal(100), Decimal(40), Decimal(20), CENT), 10)  # 20 x 40 / 80
        self.assertEqual(expected_breakage(Decimal(100), Decimal(80), Decimal(20), CENT), 20)
        self.assertEqual(expected_breakage(Decimal(100), Decimal(95), Decimal(20), CENT), 5)
        self.assertEqual(expected_breakage(Decimal(100), Decimal(0), Decimal(20), CENT), 0)

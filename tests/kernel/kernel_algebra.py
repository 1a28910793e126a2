"""Trials of what must hold for every charge model, by plain chance: units conserved, amounts that do not fall,
ceilings exact, shares that add up. Volume prices and stairs may fall, and how often is counted.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from fractions import Fraction

import kernel_soak
from usage_rating import Terms, Usage, money, rate

FINE = "0." + "0" * 25 + "1"
FALLING = ("volume", "stair_step")


def run(seed, count):
    """Make `count` trials of each kind; AssertionError shows the first that fails."""
    chance, found = random.Random(seed), Counter()
    for _ in range(count):
        found["dips where a cheaper tier begins"] += more_usage(chance)
        found["quantities divided"] += units(chance)
        found["packages counted"] += packages(chance)
        found["amounts shared"] += shares(chance)
    found["pairs compared"] += count
    return found


def amount(terms, quantity):
    """Return the charge and its amount as a fraction."""
    charge = rate(Usage.from_dict({"quantity": quantity}), Terms.from_dict(terms))
    return charge, Fraction(charge.amount)


def more_usage(chance):
    """More usage never costs less; return 1 for a dip of a price that may dip."""
    terms = kernel_soak.price(chance) | {"currency_rounding": FINE}
    low, high = sorted((kernel_soak.quantity(chance), kernel_soak.quantity(chance)), key=Fraction)
    falls = amount(terms, low)[1] > amount(terms, high)[1]
    may = terms["charge_model"] in FALLING and not terms["best_price_guard"]
    may = may or (terms.get("bill_flat_on_zero") and not Fraction(low))
    assert not falls or may, json.dumps({"terms": terms, "low": low, "high": high})
    return falls


def units(chance):
    """The units of all tiers add up to the quantity."""
    tiers = [
        {k: tier[k] for k in ("up_to", "unit_price") if k in tier} for tier in kernel_soak.ladder(chance, "graduated")
    ]
    quantity = kernel_soak.quantity(chance)
    charge, _amount = amount({"charge_model": "graduated", "tiers": tiers}, quantity)
    assert sum(Fraction(item.quantity) for item in charge.components) == Fraction(quantity), (tiers, quantity)
    return 1


def packages(chance):
    """Started packages hold the quantity, and one less would not."""
    size, quantity = chance.choice(["0.3", "1", "2.5", "7", "0.7", "1000"]), kernel_soak.quantity(chance)
    terms = {"charge_model": "package", "package_size": size, "unit_price": "1", "currency_rounding": "1"}
    _charge, count = amount(terms, quantity)
    assert (count - 1) * Fraction(size) < Fraction(quantity) <= count * Fraction(size), (size, quantity)
    return 1


def shares(chance):
    """The shares of an amount add up to it, and each is within a cent of what is fair."""
    cents, weights = chance.randrange(-(10**6), 10**6), [chance.randrange(1000) for _ in range(chance.randrange(1, 9))]
    weights.append(1)
    whole = kernel_soak.spelled(cents, 2)
    found = [Fraction(share) for share in money.allocate(whole, weights)]
    assert sum(found) == Fraction(whole), (whole, weights)
    for share, weight in zip(found, weights, strict=True):
        assert abs(share - Fraction(whole) * weight / sum(weights)) < Fraction(1, 100), (whole, weights)
    return 1

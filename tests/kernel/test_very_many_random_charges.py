"""The soak: KERNEL_SOAK=1000000 random charges against the oracle, their traces, and random cuts of their terms."""

from __future__ import annotations

import json
import os
import random
from fractions import Fraction

import kernel_soak
import oracle
from kernel_helpers import billed_in_periods, charged
from kernel_settings import SEED
from usage_rating import recompute

COUNT = int(os.environ.get("KERNEL_SOAK", "1500"))


def one(chance):
    """Try one case; AssertionError shows its terms and quantity, ready to be kept as an example."""
    terms, quantity = kernel_soak.terms(chance), kernel_soak.quantity(chance)
    signed = "-" + quantity if chance.random() < 0.1 else quantity
    final = chance.random() < 0.8
    case = json.dumps({"terms": terms, "quantity": signed, "final": final})
    found = charged(terms, quantity=signed, final=final)
    amount, _carried = oracle.charge(signed, terms, final)
    assert Fraction(found.amount) == amount, case
    assert recompute(found.trace) == found.amount, case
    if chance.random() < 0.25:
        whole = Fraction(charged(terms, quantity=quantity).amount)
        cut = kernel_soak.periods(chance, quantity)
        charges = billed_in_periods(cut, terms)
        assert sum(Fraction(charge.amount) for charge in charges) == whole, (case, cut)


def test_the_oracle_the_trace_and_any_cut_agree_on_every_charge(record_property):
    chance = random.Random(SEED)
    for _ in range(COUNT):
        one(chance)
    record_property("cases", COUNT)
    print(f"soak: {COUNT} charges, seed {SEED}, differences 0")

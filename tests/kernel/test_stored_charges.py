"""Charges as they are stored today: a change that would tell an old story differently is made on purpose or not at all.

`KERNEL_STORE=1 scripts/test tests/kernel/test_stored_charges.py` writes them anew; then read the difference. Every
amount of them is the oracle's.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import kernel_trials
import pytest
from usage_rating import Charge, Terms, Usage, describe, explain, rate

FILE = Path(__file__).with_name("stored_charges.json")
COUNT = 140


def told(terms, usage):
    """Return everything a charge stores and says."""
    charge = rate(Usage.from_dict(usage), Terms.from_dict(terms))
    lines = [template % params for template, params in map(describe, charge.components)]
    steps = [template % params for template, params in explain(charge.trace)]
    return {"terms": terms, "usage": usage, "charge": charge.to_dict(), "lines": lines, "steps": steps}


def cases():
    """Return varied (terms, usage): every model, and now and then a second billing period."""
    chance, found = random.Random(20260101), []
    while len(found) < COUNT:
        terms, usage = kernel_trials.case(chance)
        found.append((terms, usage))
        if len(found) % 5 == 0 and "quantity" in usage and "quantities_at_changes" not in usage:
            first = rate(Usage.from_dict({**usage, "final": False}), Terms.from_dict(terms)).to_dict()
            later = {
                "quantity": "7.25",
                "quantity_before": usage["quantity"],
                "billed_before": first.get("billed_after", {}),
            }
            found.append((terms, later))
    return found


STORED = [] if os.environ.get("KERNEL_STORE") else json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.skipif(not os.environ.get("KERNEL_STORE"), reason="only when asked to write them anew")
def test_the_charges_are_written_anew():
    lines = ",\n".join(json.dumps(told(*case)) for case in cases())
    FILE.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


@pytest.mark.parametrize("number", range(len(STORED)))
def test_a_stored_charge_comes_out_as_it_was(number):
    stored = STORED[number]
    assert told(stored["terms"], stored["usage"]) == stored


@pytest.mark.parametrize("number", range(len(STORED)))
def test_a_stored_charge_reads_back_and_is_the_oracles(number):
    stored = STORED[number]
    assert Charge.from_dict(stored["charge"]).to_dict() == stored["charge"]
    if not stored["usage"].get("billed_before"):
        kernel_trials.compare(stored["usage"], stored["terms"])

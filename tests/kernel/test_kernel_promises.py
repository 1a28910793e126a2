"""The promises about rating hold at a small size; `scripts/promises 12 13 14` attacks them at full size."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import kernel_source
import kernel_terms
import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/lib/promises/main.py"


@pytest.mark.parametrize("number", [12, 13, 14])
def test_a_promise_about_rating_holds_at_a_small_size(number):
    done = subprocess.run(
        [sys.executable, SCRIPT, str(number), "--size=small"],
        capture_output=True,
        text=True,
        env=os.environ,
        check=False,
    )
    assert done.stdout, done.stderr[-4000:]
    row = json.loads(done.stdout.splitlines()[-1])
    assert row["holds"] and done.returncode == 0, row


def test_a_term_that_bills_too_little_is_seen(monkeypatch):
    monkeypatch.setattr(kernel_terms, "half_up", lambda value: Fraction(int(value * 100), 100) + Fraction(1, 100))
    assert kernel_terms.run(1, 40)["imbalance in cents"] > 0


def test_the_kept_mutation_score_names_every_module_of_the_kernel():
    kept = json.loads((Path(__file__).with_name("mutation") / "score.json").read_text(encoding="utf-8"))
    assert set(kept["modules"]) == {path.stem for path in kernel_source.RATING}
    assert kept["killed"] + kept["survived"] + kept["equivalent"] + kept["untried"] == kept["mutants"]

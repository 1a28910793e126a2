"""Same arguments, same bytes: in another process, with another hash seed, in another time zone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import kernel_strategies as own
from hypothesis import given
from kernel_helpers import charged
from kernel_settings import CASES

HERE = Path(__file__).resolve().parent


def test_every_process_hash_seed_zone_and_order_of_events_gives_the_same_bytes():
    answers = set()
    for order, (hash_seed, zone) in enumerate((("0", "UTC"), ("1", "Asia/Kathmandu"), ("4711", "America/New_York"))):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": zone}
        program = [sys.executable, str(HERE / "kernel_bytes.py"), "20260101", str(20 * CASES), str(order)]
        answers.add(subprocess.run(program, capture_output=True, text=True, env=environment, check=True).stdout)
    assert len(answers) == 1
    assert len(answers.pop().splitlines()) == 20 * CASES


@given(own.terms(negative=True), own.signed)
def test_rating_twice_gives_the_same_charge_and_changes_no_argument(terms, quantity):
    before = json.dumps(terms)
    assert charged(terms, quantity=quantity) == charged(terms, quantity=quantity)
    assert json.dumps(terms) == before

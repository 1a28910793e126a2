"""Same arguments, same bytes: in another process, with another hash seed, in another time zone."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import kernel_strategies as own
from hypothesis import given, seed, settings
from kernel_helpers import charged
from kernel_settings import CASES

HERE = Path(__file__).resolve().parent


def digest(count):
    """Return a digest of `count` charges of a fixed seed."""
    found = hashlib.sha256()

    @seed(20260101)
    @settings(max_examples=count, database=None)
    @given(own.terms(negative=True), own.signed)
    def collect(terms, quantity):
        found.update(json.dumps(charged(terms, quantity=quantity).to_dict()).encode())

    collect()
    return found.hexdigest()


def test_every_process_hash_seed_and_zone_gives_the_same_bytes():
    program = f"import kernel_settings, test_rating_is_a_function as t; print(t.digest({CASES}))"
    answers = set()
    for hash_seed, zone in (("0", "UTC"), ("1", "Asia/Kathmandu"), ("4711", "America/New_York")):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": zone, "PYTHONPATH": str(HERE)}
        result = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
        )
        answers.add(result.stdout.strip())
    assert len(answers) == 1


@given(own.terms(negative=True), own.signed)
def test_rating_twice_gives_the_same_charge_and_changes_no_argument(terms, quantity):
    before = json.dumps(terms)
    assert charged(terms, quantity=quantity) == charged(terms, quantity=quantity)
    assert json.dumps(terms) == before

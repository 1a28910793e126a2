"""The soak: random charges of every model against the oracle, line by line; their traces; random cuts of their terms.

`KERNEL_SOAK=1000000 scripts/test tests/kernel/test_very_many_random_charges.py` is the long form.
"""

from __future__ import annotations

import os

import kernel_trials
import pytest
from kernel_settings import SEED

COUNT = int(os.environ.get("KERNEL_SOAK", "20000"))
PROCESSES = int(os.environ.get("KERNEL_PROCESSES", min(2, os.cpu_count() or 1)))
#: Seconds a charge may take at the very most, on a busy machine.
SLOWEST = 0.02


@pytest.mark.timeout(900 + COUNT * SLOWEST)
def test_the_oracle_the_trace_and_any_cut_agree_on_every_charge(record_property, capsys):
    found = kernel_trials.run_in_processes(SEED, COUNT, PROCESSES) if PROCESSES > 1 else kernel_trials.run(SEED, COUNT)
    record_property("cases", found["charges"])
    with capsys.disabled():
        counts = ", ".join(f"{found[key]:,} {key}" for key in sorted(found))
        print(f"soak: seed {SEED}, {counts}, differences 0")
    assert found["charges"] >= COUNT

"""What the attacks on the rating kernel share: its tests' folder, the kernel itself, processes without a database."""

import multiprocessing
import os
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TESTS = ROOT / "tests/kernel"
VECTORS = ROOT / "tests/vectors"
PROCESSES = 2

for folder in (VECTORS, TESTS):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

import load_kernel  # noqa: E402,F401


def spread(function, seed, count):
    """Run function(seed, count) -> Counter in processes that share the count; return the sum."""
    processes = min(PROCESSES, os.cpu_count() or 1)
    shares = [(seed + number, count // processes + (number < count % processes)) for number in range(processes)]
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        return sum(pool.starmap(function, shares), Counter())

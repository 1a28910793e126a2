"""Set up the properties of this folder and print what repeats a run."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from kernel_settings import CASES, SEED


def pytest_configure(config):
    """Give every property the printed seed."""
    if not config.getoption("--hypothesis-seed", None):
        config.option.hypothesis_seed = str(SEED)


def pytest_report_header(config):
    """Print what repeats this run."""
    seed = config.option.hypothesis_seed
    return f"kernel: {CASES} cases per property (KERNEL_CASES), seed {seed} (KERNEL_SEED)"


def pytest_terminal_summary(terminalreporter):
    """Print the seed again below the results, where a failed run is read."""
    terminalreporter.write_line(f"kernel seed {SEED}, {CASES} cases per property")

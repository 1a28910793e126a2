"""Load the kernel by path as `usage_rating`, and decide how many random cases each property tries.

KERNEL_CASES=1000 raises the number per property; KERNEL_SEED=7 repeats a run. Both are printed.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, configuration, settings

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
if str(VECTORS) not in sys.path:
    sys.path.insert(0, str(VECTORS))

import load_kernel  # noqa: E402,F401

CASES = int(os.environ.get("KERNEL_CASES", "25"))
SEED = int(os.environ.get("KERNEL_SEED", random.SystemRandom().randrange(2**31)))
SHRINK = os.environ.get("KERNEL_SHRINK", "1") == "1"

# Nothing is remembered between runs: a failure is repeated by its seed, and kept as an example.
configuration.set_hypothesis_home_dir(str(Path(tempfile.gettempdir()) / "usage-kernel-cases"))
settings.register_profile(
    "kernel",
    max_examples=CASES,
    deadline=None,
    database=None,
    print_blob=True,
    # Without a smallest example where only the verdict counts: scripts/mutation.
    phases=[phase for phase in Phase if SHRINK or phase not in (Phase.shrink, Phase.explain)],
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("kernel")

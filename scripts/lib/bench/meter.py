"""CPU seconds of this process and of its PostgreSQL backend, the figures that count here.

Wall time is noisy on shared cores; CPU time and ratios within one run are not.
"""

import gc
import os
import statistics
import time
from contextlib import contextmanager
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def backend_seconds(pid):
    """CPU seconds (user and system) that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Meter:
    """Adds up CPU seconds of the `with meter.running(cr)` blocks."""

    def __init__(self):
        self.cpu = 0.0
        self.wall = 0.0

    @contextmanager
    def running(self, cr):
        """Count this block: Python and the backend of `cr`."""
        cr.execute("SELECT pg_backend_pid()")
        pid = cr.fetchone()[0]
        gc.collect()
        python, backend, wall = (
            time.process_time(),
            backend_seconds(pid),
            time.perf_counter(),
        )
        yield self
        self.cpu += time.process_time() - python + backend_seconds(pid) - backend
        self.wall += time.perf_counter() - wall


def medians(pairs):
    """(median floor, median ours, median of the pairwise ratios) of (floor, ours) pairs."""
    return (
        statistics.median(floor for floor, _ours in pairs),
        statistics.median(ours for _floor, ours in pairs),
        statistics.median(ours / floor for floor, ours in pairs),
    )

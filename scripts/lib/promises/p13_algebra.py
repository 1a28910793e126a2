"""Promise 13: charge models obey their algebra.

Random charges of every model against an independent oracle in fractions, line by line, with their traces and cuts
into billing periods; the laws of each model; and the published examples.
"""

import sys
from collections import Counter

from .kernel import VECTORS, spread

NUMBER = 13
PROMISE = "Charge models obey their algebra"
TARGET = "differences to the oracle 0; laws broken 0; published examples n of n, without those of decision 0110"
SIZES = {"full": (1_000_000, 100_000), "medium": (100_000, 10_000), "small": (600, 100)}


def attack(_database, size, seed):
    """Return {figures..., "holds": bool}; a difference ends it with the case in the error."""
    import kernel_algebra
    import kernel_trials

    charges, laws = SIZES[size]
    trials, differences = _tried(kernel_trials.run, seed, charges)
    algebra, broken = _tried(kernel_algebra.run, seed, laws)
    states = _vectors()
    return {
        "charges": trials["charges"],
        "with events": trials["with events"],
        "terms cut into billing periods": trials["cut terms"],
        "differences": differences,
        "pairs compared": algebra["pairs compared"],
        "laws broken": broken,
        "dips of volume prices and stairs": algebra["dips where a cheaper tier begins"],
        "vectors passed": states["passed"],
        "vectors different": states["different"],
        "vectors of a rule we do not follow": states["not applicable"],
        "holds": not differences and not broken and not states["different"] and states["passed"] > 0,
    }


def _tried(function, seed, count):
    """Return (counts, 0), or (what is known of them, 1) after printing the case that failed."""
    try:
        return spread(function, seed, count), 0
    except AssertionError as difference:
        sys.stderr.write(f"{difference}\n")
        return Counter(), 1


def _vectors():
    """Return how many published examples came out as published."""
    import vector_evaluate as evaluate

    outcomes = Counter()
    for name in ("charge_vectors.json", "peer_cases.json"):
        outcomes.update(outcome.state for outcome in evaluate.evaluate_file(VECTORS / name))
    return outcomes

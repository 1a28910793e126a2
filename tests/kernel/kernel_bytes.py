"""Rate a fixed series of random cases and print a digest of each: python kernel_bytes.py SEED COUNT ORDER

ORDER 0 leaves events in the order they occurred. Any other number shuffles them with it, in those cases where their
order has no meaning.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys

import kernel_settings  # noqa: F401  (loads the kernel by path)
import kernel_trials
from usage_rating import Terms, Usage, rate


def order_matters(terms):
    """Say whether the order of events has a meaning: what is free or included is used up in their order.

    A prorated ladder is climbed event by event as well (docs/decisions/0107 and 0112).
    """
    if terms["charge_model"] == "prorated_graduated" or terms.get("quantity_included"):
        return True
    return terms.get("free_events") is not None or terms.get("free_amount") is not None


def digests(seed, count, order):
    """Yield the digest of each charge, stored as JSON."""
    chance, dice = random.Random(seed), random.Random(order)
    for _ in range(count):
        terms, usage = kernel_trials.case(chance)
        if order and "parts" in usage and not order_matters(terms):
            dice.shuffle(usage["parts"])
        found = rate(Usage.from_dict(usage), Terms.from_dict(terms))
        yield hashlib.sha256(json.dumps(found.to_dict()).encode()).hexdigest()


if __name__ == "__main__":
    for digest in digests(*map(int, sys.argv[1:4])):
        print(digest)

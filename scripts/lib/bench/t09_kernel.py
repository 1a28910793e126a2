"""T9K: the rating kernel alone, as the product calls it, against a plain Decimal loop over the same five tiers.

The loop gives an amount and nothing else. The kernel reads the usage, gives lines, the trace and what was billed, and
is exact for every model. Its target is what a hundredth of a bare invoice of ten lines (100 ms, PERFORMANCE.md D)
leaves to one line, over the loop's 2.7 us: 100 / 2.7.
"""

import random
import time
from decimal import ROUND_HALF_UP, Decimal

from .meter import medians

ID = "T9K"
WHAT = "rate one quantity over five tiers against a plain Decimal loop"
UNIT = "CPU us per rated line"
TARGET = ("<=", 37)
TIERS = [("1000", "0.05"), ("5000", "0.04"), ("20000", "0.03"), ("50000", "0.02"), (None, "0.01")]
CENT = Decimal("0.01")


def run(_database, quick):
    """Measure pairs of (loop, kernel) over the same quantities, which must agree to the cent."""
    count, rounds = (10_000, 1) if quick else (100_000, 3)
    dice = random.Random(20260101)
    quantities = [Decimal(dice.randrange(100_000_000)).scaleb(-3) for _ in range(count)]
    pairs = []
    for _round in range(rounds):
        loop, plain = _timed(_loop, quantities)
        ours, rated = _timed(_kernel(), [str(quantity) for quantity in quantities])
        # The kernel rounds line by line, the loop once: five lines may differ by half a cent each.
        assert all(abs(one - other) <= 3 * CENT for one, other in zip(plain, rated, strict=True))
        pairs.append((1e6 * loop / count, 1e6 * ours / count))
    floor, ours, ratio = medians(pairs)
    return {"floor": floor, "ours": ours, "ratio": ratio, "size": f"{count} x {len(TIERS)} tiers"}


def _timed(function, quantities):
    began = time.process_time()
    amounts = [function(quantity) for quantity in quantities]
    return time.process_time() - began, amounts


BOUNDS = [(None if bound is None else Decimal(bound), Decimal(price)) for bound, price in TIERS]


def _loop(quantity):
    """The least that five tiers ask of decimals."""
    amount, lower = Decimal(0), Decimal(0)
    for bound, price in BOUNDS:
        if bound is None or quantity <= bound:
            amount += (quantity - lower) * price
            break
        amount += (bound - lower) * price
        lower = bound
    return amount.quantize(CENT, ROUND_HALF_UP)


def _kernel():
    """The public verb as the product uses it: terms read once, usage read for every line."""
    from odoo.addons.odoo_usage_billing.rating import Terms, Usage, rate

    tiers = [{"up_to": bound, "unit_price": price} for bound, price in TIERS]
    terms = Terms.from_dict({"charge_model": "graduated", "tiers": tiers})
    return lambda quantity: rate(Usage.from_dict({"quantity": quantity}), terms).amount

"""Promise 22: the books balance and respect locks.

A machine does to three companies what people do to theirs, by chance: usage late, wrong and twice, prices of billed
days, credit notes, cancelled drafts, accruals, payments, locks. After each operation every invariant is asked, and
contracts are worked out again by hand. Each life begins with the same world and is undone; of one that breaks something
the fewest operations are told that break it.
"""

import sys
from collections import Counter
from pathlib import Path

SCENARIOS = Path(__file__).resolve().parents[3] / "tests/scenarios"
if str(SCENARIOS) not in sys.path:
    sys.path.insert(0, str(SCENARIOS))

NUMBER = 22
PROMISE = "The books balance and respect locks"
TARGET = "violations 0; entries in locked periods 0; MIS total = ledger total difference 0.00"
#: (lives, operations of each, kinds of contract in each company)
SIZES = {"full": (200, 500, 12), "medium": (12, 120, 16), "small": (2, 40, 5)}


def attack(database, size, seed):
    """Return {figures..., "holds": bool}."""
    from bookyear import machine
    from bookyear.setting import begin, billed_once

    lives, count, kinds = SIZES[size]
    year = begin(database, kinds)
    done, failures = Counter(), []
    try:
        billed_once(year, database)
        for number in range(lives):
            steps = machine.steps_of(seed + number, count)
            failure = _live(machine, year, database, steps)
            done.update(line.split(" ", 2)[1].rstrip(":") for line in year.lived if not line.endswith(": None"))
            if failure:
                failures.append(failure)
                sys.stderr.write(f"seed {seed + number}\n{failure}\n")
            sys.stderr.write(f"life {number + 1} of {lives}\n")
    finally:
        year.clock.stop()
    return {
        "lives": lives,
        "operations of each": count,
        "operations that did something": sum(done.values()),
        "kinds of operation": len(done),
        "checks": year.checked,
        "amounts worked out by hand": year.compared,
        "accruals worked out by hand": year.accruals_compared,
        "violations": len(failures),
        "holds": not failures and year.compared > 0,
    }


def _live(machine, year, database, steps):
    """What did not hold in a life, with the fewest steps that show it; None when all did."""
    with database.env() as env:
        failed, why = machine.live(year, env, steps)
        if failed is None:
            return None
        lived = year.lived
        fewest = machine.fewest(year, env, steps[: failed + 1])
        machine.live(year, env, fewest)
        told = year.lived
        year.lived = lived
    return "\n".join([why, "by these steps:", *map(repr, fewest), *told])

"""The random machine: operations by chance, and, when something does not hold, the fewest that show it."""

import random

from .year import Step, Violation

#: How often each operation comes, of all.
CHANCES = {
    "send": 14,
    "send_late": 8,
    "send_again": 3,
    "correct": 7,
    "take_batch_back": 1,
    "reprice": 6,
    "amend": 3,
    "move": 4,
    "end": 1,
    "pass_time": 16,
    "bill": 13,
    "change_policy": 3,
    "release": 3,
    "look": 8,
    "decide": 6,
    "bill_differences": 3,
    "post_drafts": 3,
    "cancel_draft": 5,
    "credit": 2,
    "pay": 3,
    "accrue": 7,
    "change_rates": 2,
    "lock": 3,
    "try_locked": 1,
}
TRIALS = 60


def steps_of(seed, count):
    """The steps of a life."""
    dice = random.Random(seed)
    names = dice.choices(list(CHANCES), weights=CHANCES.values(), k=count)
    return [Step(name, dice.randrange(10**9)) for name in names]


def live(year, env, steps):
    """Take the steps, and undo everything; returns the number of the step after which something did not hold."""
    state = year.state()
    env.cr.execute("SAVEPOINT life")
    try:
        for number, step in enumerate(steps):
            try:
                year.do(env, step)
            except Violation as violation:
                return number, str(violation)
        return None, None
    finally:
        year.lived = list(year.told)
        env.cr.execute("ROLLBACK TO SAVEPOINT life")
        env.cr.execute("RELEASE SAVEPOINT life")
        env.transaction.clear()
        env.registry.clear_cache()
        year.restore(state)


def fewest(year, env, steps, trials=TRIALS):
    """The steps without those that the violation does not need."""
    size = len(steps) // 2
    while size and trials:
        start = 0
        while start < len(steps) - 1 and trials:
            trials -= 1
            fewer = steps[:start] + steps[min(start + size, len(steps) - 1) :]
            failed, _why = live(year, env, fewer)
            if failed is None:
                start += size
            else:
                steps = fewer[: failed + 1]
        size //= 2
    return steps

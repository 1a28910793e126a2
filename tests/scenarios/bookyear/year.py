"""Operations, checks and the state between them; a step is an operation with a number for its dice."""

import copy
import random
import traceback
from datetime import datetime
from typing import NamedTuple

from .accounting import AccountingOperations
from .checks import Checks
from .clock import Clock
from .usage import UsageOperations

BEGIN = datetime(2025, 1, 6, 9)
STATE = ("held", "behind", "billed_until", "locks", "said")


class Step(NamedTuple):
    """An operation and its chance; the same again in the same state does the same."""

    name: str
    seed: int


class Violation(Exception):
    """Something does not hold after a step."""


class Year(UsageOperations, AccountingOperations, Checks):
    """A life of the companies so far."""

    def __init__(self, world):
        self.world, self.diary = world, world.diary
        self.clock = Clock(BEGIN)
        self.held, self.behind = set(), set()
        self.billed_until, self.locks, self.said = {}, {}, {}
        self.checked = self.compared = self.accruals_compared = 0
        self.told = []

    def do(self, env, step, *arguments):
        """One step and its checks."""
        self.clock.go(minutes=7)
        self.clock.tell(env.cr)
        try:
            operation = getattr(self, step.name)
            told = operation(env, *arguments) if arguments else operation(env, random.Random(step.seed))
            self.check(env)
        except Exception as error:
            where = traceback.format_exc() if not isinstance(error, AssertionError) else str(error)
            raise Violation(f"after {step.name} at {self.clock.now}: {where}") from error
        self.told.append(f"{self.clock.now:%Y-%m-%d} {step.name}: {told}")
        env.invalidate_all()
        return told

    def state(self):
        """Everything that a life changes outside the database."""
        kept = {name: getattr(self, name) for name in STATE}
        return copy.deepcopy((self.diary, kept)), self.clock.now

    def restore(self, state):
        """Be as it was; the database is rolled back by whoever restores."""
        (diary, kept), now = copy.deepcopy(state[0]), state[1]
        self.diary = self.world.diary = diary
        for name, value in kept.items():
            setattr(self, name, value)
        self.clock.set(now)
        self.told = []

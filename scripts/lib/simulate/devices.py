"""What devices do when nothing goes wrong on the way: their messages in the order of time, from a seed."""

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from .plan import COUNTER, DELTA, GAUGE, METRICS

ACTUAL, ESTIMATED, CLOSING, OPENING = "actual", "estimated", "closing", "opening"
#: Starts closer together than messages are late cannot be told apart by anybody.
CALM_STEPS = 40


class Message(NamedTuple):
    """One message. `at`: by the device's clock; `true_at`: by the right one; `sent_at`: when it leaves.

    `quantity`: as written. `usage`: what was used since the message before. `shown`: of a counter, what it has
    turned in all by this reading, were it never exchanged. `number` counts on beyond wraps, within a start.
    A message that `is_edge` is the first or last of a start: its loss could not be seen by its number.
    """

    id: str
    serial: str
    metric: str
    at: datetime
    quantity: str
    kind: str
    since: str
    boot: int
    number: int
    true_at: datetime
    sent_at: datetime
    usage: Decimal
    shown: Decimal
    is_edge: bool
    names_boot: bool = False
    is_reset: bool = False

    @property
    def boot_name(self):
        """What the device says of its start: half of them say nothing."""
        return f"b{self.boot}" if self.names_boot else ""

    @property
    def is_firm(self):
        """Whether it neither goes astray nor comes late: without it nothing that follows has a meaning."""
        return self.kind in (CLOSING, OPENING) or (bool(self.kind) and self.id.endswith("-0"))


class Device:
    """One device; iterating gives its messages."""

    def __init__(self, plan, kind, number):
        self.plan, self.kind = plan, kind
        self.metric = METRICS[kind][0]
        self.serial = f"{plan.prefix}-{kind[:1].upper()}{number:05d}"
        self.dice = random.Random(f"{plan.seed} {self.serial}")
        # Dice of their own: the same is used, whatever happens.
        self.fate = random.Random(f"{plan.seed} {self.serial} fate")
        self.names_boots = number % 2 == 0
        near_wrap = bool(plan.wrap) and number % 4 in (0, 1)
        # Close to a wrap, a start that is not named cannot be told from a gap.
        self.restarts = self.names_boots or not near_wrap
        self.place = plan.wrap - self.fate.randint(50, max(51, plan.steps // 3)) if near_wrap else 0
        self.boot, self.begun, self.count, self.drift = 0, 0, 0, timedelta(0)
        self.drifts = self._happens("drift")
        self.drift_sign = self.fate.choice((-1, 1))

    def _happens(self, fault):
        return self.fate.randrange(1000) < self.plan.rate(fault)

    def __iter__(self):
        step = timedelta(minutes=self.plan.minutes)
        for number in range(self.plan.steps):
            jitter = timedelta(milliseconds=self.dice.randrange(self.plan.minutes * 30_000))
            is_last = self._ends(number)
            yield from self.act(number, self.plan.start + number * step + jitter, is_last)
            if is_last:
                self.boot, self.place, self.begun = self.boot + 1, 0, number + 1
            if self.drifts and abs(self.drift) < timedelta(minutes=10):
                self.drift += self.drift_sign * timedelta(milliseconds=self.fate.randrange(2_000))

    def _ends(self, number):
        """Whether this step is the last before the numbers begin again."""
        is_calm = number + 1 - self.begun >= CALM_STEPS and self.plan.steps - number > CALM_STEPS
        return self.restarts and self._happens("restart") and is_calm

    def message(self, number, at, is_last, quantity, usage, **more):
        """The next message, numbered."""
        told = at + self.drift
        made = Message(
            id=f"{self.serial}-{self.count}",
            serial=self.serial,
            metric=self.metric,
            at=told,
            quantity=f"{quantity:f}",
            kind=more.get("kind", ""),
            since=more.get("since", ""),
            boot=self.boot,
            number=self.place,
            true_at=at,
            sent_at=more.get("sent_at", at),
            usage=usage,
            shown=more.get("shown", usage),
            is_edge=is_last or number in (self.begun, self.plan.steps - 1),
            names_boot=self.names_boots,
            is_reset=more.get("is_reset", False),
        )
        self.count += 1
        self.place += 1
        return made

    def act(self, number, at, is_last):
        """The messages of one step."""
        thousandths = Decimal(self.dice.randrange(1, 100_000)).scaleb(-3)
        if self.kind == DELTA:
            yield self.message(number, at, is_last, thousandths, thousandths)
        elif self.kind == GAUGE:
            yield self.message(number, at, is_last, thousandths, thousandths)
        else:
            seconds = self.dice.randrange(1, self.plan.minutes * 30)
            sent_at = at + timedelta(seconds=seconds)
            yield self.message(number, at, is_last, Decimal(seconds), Decimal(seconds), sent_at=sent_at)


class Counter(Device):
    """A register that only grows, and is read."""

    def __init__(self, plan, kind, number):
        super().__init__(plan, kind, number)
        self.turned, self.offset = Decimal(0), Decimal(self.fate.randrange(900))
        self.told = Decimal(0)
        self.since = plan.start - timedelta(days=1) if number % 2 == 0 else None
        resets = self.since is not None and self._happens("reset")
        self.reset_step = self.fate.randrange(plan.steps * 2 // 3, plan.steps) if resets else None
        self.is_reset = False

    def act(self, number, at, is_last):
        usage = Decimal(self.dice.randrange(30_000)).scaleb(-3) if number else Decimal(0)
        self.turned += usage
        exchanged, estimated = self._happens("replace"), self._happens("estimate")
        if number == self.reset_step:
            self.offset, self.since, self.is_reset = -self.turned, at, True
        if not number or self.is_reset:
            yield self._read(number, at, is_last, usage, ACTUAL)
        elif exchanged:
            yield self._read(number, at, False, usage, CLOSING)
            later = at + timedelta(minutes=self.plan.minutes) / 8
            self.offset = Decimal(self.fate.randrange(50)) - self.turned
            self.since = self.since and later
            yield self._read(number, later, is_last, Decimal(0), OPENING)
        elif estimated:
            self.told = self.turned + self.fate.randrange(3)
            yield self._read(number, at, is_last, usage, ESTIMATED)
        else:
            yield self._read(number, at, is_last, usage, ACTUAL)

    def _read(self, number, at, is_last, usage, kind):
        if kind != ESTIMATED:
            self.told = self.turned
        value = self.offset + self.told
        if self.plan.rollover:
            value %= self.plan.rollover
        since = self.since.isoformat() if self.since else ""
        more = {"kind": kind, "since": since, "shown": self.told, "is_reset": self.is_reset}
        return self.message(number, at, is_last, value, usage, **more)


def devices(plan):
    """The devices of a plan, in order."""
    for kind, count in plan.fleet.items():
        for number in range(count):
            yield (Counter if kind == COUNTER else Device)(plan, kind, number)

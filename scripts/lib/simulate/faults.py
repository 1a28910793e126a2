"""What happens to messages on their way: the same stream with its faults, each named, in the order of arrival."""

import heapq
import itertools
import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from .devices import Message, devices

#: They never come.
LOST = frozenset(("drop", "silence"))
#: They come beside the one that counts.
COPIES = frozenset(("duplicate", "altered"))
#: They come and cannot count.
REFUSED = frozenset(("corrupt", "absurd", "reset"))
NONSENSE = ("many", "", "NaN", "1e999", "--", "=1+1")
LONGEST_SILENCE = 10


class Arrival(NamedTuple):
    """A message when it arrives, with what happened to it; lost ones are told of as well."""

    at: datetime
    message: Message
    fates: tuple

    @property
    def is_lost(self):
        """Whether it never comes."""
        return not LOST.isdisjoint(self.fates)


class Way:
    """The way of one device's messages to us."""

    def __init__(self, plan, device):
        self.plan, self.device = plan, device
        # Dice of their own: without faults, the same devices do the same.
        self.dice = random.Random(f"{plan.seed} {device.serial} on its way")
        self.silent = 0

    def _happens(self, fault):
        return self.dice.randrange(1000) < self.plan.rate(fault)

    def __iter__(self):
        """Give (when sent, arrivals) of each message."""
        before = None
        for message in self.device:
            noted = self._noted(message, before)
            before = message
            yield message.sent_at, message.serial, list(self._arrivals(message, noted))

    def _noted(self, message, before):
        """What the device itself did."""
        noted = []
        if before is not None and message.boot != before.boot:
            noted.append("restart")
        if message.at != message.true_at:
            noted.append("drift")
        if message.kind == "opening":
            noted.append("replace")
        if message.kind == "estimated":
            noted.append("estimate")
        if message.is_reset:
            noted.append("reset")
        return noted

    def _arrivals(self, message, noted):
        if self._is_lost(message, noted):
            yield Arrival(message.sent_at, message, tuple(noted))
            return
        at = self._arrives(message, noted)
        sent = self._spoilt(message, noted)
        yield Arrival(at, sent, tuple(noted))
        if REFUSED.isdisjoint(noted):
            for copy in ("duplicate", "altered"):
                if self._happens(copy):
                    at += timedelta(seconds=self.dice.randrange(1, 2 * self.plan.reorder_seconds))
                    yield Arrival(at, _altered(message) if copy == "altered" else message, (copy,))

    def _is_lost(self, message, noted):
        begins, drops = self._happens("silence"), self._happens("drop")
        if begins and not self.silent:
            self.silent = self.dice.randint(2, LONGEST_SILENCE)
        if message.is_edge or message.is_firm:
            self.silent = 0
            return False
        if self.silent:
            self.silent -= 1
            noted.append("silence")
        elif drops:
            noted.append("drop")
        return not LOST.isdisjoint(noted)

    def _arrives(self, message, noted):
        at = message.sent_at
        for fault, seconds in (("reorder", self.plan.reorder_seconds), ("delay", self.plan.delay_hours * 3_600)):
            if self._happens(fault) and not message.is_firm:
                at += timedelta(milliseconds=self.dice.randrange(seconds * 1_000))
                noted.append(fault)
        return at

    def _spoilt(self, message, noted):
        corrupt, absurd = self._happens("corrupt"), self._happens("absurd")
        word, huge = self.dice.choice(NONSENSE), self.dice.randrange(3)
        if message.is_firm or message.is_reset or not (corrupt or absurd):
            return message
        noted.append("corrupt" if corrupt else "absurd")
        if corrupt:
            return message._replace(quantity=word)
        if message.kind and huge:
            return message._replace(quantity=f"{Decimal(message.quantity) + 10**7:f}")
        return message._replace(quantity=f"-{Decimal(message.quantity) + Decimal('0.001'):f}")


def _altered(message):
    return message._replace(quantity=f"{Decimal(message.quantity) + 1:f}")


def flow(plan, truth=None):
    """Every Arrival in the order of arrival. `truth` sees the messages before they are out of order."""
    waiting, count = [], itertools.count()
    for sent_at, _serial, arrivals in heapq.merge(*(Way(plan, device) for device in devices(plan))):
        while waiting and waiting[0][0] <= sent_at:
            yield heapq.heappop(waiting)[2]
        for arrival in arrivals:
            if truth is not None:
                truth.take(arrival)
            heapq.heappush(waiting, (arrival.at, next(count), arrival))
    while waiting:
        yield heapq.heappop(waiting)[2]


def arriving(plan, truth=None):
    """Messages as they arrive."""
    return (arrival.message for arrival in flow(plan, truth) if not arrival.is_lost)

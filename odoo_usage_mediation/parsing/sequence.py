"""Numbered messages of one producer: gaps, late arrivals, repeats and restarts told apart.

Each restart of the producer's counter opens a new epoch. A gap is reported when it opens and
again when it is filled late, so what stays open at the end is what is truly missing. Numbers
that wrap (65535 -> 0) are counted on; numbers that begin again after a restart are told from
a wrap, and from late arrivals, by the message's own time.

However often a producer restarts, little is remembered: its latest epochs, older ones while something of
them is missing, and the names of some that are forgotten. What comes for an older epoch fills its gaps
and opens none.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple, Optional

IN_ORDER, GAP, FILLED, DUPLICATE, RESTART = "in_order", "sequence_gap", "filled", "duplicate", "restart"
PAST = "past"
# Beyond these bounds gaps stay reported; only their late filling is no longer recognised.
MAX_OPEN_GAPS = 10_000
MAX_INCOMPLETE_EPOCHS = 100
# Epochs whose numbers and times still decide where a late message belongs.
MAX_EPOCHS = 6
MAX_FORGOTTEN_BOOTS = 200
MAX_BOOT_CHARS = 40


class SequenceRules(NamedTuple):
    """How a producer counts. ``first``: its number after a restart. ``wrap``: numbers are below it, or None.

    ``window``: how far, in numbers, a message may plausibly be late or early.
    """

    first: int = 0
    wrap: Optional[int] = None
    window: int = 1_000


class Finding(NamedTuple):
    """What one message showed. ``first``/``last``: the numbers concerned, counted on beyond wraps.

    ``kind``: in_order; sequence_gap (these are missing now); filled (this one was missing); duplicate;
    restart (a new epoch began here); past (of an older epoch, and not known to be missing; epoch -1: of none known).
    """

    kind: str
    epoch: int
    first: int
    last: int


class Epoch:
    """The numbers seen since one restart.

    ``lowest``/``earliest`` and ``highest``/``latest``: number and time of the first and the last message
    that the producer sent, as far as seen. Within an epoch, numbers grow with time.
    """

    __slots__ = ("boot", "earliest", "gaps", "highest", "latest", "lowest", "number")

    def __init__(self, number: int, at: datetime, first: int, boot: str = ""):
        self.number = number
        self.lowest = self.highest = first
        self.earliest = self.latest = at
        self.boot = boot
        self.gaps: list = []

    def to_dict(self) -> dict:
        """Return plain JSON data."""
        return {
            "number": self.number,
            "lowest": self.lowest,
            "highest": self.highest,
            "boot": self.boot,
            "earliest": self.earliest.isoformat(),
            "latest": self.latest.isoformat(),
            "gaps": [list(gap) for gap in self.gaps],
        }

    @classmethod
    def from_dict(cls, data: dict) -> Epoch:
        """Return the epoch that ``to_dict`` wrote."""
        epoch = cls(data["number"], datetime.fromisoformat(data["earliest"]), data["lowest"], data["boot"])
        epoch.highest, epoch.latest = data["highest"], datetime.fromisoformat(data["latest"])
        epoch.gaps = [list(gap) for gap in data["gaps"]]
        return epoch

    def unwrapped(self, number: int, wrap: Optional[int]) -> int:
        """Return the counted-on number nearest to the highest that is written as ``number``."""
        if wrap is None:
            return number
        below = number + (self.highest - number) // wrap * wrap
        return below + wrap if self.highest - below > below + wrap - self.highest else below

    def open_gap(self, number: int) -> Optional[list]:
        """Return the open gap that holds a number, or None."""
        return next((gap for gap in reversed(self.gaps) if gap[0] <= number <= gap[1]), None)

    def fill(self, number: int, at: datetime) -> bool:
        """Take a number out of the open gap that holds it; say whether one does."""
        gap = self.open_gap(number)
        if gap is None:
            return False
        place = self.gaps.index(gap)
        parts = [[gap[0], number - 1], [number + 1, gap[1]]]
        self.gaps[place : place + 1] = [part for part in parts if part[0] <= part[1]]
        if at < self.earliest:
            self.lowest, self.earliest = number, at
        return True

    def add_gap(self, first: int, last: int) -> list:
        """Note missing numbers, if any; return the finding. The oldest gaps are forgotten beyond the bound."""
        if first > last:
            return []
        self.gaps.append([first, last])
        del self.gaps[:-MAX_OPEN_GAPS]
        return [Finding(GAP, self.number, first, last)]


class Sequence:
    """The state of one producer: its latest epochs, in order of time (late messages may belong to older ones).

    Before them stand older epochs of which something is missing. ``forgotten``: boots of epochs that are not kept.
    """

    def __init__(self, rules: SequenceRules, epochs: Optional[list] = None, forgotten: Optional[list] = None):
        self.rules = rules
        self.epochs: list[Epoch] = epochs or []
        self.forgotten: list[str] = forgotten or []
        self.epoch_count = max((epoch.number + 1 for epoch in self.epochs), default=0)

    def to_dict(self) -> dict:
        """Return plain JSON data (the rules are not part of it)."""
        kept = {"epochs": [epoch.to_dict() for epoch in self.epochs]}
        return {**kept, "forgotten": list(self.forgotten)} if self.forgotten else kept

    @classmethod
    def from_dict(cls, rules: SequenceRules, data: dict) -> Sequence:
        """Return the state that ``to_dict`` wrote."""
        return cls(rules, [Epoch.from_dict(item) for item in data["epochs"]], list(data.get("forgotten", ())))

    def observe(self, number: int, at: datetime, boot: str = "") -> list[Finding]:
        """Take in one message: its number and its own (producer's) time. Returns what it shows.

        ``boot``: what the producer says of its restarts (a boot id or count), if it does. Without it,
        a restart shortly before a wrap cannot be told from a gap, and is reported as a gap; and a clock that
        is set back by several restarts makes a message look like one of those days.
        """
        boot = _short(boot)
        if not self.epochs:
            self.epochs, self.epoch_count = [Epoch(0, at, number, boot)], 1
            return [Finding(IN_ORDER, 0, number, number)]
        if self._is_past(at, boot):
            return self._observe_past(number, at, boot)
        epoch, place_in_time = self._by_boot(boot) if boot else self._by_time(number, at)
        if epoch is None:
            return self._restart(place_in_time, number, at, boot)
        place = epoch.unwrapped(number, self.rules.wrap)
        if epoch.fill(place, at):
            return [Finding(FILLED, epoch.number, place, place)]
        found = Finding(IN_ORDER, epoch.number, place, place)
        if place > epoch.highest:
            missing = epoch.add_gap(epoch.highest + 1, place - 1)
            epoch.highest, epoch.latest = place, max(at, epoch.latest)
            return [*missing, found]
        if place < epoch.lowest and at < epoch.earliest:
            # Sent before the first one that we saw: what lies between is missing, for now.
            missing = epoch.add_gap(place + 1, epoch.lowest - 1)
            epoch.lowest, epoch.earliest = place, at
            return [*missing, found]
        return [Finding(DUPLICATE, epoch.number, place, place)]

    def open_gaps(self) -> list[Finding]:
        """Return what is missing now, in order of time."""
        return [Finding(GAP, epoch.number, *gap) for epoch in self.epochs for gap in epoch.gaps]

    def _is_past(self, at, boot) -> bool:
        """Say whether a message is of an epoch before the latest ones."""
        if self.epoch_count <= MAX_EPOCHS:
            return False
        if boot:
            past = self.epochs[:-MAX_EPOCHS]
            return boot in self.forgotten or any(epoch.boot == boot for epoch in past)
        return at < self.epochs[-MAX_EPOCHS].earliest

    def _observe_past(self, number, at, boot) -> list:
        """Let a message of a past epoch fill what is missing of it; what is not known to be missing is no gap."""
        for epoch in self.epochs:
            if epoch.boot == boot if boot else epoch.earliest <= at <= epoch.latest:
                place = epoch.unwrapped(number, self.rules.wrap)
                if not epoch.fill(place, at):
                    return [Finding(PAST, epoch.number, place, place)]
                self._forget()
                return [Finding(FILLED, epoch.number, place, place)]
        return [Finding(PAST, -1, number, number)]

    def _by_boot(self, boot) -> tuple:
        found = next((epoch for epoch in self.epochs if epoch.boot == boot), None)
        return found, len(self.epochs)

    def _by_time(self, number, at) -> tuple:
        """Return (epoch of a message, None), or (None, place in the list) when it shows a new one."""
        now, rules = self.epochs[-1], self.rules
        if at > now.latest:
            # A late or repeated message has an old time; a new time with an old number is a restart,
            # and so is a wrap that would have lost more messages than is plausible.
            place = now.unwrapped(number, rules.wrap)
            implausible = rules.wrap and place - now.highest > rules.window and number - rules.first <= rules.window
            return (None, len(self.epochs)) if place <= now.highest or implausible else (now, None)
        begun = [index for index, epoch in enumerate(self.epochs) if epoch.earliest <= at]
        if not begun:
            return self.epochs[0], None
        before = self.epochs[begun[-1]]
        if at <= before.latest or before is now:
            return before, None
        return self._between(before, begun[-1] + 1, number)

    def _between(self, before, index, number) -> tuple:
        """Decide by number: the end of one epoch, the beginning of the next, or one between them."""
        after = self.epochs[index]
        ahead = before.unwrapped(number, self.rules.wrap) - before.highest
        if number < after.lowest and ahead > 0:
            return (after if after.lowest - number < ahead else before), None
        if number < after.lowest:
            return after, None
        return (before, None) if ahead > 0 else (None, index)

    def _restart(self, index, number, at, boot):
        epoch = Epoch(self.epoch_count, at, number, boot)
        self.epoch_count += 1
        self.epochs.insert(index, epoch)
        self._forget()
        missing = epoch.add_gap(self.rules.first, number - 1)
        return [Finding(RESTART, epoch.number, number, number), *missing]

    def _forget(self) -> None:
        """Keep the latest epochs, and older ones of which something is missing, within the bounds."""
        kept, room = [], MAX_OPEN_GAPS
        for epoch in reversed(self.epochs[:-MAX_EPOCHS]):
            room -= len(epoch.gaps)
            if epoch.gaps and room >= 0 and len(kept) < MAX_INCOMPLETE_EPOCHS:
                kept.append(epoch)
            elif epoch.boot:
                self.forgotten.append(epoch.boot)
        self.epochs[:-MAX_EPOCHS] = reversed(kept)
        del self.forgotten[:-MAX_FORGOTTEN_BOOTS]


def _short(boot: str) -> str:
    """Return a boot as it is remembered: a long one by its digest."""
    if len(boot) <= MAX_BOOT_CHARS:
        return boot
    return blake2b(boot.encode("utf-8", "surrogatepass"), digest_size=MAX_BOOT_CHARS // 2).hexdigest()

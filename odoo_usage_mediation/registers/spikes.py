"""A jump that no other bound tells: usage far above what the register usually counts in the same time."""

from datetime import timedelta
from decimal import Decimal

DAY_MICROS = 86_400_000_000
REMEMBERED = 12
NEEDED = 4


class Pace:
    """The usage per day of the last deltas of a register."""

    __slots__ = ("rates",)

    def __init__(self, rates=()):
        self.rates = [Decimal(rate) for rate in rates]

    def limit(self, delta, factor):
        """The most that may be believed of a delta that is more than that, else None."""
        micros = _micros(delta)
        if not factor or len(self.rates) < NEEDED or micros <= 0:
            return None
        ordered = sorted(self.rates)
        middle = len(ordered) // 2
        median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
        limit = median * Decimal(factor) * micros / DAY_MICROS
        return limit if median > 0 and delta.quantity > limit else None

    def note(self, delta):
        """Remember a delta that was believed."""
        micros = _micros(delta)
        if micros > 0:
            self.rates = [*self.rates, delta.quantity * DAY_MICROS / micros][-REMEMBERED:]

    def to_list(self):
        """What is kept until the next batch."""
        return [format(rate, "f") for rate in self.rates]


def _micros(delta):
    return (delta.end - delta.start) // timedelta(microseconds=1)

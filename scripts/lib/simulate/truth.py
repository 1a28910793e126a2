"""The truth: what a perfect world would bill, what the faults leave of it, and what of the faults must be found."""

import json
from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from .faults import COPIES, LOST, REFUSED
from .plan import METRICS

AGGREGATIONS = dict(METRICS.values())
TICK = timedelta(microseconds=1)


class Truth:
    """Takes messages in, device by device in the order of time.

    `usage` is what was used, `booked` what books can hold once every fault has been found: both
    {(serial, metric, day): Decimal}. A counter's usage belongs to the instant before the reading that shows it.
    """

    def __init__(self, plan):
        self.plan = plan
        self.zone = ZoneInfo(plan.zone)
        self.usage, self.booked = {}, {}
        self.faults, self.counts = Counter(), Counter(messages=0, arriving=0, duplicates=0)
        self.missing, self.suspense, self.conflicts = defaultdict(list), [], []
        self._shown = {}

    def take(self, arrival):
        """Count one message and its copies."""
        message, fates = arrival.message, arrival.fates
        self.faults.update(fates)
        self.counts["arriving"] += not arrival.is_lost
        if not COPIES.isdisjoint(fates):
            if "altered" in fates:
                self.conflicts.append(message.id)
            else:
                self.counts["duplicates"] += 1
            return
        self.counts["messages"] += 1
        self._add(self.usage, message, message.true_at, message.usage)
        if not LOST.isdisjoint(fates):
            self.missing[message.serial].append((message.boot, message.number))
        elif not REFUSED.isdisjoint(fates):
            self.suspense.append(message.id)
        else:
            quantity = message.usage
            if message.kind:
                quantity = message.shown - self._shown.get(message.serial, message.shown)
                self._shown[message.serial] = message.shown
            self._add(self.booked, message, message.at, quantity)

    def _add(self, days, message, at, quantity):
        if message.kind:
            if not quantity:
                return
            at -= TICK
        key = (message.serial, message.metric, at.astimezone(self.zone).date().isoformat())
        if AGGREGATIONS[message.metric] == "max":
            days[key] = max(days.get(key, quantity), quantity)
        else:
            days[key] = days.get(key, Decimal(0)) + quantity

    def totals(self, days):
        """{metric: Decimal}: sums; of gauges, each device's highest day."""
        highest, found = {}, defaultdict(Decimal)
        for (serial, metric, _day), quantity in days.items():
            if AGGREGATIONS[metric] == "max":
                highest[serial, metric] = max(highest.get((serial, metric), quantity), quantity)
            else:
                found[metric] += quantity
        for (_serial, metric), quantity in highest.items():
            found[metric] += quantity
        return dict(found)

    def to_dict(self):
        """Plain JSON data; numbers are text."""
        return {
            "seed": self.plan.seed,
            "start": self.plan.start.isoformat(),
            "zone": self.plan.zone,
            "aggregations": AGGREGATIONS,
            "counts": dict(self.counts),
            "faults": dict(sorted(self.faults.items())),
            "totals": {
                name: {metric: f"{total:f}" for metric, total in sorted(self.totals(days).items())}
                for name, days in (("usage", self.usage), ("booked", self.booked))
            },
            "usage": _nested(self.usage),
            "booked": _nested(self.booked),
            "to_find": {
                "duplicates": self.counts["duplicates"],
                "conflicts": sorted(self.conflicts),
                "suspense": sorted(self.suspense),
                "missing": {serial: sorted(numbers) for serial, numbers in sorted(self.missing.items())},
            },
        }

    def write(self, target):
        """Write JSON to a text file."""
        json.dump(self.to_dict(), target, indent=1)
        target.write("\n")


def _nested(days):
    found = {}
    for (serial, metric, day), quantity in sorted(days.items()):
        found.setdefault(serial, {}).setdefault(metric, {})[day] = f"{quantity:f}"
    return found

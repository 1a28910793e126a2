"""What is simulated: which devices, for how long, and how often each fault happens."""

from datetime import datetime, timezone
from typing import NamedTuple

COUNTER, DELTA, GAUGE, SESSION = "counter", "delta", "gauge", "session"
#: Metric of each kind of device, and how its events become the usage of a day.
METRICS = {
    COUNTER: ("energy", "sum"),
    DELTA: ("requests", "sum"),
    GAUGE: ("storage", "max"),
    SESSION: ("sessions", "sum"),
}
#: Per mille, each with its place: of messages, of steps of a device, or of devices.
FAULTS = {
    "duplicate": 10,
    "altered": 5,
    "drop": 10,
    "corrupt": 5,
    "absurd": 5,
    "reorder": 100,
    "delay": 20,
    "silence": 2,
    "restart": 10,
    "replace": 10,
    "estimate": 20,
    "reset": 200,
    "drift": 300,
}
WHAT = {
    "duplicate": "messages that come twice",
    "altered": "messages that come again with another quantity",
    "drop": "messages that never come",
    "corrupt": "messages whose quantity is no number",
    "absurd": "quantities that cannot be: negative, or far too high",
    "reorder": "messages that come up to some minutes late",
    "delay": "messages that come up to some days late",
    "silence": "spells of up to ten messages that never come",
    "restart": "numbers of messages that begin again",
    "replace": "counters that are exchanged, with closing and opening reading",
    "estimate": "readings of counters that are estimated",
    "reset": "devices whose counter falls back to 0 in the last third, and stays unexplained",
    "drift": "devices whose clock is more and more wrong",
}


class Plan(NamedTuple):
    """One simulation: the same plan gives the same bytes.

    `steps`: what a device does, one thing in each `minutes`. `rollover`: counters begin again from 0 there.
    `wrap`: numbers of messages do. `reorder_seconds`, `delay_hours`: how late at most.
    """

    seed: int = 1
    fleet: dict = {COUNTER: 5, DELTA: 5, GAUGE: 5, SESSION: 5}
    start: datetime = datetime(2026, 1, 1, tzinfo=timezone.utc)
    minutes: int = 60
    steps: int = 24 * 31
    faults: dict = {}
    zone: str = "UTC"
    prefix: str = "SIM"
    rollover: int = 0
    wrap: int = 0
    reorder_seconds: int = 900
    delay_hours: int = 72

    def rate(self, fault):
        """How many of a thousand."""
        return self.faults.get(fault, 0)


def parse_faults(text):
    """{fault: per mille} of "all", "none", or "drop=5,duplicate" (without a number: as in "all")."""
    if text in ("all", "none", ""):
        return dict(FAULTS) if text == "all" else {}
    found = {}
    for part in text.split(","):
        name, _sign, rate = part.strip().partition("=")
        if name not in FAULTS or not (rate or "0").isdecimal() or int(rate or 0) > 1000:
            raise ValueError(f"{part.strip()} is no fault with a rate from 0 to 1000; there are {', '.join(FAULTS)}")
        found[name] = int(rate) if rate else FAULTS[name]
    return found

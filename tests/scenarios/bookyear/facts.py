"""What really happened, as somebody would note it in a diary: usage, who had which device, what was agreed.

No code of the product is used here. Numbers are fractions, days are local, intervals half-open.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Used(NamedTuple):
    """Usage that counts until it is taken back."""

    name: str
    line_id: int
    subject: str
    at: datetime
    quantity: Fraction
    place: str
    batch_id: int


@dataclass
class Line:
    """A contract line as it was agreed."""

    id: int
    contract_id: int
    company: str
    kind: object
    zone: ZoneInfo
    step: Fraction
    start: date
    grace: int = 0
    end: date = None
    #: (first day, figure) in the order of days; what is agreed later holds from its day on.
    prices: list = field(default_factory=list)
    baselines: list = field(default_factory=list)

    def day(self, used):
        """The local day of usage."""
        return used.at.astimezone(self.zone).date()


@dataclass
class Diary:
    """Everything, in memory."""

    lines: dict = field(default_factory=dict)
    used: dict = field(default_factory=dict)
    gone: set = field(default_factory=set)
    replacing: set = field(default_factory=set)
    #: subject: [(from instant, line id)], the last one open
    stays: dict = field(default_factory=dict)
    #: lines whose billed days changed since anybody looked
    stale: set = field(default_factory=set)
    number: int = 0

    def owner(self, subject, at):
        """The line that a subject belonged to at an instant."""
        return next(line_id for start, line_id in reversed(self.stays[subject]) if start <= at)

    def by_line(self):
        """{line id: [Used that counts]}."""
        found = {line_id: [] for line_id in self.lines}
        for used in self.used.values():
            if used.name not in self.gone:
                found[used.line_id].append(used)
        return found

    def next_name(self):
        """A name that no usage had before."""
        self.number += 1
        return f"u{self.number}"

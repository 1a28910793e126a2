"""The rating kernel: `rate(usage, terms)` gives a charge with components and a trace. See README.md."""

from .charge import Charge, Component, TraceStep
from .errors import CODES, Problem, RatingError
from .pipeline import rate
from .price import CHARGE_MODELS, Band, Price, Row, Slot, Tier
from .trace import describe, explain, recompute
from .values import Baseline, Billed, Commitment, Stretch, Terms, Usage, UsagePart

__all__ = [
    "Band",
    "Baseline",
    "Billed",
    "CHARGE_MODELS",
    "CODES",
    "Charge",
    "Commitment",
    "Component",
    "Price",
    "Problem",
    "RatingError",
    "Row",
    "Slot",
    "Stretch",
    "Terms",
    "Tier",
    "TraceStep",
    "Usage",
    "UsagePart",
    "describe",
    "explain",
    "rate",
    "recompute",
]

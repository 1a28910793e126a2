"""Adapters: how each published example is put to the kernel. One function per model of a file format.

An adapter receives a Case and returns the amount (or a list of amounts, or a quantity). It reads every
parameter it uses through the Case; a parameter nobody read makes the case not applicable, so that an
option of a source is never ignored in silence.
"""

from __future__ import annotations

from . import events, ladders, peer_events, peer_ladders, peer_money, periods, quantities
from .common import Case, NotApplicable, find

__all__ = [
    "Case",
    "NotApplicable",
    "events",
    "find",
    "ladders",
    "peer_events",
    "peer_ladders",
    "peer_money",
    "periods",
    "quantities",
]

"""Registers: readings of cumulative counters become usage. See README.md."""

from .chains import KIND_DIMENSION, STARTED_DIMENSION, Chains
from .withdrawals import Withdrawals

__all__ = ["KIND_DIMENSION", "STARTED_DIMENSION", "Chains", "Withdrawals"]

from .books import INVARIANTS, Finding, verify

__all__ = ["INVARIANTS", "Finding", "verify"]

"""Benchmarks of the figures T1 to T17: each a floor and ours, measured in one run."""

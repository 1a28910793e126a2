"""Attacks on the promises, each by real processes on a database of its own."""

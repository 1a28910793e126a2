"""Trials of random charges against the oracle: every line, the trace, and a share of them cut into billing periods."""

from __future__ import annotations

import json
import multiprocessing
import random
import time
from collections import Counter
from fractions import Fraction

import kernel_soak
import kernel_soak_events
import oracle
from usage_rating import Terms, Usage, rate, recompute

CUT_SHARE = 0.06
#: Numbers that never end are shown with so many decimals.
SHOWN = Fraction(1, 10**18)


def run(seed, count):
    """Try `count` charges; AssertionError shows the first one that differs, ready to be kept as an example."""
    chance, found, began = random.Random(seed), Counter(), time.process_time()
    for _ in range(count):
        terms, usage = case(chance)
        compare(usage, terms)
        found["charges"] += 1
        found["with events" if "parts" in usage else "of a quantity"] += 1
        found["with price changes"] += "stretches" in terms
        if chance.random() < CUT_SHARE:
            found["billing periods"] += cut(chance, usage, terms)
            found["cut terms"] += 1
    found["cpu_ms"] = int(1000 * (time.process_time() - began))
    return found


def run_in_processes(seed, count, processes):
    """Try `count` charges in processes, each with a seed of its own."""
    share = -(-count // processes)
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        parts = pool.starmap(run, [(seed + number, share) for number in range(processes)])
    return sum(parts, Counter())


def case(chance):
    """Return (terms, usage) as plain JSON."""
    final = chance.random() < 0.8
    if chance.random() < 0.3:
        terms, parts = kernel_soak_events.case(chance)
        return terms, {"parts": parts, "final": final}
    terms, quantity = kernel_soak.terms(chance), kernel_soak.quantity(chance)
    usage = {"quantity": "-" + quantity if chance.random() < 0.1 else quantity, "final": final}
    if chance.random() < 0.15:
        terms, usage["quantities_at_changes"] = kernel_soak.change_prices(chance, terms, usage["quantity"])
    return terms, usage


def compare(usage, terms):
    """Rate a case, hold each line against the oracle's and the amount against its trace; return the charge."""
    found = rate(Usage.from_dict(usage), Terms.from_dict(terms))
    lines = {item.code: Fraction(item.amount) for item in found.components if item.amount}
    bill, carried = oracle.charge(usage, terms)
    shown = json.dumps({"usage": usage, "terms": terms})
    assert lines == bill, f"{shown}\nkernel {text(lines)}\noracle {text(bill)}"
    assert abs(Fraction(found.quantity_carried) - carried) <= SHOWN, shown
    assert sum(lines.values()) == Fraction(found.amount), shown
    assert recompute(found.trace) == found.amount, shown
    return found


def text(lines):
    return {code: str(amount) for code, amount in lines.items()}


def cut(chance, usage, terms):
    """Bill the term period by period: the amounts add up to the whole, and by line to the oracle's lines."""
    agreed = Terms.from_dict(terms)
    billed, lines, pieces = {}, Counter(), periods(chance, usage, terms)
    for index, piece in enumerate(pieces):
        piece = {**piece, "final": index == len(pieces) - 1, "billed_before": billed}
        found = rate(Usage.from_dict(piece), agreed)
        assert recompute(found.trace) == found.amount, json.dumps({"usage": piece, "terms": terms})
        for item in found.components:
            lines[item.code] += Fraction(item.amount)
        billed = found.to_dict().get("billed_after", {})
    bill, _carried = oracle.charge({**usage, "final": True}, terms)
    shown = json.dumps({"usage": usage, "terms": terms, "periods": pieces})
    assert {code: amount for code, amount in lines.items() if amount} == bill, shown
    return len(pieces)


def periods(chance, usage, terms):
    """Return the usage of consecutive billing periods of the term; events stay in their order."""
    count = chance.randrange(1, 6)
    if "parts" in usage:
        ends = sorted(chance.randrange(len(usage["parts"]) + 1) for _ in range(count - 1))
        return [{"parts": usage["parts"][:end]} for end in [*ends, len(usage["parts"])]]
    pieces, before = [], Fraction(0)
    if "quantities_at_changes" in usage:
        # Prices change where they change: all changes fall into the first billing period.
        quantities = [usage["quantity"], "0"]
    else:
        quantities = kernel_soak.periods(chance, usage["quantity"])
    for quantity in quantities:
        piece = {"quantity": quantity, "quantity_before": oracle_text(before)}
        if "quantities_at_changes" in usage:
            piece["quantities_at_changes"] = usage["quantities_at_changes"]
        pieces.append(piece)
        before += Fraction(quantity)
    return pieces


def oracle_text(value):
    """Return a finite fraction as decimal text."""
    whole = value * 10**18
    assert whole.denominator == 1
    return kernel_soak.spelled(whole.numerator, 18)

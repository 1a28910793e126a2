"""Evaluate files of published examples through the kernel and count what came out."""

from __future__ import annotations

import json
from collections import Counter, OrderedDict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import load_kernel  # noqa: F401  the kernel must be there before the adapters
from usage_rating import RatingError
from usage_rating.exact import round_step, to_text
from vector_adapters import Case, NotApplicable, find

PASSED, DIFFERENT, NOT_APPLICABLE = "passed", "different", "not applicable"


class Outcome(NamedTuple):
    """What became of one case."""

    case_id: str
    model: str
    state: str
    words: str  # the two numbers of a difference, or the reason why not applicable


def read(path):
    """Return (file format, cases) of a JSON file: a list of vectors, or {"meta", "cases"} of peer cases."""
    data = json.loads(Path(path).read_text(encoding="utf-8"), parse_float=Decimal)
    if isinstance(data, dict):
        return "peer", data["cases"]
    return "vector", data


def expected_of(case):
    """Return the expected amount or amounts of a case as Fractions."""
    raw = case["expected_amount"] if "expected_amount" in case else case["expected"]
    return [Fraction(str(item)) for item in (raw if isinstance(raw, list) else [raw])]


def agrees(found, expected, places):
    """Return whether an amount is the published one: exactly, or as it prints to `places` decimals."""
    step = Fraction(1, 10**places)
    return found == expected or round_step(found, step) == expected


def evaluate(file_format, raw):
    """Return the Outcome of one case."""
    model, case_id = raw["model"], raw["id"]
    function = find(file_format, model)
    if function is None:
        return Outcome(case_id, model, NOT_APPLICABLE, f"no such model: {model}")
    case = Case(raw)
    try:
        found = function(case)
        case.check_all_read()
    except NotApplicable as reason:
        return Outcome(case_id, model, NOT_APPLICABLE, str(reason))
    except RatingError as error:
        return Outcome(case_id, model, DIFFERENT, f"refused: {error}")
    found = [Fraction(item) for item in (found if isinstance(found, list) else [found])]
    expected = expected_of(raw)
    places = raw.get("compare_rounded_to") or 2
    if len(found) == len(expected) and all(
        agrees(one, other, places) for one, other in zip(found, expected, strict=True)
    ):
        return Outcome(case_id, model, PASSED, "")
    return Outcome(case_id, model, *_differing(raw, found, expected))


def _differing(raw, found, expected):
    """Return (state, words): a source's own rule that contradicts plain arithmetic is not ours to follow."""
    check = raw.get("check") or {}
    plain = check.get("plain")
    if check.get("status") == "variant_match" and plain is not None:
        plain = [Fraction(str(item)) for item in (plain if isinstance(plain, list) else [plain])]
        if plain == found:
            return NOT_APPLICABLE, f"plain arithmetic gives {_shown(found)}; the source: {check['variant_name']}"
    if "INCONSISTENT" in (raw.get("peculiarity") or ""):
        return NOT_APPLICABLE, f"the source contradicts itself; ours is {_shown(found)}"
    return DIFFERENT, f"ours {_shown(found)}, published {_shown(expected)}"


def _shown(values):
    return ", ".join(to_text(value) for value in values)


def report(path, outcomes, verbose=False):
    """Return the lines of a report: per model the three counts, then reasons and differences."""
    models = OrderedDict()
    for outcome in outcomes:
        models.setdefault(outcome.model, Counter())[outcome.state] += 1
    width = max(map(len, models), default=5)
    lines = [f"{path}", f"  {'model':<{width}}  passed  different  not applicable"]
    for model, counts in models.items():
        lines.append(f"  {model:<{width}}  {counts[PASSED]:>6}  {counts[DIFFERENT]:>9}  {counts[NOT_APPLICABLE]:>14}")
    whole = Counter(outcome.state for outcome in outcomes)
    lines.append(f"  {'total':<{width}}  {whole[PASSED]:>6}  {whole[DIFFERENT]:>9}  {whole[NOT_APPLICABLE]:>14}")
    for outcome in outcomes:
        if outcome.state == DIFFERENT or (outcome.state == NOT_APPLICABLE) or verbose:
            lines.append(f"  {outcome.state}: {outcome.case_id} ({outcome.model}): {outcome.words}")
    return lines


def evaluate_file(path):
    """Return the Outcomes of all cases of a file."""
    file_format, cases = read(path)
    return [evaluate(file_format, case) for case in cases]

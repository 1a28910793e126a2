"""Refusals of the kernel: a stable code, the field, and a sentence that says what, why and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass

#: Every code the kernel can raise; a code is never renamed, because callers store and translate it.
CODES = {
    "unknown_key": "The key is not part of this record.",
    "missing": "A value the charge model cannot do without is absent.",
    "not_decimal": "The value is not a decimal number written as text, an integer or a Decimal.",
    "not_finite": "The number is NaN or infinite.",
    "out_of_range": "The number is outside the range the field allows.",
    "not_text": "The value is not text.",
    "not_boolean": "The value is not true or false.",
    "not_record": "The value is not a record (a JSON object).",
    "not_list": "The value is not a list.",
    "not_choice": "The value is not one of the choices.",
    "not_instant": "The value is not an ISO 8601 instant with its offset from UTC.",
    "not_zone": "The value is not a known time zone.",
    "too_many": "The list is longer than its limit.",
    "tier_order": "The tier bounds do not rise.",
    "tier_open": "The ladder does not end with exactly one open tier.",
    "contradiction": "Two values cannot both hold.",
    "no_price": "No price matches the usage; nothing is priced at zero by accident.",
    "ambiguous_price": "Two prices match the usage equally well.",
    "negative_usage": "The quantity is negative and the terms refuse that.",
    "trace_mismatch": "A trace does not add up to the amount it states.",
}


@dataclass(frozen=True)
class Problem:
    """One finding: `code` from CODES, `field` as a dotted path, `message` for a person."""

    code: str
    field: str
    message: str

    def to_dict(self):
        """Return the problem as a JSON-able dict of three texts."""
        return {"code": self.code, "field": self.field, "message": self.message}


class RatingError(ValueError):
    """The kernel refuses: `problems` holds every finding, `code` and `field` those of the first."""

    def __init__(self, problems):
        self.problems = tuple(problems)
        first = self.problems[0]
        self.code = first.code
        self.field = first.field
        super().__init__("; ".join(f"{p.field}: {p.message} [{p.code}]" for p in self.problems))

    def to_dict(self):
        """Return {"problems": [...]} ready for JSON."""
        return {"problems": [problem.to_dict() for problem in self.problems]}


def refuse(code, field, message):
    """Raise RatingError with a single problem; `code` must be in CODES."""
    assert code in CODES, code
    raise RatingError([Problem(code, field, message)])

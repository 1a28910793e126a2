"""Short ways to rate plain JSON in tests."""

from __future__ import annotations

from fractions import Fraction

from usage_rating import Terms, Usage, rate


def rated(quantity=None, **terms):
    """Return the charge of a quantity under terms given as keywords."""
    return charged(terms, quantity=quantity)


def charged(terms, **usage):
    """Return the charge of usage (keywords) under terms (a dict)."""
    usage = {key: value for key, value in usage.items() if value is not None}
    return rate(Usage.from_dict(usage), Terms.from_dict(terms))


def billed_in_periods(periods, terms, last_is_final=True):
    """Return the charges of consecutive billing periods, each told what the earlier ones billed."""
    charges, before, billed = [], Fraction(0), {}
    for index, quantity in enumerate(periods):
        final = last_is_final and index == len(periods) - 1
        found = charged(
            terms, quantity=quantity, quantity_before=decimal_text(before), billed_before=billed, final=final
        )
        charges.append(found)
        billed = found.to_dict().get("billed_after", {})
        before += Fraction(quantity)
    return charges


def decimal_text(value):
    """Return a finite Fraction as decimal text."""
    from usage_rating.exact import to_text

    return to_text(value)


def by_code(charge):
    """Return {component code: amount as text}."""
    return {item.code: str(item.amount) for item in charge.components}

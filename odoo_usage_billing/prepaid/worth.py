"""What prepaid money is worth in the books: historic rates, and what of it is revenue by a day. Pure.

Amounts are Decimals in whole steps of their currency.
"""

from decimal import ROUND_HALF_UP, Decimal


def rounded(amount, step):
    """`amount` rounded to the step, half away from zero."""
    return (Decimal(amount) / step).to_integral_value(ROUND_HALF_UP) * step


def company_share(change, left, left_company, granted, granted_company, step):
    """What a `change` of the liability is in the company's currency, at the rate at which it was granted.

    Whatever takes the last of it takes the last of the other as well, so that neither leaves a rest.
    """
    if left + change == 0:
        return -left_company
    if not granted:
        return Decimal(0)
    return rounded(change * granted_company / granted, step)


def by_days(granted, date_start, date_end, day, step):
    """What of `granted` is earned up to and including `day`, when it is earned day by day of [start, end)."""
    days = (date_end - date_start).days
    gone = min(max((day - date_start).days + 1, 0), days)
    return rounded(granted * gone / days, step) if days > 0 else granted


def expected_breakage(granted, drawn, percent, step):
    """What of the expected breakage is earned: in proportion to use, and never more than is left (IFRS 15 B46)."""
    expected = granted * percent / 100
    usable = granted - expected
    earned = expected if drawn >= usable else expected * drawn / usable
    return min(rounded(earned, step), max(granted - drawn, Decimal(0)))

"""The sentences of a charge: one English template per step code, usable as a translation key.

Templates name their values, %(quantity)s; every value is exact text. Adding a code here is all a new
kind of line needs to be explained; `trace` decides which codes carry money.
"""

#: Steps before pricing, and facts: they explain, and carry no money.
FACTS = {
    "rate": "Charge model %(charge_model)s, rounded to %(currency_rounding)s.",
    "convert": "%(quantity)s x %(factor)s / %(divisor)s = %(result)s billed units.",
    "round-quantity": "%(quantity)s rounded (%(mode)s) to steps of %(step)s = %(result)s.",
    "included": "%(quantity)s less %(used)s of %(included)s included = %(result)s; %(left)s left.",
    "parts": "%(parts)s parts measured one by one: %(result)s billed units.",
    "baseline-fact": "Baseline %(baseline)s.",
    "actual": "Actual %(quantity)s.",
    "variance": "Variance %(actual)s - %(baseline)s = %(quantity)s.",
    "carried-forward": "%(quantity)s unused, carried to the next period.",
    "commitment-fact": "Commitment %(quantity)s: %(drawn)s drawn, %(remaining)s left.",
    "billed-before": "%(component)s: %(amount)s already billed.",
    "total": "Total of this billing period %(amount)s.",
}

#: Lines that carry money: quantity x price / per = amount, rounded once.
LINES = {
    "fixed": "Fixed amount %(amount)s.",
    "unit": "%(quantity)s x %(price)s = %(amount)s",
    "package": "%(units)s units = %(quantity)s packages of %(size)s x %(price)s = %(amount)s",
    "tier": "Tier %(number)s: %(quantity)s x %(price)s = %(amount)s",
    "tier-package": "Tier %(number)s: %(units)s units = %(quantity)s packages of %(size)s x %(price)s = %(amount)s",
    "tier-flat": "Tier %(number)s: flat amount %(amount)s",
    "tier-cap": "Tier %(number)s: capped at %(maximum)s, %(amount)s",
    "tier-prorated": "Tier %(number)s: %(quantity)s prorated units x %(price)s = %(amount)s",
    "stair": "Tier %(number)s holds %(units)s units: %(amount)s",
    "best-price": "Never more than a later tier's start, %(best)s: %(amount)s",
    "capacity": "Tier %(number)s is the lowest that allows the usage: %(amount)s",
    "row": "Price row %(number)s: %(quantity)s x %(price)s = %(amount)s",
    "percentage": "%(price)s %% of %(quantity)s = %(amount)s",
    "per-event": "%(quantity)s charged events x %(price)s = %(amount)s",
    "event-minimum": "%(quantity)s events at the minimum of %(price)s = %(amount)s",
    "event-maximum": "%(quantity)s events at the maximum of %(price)s = %(amount)s",
    "carried": "Amounts of %(events)s events %(quantity)s x %(price)s = %(amount)s",
    "lift-to-zero": "A negative sum is lifted to zero: %(amount)s",
    "connect": "%(quantity)s connections x %(price)s = %(amount)s",
    "slot": "%(quantity)s s in steps of %(increment)s s at %(price)s per %(per)s s = %(amount)s",
    "event-rounding": "Rounding of each event: %(amount)s",
    "baseline": "Baseline %(baseline)s: %(amount)s",
    "credit-below": "Below baseline %(quantity)s x %(price)s = %(amount)s",
    "discount": "%(price)s %% of %(quantity)s = %(amount)s",
}

#: Lines whose amount follows from the lines before them and a limit.
LIMITS = {
    "covered": "Covered by the baseline up to %(edge)s of %(value)s: %(amount)s",
    "overage": "%(value)s above the commitment %(committed)s at factor %(factor)s: %(amount)s",
    "true-up": "Commitment %(committed)s less %(value)s used: true-up %(amount)s",
    "minimum": "Minimum %(limit)s less %(value)s: %(amount)s",
    "cap": "Maximum %(limit)s against %(value)s: %(amount)s",
}

#: Components that exist only as a difference to an earlier billing period.
DIFFERENCES = {
    "taken-back": "%(component)s billed before is taken back: %(amount)s",
    "more": "%(quantity)s more x %(price)s = %(amount)s",
    "adjusted": "Difference to what was billed before: %(amount)s",
}

TEMPLATES = {**FACTS, **LINES, **LIMITS, **DIFFERENCES}

#: Used instead of the plain template when the step also tells these values.
RICHER = {
    ("baseline", "days_used"): "Baseline %(baseline)s (%(days_used)s of %(days_total)s days): %(amount)s",
    ("fixed", "days_used"): "Fixed amount (%(days_used)s of %(days_total)s days) %(amount)s.",
    ("slot", "band"): "%(band)s: %(quantity)s s in steps of %(increment)s s at %(price)s per %(per)s s = %(amount)s",
    ("connect", "band"): "%(band)s: %(quantity)s connections x %(price)s = %(amount)s",
    ("baseline-fact", "days_used"): "Baseline %(baseline)s (%(days_used)s of %(days_total)s days).",
}


#: Used where the price is per cent of money.
PERCENT = {
    "tier": "Tier %(number)s: %(price)s %% of %(quantity)s = %(amount)s",
}


def template_for(code, params):
    """Return the template that phrases a step or a component with these params."""
    if code in PERCENT and params.get("per") == "100":
        return PERCENT[code]
    for (wanted, name), template in RICHER.items():
        if code == wanted and name in params:
            return template
    return TEMPLATES[code]

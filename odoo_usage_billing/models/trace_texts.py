"""The kernel's sentences, here so that they are translated: the kernel itself knows no language."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

TRACE_TEXTS = (
    _lt("Charge model %(charge_model)s, rounded to %(currency_rounding)s."),
    _lt("%(quantity)s x %(factor)s / %(divisor)s = %(result)s billed units."),
    _lt("%(quantity)s rounded (%(mode)s) to steps of %(step)s = %(result)s."),
    _lt("%(quantity)s less %(used)s of %(included)s included = %(result)s; %(left)s left."),
    _lt("%(parts)s parts measured one by one: %(result)s billed units."),
    _lt("Baseline %(baseline)s."),
    _lt("Actual %(quantity)s."),
    _lt("Variance %(actual)s - %(baseline)s = %(quantity)s."),
    _lt("%(quantity)s unused, carried to the next period."),
    _lt("Commitment %(quantity)s: %(drawn)s drawn, %(remaining)s left."),
    _lt("%(component)s: %(amount)s already billed."),
    _lt("Total of this billing period %(amount)s."),
    _lt("Fixed amount %(amount)s."),
    _lt("%(quantity)s x %(price)s = %(amount)s"),
    _lt("%(units)s units = %(quantity)s packages of %(size)s x %(price)s = %(amount)s"),
    _lt("Tier %(number)s: %(quantity)s x %(price)s = %(amount)s"),
    _lt("Tier %(number)s: %(units)s units = %(quantity)s packages of %(size)s x %(price)s = %(amount)s"),
    _lt("Tier %(number)s: flat amount %(amount)s"),
    _lt("Tier %(number)s: capped at %(maximum)s, %(amount)s"),
    _lt("Tier %(number)s: %(quantity)s prorated units x %(price)s = %(amount)s"),
    _lt("Tier %(number)s holds %(units)s units: %(amount)s"),
    _lt("Never more than a later tier's start, %(best)s: %(amount)s"),
    _lt("Tier %(number)s is the lowest that allows the usage: %(amount)s"),
    _lt("Price row %(number)s: %(quantity)s x %(price)s = %(amount)s"),
    _lt("%(price)s %% of %(quantity)s = %(amount)s"),
    _lt("%(quantity)s charged events x %(price)s = %(amount)s"),
    _lt("%(quantity)s events at the minimum of %(price)s = %(amount)s"),
    _lt("%(quantity)s events at the maximum of %(price)s = %(amount)s"),
    _lt("Amounts of %(events)s events %(quantity)s x %(price)s = %(amount)s"),
    _lt("A negative sum is lifted to zero: %(amount)s"),
    _lt("%(quantity)s connections x %(price)s = %(amount)s"),
    _lt("%(quantity)s s in steps of %(increment)s s at %(price)s per %(per)s s = %(amount)s"),
    _lt("Rounding of each event: %(amount)s"),
    _lt("Baseline %(baseline)s: %(amount)s"),
    _lt("Below baseline %(quantity)s x %(price)s = %(amount)s"),
    _lt("Covered by the baseline up to %(edge)s of %(value)s: %(amount)s"),
    _lt("%(value)s above the commitment %(committed)s at factor %(factor)s: %(amount)s"),
    _lt("Commitment %(committed)s less %(value)s used: true-up %(amount)s"),
    _lt("Minimum %(limit)s less %(value)s: %(amount)s"),
    _lt("Maximum %(limit)s against %(value)s: %(amount)s"),
    _lt("%(component)s billed before is taken back: %(amount)s"),
    _lt("%(quantity)s more x %(price)s = %(amount)s"),
    _lt("Difference to what was billed before: %(amount)s"),
    _lt("Baseline %(baseline)s (%(days_used)s of %(days_total)s days): %(amount)s"),
    _lt("%(band)s: %(quantity)s s in steps of %(increment)s s at %(price)s per %(per)s s = %(amount)s"),
    _lt("%(band)s: %(quantity)s connections x %(price)s = %(amount)s"),
    _lt("Baseline %(baseline)s (%(days_used)s of %(days_total)s days)."),
    _lt("Tier %(number)s: %(price)s %% of %(quantity)s = %(amount)s"),
    _lt("Fixed amount (%(days_used)s of %(days_total)s days) %(amount)s."),
)
BY_TEMPLATE = {text._source: text for text in TRACE_TEXTS}

#: What an adjustment says instead: its sum is a difference, not what a period costs.
OF_ADJUSTMENTS = {"Total of this billing period %(amount)s.": _lt("Difference to what was billed: %(amount)s.")}

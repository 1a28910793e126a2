"""Why the store refuses a record: a closed list of codes.

The sentence says what, why and what to do; `%(name)s` are parameters kept with
the refused record, so that it can be phrased in the reader's language.
"""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

REASONS = {
    "unknown_subject": _lt("Unknown serial %(subject)s. Register the subject (or correct the serial), then recycle."),
    "ambiguous_subject": _lt(
        "The identity %(subject)s belongs to several subjects. Keep it on one of them, then recycle."
    ),
    "other_company_subject": _lt(
        "The serial %(subject)s is registered in company %(company)s. Import the file there, "
        "or register the subject in this company."
    ),
    "unknown_metric": _lt("Unknown metric %(metric)s. Create the billable metric or correct the code, then recycle."),
    "no_assignment": _lt(
        "%(subject)s is not assigned to a contract line for %(metric)s at %(occurred_at)s. "
        "Assign it for that date, then recycle."
    ),
    "outside_line": _lt(
        "%(subject)s is assigned to %(line)s, which is not billed for %(usage_date)s: that contract line begins later "
        "or has ended. Assign it to the line of that day, or change the dates of the line, then recycle."
    ),
    "negative_quantity": _lt(
        "The quantity %(quantity)s is negative. Send a correction that names the event it "
        "corrects, or allow negative quantities on the metric."
    ),
    "time_too_old": _lt(
        "%(occurred_at)s is more than %(days)s days ago, the limit of this source. "
        "Correct the date, or widen the limit and recycle."
    ),
    "time_in_future": _lt(
        "%(occurred_at)s is more than %(minutes)s minutes ahead of now. Correct the date "
        "or the time zone of the source."
    ),
    "locked_period": _lt(
        "The billing period of %(usage_date)s is invoiced already. The row is kept here as "
        "late usage; change the date if it is wrong, or write it off."
    ),
    "conflict": _lt(
        "The id %(external_id)s was received before with other content. The first one "
        "counts; send the correct usage under a new id."
    ),
    "unknown_correction": _lt(
        "The event %(external_id)s, which this correction names, is not stored by this source or is no longer at "
        "hand. Recycle the correction once the event has come, or write it off."
    ),
    "event_retired": _lt(
        "The event %(external_id)s, which this correction names, was retired: only the sums of its day are kept. Send "
        "the difference as usage of its own, or write the correction off."
    ),
    "voided_already": _lt(
        "The event %(external_id)s, which this correction names, was taken back before. Name the event that counts "
        "now, or write the correction off."
    ),
}

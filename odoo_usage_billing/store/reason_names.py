"""What the reasons of `reasons` are called where rows are grouped and filtered by them."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

REASON_NAMES = {
    "unknown_subject": _lt("Unknown serial"),
    "ambiguous_subject": _lt("Serial of several subjects"),
    "other_company_subject": _lt("Serial of another company"),
    "unknown_metric": _lt("Unknown metric"),
    "no_assignment": _lt("Not assigned"),
    "outside_line": _lt("Contract line not billed that day"),
    "negative_quantity": _lt("Negative quantity"),
    "time_too_old": _lt("Too old"),
    "time_in_future": _lt("In the future"),
    "locked_period": _lt("Period invoiced already"),
    "conflict": _lt("Same id, other content"),
    "unknown_correction": _lt("Corrects an unknown event"),
    "event_retired": _lt("Corrects a retired event"),
    "voided_already": _lt("Corrects an event taken back"),
}

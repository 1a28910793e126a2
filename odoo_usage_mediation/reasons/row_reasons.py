"""Why a record is refused: what a person reads in suspense.

The closed lists are those of `parsing.reasons`; here they are translatable. A test compares them.
"""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

# What happened.
ROW_SENTENCES = {
    "bad_row_shape": _lt("The row has %(found)s cells where %(expected)s are expected (%(why)s)."),
    "too_many_columns": _lt("The row has %(found)s cells; at most %(limit)s are allowed."),
    "cell_too_long": _lt("A cell (%(column)s) has %(found)s characters; at most %(limit)s are allowed."),
    "bad_encoding": _lt("The row has bytes or characters that are not valid %(encoding)s text."),
    "nul_byte": _lt("The row has a NUL character, which no text may contain."),
    "bad_structure": _lt("The item is not what the format asks for: %(why)s."),
    "too_deep": _lt("The item is nested deeper than %(limit)s levels."),
    "formula_cell": _lt("Cell %(cell)s (%(column)s) has a formula; its result may be out of date."),
    "merged_cell": _lt("The row is part of the merged cells %(range)s, so its values are not certain."),
    "error_cell": _lt("Column %(column)s has the spreadsheet error %(value)s."),
    "rounded_identity": _lt(
        "Column %(column)s has the number %(value)s, whose last digits a spreadsheet has rounded away."
    ),
    "filtered": _lt("The row is left out on purpose by the condition on %(column)s."),
    "missing_subject": _lt("The row does not say what was used: %(column)s is empty."),
    "missing_external_id": _lt("The row has no identity: %(column)s is empty."),
    "missing_metric": _lt("The row does not say which metric it reports: %(column)s is empty."),
    "unknown_metric": _lt("The metric %(value)s is not among those that the profile knows."),
    "missing_quantity": _lt("The quantity is missing: %(column)s is empty or says %(value)s."),
    "bad_quantity": _lt("The quantity %(value)s in %(column)s is not a usable number (%(why)s)."),
    "ambiguous_number": _lt("The number %(value)s in %(column)s can be read in two ways."),
    "negative_quantity": _lt("The quantity %(value)s in %(column)s is negative."),
    "bad_amount": _lt("The amount %(value)s in %(column)s is not a usable number."),
    "missing_time": _lt("The time is missing: %(column)s is empty or says %(value)s."),
    "bad_time": _lt("The time %(value)s in %(column)s cannot be read (%(why)s)."),
    "nonexistent_local_time": _lt("The local time %(value)s does not exist in %(zone)s: the clocks were put forward."),
    "ambiguous_local_time": _lt("The local time %(value)s happens twice in %(zone)s: the clocks were put back."),
    "bad_interval": _lt("The usage ends at %(until)s, before it begins at %(start)s."),
    "time_too_old": _lt("The time %(value)s is before %(earliest)s, the oldest that is accepted."),
    "time_in_future": _lt("The time %(value)s is after %(latest)s, the latest that is accepted."),
    "unknown_unit": _lt("The unit %(value)s is not among those that the profile knows."),
    "unit_mismatch": _lt("The unit is %(value)s where %(expected)s is expected."),
    "conflict": _lt("The identity %(external_id)s was used before with other content."),
    "counter_reset": _lt("The register fell from %(previous)s to %(reading)s, and its start time shows a restart."),
    "counter_rollover_undeclared": _lt(
        "The register fell from %(previous)s to %(reading)s; no rollover size is declared."
    ),
    "reading_above_rollover": _lt("The reading %(reading)s is not below the rollover size %(rollover)s."),
    "reading_conflict": _lt("Two readings for %(at)s differ: %(previous)s and %(reading)s."),
    "replacement_incomplete": _lt("The meter was replaced, but the %(missing)s reading is missing."),
    "implausible_delta": _lt("The usage %(delta)s between two readings is above the limit of %(limit)s."),
    "unknown_alias": _lt("The alias %(alias)s means nothing yet: no birth message of %(node)s with it has arrived."),
    "subject_mismatch": _lt("The topic says %(topic_subject)s, the message says %(subject)s."),
    "unknown_subject": _lt("No subject is known by the name %(subject)s."),
    "ambiguous_subject": _lt("More than one subject answers to the name %(subject)s."),
    "other_company_subject": _lt("The subject %(subject)s belongs to another company than the source."),
    "locked_period": _lt("The time %(at)s is in a period that is locked."),
    "poison": _lt("The record failed %(attempts)s times: %(why)s."),
}

# What to do.
ROW_MENDS = {
    "bad_row_shape": _lt("Correct the separators and quotes of this row."),
    "too_many_columns": _lt("Remove the surplus cells, or raise the column limit of the source."),
    "cell_too_long": _lt("Shorten the text, or look for a quote that was never closed."),
    "bad_encoding": _lt("Export the file again as UTF-8, or set the right encoding in the profile."),
    "nul_byte": _lt("Export the file again; it was damaged, or it is not text."),
    "bad_structure": _lt("Ask the producer to send the item as the format defines it."),
    "too_deep": _lt("Ask the producer for flat items, or raise the depth limit of the source."),
    "formula_cell": _lt(
        "Replace the formula by its value (copy, paste special, values), or let the profile accept stored results."
    ),
    "merged_cell": _lt("Unmerge the cells and fill in each one."),
    "error_cell": _lt("Correct the cell in the spreadsheet."),
    "rounded_identity": _lt("Format the column as text before the numbers are typed or pasted in."),
    "filtered": _lt(
        "Nothing to mend: it is counted, not billed. Change the conditions of the profile if it should count."
    ),
    "missing_subject": _lt("Fill in the subject."),
    "missing_external_id": _lt("Fill in the identity, or derive it from key columns in the profile."),
    "missing_metric": _lt("Fill in the metric."),
    "unknown_metric": _lt("Add the metric to the profile, or correct its name."),
    "missing_quantity": _lt("Fill in the quantity, or let the profile leave such rows out."),
    "bad_quantity": _lt("Correct the number."),
    "ambiguous_number": _lt(
        "Say in the source or the profile which sign is the decimal separator, and send the file again."
    ),
    "negative_quantity": _lt("Correct the quantity, or let the profile accept negative quantities."),
    "bad_amount": _lt("Correct the amount."),
    "missing_time": _lt("Fill in the time."),
    "bad_time": _lt(
        "Correct the time, or let the source or the profile say how it is written and send the file again."
    ),
    "nonexistent_local_time": _lt("Correct the time, or the time zone of the profile."),
    "ambiguous_local_time": _lt("Send times with their offset, or say in the profile which of the two is meant."),
    "bad_interval": _lt("Correct the two times."),
    "time_too_old": _lt("Check the time; move the limit of the source if it is right."),
    "time_in_future": _lt("Check the clock of the device and the time zone of the profile."),
    "unknown_unit": _lt("Add the unit to the profile, or correct it."),
    "unit_mismatch": _lt("Correct the unit, or map it in the profile."),
    "conflict": _lt("Find out which one is right, and give the other its own identity."),
    "counter_reset": _lt(
        "Confirm the restart; usage between the last reading and the restart must be estimated by a person."
    ),
    "counter_rollover_undeclared": _lt("Declare the rollover size of the register, or correct the reading."),
    "reading_above_rollover": _lt("Correct the reading, or the rollover size of the register."),
    "reading_conflict": _lt("Find out which reading is right."),
    "replacement_incomplete": _lt("Give both the closing reading of the old and the opening reading of the new meter."),
    "implausible_delta": _lt("Check the reading; raise the limit if it is right."),
    "unknown_alias": _lt("The edge node was asked for its births; have the usage sent again, or write it off."),
    "subject_mismatch": _lt("Correct the producer: a device reports its own usage only. Nothing of it was counted."),
    "unknown_subject": _lt("Accept the proposed subject, or correct the name."),
    "ambiguous_subject": _lt("Give each subject a name of its own for this source."),
    "other_company_subject": _lt("Use a source of that company, or move the subject."),
    "locked_period": _lt("Book the usage as late usage, or unlock the period."),
    "poison": _lt("Send the details to the maintainer; the record is kept."),
}

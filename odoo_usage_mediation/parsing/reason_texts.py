"""The texts of the reasons: (code, stage, sentence, mend) per record, (code, sentence, mend) per file."""

from __future__ import annotations

ROW_TEXTS = (
    # what the reader sees in one row
    (
        "bad_row_shape",
        "parse",
        "The row has %(found)s cells where %(expected)s are expected (%(why)s).",
        "Correct the separators and quotes of this row.",
    ),
    (
        "too_many_columns",
        "parse",
        "The row has %(found)s cells; at most %(limit)s are allowed.",
        "Remove the surplus cells, or raise the column limit of the source.",
    ),
    (
        "cell_too_long",
        "parse",
        "A cell (%(column)s) has %(found)s characters; at most %(limit)s are allowed.",
        "Shorten the text, or look for a quote that was never closed.",
    ),
    (
        "bad_encoding",
        "parse",
        "The row has bytes or characters that are not valid %(encoding)s text.",
        "Export the file again as UTF-8, or set the right encoding in the profile.",
    ),
    (
        "nul_byte",
        "parse",
        "The row has a NUL character, which no text may contain.",
        "Export the file again; it was damaged, or it is not text.",
    ),
    (
        "bad_structure",
        "parse",
        "The item is not what the format asks for: %(why)s.",
        "Ask the producer to send the item as the format defines it.",
    ),
    (
        "too_deep",
        "parse",
        "The item is nested deeper than %(limit)s levels.",
        "Ask the producer for flat items, or raise the depth limit of the source.",
    ),
    (
        "formula_cell",
        "parse",
        "Cell %(cell)s (%(column)s) has a formula; its result may be out of date.",
        "Replace the formula by its value (copy, paste special, values), or let the profile accept stored results.",
    ),
    (
        "merged_cell",
        "parse",
        "The row is part of the merged cells %(range)s, so its values are not certain.",
        "Unmerge the cells and fill in each one.",
    ),
    (
        "error_cell",
        "parse",
        "Column %(column)s has the spreadsheet error %(value)s.",
        "Correct the cell in the spreadsheet.",
    ),
    (
        "rounded_identity",
        "parse",
        "Column %(column)s has the number %(value)s, whose last digits a spreadsheet has rounded away.",
        "Format the column as text before the numbers are typed or pasted in.",
    ),
    # what the profile asks of the row
    (
        "filtered",
        "parse",
        "The row is left out on purpose by the condition on %(column)s.",
        "Nothing to mend: it is counted, not billed. Change the conditions of the profile if it should count.",
    ),
    ("missing_subject", "parse", "The row does not say what was used: %(column)s is empty.", "Fill in the subject."),
    (
        "missing_external_id",
        "parse",
        "The row has no identity: %(column)s is empty.",
        "Fill in the identity, or derive it from key columns in the profile.",
    ),
    (
        "missing_metric",
        "parse",
        "The row does not say which metric it reports: %(column)s is empty.",
        "Fill in the metric.",
    ),
    (
        "unknown_metric",
        "parse",
        "The metric %(value)s is not among those that the profile knows.",
        "Add the metric to the profile, or correct its name.",
    ),
    (
        "missing_quantity",
        "parse",
        "The quantity is missing: %(column)s is empty or says %(value)s.",
        "Fill in the quantity, or let the profile leave such rows out.",
    ),
    (
        "bad_quantity",
        "parse",
        "The quantity %(value)s in %(column)s is not a usable number (%(why)s).",
        "Correct the number.",
    ),
    (
        "ambiguous_number",
        "parse",
        "The number %(value)s in %(column)s can be read in two ways.",
        "Say in the source or the profile which sign is the decimal separator, and send the file again.",
    ),
    (
        "negative_quantity",
        "parse",
        "The quantity %(value)s in %(column)s is negative.",
        "Correct the quantity, or let the profile accept negative quantities.",
    ),
    ("bad_amount", "parse", "The amount %(value)s in %(column)s is not a usable number.", "Correct the amount."),
    ("missing_time", "parse", "The time is missing: %(column)s is empty or says %(value)s.", "Fill in the time."),
    (
        "bad_time",
        "parse",
        "The time %(value)s in %(column)s cannot be read (%(why)s).",
        "Correct the time, or let the source or the profile say how it is written and send the file again.",
    ),
    (
        "nonexistent_local_time",
        "parse",
        "The local time %(value)s does not exist in %(zone)s: the clocks were put forward.",
        "Correct the time, or the time zone of the profile.",
    ),
    (
        "ambiguous_local_time",
        "parse",
        "The local time %(value)s happens twice in %(zone)s: the clocks were put back.",
        "Send times with their offset, or say in the profile which of the two is meant.",
    ),
    ("bad_interval", "parse", "The usage ends at %(until)s, before it begins at %(start)s.", "Correct the two times."),
    (
        "time_too_old",
        "parse",
        "The time %(value)s is before %(earliest)s, the oldest that is accepted.",
        "Check the time; move the limit of the source if it is right.",
    ),
    (
        "time_in_future",
        "parse",
        "The time %(value)s is after %(latest)s, the latest that is accepted.",
        "Check the clock of the device and the time zone of the profile.",
    ),
    (
        "unknown_unit",
        "parse",
        "The unit %(value)s is not among those that the profile knows.",
        "Add the unit to the profile, or correct it.",
    ),
    (
        "unit_mismatch",
        "parse",
        "The unit is %(value)s where %(expected)s is expected.",
        "Correct the unit, or map it in the profile.",
    ),
    (
        "conflict",
        "store",
        "The identity %(external_id)s was used before with other content.",
        "Find out which one is right, and give the other its own identity.",
    ),
    # registers: cumulative readings
    (
        "counter_reset",
        "register",
        "The register fell from %(previous)s to %(reading)s, and its start time shows a restart.",
        "Confirm the restart; usage between the last reading and the restart must be estimated by a person.",
    ),
    (
        "counter_rollover_undeclared",
        "register",
        "The register fell from %(previous)s to %(reading)s; no rollover size is declared.",
        "Declare the rollover size of the register, or correct the reading.",
    ),
    (
        "reading_above_rollover",
        "register",
        "The reading %(reading)s is not below the rollover size %(rollover)s.",
        "Correct the reading, or the rollover size of the register.",
    ),
    (
        "reading_conflict",
        "register",
        "Two readings for %(at)s differ: %(previous)s and %(reading)s.",
        "Find out which reading is right.",
    ),
    (
        "replacement_incomplete",
        "register",
        "The meter was replaced, but the %(missing)s reading is missing.",
        "Give both the closing reading of the old and the opening reading of the new meter.",
    ),
    (
        "implausible_delta",
        "register",
        "The usage %(delta)s between two readings is above the limit of %(limit)s.",
        "Check the reading; raise the limit if it is right.",
    ),
    # messages of devices
    (
        "unknown_alias",
        "parse",
        "The alias %(alias)s means nothing yet: no birth message of %(node)s with it has arrived.",
        "The edge node was asked for its births; have the usage sent again, or write it off.",
    ),
    # guiding: who is it for
    (
        "subject_mismatch",
        "guide",
        "The topic says %(topic_subject)s, the message says %(subject)s.",
        "Correct the producer: a device reports its own usage only. Nothing of it was counted.",
    ),
    (
        "unknown_subject",
        "guide",
        "No subject is known by the name %(subject)s.",
        "Accept the proposed subject, or correct the name.",
    ),
    (
        "ambiguous_subject",
        "guide",
        "More than one subject answers to the name %(subject)s.",
        "Give each subject a name of its own for this source.",
    ),
    (
        "other_company_subject",
        "guide",
        "The subject %(subject)s belongs to another company than the source.",
        "Use a source of that company, or move the subject.",
    ),
    # storing
    (
        "locked_period",
        "store",
        "The time %(at)s is in a period that is locked.",
        "Book the usage as late usage, or unlock the period.",
    ),
    (
        "poison",
        "store",
        "The record failed %(attempts)s times: %(why)s.",
        "Send the details to the maintainer; the record is kept.",
    ),
)

FILE_TEXTS = (
    (
        "wrong_file_type",
        "The content is %(found)s, not %(expected)s.",
        "Send a file of the kind that the source expects.",
    ),
    ("empty_file", "The file has no data.", "Send a file with at least one row."),
    (
        "no_header",
        "Row %(row)s, where the column names should be, has no text.",
        "Set the header row in the profile, or add column names.",
    ),
    (
        "missing_columns",
        "These columns are not in the file: %(columns)s. Found: %(found)s.",
        "Add the columns, or correct the names in the profile.",
    ),
    ("duplicate_headers", "The column name %(columns)s appears more than once.", "Give each column its own name."),
    ("merged_header", "The header row has merged cells (%(range)s).", "Unmerge the header cells."),
    ("too_large", "The content has more than %(limit)s bytes.", "Split the file, or raise the limit of the source."),
    ("too_many_rows", "The file has more than %(limit)s rows.", "Split the file, or raise the limit of the source."),
    (
        "too_many_columns",
        "The header has %(found)s columns; at most %(limit)s are allowed.",
        "Remove columns, or raise the limit of the source.",
    ),
    (
        "bomb_ratio",
        "The content unpacks to more than %(limit)s times its size.",
        "Send the file unpacked, or raise the ratio of the source if it is genuine.",
    ),
    ("encrypted", "The file is protected by a password.", "Remove the password and send the file again."),
    ("corrupt", "The file is damaged: %(why)s.", "Export the file again."),
    (
        "timed_out",
        "Reading took longer than %(seconds)s seconds.",
        "Split the file, or raise the time limit of the source.",
    ),
    (
        "bad_encoding",
        "The file is not valid %(encoding)s text.",
        "Export the file as UTF-8, or set the right encoding in the profile.",
    ),
    (
        "no_sheet",
        "There is no sheet named %(sheet)s. Found: %(found)s.",
        "Correct the sheet name in the profile, or in the file.",
    ),
    (
        "several_files",
        "The archive holds several files that cannot be read together: %(found)s.",
        "Put files with the same columns into one archive, or send each on its own.",
    ),
    ("nested_archive", "The archive holds another archive.", "Send the inner file on its own."),
    (
        "forbidden_markup",
        "The XML has a document type declaration, which may hide an attack.",
        "Ask the producer for XML without DOCTYPE and entities.",
    ),
    (
        "bad_structure",
        "The document is not what the format asks for: %(why)s.",
        "Check the format of the source and the profile.",
    ),
    (
        "too_deep",
        "The document is nested deeper than %(limit)s levels.",
        "Ask the producer for flatter data, or raise the limit of the source.",
    ),
)

"""Why a whole file is refused: what a person reads when nothing of it is stored.

The closed lists are those of `parsing.reasons`; here they are translatable. A test compares them.
"""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

# What happened.
FILE_SENTENCES = {
    "wrong_file_type": _lt("The content is %(found)s, not %(expected)s."),
    "empty_file": _lt("The file has no data."),
    "no_header": _lt("Row %(row)s, where the column names should be, has no text."),
    "missing_columns": _lt("These columns are not in the file: %(columns)s. Found: %(found)s."),
    "duplicate_headers": _lt("The column name %(columns)s appears more than once."),
    "merged_header": _lt("The header row has merged cells (%(range)s)."),
    "too_large": _lt("The content has more than %(limit)s bytes."),
    "too_many_rows": _lt("The file has more than %(limit)s rows."),
    "too_many_columns": _lt("The header has %(found)s columns; at most %(limit)s are allowed."),
    "bomb_ratio": _lt("The content unpacks to more than %(limit)s times its size."),
    "encrypted": _lt("The file is protected by a password."),
    "corrupt": _lt("The file is damaged: %(why)s."),
    "timed_out": _lt("Reading took longer than %(seconds)s seconds."),
    "bad_encoding": _lt("The file is not valid %(encoding)s text."),
    "no_sheet": _lt("There is no sheet named %(sheet)s. Found: %(found)s."),
    "several_files": _lt("The archive holds several files that cannot be read together: %(found)s."),
    "nested_archive": _lt("The archive holds another archive."),
    "forbidden_markup": _lt("The XML has a document type declaration, which may hide an attack."),
    "bad_structure": _lt("The document is not what the format asks for: %(why)s."),
    "too_deep": _lt("The document is nested deeper than %(limit)s levels."),
}

# What to do.
FILE_MENDS = {
    "wrong_file_type": _lt("Send a file of the kind that the source expects."),
    "empty_file": _lt("Send a file with at least one row."),
    "no_header": _lt("Set the header row in the profile, or add column names."),
    "missing_columns": _lt("Add the columns, or correct the names in the profile."),
    "duplicate_headers": _lt("Give each column its own name."),
    "merged_header": _lt("Unmerge the header cells."),
    "too_large": _lt("Split the file, or raise the limit of the source."),
    "too_many_rows": _lt("Split the file, or raise the limit of the source."),
    "too_many_columns": _lt("Remove columns, or raise the limit of the source."),
    "bomb_ratio": _lt("Send the file unpacked, or raise the ratio of the source if it is genuine."),
    "encrypted": _lt("Remove the password and send the file again."),
    "corrupt": _lt("Export the file again."),
    "timed_out": _lt("Split the file, or raise the time limit of the source."),
    "bad_encoding": _lt("Export the file as UTF-8, or set the right encoding in the profile."),
    "no_sheet": _lt("Correct the sheet name in the profile, or in the file."),
    "several_files": _lt("Put files with the same columns into one archive, or send each on its own."),
    "nested_archive": _lt("Send the inner file on its own."),
    "forbidden_markup": _lt("Ask the producer for XML without DOCTYPE and entities."),
    "bad_structure": _lt("Check the format of the source and the profile."),
    "too_deep": _lt("Ask the producer for flatter data, or raise the limit of the source."),
}

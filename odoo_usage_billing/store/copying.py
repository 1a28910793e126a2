"""Rows as COPY reads them: texts between tabs."""

import io

NULL = "\\N"


def copy_rows(cr, statement, rows):
    """COPY text rows (each ending in a newline) and leave the transaction usable or failed."""
    cr.copy_expert(statement, io.StringIO("".join(rows)))


def escape(text):
    """Text as COPY's text format wants it."""
    if is_bare(text):
        return text
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def is_bare(text):
    """Whether COPY takes a text as it stands."""
    return "\\" not in text and text.isprintable()

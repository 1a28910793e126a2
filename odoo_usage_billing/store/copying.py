"""Many values at once, as PostgreSQL reads them: rows to COPY, arrays. Adapting each costs many times as much."""

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


def array(values):
    """Numbers, days, instants or keys as an array."""
    return "{" + ",".join(map(str, values)) + "}"


def text_array(texts):
    """Any texts as an array."""
    return "{" + ",".join([_quoted(text) if text else '""' for text in texts]) + "}"


def _quoted(text):
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'

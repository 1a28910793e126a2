"""The reasons of refused records and files in the reader's language."""

from .explain import explain_file, explain_row
from .file_reasons import FILE_MENDS, FILE_SENTENCES
from .row_names import ROW_NAMES
from .row_reasons import ROW_MENDS, ROW_SENTENCES

__all__ = [
    "FILE_MENDS",
    "FILE_SENTENCES",
    "ROW_MENDS",
    "ROW_NAMES",
    "ROW_SENTENCES",
    "explain_file",
    "explain_row",
]

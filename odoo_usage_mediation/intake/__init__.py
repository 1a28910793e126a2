"""Between `parsing` (bytes to records) and the store: what a source reads, and what it would do.

Owns: applying a source's profile, limits and identity; counting and showing before storing.
Does not own: decoding (`parsing`), guiding and storing (`odoo_usage_billing.store`).
"""

from .form import (
    COLUMN_SETTINGS,
    SETTINGS,
    columns_of,
    compile_definition,
    identity_targets,
    settings_of,
    split_list,
)
from .preview import Preview, preview
from .reading import Chunk, Intake, Reread, row_cells

__all__ = [
    "COLUMN_SETTINGS",
    "SETTINGS",
    "Chunk",
    "Intake",
    "Preview",
    "Reread",
    "columns_of",
    "compile_definition",
    "identity_targets",
    "preview",
    "row_cells",
    "settings_of",
    "split_list",
]

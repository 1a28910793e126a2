from .. import wizards  # noqa: F401 - usage.preview must exist before it is extended
from . import usage_preview_table

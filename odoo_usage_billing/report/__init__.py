# usage.preview must exist before it is extended here.
from .. import wizards
from . import usage_preview_table

# usage.preview must exist before it is extended here.
from .. import wizards
from . import invoice_workbook, run_preview_workbook, usage_preview_table

"""What the reasons of the readers are called where suspended rows are grouped and filtered by them."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

# Codes that the store has too are named by it.
ROW_NAMES = {
    "bad_row_shape": _lt("Wrong number of cells"),
    "too_many_columns": _lt("Too many cells"),
    "cell_too_long": _lt("Cell too long"),
    "bad_encoding": _lt("Unreadable characters"),
    "nul_byte": _lt("NUL character"),
    "bad_structure": _lt("Not what the format asks for"),
    "too_deep": _lt("Nested too deep"),
    "formula_cell": _lt("Formula in a cell"),
    "merged_cell": _lt("Merged cells"),
    "error_cell": _lt("Spreadsheet error"),
    "rounded_identity": _lt("Number rounded by a spreadsheet"),
    "filtered": _lt("Left out by the profile"),
    "missing_subject": _lt("Serial missing"),
    "missing_external_id": _lt("Id missing"),
    "missing_metric": _lt("Metric missing"),
    "missing_quantity": _lt("Quantity missing"),
    "bad_quantity": _lt("Quantity is not a number"),
    "ambiguous_number": _lt("Number with two meanings"),
    "bad_amount": _lt("Amount is not a number"),
    "missing_time": _lt("Time missing"),
    "bad_time": _lt("Unreadable time"),
    "nonexistent_local_time": _lt("Time skipped by the clocks"),
    "ambiguous_local_time": _lt("Time repeated by the clocks"),
    "bad_interval": _lt("Ends before it begins"),
    "unknown_unit": _lt("Unknown unit"),
    "unit_mismatch": _lt("Other unit than expected"),
    "counter_reset": _lt("Register restarted"),
    "counter_rollover_undeclared": _lt("Register fell, no rollover declared"),
    "reading_above_rollover": _lt("Reading above the rollover size"),
    "reading_conflict": _lt("Two readings differ"),
    "replacement_incomplete": _lt("Reading of a replacement missing"),
    "implausible_delta": _lt("Implausible usage between readings"),
    "unknown_alias": _lt("Unknown alias"),
    "subject_mismatch": _lt("Topic and message differ"),
    "poison": _lt("Failed too often"),
}

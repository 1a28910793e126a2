from . import (
    usage_baseline_ramp,
    usage_batch_void,
    usage_entry,
    usage_prepaid_promotion,
    usage_preview,
    usage_retire,
    usage_retire_line,
    usage_suspense_correct,
    usage_suspense_write_off,
    usage_version_compare,
)

from . import usage_baseline_ramp, usage_batch_void, usage_preview, usage_version_compare

from . import usage_baseline_ramp, usage_preview, usage_version_compare

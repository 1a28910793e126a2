from . import usage_billing_run, usage_billing_run_line

from . import usage_charge_report, usage_report

"""FOCUS 1.x (cloud cost and usage): the profile of a FOCUS file, as data.

Quantity is ``ConsumedQuantity`` (usage), amount is ``BilledCost``. A second measure carries the cost of every
charge, so that its sum meets the supplier's invoice: credits and corrections are negative, and accepted.
"""

from __future__ import annotations

FOCUS_PROFILE = {
    "format": "csv",
    "null_words": ["NULL", "null"],
    "time_zone": "UTC",
    "time": {"column": "ChargePeriodStart", "until": "ChargePeriodEnd"},
    "subject": {"column": "ResourceId", "or": ["SubAccountId"], "default": "account"},
    "external_id": {"row": True},
    "currency": "BillingCurrency",
    "amount": "BilledCost",
    "dimensions": {
        "account": "BillingAccountId",
        "sub_account": "SubAccountId",
        "service": {"column": "ServiceName", "optional": True},
        "category": "ChargeCategory",
        "region": {"column": "RegionId", "or": ["Region"], "optional": True},
        "sku": {"column": "SkuId", "optional": True},
    },
    "measures": [
        {
            "metric": "cloud_cost",
            "quantity": "BilledCost",
            "unit": {"column": "BillingCurrency"},
            "on_negative": "accept",
        },
        {
            "metric": "cloud_usage",
            "id_suffix": "#usage",
            "quantity": "ConsumedQuantity",
            "unit": {"column": "ConsumedUnit"},
            "when": [{"column": "ChargeCategory", "equals": "Usage"}],
            "on_missing": "filter",
            "on_negative": "accept",
            "amount": {"constant": "0"},
        },
    ],
}

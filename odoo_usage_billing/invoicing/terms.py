"""Prices and baselines from the database into the kernel's terms, digit for digit.

Odoo hands NUMERIC over as float, so the numbers are read as text.
"""

from decimal import Decimal

from ..rating import Terms

PER_EVENT = ("time_increment",)
PER_SLOT = ("time_of_use",)
MODEL_OF = {"time_of_use": "matrix"}

VERSION = """
SELECT id, charge_model, unit_price::text, flat_amount::text, package_size::text,
       package_free::text, increment_first::text, increment_next::text,
       increment_per::text, connect_amount::text, discount_percent::text,
       NULLIF(minimum_amount, 0)::text AS minimum, NULLIF(maximum_amount, 0)::text AS maximum,
       COALESCE(bill_flat_on_zero, false) AS bill_flat_on_zero,
       COALESCE(best_price_guard, false) AS best_price_guard
  FROM usage_rate_card_version WHERE id = ANY(%s)
"""
TIERS = """
SELECT version_id, NULLIF(up_to, 0)::text AS up_to, unit_price::text, flat_amount::text
  FROM usage_rate_card_tier WHERE version_id = ANY(%s) ORDER BY version_id, sort_key
"""
BANDS = """
SELECT version_id, id, unit_price::text
  FROM usage_rate_card_band WHERE version_id = ANY(%s) ORDER BY version_id, sequence, id
"""
BASELINES = """
SELECT id, quantity::text, fixed_amount::text, tolerance_percent::text, ladder, below,
       below_unit_price::text
  FROM usage_baseline WHERE id = ANY(%s)
"""


class TermsReader:
    """Reads the kernel terms of many contract lines in a handful of queries."""

    def __init__(self, env, version_ids, baseline_ids):
        self.env = env
        for model in (
            "usage.rate.card.version",
            "usage.rate.card.tier",
            "usage.rate.card.band",
            "usage.baseline",
        ):
            env[model].flush_model()
        self.prices = self._read_prices(list(version_ids))
        self.baselines = self._read_baselines(list(baseline_ids))
        self._built = {}

    def _rows(self, query, ids):
        self.env.cr.execute(query, (ids,))
        return self.env.cr.dictfetchall()

    def _read_prices(self, ids):
        tiers, bands = {}, {}
        for row in self._rows(TIERS, ids):
            tiers.setdefault(row.pop("version_id"), []).append(_filled(row))
        for row in self._rows(BANDS, ids):
            bands.setdefault(row.pop("version_id"), []).append(
                {"match": {"band": str(row["id"])}, "unit_price": row["unit_price"] or "0"}
            )
        return {
            row["id"]: _price(row, tiers.get(row["id"], []), bands.get(row["id"], []))
            for row in self._rows(VERSION, ids)
        }

    def _read_baselines(self, ids):
        return {row["id"]: _baseline(row) for row in self._rows(BASELINES, ids)}

    def terms(self, version, baseline, metric, currency):
        """The kernel Terms for a version, an optional baseline, a metric and a currency."""
        key = (version.id, baseline.id, metric.id, currency.id)
        if key not in self._built:
            data = dict(self.prices[version.id])
            data["currency_rounding"] = _step(currency)
            if metric.rounding_mode != "none":
                data["quantity_rounding"] = metric.rounding_mode
                data["quantity_precision"] = metric.rounding_digits
            if baseline:
                data["baseline"] = self.baselines[baseline.id]
            self._built[key] = Terms.from_dict(data)
        return self._built[key]


def _step(currency):
    """The rounding step of a currency as text: '0.01', '1', '0.001'."""
    return format(currency.rounding, f".{currency.decimal_places}f")


def _filled(row):
    return {key: value for key, value in row.items() if value is not None}


def _price(row, tiers, bands):
    model = row["charge_model"]
    data = {
        "charge_model": MODEL_OF.get(model, model),
        "discount_percent": row["discount_percent"] or "0",
        "bill_flat_on_zero": row["bill_flat_on_zero"],
    }
    if row["minimum"]:
        data["minimum"] = row["minimum"]
    if row["maximum"]:
        data["maximum"] = row["maximum"]
    data.update(_MODEL_DATA[model](row, tiers, bands))
    return data


def _flat(row, tiers, bands):
    return {"fixed_amount": row["flat_amount"] or "0"}


def _per_unit(row, tiers, bands):
    return {"unit_price": row["unit_price"] or "0", **_flat(row, tiers, bands)}


def _tiered(row, tiers, bands):
    return {
        "tiers": tiers,
        "best_price_guard": row["best_price_guard"],
        **_flat(row, tiers, bands),
    }


def _package(row, tiers, bands):
    return {
        "package_size": row["package_size"],
        "quantity_included": row["package_free"] or "0",
        **_per_unit(row, tiers, bands),
    }


def _increments(row, tiers, bands):
    price = {"unit_price": row["unit_price"] or "0", "per": row["increment_per"]}
    first, following = row["increment_first"], row["increment_next"]
    slots = [{"start": "0", "increment": following, **price}]
    if Decimal(first) and Decimal(first) != Decimal(following):
        slots = [
            {"start": "0", "increment": first, **price},
            {"start": first, "increment": following, **price},
        ]
    return {
        "slots": slots,
        "connect_amount": row["connect_amount"] or "0",
        **_flat(row, tiers, bands),
    }


def _time_of_use(row, tiers, bands):
    return {"rows": bands, **_flat(row, tiers, bands)}


_MODEL_DATA = {
    "flat": _flat,
    "per_unit": _per_unit,
    "graduated": _tiered,
    "volume": _tiered,
    "stair_step": _tiered,
    "package": _package,
    "time_increment": _increments,
    "time_of_use": _time_of_use,
}


def _baseline(row):
    data = {
        "quantity": row["quantity"] or "0",
        "fixed_amount": row["fixed_amount"] or "0",
        "above_ladder": row["ladder"],
        "below": row["below"],
    }
    if row["tolerance_percent"]:
        data["tolerance_ratio"] = _hundredth(row["tolerance_percent"])
    if row["below_unit_price"]:
        data["below_price"] = row["below_unit_price"]
    return data


def _hundredth(text):
    """A percentage in text as a ratio in text, exactly."""
    return format(Decimal(text).scaleb(-2), "f")

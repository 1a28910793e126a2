"""Rate card versions as the kernel's prices: digit for digit, from rows of text or from a form being typed."""

from decimal import Decimal

from .figures import digits

#: Charge models of a card and the kernel's name for them, where it differs.
MODEL_OF = {"time_of_use": "matrix"}
#: What a charge model must know beyond the total: each event, parts of the day, values of dimensions.
PER_EVENT = ("time_increment", "percentage")
PER_SLOT = ("time_of_use",)

NUMBERS = (
    "unit_price",
    "flat_amount",
    "package_size",
    "quantity_included",
    "increment_first",
    "increment_next",
    "increment_per",
    "connect_amount",
    "discount_percent",
    "minimum_amount",
    "maximum_amount",
    "rate_percent",
    "event_amount",
    "event_minimum",
    "event_maximum",
    "free_amount",
    "multiplier",
)
TIER_NUMBERS = ("up_to", "unit_price", "flat_amount", "package_size", "maximum_amount")
OTHERS = (
    "charge_model",
    "package_rounding",
    "packages_minimum",
    "rate_base",
    "free_events",
    "negative_usage",
    "bill_flat_on_zero",
    "best_price_guard",
    "limits_include_fixed",
    "dimension_1",
    "dimension_2",
    "dimension_3",
    "prefix_1",
    "prefix_2",
    "prefix_3",
)


def price(row):
    """The kernel's Price as a dict, from a version's `row`: numbers as text, tiers, bands and rows as lists."""
    model = row["charge_model"]
    data = {
        "charge_model": MODEL_OF.get(model, model),
        "fixed_amount": row["flat_amount"] or "0",
        "bill_flat_on_zero": bool(row["bill_flat_on_zero"]),
        "negative_usage": row["negative_usage"] or "mirror",
    }
    data.update(_MODEL_DATA[model](row))
    return data


def price_of_record(version):
    """The kernel's Price of a version as it stands in the form, saved or not."""
    return price(row_of_record(version))


def row_of_record(version):
    """What `price` needs, from a record: floats are taken by the shortest digits that mean them."""
    row = {name: digits(version[name]) for name in NUMBERS}
    row.update({name: version[name] for name in OTHERS})
    bands = list(version.band_ids.sorted(lambda band: (band.sequence, band._origin.id or 0)))
    row["tiers"] = [
        {name: digits(tier[name]) for name in TIER_NUMBERS}
        for tier in version.tier_ids.sorted(lambda tier: tier.up_to or float("inf"))
    ]
    row["bands"] = [{"name": band.name, "unit_price": digits(band.unit_price)} for band in bands]
    places = {band._origin.id or band.id: str(place) for place, band in enumerate(bands, 1)}
    row["rows"] = [
        {
            "values": (item.value_1, item.value_2, item.value_3),
            "band": places.get(item.band_id._origin.id or item.band_id.id),
            "key": item._key(),
            "unit_price": digits(item.unit_price),
        }
        for item in version.row_ids
    ]
    return row


def scaled(data, rate):
    """A price dict in another currency: `rate` units of it buy one of the card's. Bounds stay."""
    if rate == "1":
        return data
    result = dict(data)
    for key in SCALED & result.keys():
        result[key] = product(result[key], rate)
    for key in ("tiers", "rows", "slots"):
        if key in result:
            result[key] = [scaled(item, rate) for item in result[key]]
    return result


SCALED = {
    "unit_price",
    "fixed_amount",
    "flat_amount",
    "maximum",
    "event_amount",
    "event_minimum",
    "event_maximum",
    "connect_amount",
    "rate_percent",
    "multiplier",
}


def product(text, rate):
    """text x rate as text, exactly."""
    sign, figures, exponent = Decimal(text).as_tuple()
    _sign, others, other_exponent = Decimal(rate).as_tuple()
    number = int("".join(map(str, figures))) * int("".join(map(str, others)))
    return format(Decimal((sign, tuple(map(int, str(number))), exponent + other_exponent)), "f")


def overridden(row, overrides):
    """A version's row with a contract line's own values put in; names those that nothing answers to.

    `overrides` are (target, key, value text). Returns (row, [unknown override]).
    """
    if not overrides:
        return row, []
    row = {**row, **{name: [dict(item) for item in row[name]] for name in ("tiers", "bands", "rows")}}
    unknown = []
    for target, key, value in overrides:
        found = _put(row, target, key, value)
        if not found:
            unknown.append((target, key))
    return row, unknown


def _put(row, target, key, value):
    if target in TIER_TARGETS:
        place = int(key) - 1 if key.isdecimal() else -1
        found = row["tiers"][place : place + 1] if place >= 0 else []
        for tier in found:
            tier[TIER_TARGETS[target]] = value
        return found
    if target in ("row_price", "band_price"):
        name = "rows" if target == "row_price" else "bands"
        found = [item for item in row[name] if item["key" if target == "row_price" else "name"] == key]
        for item in found:
            item["unit_price"] = value
        return found
    row[target] = value
    return True


TIER_TARGETS = {"tier_price": "unit_price", "tier_flat": "flat_amount", "tier_bound": "up_to"}


def detail_of(row):
    """What the measuring must tell apart for this price: "events", "slots", "dimensions"; "total" is the total of
    each stretch on its own, "" the total of the term so far.
    """
    model = row["charge_model"]
    if model in PER_EVENT:
        return "events"
    if model in PER_SLOT or (model == "matrix" and row["bands"]):
        return "slots"
    return {"matrix": "dimensions", "dynamic": "total"}.get(model, "")


def _some(text):
    """A number as text, or None when it is zero or missing: no limit."""
    return text if text and Decimal(text) else None


def _flat(row):
    return {}


def _per_unit(row):
    return {"unit_price": row["unit_price"] or "0"}


def _tier(tier):
    data = {"unit_price": tier["unit_price"] or "0", "flat_amount": tier["flat_amount"] or "0"}
    for name, kernel in (("up_to", "up_to"), ("package_size", "package_size"), ("maximum_amount", "maximum")):
        if _some(tier[name]):
            data[kernel] = tier[name]
    return data


def _tiered(row):
    return {"tiers": [_tier(tier) for tier in row["tiers"]], "best_price_guard": bool(row["best_price_guard"])}


def _package(row):
    return {
        "package_size": row["package_size"],
        "package_rounding": row["package_rounding"],
        "packages_minimum": row["packages_minimum"] or 0,
        **_per_unit(row),
    }


def _increments(row):
    prices = {"unit_price": row["unit_price"] or "0", "per": row["increment_per"]}
    first, following = row["increment_first"], row["increment_next"]
    slots = [{"start": "0", "increment": following, **prices}]
    if _some(first) and Decimal(first) != Decimal(following):
        slots = [
            {"start": "0", "increment": first, **prices},
            {"start": first, "increment": following, **prices},
        ]
    return {"slots": slots, "connect_amount": row["connect_amount"] or "0"}


def _time_of_use(row):
    return {
        "rows": [
            {"match": {"band": str(place)}, "unit_price": band["unit_price"] or "0"}
            for place, band in enumerate(row["bands"], 1)
        ]
    }


def _matrix(row):
    names = [(row[f"dimension_{number}"] or "").strip() for number in (1, 2, 3)]
    return {
        "rows": [{"match": _match(names, item), "unit_price": item["unit_price"] or "0"} for item in row["rows"]],
        "prefix_dimensions": [name for number, name in enumerate(names, 1) if name and row[f"prefix_{number}"]],
    }


def _match(names, item):
    match = {name: value for name, value in zip(names, item["values"], strict=True) if name and value}
    if item["band"]:
        match["band"] = item["band"]
    return match


def _percentage(row):
    data = {"rate_percent": row["rate_percent"] or "0", "event_amount": row["event_amount"] or "0"}
    for name in ("event_minimum", "event_maximum", "free_amount"):
        if _some(row[name]):
            data[name] = row[name]
    if row["free_events"]:
        data["free_events"] = row["free_events"]
    return data


def _dynamic(row):
    return {"multiplier": row["multiplier"] or "0"}


_MODEL_DATA = {
    "flat": _flat,
    "per_unit": _per_unit,
    "graduated": _tiered,
    "volume": _tiered,
    "stair_step": _tiered,
    "graduated_percentage": _tiered,
    "package": _package,
    "percentage": _percentage,
    "dynamic": _dynamic,
    "matrix": _matrix,
    "time_increment": _increments,
    "time_of_use": _time_of_use,
}

"""Vectors whose price looks at a total quantity: unit, graduated, volume, package, block tiers, flat."""

from __future__ import annotations

from fractions import Fraction

from .common import CENT, FINE, NotApplicable, adapter, amount, number, tiers


def surroundings(case):
    """Return the terms around a price: conversion, included quantity, discount, limits."""
    params, terms = case.params, {}
    config = params.get("unit_config")
    if config:
        unknown = set(config) - {"divide_by", "multiply_by", "rounding", "precision"}
        if unknown:
            raise NotApplicable("not understood in unit_config: " + ", ".join(sorted(unknown)))
        terms["unit_factor"] = number(config.get("multiply_by", "1"))
        terms["unit_divisor"] = number(config.get("divide_by", "1"))
        terms["quantity_rounding"] = rounding(config.get("rounding", "none"))
        terms["quantity_precision"] = config.get("precision", 0)
    named = {
        "quantity_included": "free_units",
        "discount_percent": "discount_percent",
        "minimum": "min_spend",
        "maximum": "max_spend",
    }
    for ours, theirs in named.items():
        if params.get(theirs) is not None:
            terms[ours] = number(params.get(theirs))
    if params.get("recurring", "access") is not None:
        terms["fixed_amount"] = number(params.get("recurring", "access"))
    return terms


def rounding(word):
    """Return the kernel's rounding mode of a source's word."""
    modes = {"ceil": "up", "up": "up", "floor": "down", "down": "down", "none": "none", None: "none"}
    modes |= {"round": "nearest", "half_up": "nearest", "nearest": "nearest", "middle": "nearest"}
    if word not in modes:
        raise NotApplicable(f"rounding {word!r}")
    return modes[word]


def settled(case, terms):
    """Return the amount of the case's billing period under `terms` and what surrounds them."""
    params = case.params
    terms = {"currency_rounding": FINE, **terms, **surroundings(case)}
    before, billed = params.get("prior_usage"), params.get("prior_billed")
    if billed is not None:
        terms["currency_rounding"] = CENT
        billed = number(billed)
    before = None if before is None else number(before)
    final = params.get("final", default=True)
    return amount(terms, number(case.raw["usage"]), before=before, billed=billed, final=final)


@adapter("vector", "unit", "per_unit")
def unit(case):
    """quantity x unit price."""
    return settled(case, {"charge_model": "per_unit", "unit_price": number(case.params.get("unit_price"))})


@adapter("vector", "flat")
def flat(case):
    """A fixed amount whatever the usage."""
    return settled(case, {"charge_model": "flat", "fixed_amount": number(case.params.get("amount"))})


@adapter("vector", "package")
def package(case):
    """Started packages, or whole ones when the source rounds down."""
    params = case.params
    terms = {
        "charge_model": "package",
        "package_size": number(params.get("size")),
        "unit_price": number(params.get("price")),
        "package_rounding": rounding(params.get("rounding", default="up")),
        "packages_minimum": params.get("min_packages", default=0),
    }
    return settled(case, terms)


@adapter("vector", "graduated", "volume", "graduated_percentage", "stair_step", "stairstep")
def ladder(case):
    """A ladder of tiers; a source's tiers are {up_to, unit, flat}."""
    model = "stair_step" if case.raw["model"].startswith("stair") else case.raw["model"]
    return settled(case, ladder_terms(model, case.params))


def ladder_terms(model, params):
    """Return the terms of a ladder with its options."""
    return {
        "charge_model": model,
        "tiers": tiers(params.get("tiers")),
        "bill_flat_on_zero": bool(params.get("flat_on_zero_usage", default=False)),
        "best_price_guard": bool(params.get("best_price", default=False)),
    }


def blocks(rows, policy):
    """Return the terms of block tiers: `max` counts blocks and is the width of a tier; null or -1 is open.

    Usage beyond the last tier is priced at the last tier, as the source does.
    """
    bound, result = Fraction(0), []
    for row in rows:
        wide = row.get("max")
        bound += Fraction(str(row["size"])) * (Fraction(str(wide)) if wide is not None else 0)
        is_open = wide is None or Fraction(str(wide)) < 0
        result.append({"unit": row["price"], "size": row["size"], "up_to": None if is_open else str(bound)})
    model = "volume" if policy == "TOP_TIER" else "graduated"
    return {"charge_model": model, "tiers": tiers(result)}


@adapter("vector", "block_tiers")
def block_tiers(case):
    """Tiers of blocks: each started block costs, all tiers or the tier reached."""
    return settled(case, blocks(case.params.get("tiers"), case.params.get("policy")))


def pulses(rows):
    """Return the terms of pulse tiers: only the width of a tier counts, beyond the last nothing is billed."""
    bound, result = Fraction(0), []
    for row in rows:
        unknown = set(row) - {"from", "to", "price", "interval", "ceil"}
        if unknown:
            raise NotApplicable("not understood in a rate: " + ", ".join(sorted(unknown)))
        tier = {"unit_price": str(row["price"]), "package_size": str(row["interval"])}
        tier["package_rounding"] = "up" if row.get("ceil", True) else "none"
        result.append(tier)
        if row.get("to") is None or str(row["to"]).upper() == "UNLIMITED":
            return {"charge_model": "graduated", "tiers": result}
        bound += Fraction(str(row["to"])) - Fraction(str(row["from"]))
        tier["up_to"] = number(_decimal(bound))
    return {"charge_model": "graduated", "tiers": result + [{}]}


def _decimal(fraction):
    from usage_rating.exact import to_text

    return to_text(fraction)


@adapter("vector", "pulse_tiers")
def pulse_tiers(case):
    """Tiers billed by started pulses, and an access amount."""
    return settled(case, pulses(case.params.get("rates")))


@adapter("vector", "bucketed")
def bucketed(case):
    """Each bucket or group climbs its own ladder."""
    inner = case.params.get("price")
    from .common import Options

    options = Options(inner["params"])
    if inner["model"] == "unit":
        terms = {"charge_model": "per_unit", "unit_price": number(options.get("unit_price"))}
    elif inner["model"] == "package":
        size, price = number(options.get("size")), number(options.get("price"))
        terms = {"charge_model": "package", "package_size": size, "unit_price": price}
    else:
        terms = ladder_terms(inner["model"], options)
    if options.unread():
        raise NotApplicable("not understood: " + ", ".join(options.unread()))
    terms |= {"price_per_part": True, "currency_rounding": FINE}
    parts = [{"quantity": number(event)} for event in case.raw["events"]]
    return amount(terms, None if parts else "0", parts=parts)

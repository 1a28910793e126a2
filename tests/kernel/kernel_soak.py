"""A fast generator of random terms and quantities for very many cases; plain chance with a seed, no shrinking."""

from __future__ import annotations

from decimal import Decimal

MODELS = ("flat", "per_unit", "package", "graduated", "volume", "stair_step", "graduated_percentage")


def spelled(whole, places):
    """Return an integer of the last decimal place as decimal text."""
    return format(Decimal(whole).scaleb(-places), "f")


def decimal(chance, high, *places):
    """Return a decimal up to `high` with one of some numbers of decimals."""
    count = chance.choice(places)
    return spelled(chance.randrange(high * 10**count + 1), count)


def quantity(chance):
    """Return a quantity: small and near bounds mostly, huge now and then."""
    if chance.random() < 0.08:
        return decimal(chance, 10**15, 0, 9)
    return decimal(chance, 60, 0, 0, 1, 2, 9)


def money(chance):
    """Return a price: round, with few decimals, or with twelve."""
    return decimal(chance, 12, 0, 1, 3) if chance.random() < 0.7 else decimal(chance, 2, 12)


def ladder(chance, model):
    """Return tiers with rising bounds and an open end."""
    bounds = sorted(chance.sample(range(1, 80), chance.randrange(4)))
    tiers = [{"up_to": str(bound)} for bound in bounds] + [{}]
    for tier in tiers:
        tier["unit_price"] = money(chance)
        if chance.random() < 0.5:
            tier["flat_amount"] = money(chance)
        if chance.random() < 0.2:
            tier["package_size"] = chance.choice(["3", "0.3", "7.5", "10"])
            tier["package_rounding"] = chance.choice(["", "up", "down", "none"])
        if model in ("graduated", "volume") and chance.random() < 0.15:
            tier["maximum"] = money(chance)
    return tiers


def price(chance):
    """Return a price of a total quantity, a quarter of them with a fixed amount."""
    result = quantity_price(chance)
    if result["charge_model"] == "flat" or chance.random() < 0.25:
        result["fixed_amount"] = money(chance)
    return result


def quantity_price(chance):
    """Return a price of a total quantity without a fixed amount."""
    model = chance.choice(MODELS)
    result = {"charge_model": model}
    if model in ("per_unit", "package"):
        result["unit_price"] = money(chance)
    if model == "package":
        result["package_size"] = chance.choice(["1", "3", "0.3", "2.5", "10"])
        result["package_rounding"] = chance.choice(["up", "down", "none"])
        result["packages_minimum"] = chance.choice([0, 0, 1, 3])
    if model not in ("flat", "per_unit", "package"):
        result |= {"tiers": ladder(chance, model), "bill_flat_on_zero": chance.random() < 0.5}
        result["best_price_guard"] = model == "volume" and chance.random() < 0.5
    return result


def baseline(chance):
    """Return a baseline of either kind."""
    above = chance.choice(["terms", "none", "own"])
    result = {
        "kind": chance.choice(["quantity", "amount"]),
        "quantity": decimal(chance, 50, 0, 1),
        "amount": decimal(chance, 90, 0, 2),
        "tolerance_ratio": chance.choice(["0", "0.05", "0.1"]),
        "tolerance_mode": chance.choice(["free", "threshold"]),
        "above": price(chance) if above == "own" else above,
        "above_ladder": chance.choice(["excess", "absolute"]),
        "below": chance.choice(["none", "credit", "carry_forward"]),
        "below_price": money(chance),
        "carried_in": chance.choice(["0", "0", "4.5"]),
    }
    if chance.random() < 0.3:
        result["carried_maximum"] = decimal(chance, 20, 0, 1)
    if chance.random() < 0.5:
        result["fixed_amount"] = money(chance)
    return result


def limits(chance):
    """Return discount, minimum and maximum, a commitment, and whether fixed amounts count."""
    result = {"limits_include_fixed": chance.random() < 0.7}
    if chance.random() < 0.2:
        result["discount_percent"] = chance.choice(["10", "33.3", "100", "0.5"])
    low, high = sorted((decimal(chance, 200, 0, 2) for _ in range(2)), key=Decimal)
    if chance.random() < 0.25:
        result["minimum"] = low
    if chance.random() < 0.25:
        result["maximum"] = high
    if chance.random() < 0.2:
        result["commitment"] = {"kind": "amount", "amount": decimal(chance, 100, 0, 3)}
        result["commitment"] |= {"overage_factor": chance.choice(["1", "1.5", "0.8"]), "true_up": chance.random() < 0.6}
    return result


def measures(chance):
    """Return conversion, rounding and included units."""
    result = {}
    if chance.random() < 0.2:
        result["unit_divisor"] = chance.choice(["3", "60", "1000", "0.7"])
    if chance.random() < 0.2:
        result["unit_factor"] = chance.choice(["1.2", "7"])
    if chance.random() < 0.2:
        result |= {
            "quantity_rounding": chance.choice(["up", "down", "nearest"]),
            "quantity_precision": chance.randrange(-1, 3),
        }
    if chance.random() < 0.2:
        result["quantity_included"] = decimal(chance, 30, 0, 1)
    return result


def terms(chance):
    """Return terms of a total quantity with random surroundings."""
    result = price(chance) | measures(chance) | limits(chance)
    result["currency_rounding"] = chance.choice(["0.01", "0.01", "1", "0.001", "0.05"])
    if chance.random() < 0.2:
        result["baseline"] = baseline(chance)
    if chance.random() < 0.1:
        result["negative_usage"] = "zero"
    if "commitment" in result and chance.random() < 0.4:
        result["commitment"] |= {"kind": "quantity", "quantity": decimal(chance, 50, 0, 1)}
    if chance.random() < 0.05:
        result["bill_at_term_end"] = True
    return result


def change_prices(chance, terms, quantity):
    """Return (terms with earlier prices, quantities at the changes): the first stretches of the term."""
    marks = sorted(chance.randrange(101) for _ in range(chance.randrange(1, 4)))
    stretches = []
    for _mark in marks:
        stretch = {"price": price(chance), "days": chance.randrange(11)}
        if chance.random() < 0.3:
            stretch["discount_percent"] = chance.choice(["10", "50"])
        stretches.append(stretch)
    days = {"days": chance.randrange(1, 11), "days_total": sum(item["days"] for item in stretches) + 10}
    whole = Decimal(quantity)
    return {**terms, **days, "stretches": stretches}, [format(whole * mark / 100, "f") for mark in marks]


def periods(chance, whole):
    """Return billing periods that add up to a quantity."""
    marks = sorted(Decimal(whole) * chance.randrange(101) / 100 for _ in range(chance.randrange(5)))
    points = [Decimal(0), *(mark.quantize(Decimal("1e-9")) for mark in marks), Decimal(whole)]
    return [format(points[i + 1] - points[i], "f") for i in range(len(points) - 1)]

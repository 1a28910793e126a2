"""Random terms and usage as plain JSON: few, sharp numbers, so that bounds, ties and zeros are hit often."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from hypothesis import strategies as st

STEPS = ("0.01", "1", "0.001", "0.05")


def spelled(whole, places):
    """Return an integer of the last decimal place as decimal text."""
    return format(Decimal(whole).scaleb(-places), "f")


def decimals(low, high, places=(0, 1, 2, 9)):
    """Return decimals between two integers with one of some numbers of decimals, as text."""
    return st.sampled_from(places).flatmap(
        lambda p: st.integers(low * 10**p, high * 10**p).map(lambda whole: spelled(whole, p))
    )


quantities = st.one_of(
    st.integers(0, 60).map(str),
    decimals(0, 60, (1, 2, 9)),
    decimals(0, 10**15, (0, 9)),
)
signed = st.tuples(st.sampled_from(["", "", "", "-"]), quantities).map(lambda pair: pair[0] + pair[1])
prices = st.one_of(st.integers(0, 20).map(str), decimals(0, 3, (1, 2, 3, 12)))
sizes = st.one_of(st.sampled_from(["1", "3", "7", "10", "0.3", "2.5"]), st.integers(1, 50).map(str))


@st.composite
def ladders(draw, flats=True, packages=True, caps=False):
    """Return a list of tiers: rising bounds, the last one open."""
    bounds = sorted(set(draw(st.lists(st.integers(1, 400), min_size=0, max_size=4))))
    places = draw(st.sampled_from([0, 1]))
    tiers = []
    for bound in [*bounds, None]:
        tier = {"unit_price": draw(prices)}
        if bound is not None:
            tier["up_to"] = spelled(bound, places)
        if flats and draw(st.booleans()):
            tier["flat_amount"] = draw(prices)
        if packages and draw(st.integers(0, 4)) == 0:
            tier["package_size"] = draw(sizes)
        if caps and draw(st.integers(0, 5)) == 0:
            tier["maximum"] = draw(prices)
        tiers.append(tier)
    return tiers


@st.composite
def price_of(draw, model):
    """Return the part of terms that belongs to one model of a total quantity."""
    price = {"charge_model": model}
    if model == "flat":
        price["fixed_amount"] = draw(prices)
    elif model == "per_unit":
        price["unit_price"] = draw(prices)
    elif model == "package":
        price |= {"unit_price": draw(prices), "package_size": draw(sizes)}
        price["package_rounding"] = draw(st.sampled_from(["up", "down", "none"]))
    else:
        price["tiers"] = draw(ladders(caps=model == "graduated"))
        price["bill_flat_on_zero"] = draw(st.booleans())
    if model == "volume":
        price["best_price_guard"] = draw(st.booleans())
    if draw(st.integers(0, 3)) == 0:
        price["fixed_amount"] = draw(prices)
    return price


MODELS = ("flat", "per_unit", "package", "graduated", "volume", "stair_step", "graduated_percentage")


@st.composite
def measures(draw):
    """Return conversion, rounding and included quantity."""
    result = {}
    if draw(st.integers(0, 3)) == 0:
        result["unit_divisor"] = draw(st.sampled_from(["3", "60", "1000", "0.7"]))
        result["unit_factor"] = draw(st.sampled_from(["1", "1.2", "7"]))
    if draw(st.integers(0, 3)) == 0:
        result["quantity_rounding"] = draw(st.sampled_from(["up", "down", "nearest"]))
        result["quantity_precision"] = draw(st.integers(-1, 2))
    return result


@st.composite
def limits(draw):
    """Return discount, minimum, maximum, commitment and whether fixed amounts count."""
    result = {}
    if draw(st.integers(0, 3)) == 0:
        result["discount_percent"] = draw(st.sampled_from(["10", "33.3", "100", "0.5"]))
    bounds = sorted([draw(st.integers(0, 300)), draw(st.integers(0, 300))])
    if draw(st.integers(0, 3)) == 0:
        result["minimum"] = spelled(bounds[0], 1)
    if draw(st.integers(0, 3)) == 0:
        result["maximum"] = spelled(bounds[1], 1)
    if draw(st.integers(0, 2)) == 0:
        result["commitment"] = {
            "kind": draw(st.sampled_from(["amount", "quantity"])),
            "amount": draw(decimals(0, 100, (0, 3))),
            "quantity": draw(decimals(0, 60, (0, 1))),
            "overage_factor": draw(st.sampled_from(["1", "1.5", "2", "0.8"])),
            "true_up": draw(st.booleans()),
        }
    result["limits_include_fixed"] = draw(st.booleans())
    return result


@st.composite
def baselines(draw):
    """Return a baseline of either kind, with a band, and something above and below."""
    above = draw(st.sampled_from(["terms", "none", "own"]))
    if above == "own":
        above = draw(st.sampled_from(MODELS).flatmap(price_of))
    result = {
        "kind": draw(st.sampled_from(["quantity", "amount"])),
        "quantity": draw(decimals(0, 60, (0, 1))),
        "amount": draw(decimals(0, 90, (0, 2))),
        "tolerance_ratio": draw(st.sampled_from(["0", "0.05", "0.1", "1"])),
        "tolerance_mode": draw(st.sampled_from(["free", "threshold"])),
        "above": above,
        "above_ladder": draw(st.sampled_from(["excess", "absolute"])),
        "below": draw(st.sampled_from(["none", "credit", "carry_forward"])),
        "below_price": draw(prices),
        "carried_in": draw(st.sampled_from(["0", "3", "12.5"])),
    }
    if draw(st.booleans()):
        result["fixed_amount"] = draw(prices)
    return result


@st.composite
def terms(draw, models=MODELS, baseline=True, negative=False):
    """Return terms of a model that looks at the total quantity, with random surroundings."""
    result = draw(st.sampled_from(models).flatmap(price_of))
    result |= draw(measures()) | draw(limits())
    result["currency_rounding"] = draw(st.sampled_from(STEPS))
    if baseline and draw(st.integers(0, 2)) == 0:
        result["baseline"] = draw(baselines())
    elif draw(st.integers(0, 3)) == 0:
        result["quantity_included"] = draw(decimals(0, 60, (0, 1)))
    if negative:
        result["negative_usage"] = draw(st.sampled_from(["mirror", "zero"]))
    return result


@st.composite
def cuts(draw, usage, most=6):
    """Return billing periods of a term: the parts of a quantity (text) that add up to it, some of them empty."""
    count = draw(st.integers(1, most))
    marks = [Decimal(draw(st.integers(0, 100))) / 100 for _ in range(count - 1)]
    points = [Decimal(0), *sorted((Decimal(usage) * mark).quantize(Decimal("1e-9")) for mark in marks), Decimal(usage)]
    return [format(later - earlier, "f") for earlier, later in pairwise(points)]

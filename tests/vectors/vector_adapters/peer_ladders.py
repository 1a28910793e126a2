"""Peer cases whose price looks at a total quantity. A model is a base name with what is added to it:
graduated_min, volume_cumulative, per_unit_credits ... the additions are read from the parameters.
"""

from __future__ import annotations

from fractions import Fraction

from usage_rating import allowance

from .common import CENT, FINE, NotApplicable, adapter, amount, number, numbers, tiers, total
from .events import capacity_amount
from .ladders import blocks, pulses, rounding

#: Peers that bill the first tier's flat amount without usage.
FLAT_ON_ZERO = ("lago", "openmeter")
#: Peers that bill volume and flat prices on the last line of a period only.
LAST_LINE_ONLY = ("openmeter",)
COUNTS = ("units", "quantity", "amount", "sms", "calls", "kwh", "event_price_sum", "sum_of_event_prices")
#: Descriptions that do not change the amount of one case.
WORDS = ("destination", "seconds", "line", "start", "term", "fixed_charge", "group_by", "plan", "match")
BASES = (
    "graduated_percentage",
    "graduated",
    "volume",
    "package",
    "per_unit",
    "per_call",
    "dynamic",
    "flat",
    "stair_step",
)


def base_model(case):
    """Return the kernel's charge model at the beginning of the case's model name."""
    name = case.raw["model"]
    found = next((base for base in BASES if name == base or name.startswith(base + "_")), None)
    if found is None:
        raise NotApplicable(f"model {name}")
    return "per_unit" if found == "per_call" else found


def price_terms(case, model):
    """Return the terms of a case's price alone."""
    params, terms = case.params, {"charge_model": model}
    if model in ("graduated", "volume", "graduated_percentage", "stair_step"):
        first_units = params.get("tiers_first_unit")
        rows = _from_first_units(first_units, model) if first_units else params.get("tiers", "tiers_rate_pct")
        terms["tiers"] = tiers(rows)
        terms["bill_flat_on_zero"] = case.raw["peer"] in FLAT_ON_ZERO
    elif model == "package":
        terms["package_size"], terms["unit_price"] = number(params.get("size")), number(params.get("price"))
        terms["package_rounding"] = rounding(params.get("round", default="up"))
    elif model == "per_unit":
        terms["unit_price"] = number(params.get("unit", "fee"))
    elif model == "flat":
        terms["fixed_amount"] = number(params.get("price", "amount"))
    elif model == "dynamic":
        terms["multiplier"] = number(params.get("multiplier", default="1"))
    return terms


def _from_first_units(rows, model):
    """Return tiers {up_to, unit, flat} of tiers given by the first unit of each.

    The source counts the first unit into its tier for volume prices, and into the one before for graduated.
    """
    less = 1 if model == "volume" else 0
    bounds = [row["first_unit"] - less for row in rows[1:]] + [None]
    others = [{name: value for name, value in row.items() if name != "first_unit"} for row in rows]
    return [{"up_to": bound, **other} for other, bound in zip(others, bounds, strict=True)]


def surrounding_terms(case):
    """Return conversion, included quantity, discount and limits."""
    params, terms = case.params, {}
    if params.get("divide_by", "multiply_by") is not None:
        terms["unit_divisor"] = number(params.get("divide_by", default="1"))
        terms["unit_factor"] = number(params.get("multiply_by", default="1"))
        terms["quantity_rounding"] = rounding(params.get("round"))
    named = {
        "quantity_included": ("free_units", "usage_discount"),
        "discount_percent": ("discount_pct", "discount_percent"),
        "minimum": ("minimum",),
        "maximum": ("maximum",),
    }
    for ours, theirs in named.items():
        if params.get(*theirs) is not None:
            terms[ours] = number(params.get(*theirs))
    return terms


def read_words(case):
    """Read the descriptions that do not change the amount, so that they count as understood."""
    for name in WORDS:
        case.params.get(name)
        case.usage.get(name)


def step_of(case):
    """Return the rounding step of the case's money: by currency, by declared decimals, or fine."""
    decimals = case.params.values.get("round")
    if isinstance(decimals, int):
        case.params.get("round")
        return number(_decimal(Fraction(1, 10**decimals)))
    return {None: FINE, "JPY": "1", "KWD": "0.001"}.get(case.raw.get("currency"), CENT)


def _decimal(fraction):
    from usage_rating.exact import to_text

    return to_text(fraction)


@adapter("peer", *BASES)
def total_quantity(case):
    """A price of a total quantity, in one of the shapes the peers test it in."""
    model = base_model(case)
    terms = {**price_terms(case, model), **surrounding_terms(case)}
    read_words(case)
    usage = case.usage
    if usage.get("cumulative") is not None:
        terms["currency_rounding"] = CENT if case.params.values.get("round") is None else step_of(case)
        return runs(terms, [number(units) for units in usage.get("cumulative")])
    terms["currency_rounding"] = step_of(case)
    if usage.get("bucket_max", "groups") is not None:
        parts = [{"quantity": number(item)} for item in usage.get("bucket_max", "groups")]
        return amount({**terms, "price_per_part": True}, None if parts else "0", parts=parts)
    if case.raw["model"].endswith("_grouped"):
        names = [name for name in case.raw["usage"]]
        return [amount(terms, number(usage.get(name))) for name in names]
    due = one_line(case, terms)
    credits = case.params.get("credits")
    if credits is None:
        return due
    grants = [allowance.Grant(str(index), number(item)) for index, item in enumerate(credits)]
    return Fraction(allowance.burn(number(_decimal(due)), grants)[2])


def runs(terms, positions):
    """Return what each run bills when usage has reached each of `positions`: charge less already billed."""
    from usage_rating import Terms, Usage, rate

    agreed, billed, result, last = Terms.from_dict(terms), {}, [], Fraction(0)
    for position in positions:
        step = _decimal(Fraction(position) - last)
        values = {"quantity": step, "quantity_before": _decimal(last), "billed_before": billed}
        found = rate(Usage.from_dict(values), agreed)
        billed, last = found.to_dict().get("billed_after", {}), Fraction(position)
        result.append(Fraction(found.amount))
    return result


def one_line(case, terms):
    """Return the amount of one line: the whole period, or a part of it after earlier lines."""
    usage, peer = case.usage, case.raw["peer"]
    cents = usage.get("sum_of_event_prices_cents")
    units = usage.get(*COUNTS, default="0")
    if cents is not None:
        units = _decimal(Fraction(number(cents)) / 100)
    before = usage.get("previous_units", "previous_event_price_sum")
    billed = usage.get("previous_billed", "already_billed")
    in_advance = case.params.get("term") == "advance"
    if terms["charge_model"] in ("volume", "flat") and peer in LAST_LINE_ONLY and not in_advance:
        terms = {**terms, "bill_at_term_end": True}
    line = str(case.usage.values.get("line", "")).split(" ")[0]
    if billed is not None and case.raw.get("currency") is None:
        terms = {**terms, "currency_rounding": CENT}
    if _alone(case):
        before = None
    return amount(
        terms,
        total(numbers(units)),
        before=None if before is None else number(before),
        billed=None if billed is None else number(billed),
        final=line != "mid",
        earlier=line in ("mid", "last"),
    )


def _alone(case):
    """Return whether the peer rates each line alone: it rounds converted quantities line by line."""
    return case.raw["peer"] == "openmeter" and case.raw["model"].endswith("_converted")


@adapter("peer", "custom")
def custom(case):
    """An amount computed elsewhere passes through."""
    case.usage.get("units")
    given = number(case.usage.get("amount_given"))
    return amount({"charge_model": "dynamic", "currency_rounding": FINE}, parts=[{"amount": given}])


@adapter("peer", "blocks")
def block_prices(case):
    """Block tiers per unit of measure, less what was billed; amounts compared after rounding."""
    policy = "TOP_TIER" if "top_tier" in case.raw["model"] else "ALL_TIERS"
    billed = case.usage.get("already_billed")
    names = [name for name in case.raw["usage"] if name != "already_billed"]
    if "tiers" in case.raw["params"]:
        rows = {"units": case.params.get("tiers")}
    else:
        rows = {name: case.params.get(name) for name in names}
    sums = Fraction(0)
    for name in names:
        tiered = rows[name] if isinstance(rows[name], list) else [rows[name]]
        terms = {**blocks(tiered, policy), "currency_rounding": CENT}
        past = billed.get(name) if isinstance(billed, dict) else billed
        past = None if past is None else number(past)
        sums += amount(terms, total(numbers(case.usage.get(name))), billed=past)
    return sums


@adapter("peer", "increment_tiers")
def increment_tiers(case):
    """Pulse tiers with an access amount; a reversal mirrors the price."""
    terms = {**pulses(case.params.get("tiers")), "currency_rounding": FINE}
    terms["fixed_amount"] = number(case.params.get("access_fee", default="0"))
    return amount(terms, number(case.usage.get("units")))


@adapter("peer", "capacity")
def capacity(case):
    """The price of the lowest tier that allows every unit."""
    used = {name: case.usage.get(name) for name in case.raw["usage"]}
    return capacity_amount(case.params.get("tiers"), used)

"""A second implementation of rating, written from the definitions; it imports nothing of the kernel.

`charge(usage, terms)` takes the JSON that `Usage.from_dict` and `Terms.from_dict` take, leaves out what was billed
before, and returns ({code: rounded amount} of the rating term so far, quantity carried forward). Fractions only, the
simplest loops; codes that come to nothing are left out.
"""

from __future__ import annotations

from fractions import Fraction

import oracle_events
from oracle_prices import NOTHING, beyond, less, number, rounded, usage_lines, worth_of

OF_QUANTITY = ("flat", "per_unit", "package", "graduated", "volume", "stair_step", "graduated_percentage")


def charge(usage, terms):
    """Return ({code: amount}, quantity carried) of the rating term so far."""
    final = usage.get("final", True)
    if terms.get("bill_at_term_end") and not final:
        return {}, NOTHING
    step = number(terms, "currency_rounding", "0.01")
    agreed = terms.get("baseline") or {}
    if agreed and agreed.get("kind", "quantity") == "quantity":
        lines, carried = quantity_baseline(usage, terms, agreed, final)
    else:
        lines, carried = priced(usage, terms, lambda price, used: lines_of(price, used, terms)), NOTHING
    bill = {code: rounded(amount, step) for code, amount in lines}
    if agreed.get("kind") == "amount":
        carried = amount_baseline(bill, terms, agreed, final, step)
    limit(bill, terms, final, step)
    return {code: amount for code, amount in bill.items() if amount}, carried


def priced(usage, terms, of_price):
    """Return the lines of every price of the term, each for the usage that came while it held, and its discount."""
    found, before = [], None
    for index, stretch in enumerate(terms.get("stretches", [])):
        price, used = stretch["price"], usage_until(usage, index)
        found += held(index, price, of_price, used, before, stretch, terms, number(stretch, "discount_percent"))
        before = used
    index = len(terms.get("stretches", []))
    return found + held(index, terms, of_price, usage, before, terms, terms, number(terms, "discount_percent"))


def held(index, price, of_price, used, before, stretch, terms, percent):
    """Return the lines of one price: usage up to its end less usage before, fixed amount by days, discount."""
    lines = of_price(price, used)
    if before is not None:
        lines = less(lines, of_price(price, before))
    share = Fraction(int(stretch["days"]), int(terms["days_total"])) if terms.get("days_total") else 1
    lines = [*lines, ("fixed", number(price, "fixed_amount") * share)]
    lines.append(("discount", -worth_of(lines) * percent / 100))
    return [(f"change-{index}-{code}", amount) for code, amount in lines] if index else lines


def usage_until(usage, index):
    """Return the usage of the term so far at the price change with this index."""
    if "promised" in usage:
        return {}
    if usage.get("parts"):
        return {"parts": [part for part in usage["parts"] if part.get("stretch", 0) <= index], "counted": True}
    return {"quantity": usage["quantities_at_changes"][index]}


def lines_of(price, usage, terms):
    """Return what a price charges for all of the usage."""
    parts = usage.get("parts") or []
    model = price["charge_model"]
    if model in OF_QUANTITY and not (parts and price.get("price_per_part")):
        return usage_lines(price, billed_units(usage, terms))
    if not parts and not usage.get("counted"):
        whole = number(usage, "quantity") + number(usage, "quantity_before")
        key = "amount" if model in ("percentage", "dynamic") else "quantity"
        parts = [{key: whole}] if whole else []
    units = [number(part, "quantity", 1) for part in parts]
    if model not in oracle_events.OF_MONEY:
        units = measured(units, terms)
    parts = [{**part, "units": value} for part, value in zip(parts, units, strict=True)]
    step = number(terms, "currency_rounding", "0.01")
    return oracle_events.lines(price, parts, terms.get("time_zone", "UTC"), step)


def billed_units(usage, terms):
    """Return the quantity of the term so far, measured as the terms say."""
    if usage.get("parts") or usage.get("counted"):
        whole = sum((number(part, "quantity", 1) for part in usage["parts"]), NOTHING)
    else:
        whole = number(usage, "quantity") + number(usage, "quantity_before")
    return measured([whole], terms)[0]


def measured(quantities, terms):
    """Return quantities converted, rounded, and less the included units: what is free of each is what is free of all
    of them so far, less what was free before it."""
    free, sum_, result = number(terms, "quantity_included"), NOTHING, []
    step = Fraction(10) ** -int(terms.get("quantity_precision", 0))
    for quantity in quantities:
        units = quantity * number(terms, "unit_factor", 1) / number(terms, "unit_divisor", 1)
        units = rounded(units, step, terms.get("quantity_rounding", "none"))
        free_before = max(-free, min(free, sum_))
        sum_ += units
        result.append(units - max(-free, min(free, sum_)) + free_before)
    return result


def quantity_baseline(usage, terms, agreed, final):
    """Return (lines, carried): only what lies above an agreed quantity is priced."""
    used, quantity, carried_in = billed_units(usage, terms), number(agreed, "quantity"), number(agreed, "carried_in")
    edge, missing = edges(agreed, quantity, carried_in, used)
    own, ladder = agreed.get("above", "terms"), agreed.get("above_ladder", "excess")

    def above(price, part_of_usage):
        if own == "none":
            return []
        found = beyond(price, edge, billed_units(part_of_usage, terms), ladder)
        return [(f"above-{code}", amount) for code, amount in found]

    if own in ("terms", "none"):
        lines = priced(usage, terms, above)
    else:
        excess = [*above(own, usage), ("above-fixed", number(own, "fixed_amount") if used > edge else NOTHING)]
        lines = priced(usage, terms, lambda _price, _used: excess)
    below, carried = settled_below(agreed, missing, final)
    return [("baseline", number(agreed, "fixed_amount")), *lines, ("credit-below", below)], carried


def amount_baseline(bill, terms, agreed, final, step):
    """Put the agreed amount on the bill and take off what it pays for; return what is carried forward."""
    value, amount = counted(bill, terms), number(agreed, "amount")
    edge, missing = edges(agreed, amount, number(agreed, "carried_in"), value)
    own = agreed.get("above", "terms")
    bill["baseline"] = rounded(number(agreed, "fixed_amount", amount), step)
    bill["covered"] = rounded(-min(value, edge) if own == "terms" else -value, step)
    if own not in ("terms", "none"):
        above = beyond(own, edge, value, agreed.get("above_ladder", "excess"))
        above.append(("fixed", number(own, "fixed_amount") if value > edge else NOTHING))
        bill.update((f"above-{code}", rounded(amount, step)) for code, amount in above)
    below, carried = settled_below(agreed, missing, final)
    bill["credit-below"] = rounded(below, step)
    return carried


def edges(agreed, figure, carried_in, actual):
    """Return (where the excess begins, how much is missing below the band).

    What was carried in raises the upper edge; it is missing again when nobody used it and it may be carried on.
    """
    width = figure * number(agreed, "tolerance_ratio")
    top = figure + carried_in
    bottom = top if agreed.get("below") == "carry_forward" else figure
    used = max(actual, NOTHING)
    if agreed.get("tolerance_mode") == "threshold":
        return (top if actual > top + width else top + width), (bottom - used if used < bottom - width else NOTHING)
    return top + width, max(NOTHING, bottom - width - used)


def settled_below(agreed, missing, final):
    """Return (credit, carried) for what is missing, once the term has ended."""
    if not final:
        return NOTHING, NOTHING
    if agreed.get("below") == "credit":
        return -missing * number(agreed, "below_price"), NOTHING
    if agreed.get("below") == "carry_forward":
        return NOTHING, min(missing, number(agreed, "carried_maximum", missing))
    return NOTHING, NOTHING


def counted(bill, terms):
    """Return the rounded lines that count towards limits: fixed and baseline amounts only where the terms say so."""
    if terms.get("limits_include_fixed", True):
        return sum(bill.values(), NOTHING)
    return sum((amount for code, amount in bill.items() if not is_fixed(code)), NOTHING)


def is_fixed(code):
    """Say whether a line of the bill is a fixed or baseline amount."""
    return code in ("fixed", "above-fixed", "baseline", "covered") or (
        code.endswith("-fixed") and code.startswith(("change-", "row-"))
    )


def limit(bill, terms, final, step):
    """Add overage or the true-up, then the minimum, then the cap."""
    promise = terms.get("commitment")
    if promise:
        over = counted(bill, terms) - rounded(promised(terms, promise), step)
        if over > 0:
            bill["overage"] = rounded(over * (number(promise, "overage_factor", 1) - 1), step)
        elif final and promise.get("true_up", True):
            bill["true-up"] = -over
    if terms.get("minimum") is not None and final:
        bill["minimum"] = max(NOTHING, rounded(number(terms, "minimum"), step) - counted(bill, terms))
    if terms.get("maximum") is not None:
        value, most = counted(bill, terms), rounded(number(terms, "maximum"), step)
        bill["cap"] = (most if value > 0 else -most) - value if abs(value) > most else NOTHING


def promised(terms, promise):
    """Return the promise in money; a promised quantity is worth what would count of it towards the promise."""
    if promise.get("kind", "amount") == "amount":
        return number(promise, "amount")
    step = number(terms, "currency_rounding", "0.01")
    whole = {"promised": number(promise, "quantity")}
    lines = priced(whole, terms, lambda price, used: usage_lines(price, used.get("promised", NOTHING)))
    return counted({code: rounded(amount, step) for code, amount in lines}, terms)

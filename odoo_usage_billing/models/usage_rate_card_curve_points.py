"""What a price comes to at many quantities, computed by the kernel: the points of a curve and its falls."""

from decimal import Context, Decimal
from itertools import pairwise

from ..invoicing.figures import digits, money_step
from ..invoicing.prices import price_of_record
from ..invoicing.terms import OF_MONEY
from ..rating import Terms, Usage, UsagePart, rate
from .usage_rate_card_version import TIERED

#: Models of which a curve would say nothing: prices side by side do.
BESIDE = ("matrix", "time_of_use")
#: Models that price each event: their curve is that of one event.
OF_ONE_EVENT = ("percentage", "time_increment")
#: Models whose total may fall when the quantity rises.
FALLING = ("volume", "stair_step")
WIDTH, HALVINGS, POINTS_MAX, STEPS_MAX = 12, 6, 400, 40
ZERO, HALF = Decimal(0), Decimal("0.5")
NEAR = Decimal("1e-9")
STRAIGHT = Decimal("1e-6")
#: A picture needs no more digits, and the kernel takes no more decimals than thirty.
grain = Context(prec=18).plus


def terms_of_record(version, currency):
    """The kernel's Terms of a version as it stands in the form, saved or not."""
    data = price_of_record(version) | {
        "discount_percent": digits(version.discount_percent),
        "currency_rounding": money_step(currency),
        "limits_include_fixed": bool(version.limits_include_fixed),
    }
    if version.minimum_amount:
        data["minimum"] = digits(version.minimum_amount)
    if version.maximum_amount:
        data["maximum"] = digits(version.maximum_amount)
    if version.quantity_included and version.charge_model not in OF_MONEY:
        data["quantity_included"] = digits(version.quantity_included)
    return Terms.from_dict(data)


def drawn_terms(version, currency):
    """The Terms that the curve shows; that of one event has nothing of the whole term: fees, limits, free events."""
    terms = terms_of_record(version, currency)
    if version.charge_model not in OF_ONE_EVENT:
        return terms
    data = terms.to_dict()
    for name in ("fixed_amount", "minimum", "maximum", "free_events", "free_amount", "quantity_included"):
        data.pop(name, None)
    return Terms.from_dict(data)


def usage_of(model, quantity, events=1, dimensions=None):
    """The kernel's Usage of so many units, or of `events` events of that size."""
    if model in OF_MONEY:
        return Usage(parts=(UsagePart(amount=quantity),) * events)
    if model in OF_ONE_EVENT:
        return Usage(parts=(UsagePart(quantity=quantity),) * events)
    if model in BESIDE:
        return Usage(parts=(UsagePart(quantity=quantity, dimensions=dimensions or {}),))
    return Usage(quantity=quantity)


def amounts(version, terms, figure="amount_exact"):
    """A function from a quantity to what the terms ask for it: unrounded for a picture, `amount` as it is billed."""
    known = {}

    def amount_at(quantity):
        if quantity not in known:
            usage = usage_of(version.charge_model, quantity)
            known[quantity] = getattr(rate(usage, terms), figure)
        return known[quantity]

    return amount_at


def _included(version):
    """The units that cost nothing at first, where the curve shows them."""
    if version.charge_model in (*OF_MONEY, *OF_ONE_EVENT):
        return ZERO
    return Decimal(digits(version.quantity_included))


def marks_of(version):
    """The quantities at which the price changes: bounds of tiers, packages, increments, what is included."""
    included = _included(version)
    marks = [included] if included else []
    if version.charge_model in TIERED:
        marks += [included + Decimal(digits(tier.up_to)) for tier in version.tier_ids if tier.up_to]
    if version.charge_model == "package":
        size = Decimal(digits(version.package_size))
        marks += [included + size * number for number in range(1, STEPS_MAX)]
    if version.charge_model == "time_increment":
        first, following = (Decimal(digits(version[f"increment_{name}"])) for name in ("first", "next"))
        marks += [first + following * number for number in range(STEPS_MAX)]
    return sorted({mark for mark in marks if mark > 0})


def reach_of(version):
    """How far the curve is worth drawing."""
    return grain(_reach(version))


def _reach(version):
    model, marks = version.charge_model, marks_of(version)
    included = _included(version)
    if model in TIERED and marks:
        return marks[-1] * Decimal("1.4")
    if model == "package":
        packages = max(6, 2 * (version.packages_minimum or 0))
        return included + Decimal(digits(version.package_size)) * packages
    if model == "time_increment":
        return max(marks[:7][-1], 3 * Decimal(digits(version.increment_per)))
    return max([Decimal(100), included * 2, *_limits_reached(version, included)])


def _limits_reached(version, included):
    """Quantities a little beyond those at which minimum and cap come into play."""
    prices = {
        "per_unit": version.unit_price,
        "dynamic": version.multiplier,
        "percentage": version.rate_percent / 100,
    }
    price = Decimal(digits(prices.get(version.charge_model) or 0))
    limits = [version.minimum_amount, version.maximum_amount]
    if version.charge_model == "percentage":
        limits = [version.event_minimum, version.event_maximum]
    return [included + Decimal(digits(limit)) / price * Decimal("1.4") for limit in limits if limit and price > 0]


def curve(amount_at, marks, reach):
    """[(quantity, amount)] from 0 to `reach`: steps upright, straight where the price is, few points."""
    marks = [mark for mark in marks if mark < reach]
    near = grain(reach * NEAR)
    edges = sorted({ZERO, reach, *marks, *(grain(reach * number / WIDTH) for number in range(1, WIDTH))})
    points = []
    for left, right in pairwise(edges):
        points.append((left, amount_at(left)))
        start = grain(left + near) if left in marks or not left else left
        if len(points) < POINTS_MAX:
            points += _between(amount_at, start, right, HALVINGS)
    points.append((reach, amount_at(reach)))
    return points


def _between(amount_at, left, right, halvings):
    """The points from `left` up to `right`, `right` left out, halved as long as they do not lie on a line."""
    low, high = amount_at(left), amount_at(right)
    middle = grain((left + right) * HALF)
    bent = abs(amount_at(middle) - (low + high) * HALF) > STRAIGHT * max(abs(low), abs(high))
    if not bent or not halvings:
        return [(left, low)]
    return _between(amount_at, left, middle, halvings - 1) + _between(amount_at, middle, right, halvings - 1)


def falls(version, amount_at):
    """[(quantity, amount, next quantity or None, its amount)]: where the total falls when the quantity rises.

    The next quantity is a whole unit further, None when only a fraction of a unit further is cheaper.
    """
    if version.charge_model not in FALLING:
        return []
    marks, found = marks_of(version), []
    for mark in marks:
        at = amount_at(mark)
        beyond = amount_at(mark + 1)
        if beyond < at:
            found.append((mark, at, mark + 1, beyond))
        elif (just := amount_at(grain(mark + mark * NEAR))) < at - STRAIGHT * abs(at):
            found.append((mark, at, None, just))
    return found

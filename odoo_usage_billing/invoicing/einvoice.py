"""Unit prices in electronic invoices: formats keep fewer decimals than prices of usage have.

A receiver multiplies quantity and price and compares with the amount of the line. A price of 0.0000125 that is cut to
six decimals is then wrong by 4 %; 12.5 for 1,000,000 units says the same and is exact.
"""

from decimal import ROUND_HALF_UP, Decimal

#: As many zeros as a base quantity may have.
POWERS = 10


def price_per(price, quantity, total, places, slack=Decimal("0.005")):
    """(price, base quantity): with at most `places` decimals, so that quantity x price / base is the line's total.

    Where no power of ten does it, the price as it is for one unit.
    """
    step = Decimal(1).scaleb(-places)
    for power in range(POWERS):
        base = Decimal(10) ** power
        shown = (price * base).quantize(step, ROUND_HALF_UP)
        if abs(shown * quantity / base - total) < slack:
            return shown, base
    return price.quantize(step, ROUND_HALF_UP), Decimal(1)

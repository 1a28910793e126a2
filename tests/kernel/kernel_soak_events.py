"""Random terms whose models look at events, and their parts: plain chance with a seed, for very many cases."""

from __future__ import annotations

from kernel_soak import decimal, ladder, limits, money, price, quantity_price

MODELS = ("percentage", "dynamic", "matrix", "time_increment", "capacity", "prorated_graduated", "per_part")
ZONES = ("UTC", "Europe/Brussels", "Asia/Kathmandu", "Australia/Lord_Howe", "America/New_York")
BANDS = [
    {"code": "peak", "weekdays": [0, 1, 2, 3, 4], "from_time": "08:00", "to_time": "18:00"},
    {"code": "night", "from_time": "22:00", "to_time": "06:30"},
    {"code": "rest"},
]
#: Evenings, nights and the hours around changes of clocks in each zone.
STARTS = [
    *(f"2026-02-05T{hour:02}:{minute}:{minute}Z" for hour in range(24) for minute in ("00", "29", "59")),
    *(f"2026-{day}T{hour:02}:45:30+00:00" for day in ("03-28", "03-29", "10-24", "10-25") for hour in range(24)),
    *(f"2026-{day}T15:{minute}:00Z" for day in ("04-04", "10-03", "03-08", "11-01") for minute in ("00", "31")),
]


def case(chance):
    """Return (terms, parts)."""
    model = chance.choice(MODELS)
    terms, part = globals()[model](chance)
    terms |= limits(chance) | {"currency_rounding": chance.choice(["0.01", "0.01", "1", "0.001", "0.05"])}
    if chance.random() < 0.2:
        terms["fixed_amount"] = money(chance)
    if model in ("matrix", "time_increment", "per_part") and chance.random() < 0.25:
        terms |= {"unit_factor": chance.choice(["1.5", "7"]), "unit_divisor": chance.choice(["3", "2"])}
        terms |= {
            "quantity_rounding": chance.choice(["up", "down", "nearest"]),
            "quantity_precision": chance.choice([0, 1]),
        }
    parts = [part() for _ in range(chance.choice([0, 1, 2, 3, 4, 8]))]
    if model in ("matrix", "time_increment", "per_part") and chance.random() < 0.25:
        terms["quantity_included"] = decimal(chance, 40, 0, 1)
    return terms, parts


def minus(chance, text):
    """Return a number as text, now and then below zero."""
    return "-" + text if chance.random() < 0.12 else text


def percentage(chance):
    terms = {"charge_model": "percentage", "rate_percent": money(chance), "event_amount": money(chance)}
    if chance.random() < 0.5:
        terms["free_events"] = chance.randrange(5)
    if chance.random() < 0.5:
        terms["free_amount"] = decimal(chance, 300, 0)
    if chance.random() < 0.5:
        terms["event_minimum"], terms["event_maximum"] = decimal(chance, 3, 0, 2), str(3 + chance.randrange(20))
    return terms, lambda: {"amount": minus(chance, decimal(chance, 200, 0, 0, 2))}


def dynamic(chance):
    terms = {"charge_model": "dynamic", "multiplier": money(chance)}
    return terms, lambda: {"amount": minus(chance, decimal(chance, 500, 0, 4))}


def matrix(chance):
    rows = [
        {"match": {"to": "32"}, "unit_price": money(chance)},
        {"match": {"to": "324"}, "price": quantity_price(chance)},
        {"match": {"to": "32", "class": "gold"}, "unit_price": money(chance)},
        {"price": price(chance)},
    ]
    terms = {"charge_model": "matrix", "rows": rows, "prefix_dimensions": ["to"]}
    banded = chance.random() < 0.3
    if banded:
        terms |= {"bands": BANDS, "time_zone": chance.choice(ZONES)}
        rows.append({"match": {"band": "night", "to": "4"}, "unit_price": money(chance)})

    def part():
        dimensions = {"to": chance.choice(["32475", "3299", "4", "1"])}
        if chance.random() < 0.4:
            dimensions["class"] = chance.choice(["gold", "tin"])
        found = {"quantity": minus(chance, decimal(chance, 60, 0, 3)), "dimensions": dimensions}
        return found | ({"started_at": chance.choice(STARTS)} if banded else {})

    return terms, part


def slots(chance):
    """Return the slots of a call: the first one starts at once."""
    starts = [0, *sorted(chance.sample(range(20, 200), chance.randrange(3)))]
    return [
        {
            "start": str(start),
            "unit_price": money(chance),
            "per": chance.choice(["1", "60"]),
            "increment": chance.choice(["30", "60", "12.5", "20"]),
        }
        for start in starts
    ]


def time_increment(chance):
    terms = {"charge_model": "time_increment", "slots": slots(chance), "connect_amount": money(chance)}
    banded, longest = chance.random() < 0.4, 300
    if banded:
        terms["bands"] = [{**band, "slots": slots(chance), "connect_amount": money(chance)} for band in BANDS]
        terms["time_zone"], longest = chance.choice(ZONES), 3000
    if chance.random() < 0.3:
        terms |= {"event_rounding_step": "0.01", "event_rounding": chance.choice(["nearest", "up", "down"])}

    def part():
        found = {"quantity": minus(chance, decimal(chance, longest, 0, 0, 1))}
        if chance.random() < 0.2:
            found["continued"] = True
        return found | ({"started_at": chance.choice(STARTS)} if banded else {})

    return terms, part


def capacity(chance):
    tiers = [{"limits": {"GB": str(10 * n), "users": str(n)}, "flat_amount": money(chance)} for n in (1, 3, 9)]
    tiers.append({"limits": {"GB": None, "users": None}, "flat_amount": money(chance)})
    terms = {"charge_model": "capacity", "tiers": tiers, "bill_flat_on_zero": chance.random() < 0.5}
    return terms, lambda: {
        "quantity": decimal(chance, 12, 0, 1),
        "dimensions": {"unit": chance.choice(["GB", "GB", "users"])},
    }


def prorated_graduated(chance):
    tiers = ladder(chance, "prorated_graduated")
    terms = {"charge_model": "prorated_graduated", "tiers": tiers, "bill_flat_on_zero": chance.random() < 0.5}
    return terms, lambda: {
        "quantity": minus(chance, decimal(chance, 40, 0, 1)),
        "quantity_prorated": minus(chance, decimal(chance, 30, 0, 2)),
    }


def per_part(chance):
    return quantity_price(chance) | {"price_per_part": True}, lambda: {
        "quantity": minus(chance, decimal(chance, 60, 0, 2))
    }

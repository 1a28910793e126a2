"""A price matrix: usage finds its row by dimension values, destination prefix and time-of-use band."""

from __future__ import annotations

from .bands import band_at
from .errors import refuse
from .exact import ZERO, as_exact
from .lines import line, prefixed


def matrix(parts, price, zone, price_quantity):
    """Return the lines of each row that usage matched, rows in their written order.

    `price_quantity(quantity, price)` prices a row that carries a whole price of its own. Usage that
    matches no row, or two rows equally well, is refused: never priced at zero, never by chance.
    """
    used, memory, shelves = {}, {}, shelved(price.rows, price.prefix_dimensions)
    for part in parts:
        dimensions = _dimensions(part, price, zone)
        key = tuple(sorted(dimensions.items()))
        if key not in memory:
            memory[key] = _find(dimensions, shelves)
        number = memory[key]
        used[number] = used.get(number, ZERO) + as_exact(part.quantity)
    lines = []
    for number in sorted(used):
        lines += _row_lines(number, price.rows[number - 1], used[number], price_quantity)
    return lines


def _dimensions(part, price, zone):
    """Return the part's dimensions, with "band" found from its start when the price has bands."""
    if not price.bands or "band" in part.dimensions:
        return part.dimensions
    if part.started_at is None:
        refuse("missing", "parts.started_at", "Time-of-use bands need the start of each event; give it.")
    return {**part.dimensions, "band": band_at(part.started_at, price.bands, zone).code}


def find_row(dimensions, rows, prefix_dimensions=()):
    """Return the number (1 is the first) of the best matching row.

    A row matches when every dimension it names has its value (or begins with it, for prefix dimensions).
    Best is the row that names most dimensions, then the one with the longest prefixes.
    """
    return _find(dimensions, shelved(rows, prefix_dimensions))


def shelved(rows, prefix_dimensions=()):
    """Return the rows by what they look at: [(score, names, lengths, {values: row numbers})], best score first.

    `lengths` says how much of a prefix dimension's value counts, None all of it. Thousands of prefixes share a
    handful of shelves, so that finding a row takes a look-up per shelf.
    """
    shelves = {}
    for number, row in enumerate(rows, 1):
        names = tuple(sorted(row.match))
        values = tuple(row.match[name] for name in names)
        lengths = tuple(
            len(value) if name in prefix_dimensions else None for name, value in zip(names, values, strict=True)
        )
        shelves.setdefault((names, lengths), {}).setdefault(values, []).append(number)
    scored = [((len(names), sum(filter(None, lengths))), names, lengths) for names, lengths in shelves]
    return [(*shelf, shelves[shelf[1:]]) for shelf in sorted(scored, key=lambda shelf: shelf[0], reverse=True)]


def _find(dimensions, shelves):
    """Return the number of the one best row, refusing none and several."""
    best, numbers = None, []
    for score, names, lengths, rows in shelves:
        if numbers and score != best:
            break
        if all(name in dimensions for name in names):
            values = tuple(dimensions[name][:length] for name, length in zip(names, lengths, strict=True))
            numbers += rows.get(values, ())
            best = score
    words = ", ".join(f"{key}={value}" for key, value in sorted(dimensions.items())) or "no dimensions"
    if not numbers:
        refuse("no_price", "rows", f"No row matches {words}; add one, or a row for all other usage.")
    if len(numbers) > 1:
        refuse("ambiguous_price", "rows", f"Rows {sorted(numbers)} match {words} equally well; remove one.")
    return numbers[0]


def _row_lines(number, row, quantity, price_quantity):
    """Return the lines of one row: its unit price, or its own price under codes of the row."""
    code = f"row-{number}"
    labels = {f"dimension_{key}": value for key, value in sorted(row.match.items())}
    if row.price is None:
        return [line(code, "row", quantity, row.unit_price, number=number, **labels)]
    return prefixed(price_quantity(quantity, row.price), f"{code}-")

"""T12M: T12 with the formula that most people write: search the line's events and add them up."""

from . import t12_formula

ID = "T12M"
WHAT = "billing run of contracts x 10 usage lines against contracts with search().mapped()"
UNIT = t12_formula.UNIT
TARGET = (">=", 5)
#: How many, set by --contracts.
CONTRACTS = None


def by_search(line, first, last):
    """The quantity as a formula of one line asks for it."""
    domain = [("x_line_id", "=", line.id), ("x_day", ">=", first), ("x_day", "<=", last)]
    return sum(line.env[t12_formula.MODEL].search(domain).mapped("x_quantity"))


def run(database, quick):
    """As T12."""
    t12_formula.CONTRACTS = CONTRACTS
    return t12_formula.run(database, quick, by_search)

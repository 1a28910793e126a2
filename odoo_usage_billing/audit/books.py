"""Asks whether the books hold: each invariant by its name, with counts and the first offenders."""

from typing import NamedTuple

from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from ..store.retirement import hold
from .ledger_side import ACCRUAL_ENTRIES, ACCRUALS_REVERSED, USAGE_LEDGER
from .money_side import ADJUSTMENT_LINES, CHARGED_ONCE, COMPONENTS, INVOICE_LINES, INVOICE_TOTALS
from .prepaid_side import (
    PREPAID_BALANCES,
    PREPAID_GRANTS,
    PREPAID_LEDGER,
    PREPAID_LINES,
    PREPAID_RECOGNISED,
)
from .traces import recomputed
from .usage_side import BATCH_COUNTS, BATCH_EVENTS, BUCKET_EVENTS, CHARGED_USAGE, USAGE_IN_LINE

_lt = LazyTranslate(__name__)

#: name, what must hold, and its query; None is asked in Python.
INVARIANTS = (
    ("batch_counts", _lt("received = accepted + duplicate + suspended + filtered, per batch"), BATCH_COUNTS),
    ("batch_events", _lt("accepted records = stored events, per batch"), BATCH_EVENTS),
    ("bucket_events", _lt("buckets = events, per contract line, metric and day"), BUCKET_EVENTS),
    ("charged_usage", _lt("usage of an invoiced period is in its charge, or came later"), CHARGED_USAGE),
    ("usage_in_line", _lt("usage lies on the days of its contract line, or is invoiced"), USAGE_IN_LINE),
    ("charge_components", _lt("charge = sum of its components"), COMPONENTS),
    ("charge_trace", _lt("charge = recomputed from its trace"), None),
    ("charge_lines", _lt("component = invoice line, to the cent"), INVOICE_LINES),
    ("adjustment_lines", _lt("adjustment = sum of its components = its invoice lines"), ADJUSTMENT_LINES),
    ("charged_once", _lt("the days of a contract line are charged once"), CHARGED_ONCE),
    ("invoice_total", _lt("invoice without taxes = its charges + its other lines"), INVOICE_TOTALS),
    ("accrual_reversed", _lt("accrual + reversal = 0"), ACCRUALS_REVERSED),
    ("accrual_entry", _lt("accrual entry = sum of its lines"), ACCRUAL_ENTRIES),
    ("usage_ledger", _lt("usage revenue in the ledger = posted charges and accruals"), USAGE_LEDGER),
    ("prepaid_grants", _lt("granted = drawn + expired + left = sum of movements, per grant"), PREPAID_GRANTS),
    ("prepaid_balances", _lt("prepaid balance = what is left of its grants"), PREPAID_BALANCES),
    ("prepaid_ledger", _lt("prepaid liability in the ledger = posted movements, in both currencies"), PREPAID_LEDGER),
    ("prepaid_lines", _lt("invoice line that takes prepaid money = its draws"), PREPAID_LINES),
    ("prepaid_recognised", _lt("recognised prepaid revenue <= billed, and = posted documents"), PREPAID_RECOGNISED),
)
COUNTED = """
    WITH facts AS MATERIALIZED (%s)
    SELECT (SELECT COUNT(*) FROM facts), (SELECT COUNT(*) FROM facts WHERE broken),
           (SELECT json_agg(f) FROM (SELECT * FROM facts WHERE broken LIMIT %s) f)
"""
EXAMPLES = 5


class Finding(NamedTuple):
    """What an invariant found: how many were looked at, how many break it, and the first of them in words."""

    code: str
    sentence: object
    checked: int
    broken: int
    examples: tuple


def verify(cr, companies, everything=False):
    """Yield a Finding per invariant, for the companies with these ids. Reads only; `everything`: all traces.

    Months of events stay in place meanwhile. Raises ConcurrencyError when one went since the transaction began.
    """
    companies = list(companies)
    hold(cr)
    for code, sentence, query in INVARIANTS:
        if query is None:
            checked, found = recomputed(cr, companies, everything)
            yield Finding(code, sentence, checked, len(found), tuple(found[:EXAMPLES]))
            continue
        cr.execute(SQL(COUNTED, SQL(query, companies=companies), EXAMPLES))
        checked, broken, examples = cr.fetchone()
        yield Finding(code, sentence, checked, broken, tuple(_words(row) for row in examples or ()))


def _words(row):
    """A row as words: batch 3, received 10, accepted 9."""
    return ", ".join(
        f"{name.replace('_', ' ')} {'nothing' if value is None else value}"
        for name, value in row.items()
        if name != "broken"
    )

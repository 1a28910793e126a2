"""What the prepared values of invoices amount to, before there is an invoice: figures of a run's preview.

Amounts come out of Odoo's tax engine as they will on the invoice, without an invoice line being made.
"""

from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import NamedTuple

from .bounds import LOOK_BACK, USUAL_FROM

#: At so many times the usual amount, or at that part of it, a bill is looked at first.
OUTLIER = 2
#: How far back earlier invoices are looked for, in days before the run.
EARLIER_DAYS = 400

CHARGES = """
    SELECT id, CASE WHEN commitment_id IS NULL THEN 'usage' ELSE 'commitment' END, date_start, date_end, quantity::text
      FROM usage_charge WHERE id = ANY(%s)
"""
ADJUSTMENTS = """
    SELECT id, 'adjustment', date_start, date_end, quantity::text FROM usage_adjustment WHERE id = ANY(%s)
"""
MARK = (
    "UPDATE usage_charge SET state = 'invoiced' WHERE id = ANY(%s)",
    "UPDATE usage_billing_period p SET state = 'invoiced' FROM usage_charge c"
    " WHERE c.period_id = p.id AND c.id = ANY(%s)",
)
# Untaxed, as booked: amount_currency has the sign of the ledger, also on credit notes.
EARLIER = """
    SELECT c.contract_id, m.invoice_date, (-SUM(l.amount_currency))::text
      FROM contract_line c
      JOIN account_move_line l ON l.contract_line_id = c.id AND l.display_type = 'product'
      JOIN account_move m ON m.id = l.move_id AND m.state <> 'cancel' AND m.reversed_entry_id IS NULL
       AND m.move_type IN ('out_invoice', 'out_refund') AND m.invoice_date >= %s
     WHERE c.contract_id = ANY(%s)
     GROUP BY 1, 2
    HAVING bool_or(l.usage_adjustment_id IS NULL)
     ORDER BY 1, 2 DESC
"""
EARLIER_OF_LINES = """
    SELECT p.contract_line_id, p.date_start, (-SUM(l.amount_currency))::text
      FROM usage_billing_period p
      JOIN usage_charge c ON c.period_id = p.id AND c.commitment_id IS NULL AND c.state = 'invoiced'
      JOIN account_move_line l ON l.usage_charge_id = c.id AND l.display_type = 'product'
     WHERE p.contract_id = ANY(%s) AND p.state = 'invoiced' AND p.date_end >= %s
     GROUP BY 1, 2
     ORDER BY 1, 2 DESC
"""
INVOICED = """
    SELECT l.contract_line_id,
           CASE WHEN l.usage_adjustment_id IS NOT NULL THEN 'adjustment'
                WHEN c.commitment_id IS NOT NULL THEN 'commitment'
                WHEN c.id IS NOT NULL THEN 'usage' ELSE 'fixed' END,
           l.usage_date_start, l.usage_date_end, (-SUM(l.amount_currency))::text
      FROM account_move_line l
      LEFT JOIN usage_charge c ON c.id = l.usage_charge_id
     WHERE l.move_id = ANY(%s) AND l.display_type = 'product'
     GROUP BY 1, 2, 3, 4
"""


class Key(NamedTuple):
    """What is invoiced: a contract line's usage, settled commitment, adjustment or fixed amount of some days."""

    line_id: int
    kind: str
    date_start: date
    date_end: date


class Item(NamedTuple):
    """What a Key comes to: untaxed, its taxes, billed units, the invoice it is on and that invoice's date."""

    quantity: Decimal
    amount: Decimal
    tax: Decimal
    move_number: int
    move_date: date

    def plus(self, other):
        """Both together; the quantity is that of the charge, so it is not added up."""
        return self._replace(amount=self.amount + other.amount, tax=self.tax + other.tax)


def itemise(env, values, pricer):
    """{Key: Item} of prepared invoice values; invoices are numbered from 0."""
    known, found = _facts(env, values), {}
    for number, vals in enumerate(values):
        for line, amount, tax in pricer.priced(vals):
            key, quantity = _key(line, known)
            item = Item(quantity, amount, tax, number, vals["invoice_date"])
            found[key] = found[key].plus(item) if key in found else item
        for line in vals["invoice_line_ids"]:
            # A charge that comes to nothing has words on the invoice, and no amount.
            if _fact(line[2]) in known:
                key, quantity = _key(line[2], known)
                found.setdefault(key, Item(quantity, Decimal(0), Decimal(0), number, vals["invoice_date"]))
    return found


def _key(line, known):
    if _fact(line) in known:
        kind, start, end, quantity = known[_fact(line)]
        return Key(line["contract_line_id"], kind, start, end), quantity
    key = Key(line["contract_line_id"], "fixed", line.get("usage_date_start"), line.get("usage_date_end"))
    return key, Decimal(repr(line["quantity"]))


def _fact(line):
    return (line.get("usage_charge_id"), line.get("usage_adjustment_id"))


def _facts(env, values):
    """{(charge id, adjustment id): (kind, first day, first day after, quantity)} of what the values carry."""
    lines = [command[2] for vals in values for command in vals["invoice_line_ids"]]
    env["usage.adjustment"].flush_model(["quantity"])
    found = {}
    env.cr.execute(CHARGES, ([line["usage_charge_id"] for line in lines if line.get("usage_charge_id")],))
    found.update({(id_, None): (*rest, Decimal(quantity or 0)) for id_, *rest, quantity in env.cr.fetchall()})
    env.cr.execute(ADJUSTMENTS, ([line["usage_adjustment_id"] for line in lines if line.get("usage_adjustment_id")],))
    found.update({(None, id_): (*rest, Decimal(quantity or 0)) for id_, *rest, quantity in env.cr.fetchall()})
    return found


def priced_lines(vals):
    """The lines of prepared invoice values that bear an amount."""
    lines = [command[2] for command in vals["invoice_line_ids"]]
    return [line for line in lines if (line.get("display_type") or "product") == "product"]


class Pricer:
    """Amounts, taxes and accounts of prepared lines; those of a product are looked up once per fiscal position."""

    def __init__(self, env):
        self.env = env
        self.known = {}

    def priced(self, vals):
        """[(line values, untaxed amount, taxes)] of one prepared invoice, rounded as on the invoice."""
        lines, move = priced_lines(vals), self.move_of(vals)
        company = move.company_id
        base_lines = [self._base_line(move, line) for line in lines]
        engine = self.env["account.tax"]
        engine._add_tax_details_in_base_lines(base_lines, company)
        engine._round_base_lines_tax_details(base_lines, company)
        return [(line, *_totals(base["tax_details"])) for line, base in zip(lines, base_lines, strict=True)]

    def move_of(self, vals):
        """The invoice of prepared values without its lines, which no database knows."""
        header = {name: value for name, value in vals.items() if name != "invoice_line_ids"}
        return self.env["account.move"].with_company(vals["company_id"]).new(header)

    def _base_line(self, move, line):
        blank = self.env["account.move.line"]
        numbers = {
            name: blank._fields[name].convert_to_cache(line.get(name) or 0.0, blank)
            for name in ("quantity", "price_unit", "discount")
        }
        return self.env["account.tax"]._prepare_base_line_for_taxes_computation(
            None,
            **numbers,
            product_id=self.env["product.product"].browse(line.get("product_id") or []),
            tax_ids=self.books(move, line)[1],
            currency_id=move.currency_id,
            partner_id=move.partner_id,
        )

    def books(self, move, line):
        """(account, taxes) of a prepared line, as its invoice will compute them."""
        blank = self.env["account.move.line"].with_company(move.company_id)
        product, place = line.get("product_id"), move.fiscal_position_id._origin
        key = (move.company_id.id, move.journal_id.id, place.id, product, None if product else move.partner_id.id)
        if key not in self.known:
            made = blank.new({"move_id": move, "product_id": product, "display_type": "product"})
            self.known[key] = made.account_id._origin, made.tax_ids._origin
        account, taxes = self.known[key]
        if line.get("account_id"):
            account = self.env["account.account"].browse(line["account_id"])
        if "tax_ids" in line:
            taxes = blank.new({"tax_ids": line["tax_ids"]}).tax_ids._origin
        return account, taxes


def _totals(details):
    untaxed = _exact(details["total_excluded_currency"]) + _exact(details["delta_total_excluded_currency"])
    return untaxed, sum((_exact(tax["tax_amount_currency"]) for tax in details["taxes_data"]), Decimal(0))


def _exact(amount):
    """An amount that is rounded to its currency, as the Decimal it stands for."""
    return Decimal(repr(round(amount, 6)))


def mark_invoiced(env, values):
    """Let the next turn see what this one would have invoiced; the savepoint around undoes it.

    Returns the ids of adjustments that are on an invoice now.
    """
    lines = [command[2] for vals in values for command in vals["invoice_line_ids"]]
    charges = sorted({line["usage_charge_id"] for line in lines if line.get("usage_charge_id")})
    for query in MARK:
        env.cr.execute(query, (charges,))
    for model in ("usage.charge", "usage.billing.period"):
        env[model].invalidate_model()
    return {line["usage_adjustment_id"] for line in lines if line.get("usage_adjustment_id")}


class Earlier:
    """What contracts and their usage lines came to before, the latest first; a turn is before the next one."""

    def __init__(self, env, contract_ids, day):
        since = day - timedelta(days=EARLIER_DAYS)
        for model in ("account.move", "account.move.line", "usage.charge", "usage.billing.period"):
            env[model].flush_model()
        env.cr.execute(EARLIER, (since, contract_ids))
        self.contracts = _listed(env.cr.fetchall())
        env.cr.execute(EARLIER_OF_LINES, (contract_ids, since))
        self.lines = _listed(env.cr.fetchall())

    def compared(self, group, id_, amount):
        """The Comparison of an amount, which is earlier from now on. `group`: "contracts" or "lines"."""
        known = getattr(self, group).setdefault(id_, [])
        result = compare(amount, known[:LOOK_BACK])
        known.insert(0, amount)
        return result


def _listed(rows):
    found = {}
    for id_, _day, amount in rows:
        found.setdefault(id_, []).append(Decimal(amount))
    return found


class Comparison(NamedTuple):
    """An amount beside the last one and the usual one (median), and whether it is an outlier."""

    last: Decimal | None
    usual: Decimal | None
    ratio: Decimal | None
    deviation: Decimal
    finding: str


def compare(amount, earlier):
    """The Comparison of an amount with earlier ones, the latest first."""
    last = earlier[0] if earlier else None
    usual = median(earlier) if len(earlier) >= USUAL_FROM else None
    reference = last if usual is None else usual
    if reference is None:
        return Comparison(None, None, None, abs(amount), "first")
    ratio = amount / reference if reference else None
    far = amount != 0 if ratio is None else ratio >= OUTLIER or ratio * OUTLIER <= 1
    return Comparison(last, usual, ratio, abs(amount - reference), "outlier" if far else "usual")


def invoiced(env, move_ids):
    """{Key: untaxed amount} of invoices that a run made."""
    env["account.move.line"].flush_model()
    env.cr.execute(INVOICED, (move_ids,))
    return {Key(*key): Decimal(amount) for *key, amount in env.cr.fetchall()}

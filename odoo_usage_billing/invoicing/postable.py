"""What would become of prepared invoices once they are created and posted: missing accounts, days that are locked."""

from odoo.exceptions import UserError
from odoo.tools import format_date

from .rehearsal import priced_lines

#: The most careful policy first: an invoice of several contracts follows it.
POLICIES = ("draft", "post", "send")


def policy_of(contracts):
    """What becomes of an invoice of these contracts."""
    return min(contracts.mapped("usage_invoice_policy"), key=POLICIES.index)


def foresee(env, values, pricer):
    """{number of the invoice: what would be otherwise than people expect}; what would stop one is raised."""
    found = {}
    for number, vals in enumerate(values):
        move, lines = pricer.move_of(vals), priced_lines(vals)
        books = [pricer.books(move, line) for line in lines]
        _require_accounts(env, lines, books)
        owners = env["contract.line"].browse([line["contract_line_id"] for line in lines]).contract_id
        if owners and policy_of(owners) != "draft":
            warning = _moved(move, any(taxes for _account, taxes in books))
            if warning:
                found[number] = warning
    return found


def _require_accounts(env, lines, books):
    for line, (account, _taxes) in zip(lines, books, strict=True):
        if not account:
            raise UserError(
                env._(
                    "%(line)s has no income account: neither its product nor the sales journal has one. Set one of "
                    "them.",
                    line=env["contract.line"].browse(line["contract_line_id"]).display_name,
                )
            )


def _moved(move, has_tax):
    """A warning when Odoo would book the invoice on another day, because its own is locked; none when it would not.

    Where every day up to today is locked, posting is refused, and so it is here.
    """
    env, day = move.env, move.invoice_date
    locks = move._get_violated_lock_dates(day, has_tax)
    if not locks:
        return None
    said = {"day": format_date(env, day), "locks": move.company_id._format_lock_dates(locks)}
    booked = move._get_accounting_date(day, has_tax, lock_dates=locks)
    if move._get_violated_lock_dates(booked, has_tax):
        raise UserError(
            env._(
                "The invoice of %(day)s cannot be posted: it is locked, %(locks)s, and so is every later day up to "
                "today. Let an accountant change the lock date, or invoice by drafts.",
                **said,
            )
        )
    return env._(
        "The invoice of %(day)s would be booked on %(booked)s, because its day is locked: %(locks)s.",
        booked=format_date(env, booked),
        **said,
    )

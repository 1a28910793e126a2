"""Promise 20: nothing recorded is rewritten.

As administrator every fact is attacked through the ORM, an import, a remote call, SQL, and a merge of the partners it
names. Then usage comes late for every closed period and is rated again: posted entries keep the moment they were last
written, and the chain of their hashes stays whole.
"""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import psycopg2

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.service.model import call_kw
from odoo.tools import SQL

from . import world
from .crowd import transaction

NUMBER = 20
PROMISE = "Nothing recorded is rewritten"
TARGET = "attempts that changed a fact 0; write_date of posted moves changed 0; hash chain whole"
#: (contracts, months): periods that are closed and rated again
SIZES = {"full": (50, 10), "medium": (20, 5), "small": (4, 2)}
START = date(2024, 1, 1)
#: model -> {column: what to put there}; the table is the model's name with underscores
FACTS = {
    "usage.event": {"quantity": 999999},
    "usage.charge": {"quantity": 999999, "amount": 999999},
    "usage.charge.component": {"quantity": 999999, "amount": 999999},
    "usage.adjustment": {"amount": 999999},
    "usage.adjustment.component": {"amount": 999999},
    "usage.accrual": {"date": "2030-01-01"},
    "usage.accrual.line": {"amount": 999999},
    "usage.prepaid.move": {"amount": 999999},
    "usage.recognition": {"date": "2030-01-01"},
    "usage.recognition.line": {"amount": 999999},
    "usage.reading": {"value": 999999},
    "usage.rate.card.version": {"unit_price": 999999},
}
#: Facts without a model.
TABLES = {"usage_event_key": {"content_digest": "00000000-0000-0000-0000-000000000000"}}
#: Facts once they are in this state; drafts of them change.
STATES = {"usage.rate.card.version": "frozen", "usage.accrual": "posted", "usage.recognition": "posted"}
REFUSALS = (UserError, AccessError, ValidationError, psycopg2.Error)


def attack(database, size, seed):
    """Return {figures..., "holds": bool}; `seed` does not matter, every way is tried on every fact."""
    count, months = SIZES[size]
    admin = transaction(database, lambda env: _prepare(env, count))
    for month in range(1, months + 1):
        transaction(database, lambda env, month=month: _month(env, count, month))
    transaction(database, lambda env: _read_meter(env))
    transaction(database, lambda env: _late(env, count, 1))
    transaction(database, lambda env: _accrue(env, months))
    transaction(database, lambda env: _prepay(env, months))
    with database.env(uid=admin) as env:
        tried, changed = _attack_all(env)
    stamps = _stamps(database)
    transaction(database, lambda env: _late(env, count, months))
    later = _stamps(database)
    rewritten = sum(later.get(id_) != stamp for id_, stamp in stamps.items())
    with database.env(uid=admin) as env:
        hashes = [line["status"] for line in env.company._check_hash_integrity()["results"]]
        hashed = env["account.move"].search_count([("inalterable_hash", "!=", False)])
        adjusted = len({(a.contract_line_id, a.date_start) for a in env["usage.adjustment"].search([])})
        facts = sum(env[model].sudo().search_count([]) > 0 for model in FACTS)
    whole = bool(hashed) and all(status in ("verified", "no_data") for status in hashes)
    return {
        "kinds of fact": facts + len(TABLES),
        "attempts": tried,
        "attempts that changed a fact": len(changed),
        "changed by": sorted(changed),
        "closed periods": count * months,
        "rated again": adjusted,
        "posted moves": len(stamps),
        "write_date of posted moves changed": rewritten,
        "moves in the hash chain": hashed,
        "hash chain whole": whole,
        "holds": not changed and not rewritten and whole and adjusted == count * months and facts == len(FACTS),
    }


def _prepare(env, count):
    """Contracts that post; a journal whose entries are hashed; an administrator who may do everything."""
    contracts = world.contracts(env, count, START)
    contracts.usage_invoice_policy = "post"
    contracts.usage_adjustment_policy = "own_invoice"
    env["account.journal"].search([("type", "=", "sale")], limit=1).restrict_mode_hash_table = True
    admin = env.ref("base.user_admin")
    groups = env["res.groups"].search([("privilege_id.name", "ilike", "usage")])
    groups |= (
        env.ref("account.group_account_manager") | env.ref("account.group_account_user") | env.ref("base.group_system")
    )
    admin.group_ids = [Command.link(group.id) for group in groups]
    return admin.id


def _records(count, month, name, quantity):
    from odoo.addons.odoo_usage_billing.store import UsageRecord

    day = datetime(2024, month, 3, tzinfo=timezone.utc)
    return [
        UsageRecord(n, f"{name}-{month}-{n}", f"A-{n:05d}", "units", day + timedelta(hours=n), Decimal(quantity))
        for n in range(count)
    ]


def _store(env, records):
    source = env["usage.source"].search([("code", "=", "attack")])
    env["usage.batch"].create({"name": "facts", "source_id": source.id})._store(records)


def _month(env, count, month):
    """Usage of a month, and its bill."""
    _store(env, _records(count, month, "usual", 1000))
    run = env["usage.billing.run"].create({"date_ref": date(2024, month + 1, 1)})
    run._list_contracts()
    while pending := run.line_ids.filtered(lambda line: line.state == "pending"):
        run._process(pending)


def _late(env, count, months):
    """Usage that comes late for each of the first months, found and billed."""
    for month in range(1, months + 1):
        _store(env, _records(count, month, f"late{months}", 100))
    contracts = env["contract.contract"].search([("has_usage", "=", True)], order="id")
    found = contracts._usage_adjust()
    found.filtered(lambda adjustment: adjustment.state == "draft").action_accept()
    env["usage.adjustment"].search([("state", "=", "accepted"), ("move_id", "=", False)]).action_bill_now()
    env["account.move"].search(
        [("state", "=", "draft"), ("move_type", "in", ("out_invoice", "out_refund"))]
    ).action_post()


def _read_meter(env):
    """Two readings of a register."""
    from odoo.addons.odoo_usage_billing.store import UsageRecord

    source = env["usage.source"].create({"name": "Meters", "code": "meters", "tz": "UTC", "max_age_days": 40000})
    source.register_metric_ids = [Command.link(env["usage.metric"].search([("code", "=", "units")]).id)]
    batch = env["usage.batch"].create({"name": "readings", "source_id": source.id})
    batch._store(
        UsageRecord(n, f"r-{n}", "A-00000", "units", datetime(2025, 6, n, tzinfo=timezone.utc), Decimal(n))
        for n in (1, 2)
    )


def _accrue(env, months):
    """What is used after the last bill, accrued."""
    env.company.usage_accrual_account_id = env["account.account"].create(
        {"name": "Unbilled usage", "code": "150777", "account_type": "asset_current"}
    )
    day = date(2024, months + 1, 28)
    _store(env, _records(2, months + 1, "open", 500))
    accrual = env["usage.accrual"].create({"date": day})
    accrual.action_prepare()
    accrual.action_post()


def _prepay(env, months):
    """Money that the customer paid ahead, for January alone; what is left of it has become revenue."""
    accounts = env["account.account"].create(
        [
            {"name": "Prepaid", "code": "215777", "account_type": "liability_current"},
            {"name": "Breakage", "code": "415777", "account_type": "income"},
        ]
    )
    env.company.write(
        {"usage_prepaid_account_id": accounts[0].id, "usage_prepaid_income_account_id": accounts[1].id}
        | {"usage_prepaid_available": "posted"}
    )
    voucher = {"name": "Prepaid units", "usage_prepaid": True, "usage_prepaid_months": 1, "taxes_id": False}
    product = env["product.product"].create(voucher)
    purchase = {"move_type": "out_invoice", "invoice_date": START}
    purchase["partner_id"] = env["res.partner"].search([("name", "=", "Attacked")], limit=1).id
    purchase["invoice_line_ids"] = [Command.create({"product_id": product.id, "price_unit": 50})]
    env["account.move"].create(purchase).action_post()
    recognition = env["usage.recognition"].create({"date": date(2024, months + 1, 28)})
    recognition.action_prepare()
    recognition.action_post()


def _attack_all(env):
    """(attempts, {ways that changed a fact}); nothing is kept."""
    attempts, changed = 0, set()
    for model, values in FACTS.items():
        table, column = model.replace(".", "_"), next(iter(values))
        for way in (_write, _unlink, _import, _remote, _remote_unlink):
            attempts += 1
            if _changes(env, table, values, lambda way=way, model=model, values=values: way(env, model, values)):
                changed.add(f"{model} {way.__name__.strip('_')}")
        attempts, changed = _by_statement(env, table, values, attempts, changed)
        attempts += 1
        if _changes(env, table, {column: None}, lambda: _merge(env)):
            changed.add(f"{model} merge")
    for table, values in TABLES.items():
        attempts, changed = _by_statement(env, table, values, attempts, changed)
    for way in (_write_posted, _unlink_posted, _draft_posted):
        attempts += 1
        if _changes(env, "account_move_line", {"balance": 0, "quantity": 0}, lambda way=way: way(env)):
            changed.add(f"account.move {way.__name__.strip('_')}")
    return attempts, changed


def _by_statement(env, table, values, attempts, changed):
    name = SQL.identifier(table)
    sets = SQL(", ").join(SQL("%s = %s", SQL.identifier(column), value) for column, value in values.items())
    for label, statement in (
        ("update", SQL("UPDATE %s SET %s", name, sets)),
        ("delete", SQL("DELETE FROM %s", name)),
        ("truncate", SQL("TRUNCATE %s CASCADE", name)),
    ):
        attempts += 1
        if _changes(env, table, values, lambda statement=statement: env.cr.execute(statement)):
            changed.add(f"{table} {label}")
    return attempts, changed


def _changes(env, table, values, way):
    """Whether a way changes these columns of the table's rows, or their number; undone afterwards."""
    before = _digest(env, table, values)
    after = before
    env.cr.execute("SAVEPOINT attack")
    try:
        way()
        env.flush_all()
        after = _digest(env, table, values)
    except REFUSALS:
        pass
    env.cr.execute("ROLLBACK TO SAVEPOINT attack")
    env.invalidate_all()
    return after != before


def _digest(env, table, values):
    columns = SQL(", ").join(SQL("%s::text", SQL.identifier(column)) for column in values)
    where = SQL("TRUE")
    if table == "account_move_line":
        where = SQL("parent_state = 'posted'")
    elif state := STATES.get(table.replace("_", ".")):
        where = SQL("state = %s", state)
    env.cr.execute(
        SQL(
            "SELECT count(*), md5(string_agg(concat_ws('|', %s), ';' ORDER BY %s)) FROM %s WHERE %s",
            columns,
            columns,
            SQL.identifier(table),
            where,
        )
    )
    return env.cr.fetchone()


def _facts(env, model):
    domain = [("state", "=", STATES[model])] if model in STATES else []
    found = env[model].search(domain, limit=3)
    if not found:
        raise AssertionError(f"There is no {model} to attack.")
    return found


def _write(env, model, values):
    _facts(env, model).write(values)


def _unlink(env, model, _values):
    _facts(env, model).unlink()


def _import(env, model, values):
    told = env[model].load([".id", *values], [[str(_facts(env, model)[0].id), *(str(v) for v in values.values())]])
    if not told["ids"]:
        raise UserError(str(told["messages"]))


def _remote(env, model, values):
    call_kw(env[model], "write", [_facts(env, model).ids, values], {})


def _remote_unlink(env, model, _values):
    call_kw(env[model], "unlink", [_facts(env, model).ids], {})


def _merge(env):
    """The customer merged into another partner, as the merge of contacts does it."""
    customer = env["res.partner"].search([("name", "=", "Attacked")], limit=1)
    other = env["res.partner"].create({"name": "Attacked again"})
    env["base.partner.merge.automatic.wizard"]._merge([customer.id, other.id], other)


def _posted(env):
    return env["account.move"].search([("state", "=", "posted"), ("move_type", "=", "out_invoice")], limit=2)


def _write_posted(env):
    _posted(env).invoice_line_ids.write({"quantity": 999999})


def _unlink_posted(env):
    _posted(env).unlink()


def _draft_posted(env):
    _posted(env).button_draft()


def _stamps(database):
    with database.env() as env:
        env.cr.execute("SELECT id, write_date::text FROM account_move WHERE state = 'posted'")
        return dict(env.cr.fetchall())

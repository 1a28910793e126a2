"""Several workers invoice contracts of one customer at once, all paid from one prepaid balance; prints what became of
the money."""

import json
import random
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts/lib"))

import psycopg2.errors
from bench.database import open_database
from promises import world
from promises.crowd import gather, transaction

CONTRACTS, WORKERS, RECORDS, PAID = 12, 4, 240, 60
PATIENCE = 50


def prepare(env):
    """Contracts of one customer, January's usage of all of them, and less money than it costs."""
    made = world.contracts(env, CONTRACTS, date(2024, 1, 1))
    account = env["account.account"].create({"name": "Owed", "code": "215777", "account_type": "liability_current"})
    env.company.write({"usage_prepaid_account_id": account.id, "usage_prepaid_available": "posted"})
    product = env["product.product"].create({"name": "Prepaid", "usage_prepaid": True, "taxes_id": False})
    env["product.product"].search([("name", "=", "Units")]).taxes_id = False
    source = env["usage.source"].search([("code", "=", "attack")])
    batch = env["usage.batch"].create({"name": "race", "source_id": source.id})
    batch._store([world.record(number, CONTRACTS) for number in range(RECORDS)])
    move = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": made[0].partner_id.id,
            "invoice_date": date(2024, 1, 1),
            "invoice_line_ids": [(0, 0, {"product_id": product.id, "price_unit": PAID})],
        }
    )
    move.action_post()
    return made.ids


def bill(database, ids):
    """Invoice contracts one by one, each in a request of its own, retried by the framework."""
    counts = Counter()
    for contract_id in ids:
        counts[patiently(database, lambda env, id_=contract_id: invoice(env, id_))] += 1
    return counts


def patiently(database, function):
    """Run a request until it wins: the framework gives up after five conflicts, a person presses the button again."""
    for _press in range(PATIENCE):
        try:
            return transaction(database, function)
        except psycopg2.errors.SerializationFailure:
            time.sleep(random.uniform(0, 1))
    raise AssertionError("contention never ended")


def invoice(env, contract_id):
    """One contract's invoice, posted; nothing when another worker made it."""
    contract = env["contract.contract"].browse(contract_id)
    if not contract._usage_due_on(date(2024, 2, 1)):
        return "late"
    moves = contract._recurring_create_invoice(date(2024, 2, 1))
    env["account.move"].browse(moves.ids)._post(soft=False)
    return "billed"


def main(config, name):
    """Race, then look at the balance, the ledger and the books."""
    database = open_database(config, name)
    ids = transaction(database, prepare)
    tasks = [(bill, ids[number % CONTRACTS :] + ids[: number % CONTRACTS]) for number in range(WORKERS)]
    told = dict(sum(gather(database, tasks), Counter()))
    with database.env() as env:
        from odoo.addons.odoo_usage_billing.audit import verify

        balance = env["usage.prepaid.balance"].search([])
        charges = env["usage.charge"].search([("state", "=", "invoiced")])
        invoices = charges.period_id.move_id
        told |= {
            "paid": PAID,
            "left": balance.amount,
            "drawn": sum(balance.grant_ids.mapped("amount_drawn")),
            "charged": round(sum(charges.mapped("amount")), 2),
            "due": round(sum(invoices.mapped("amount_total")), 2),
            "invoices": len(invoices),
            "broken": [finding.code for finding in verify(env.cr, env.company.ids) if finding.broken],
        }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

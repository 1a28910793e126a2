"""Several people post the accrual of one month at once, and the recognition of prepaid money; prints who did and what
the others were told."""

import json
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts/lib"))

from bench.database import open_database
from promises import world
from promises.crowd import gather, transaction

CONTRACTS, WORKERS, RECORDS, PAID, MONTH_END = 12, 3, 240, 60, date(2024, 1, 31)
DOCUMENTS = ("usage.accrual", "usage.recognition")


def prepare(env):
    """Unbilled usage of January, some of it paid ahead by money that ends with the month; {model: ids of drafts}."""
    made = world.contracts(env, CONTRACTS, date(2024, 1, 1))
    Account = env["account.account"]
    owed = Account.create({"name": "Owed", "code": "215777", "account_type": "liability_current"})
    asset = Account.create({"name": "Unbilled", "code": "150777", "account_type": "asset_current"})
    env.company.write(
        {
            "usage_prepaid_account_id": owed.id,
            "usage_prepaid_available": "posted",
            "usage_accrual_account_id": asset.id,
        }
    )
    env["product.product"].search([("name", "=", "Units")]).taxes_id = False
    batch = env["usage.batch"].create(
        {"name": "race", "source_id": env["usage.source"].search([("code", "=", "attack")]).id}
    )
    batch._store([world.record(number, CONTRACTS) for number in range(RECORDS)])
    buy(env, made[0].partner_id, 0)
    buy(env, made[0].partner_id, 1)
    return {model: drafts(env, model) for model in DOCUMENTS}


def buy(env, partner, months):
    """Money that lasts for ever (0), or so many months."""
    vals = {"name": "Prepaid", "usage_prepaid": True, "taxes_id": False, "usage_prepaid_months": months}
    line = {"product_id": env["product.product"].create(vals).id, "price_unit": PAID}
    move = {"move_type": "out_invoice", "partner_id": partner.id, "invoice_date": date(2024, 1, 1)}
    env["account.move"].create({**move, "invoice_line_ids": [(0, 0, line)]}).action_post()


def drafts(env, model):
    """A document of the same date for each worker, previewed."""
    found = env[model].create([{"date": MONTH_END} for _worker in range(WORKERS)])
    found.action_prepare()
    return found.ids


def post(database, model, id_):
    """Press "Post" as a request does, retried by the framework; "posted", or what the person is told."""
    from odoo.exceptions import UserError, ValidationError

    try:
        answer = transaction(database, lambda env: env[model].browse(id_).action_post())
    except (UserError, ValidationError) as refusal:
        return str(refusal)
    return "posted" if answer is True else answer["params"]["message"]


def main(config, name):
    """Race with a draft each, then with one draft for all; look at what is in the books."""
    database = open_database(config, name)
    ids = transaction(database, prepare)
    told = {}
    for model in DOCUMENTS:
        told[model] = gather(database, [(post, model, id_) for id_ in ids[model]])
    (shared,) = transaction(database, lambda env: more(env))
    told["one draft"] = gather(database, [(post, "usage.accrual", shared)] * WORKERS)
    with database.env() as env:
        from odoo.addons.odoo_usage_billing.audit import verify

        accruals = env["usage.accrual"].search([("state", "=", "posted")], order="number")
        told |= {
            "numbers": accruals.mapped("number"),
            "entries": len(accruals.move_id),
            "unbilled": round(sum(accruals.mapped("amount")), 2),
            "wanted": accruals[-1].amount_unbilled,
            "recognised": env["usage.recognition"].search_count([("state", "=", "posted")]),
            "broken": [finding.code for finding in verify(env.cr, env.company.ids) if finding.broken],
        }
    sys.stdout.write(json.dumps(told) + "\n")


def more(env):
    """Usage that came after the first accrual, and a draft of the same date that shows it."""
    source = env["usage.source"].search([("code", "=", "attack")])
    batch = env["usage.batch"].create({"name": "later", "source_id": source.id})
    batch._store([world.record(number, CONTRACTS) for number in range(RECORDS, RECORDS + CONTRACTS)])
    return drafts(env, "usage.accrual")[:1]


if __name__ == "__main__":
    main(*sys.argv[1:])

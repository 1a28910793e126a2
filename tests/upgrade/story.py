"""What a company does before an upgrade, after it, and when the addons are gone; each step prints what it sees.

    story.py CONFIG DATABASE TREE before|after|remove|gone

TREE is the checkout whose addons the configuration names: its own contracts and records are used.
"""

import json
import sys
from datetime import date
from pathlib import Path

SUBJECTS = 6
RECORDS = 400


def posted(env):
    """Give every posted entry: number, total, and when it was last written."""
    env.cr.execute(
        "SELECT name, amount_untaxed::text, amount_total::text, write_date::text FROM account_move"
        " WHERE state = 'posted' ORDER BY name"
    )
    return env.cr.fetchall()


def bill(env, day):
    """Bill what is due on a day, and post it."""
    run = env["usage.billing.run"].create({"date_ref": day})
    run.action_start()
    states = run.line_ids.mapped("state")
    return {state: states.count(state) for state in ("done", "failed", "held")}


def before(env, world):
    """Store usage, one unknown serial among it, and bill the first of two months."""
    contracts = world.contracts(env, SUBJECTS, date(2024, 1, 1))
    contracts.usage_invoice_policy = "post"
    source = env["usage.source"].search([("code", "=", "attack")])
    batch = env["usage.batch"].create({"name": "before", "source_id": source.id})
    records = [world.record(number, SUBJECTS)._replace(occurred_at=moment(number)) for number in range(RECORDS)]
    batch._store([*records, records[0]._replace(external_id="stranger", subject="nobody's")])
    run = bill(env, date(2024, 2, 1))
    return {"run": run, "stored": batch.accepted_count, "stuck": batch.suspended_count}


def moment(number):
    """Give an instant of January or February 2024, by turns."""
    from datetime import datetime, timedelta, timezone

    return datetime(2024, 1 + number % 2, 2, tzinfo=timezone.utc) + timedelta(minutes=number)


def after(env, world):
    """Send the same usage again, bill the next month, and ask every invariant."""
    source = env["usage.source"].search([("code", "=", "attack")])
    batch = env["usage.batch"].create({"name": "after", "source_id": source.id})
    batch._store([world.record(number, SUBJECTS)._replace(occurred_at=moment(number)) for number in range(RECORDS)])
    changed = env["contract.contract"].search([("has_usage", "=", True)])._usage_look()
    run = bill(env, date(2024, 3, 1))
    env.flush_all()
    from odoo.addons.odoo_usage_billing.audit import verify

    findings = list(verify(env.cr, env["res.company"].search([]).ids, everything=True))
    charges = env["usage.charge"].search([])
    return {
        "run": run,
        "duplicates": batch.duplicate_count,
        "changed": len(changed),
        "looked at": sum(finding.checked for finding in findings),
        "broken": [finding.code for finding in findings if finding.broken],
        "charged": sum(charges.mapped("event_count")),
    }


def remove(env, _world):
    """Uninstall the addons as an administrator does."""
    env["ir.module.module"].search([("name", "=", "odoo_usage_billing")]).button_immediate_uninstall()
    return {}


def gone(env, _world):
    """Look for what stayed behind, and invoice a contract as if the addons had never been there."""
    from odoo import Command

    env.cr.execute("SELECT name FROM ir_module_module WHERE state = 'installed' AND name LIKE 'odoo_usage%'")
    modules = [name for (name,) in env.cr.fetchall()]
    env.cr.execute(
        "SELECT relname FROM pg_class WHERE relname LIKE '%usage%' AND relkind IN ('r', 'p', 'v', 'S')"
        " AND relnamespace = 'public'::regnamespace"
    )
    tables = [name for (name,) in env.cr.fetchall()]
    env.cr.execute("SELECT proname FROM pg_proc WHERE proname LIKE '%usage%' AND pronamespace = 'public'::regnamespace")
    functions = [name for (name,) in env.cr.fetchall()]
    env.cr.execute(
        "SELECT table_name || '.' || column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name LIKE '%usage#_%' ESCAPE '#'"
    )
    columns = [name for (name,) in env.cr.fetchall()]
    env.cr.execute("SELECT model FROM ir_model WHERE model LIKE 'usage.%'")
    models = [name for (name,) in env.cr.fetchall()]
    contract = env["contract.contract"].create(
        {
            "name": "Rent",
            "partner_id": env["res.partner"].search([], limit=1).id,
            "line_recurrence": True,
            "contract_line_ids": [
                Command.create({"name": "Rent", "quantity": 1, "price_unit": 100, "date_start": date(2024, 4, 1)})
            ],
        }
    )
    invoice = contract.recurring_create_invoice()
    invoice.action_post()
    return {
        "modules": modules,
        "tables": tables,
        "functions": functions,
        "columns": columns,
        "models": models,
        "rent": invoice.amount_untaxed,
    }


def main(config, name, tree, step):
    """Do one step in a transaction of its own and print what it tells."""
    sys.path.insert(0, str(Path(tree) / "scripts/lib"))
    from bench.database import open_database
    from promises import world

    database = open_database(config, name)
    with database.env() as env:
        told = globals()[step](env, world)
        env.cr.commit()
    with database.env() as env:
        told["posted"] = posted(env)
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

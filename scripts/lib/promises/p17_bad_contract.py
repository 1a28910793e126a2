"""Promise 17: one bad contract stops only itself.

Contracts are sabotaged in three ways while others are edited by users, and a run bills them all: every sound contract
is invoiced and posted, every bad one is told with its reason, and once mended it is billed as well.
"""

import os
import tempfile
import time
from datetime import date
from pathlib import Path

from odoo import Command

from . import world
from .crowd import gather, transaction

NUMBER = 17
PROMISE = "One bad contract stops only itself"
TARGET = "invoiced = sound contracts; failed with reason = sabotaged; lost to contention 0; invoiced once mended"
#: (contracts, sabotaged, edited meanwhile)
SIZES = {"full": (500, 10, 50), "medium": (120, 8, 20), "small": (24, 4, 6)}
START, DAY = date(2024, 1, 1), date(2024, 2, 1)


def attack(database, size, seed):
    """Return {figures..., "holds": bool}; `seed` does not matter, the races are real."""
    count, bad, edited = SIZES[size]
    with database.env() as env:
        made = world.contracts(env, count, START)
        made.usage_invoice_policy = "post"
        ids = made.ids
        sabotaged = {ids[index * count // bad]: SABOTAGE[index % len(SABOTAGE)] for index in range(bad)}
        for contract_id, (harm, _back) in sabotaged.items():
            harm(env["contract.contract"].browse(contract_id))
        env.cr.commit()
    sound = [contract_id for contract_id in ids if contract_id not in sabotaged]
    with tempfile.TemporaryDirectory() as folder:
        over = os.path.join(folder, "over")
        answers = gather(database, [(_run, over), (_edit, sound[:edited], over), (_edit, sound[:edited][::-1], over)])
    aborted, edits = answers[0], answers[1] + answers[2]
    with database.env() as env:
        invoiced, failed, silent = _outcome(env)
        wrong = len(set(sound) ^ invoiced) + len(set(sabotaged) ^ failed)
    mended = transaction(database, lambda env: _mend(env, sabotaged))
    return {
        "contracts": count,
        "sabotaged": bad,
        "edits meanwhile": edits,
        "invoiced": len(invoiced),
        "failed with reason": len(failed) - silent,
        "runs aborted": aborted,
        "lost to contention": len(set(sound) - invoiced),
        "invoiced once mended": mended,
        "holds": not wrong and not silent and not aborted and mended == bad and edits > 0,
    }


def _no_price(contract):
    """A rate card without a version in force."""
    contract.contract_line_ids.usage_rate_card_id = contract.env["usage.rate.card"].create({"name": "Empty"})


def _with_price(contract):
    contract.contract_line_ids.usage_rate_card_id = contract.env["usage.rate.card"].search(
        [("name", "=", "Attack")], limit=1
    )


def _no_currency(contract):
    """Invoiced in a currency that has been archived since."""
    currencies = contract.env["res.currency"].with_context(active_test=False)
    gone = currencies.search([("active", "=", False)], limit=1)
    if not gone.rate_ids:
        contract.env["res.currency.rate"].create({"currency_id": gone.id, "name": START, "rate": 2})
    contract.manual_currency_id = gone


def _with_currency(contract):
    contract.manual_currency_id = False


def _bad_hook(contract):
    """Another addon raises on it."""
    contract.name = f"Raises {contract.name}"


def _good_hook(contract):
    contract.name = contract.name.removeprefix("Raises ")


SABOTAGE = ((_no_price, _with_price), (_no_currency, _with_currency), (_bad_hook, _good_hook))


def _hook(database):
    """What another addon does to contracts of a certain name."""
    Contract = database.registry["contract.contract"]
    prepare = Contract._prepare_recurring_invoices_values

    def raising(contracts, *arguments, **how):
        if bad := contracts.filtered(lambda contract: contract.name.startswith("Raises ")):
            raise KeyError(f"hook of another addon: {bad[0].name}")
        return prepare(contracts, *arguments, **how)

    Contract._prepare_recurring_invoices_values = raising


def _run(database, over):
    """The scheduled actions, until the run is done; counts how often they aborted."""
    aborted = 0
    _hook(database)
    transaction(database, lambda env: env["usage.billing.run"].create({"date_ref": DAY})._list_contracts())
    for _turn in range(60):
        try:
            with database.env() as env:
                env["usage.billing.run"]._cron_process()
                env.cr.commit()
                if not env["usage.billing.run"].search_count([("state", "=", "running")]):
                    break
        except Exception:  # noqa: BLE001 - an aborted run is the figure
            aborted += 1
    Path(over).touch()
    return aborted


def _edit(database, ids, over):
    """Users who change notes and lines of contracts for as long as the run lasts; counts their edits."""
    edits = 0
    while not Path(over).exists():
        for contract_id in ids:

            def edit(env, contract_id=contract_id, edits=edits):
                contract = env["contract.contract"].browse(contract_id)
                contract.write(
                    {
                        "note": f"edit {edits}",
                        "contract_line_ids": [
                            Command.update(contract.contract_line_ids.id, {"name": f"Units {edits}"})
                        ],
                    }
                )

            transaction(database, edit)
            edits += 1
            time.sleep(0.01)
    return edits


def _outcome(env):
    """(contracts with a posted invoice, contracts that failed, how many of those without a reason)."""
    lines = env["usage.billing.run"].search([], limit=1).line_ids
    posted = lines.filtered(lambda line: line.move_ids and set(line.move_ids.mapped("state")) == {"posted"})
    failed = lines.filtered(lambda line: line.state == "failed")
    return set(posted.contract_id.ids), set(failed.contract_id.ids), len(failed.filtered(lambda line: not line.message))


def _mend(env, sabotaged):
    """Mend each one, retry the failed, and count those that are invoiced now."""
    for contract_id, (_harm, mend) in sabotaged.items():
        mend(env["contract.contract"].browse(contract_id))
    run = env["usage.billing.run"].search([], limit=1)
    run.action_retry_failed()
    return len(_outcome(env)[0] & set(sabotaged))

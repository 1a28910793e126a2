"""Usage is stored and the same period is invoiced at once; prints what became of every record."""

import json
import random
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts/lib"))

from bench.database import open_database
from promises import world
from promises.crowd import gather, transaction

CONTRACTS, WRITERS, BATCHES, BATCH = 10, 3, 12, 20


def store(database, writer):
    """Send batches of fresh ids with short pauses; count what the store says."""
    dice = random.Random(writer)
    counts = Counter()
    for number in range(BATCHES):
        first = (writer * BATCHES + number) * BATCH
        counts += transaction(database, lambda env, first=first: send(env, first))
        time.sleep(dice.uniform(0, 0.3))
    return counts


def send(env, first):
    """One batch of January 2024."""
    source = env["usage.source"].search([("code", "=", "attack")])
    batch = env["usage.batch"].create({"name": "race", "source_id": source.id})
    batch._store([world.record(number, CONTRACTS) for number in range(first, first + BATCH)])
    return Counter(accepted=batch.accepted_count, suspended=batch.suspended_count)


def bill(database):
    """Bill January while it still fills."""
    time.sleep(0.8)
    with database.env() as env:
        run = env["usage.billing.run"].create({"date_ref": date(2024, 2, 1)})
        run._list_contracts()
        env.cr.commit()
        for _turn in range(20):
            env["usage.billing.run"]._cron_process()
            env.cr.commit()
            if run.state == "done":
                break
            time.sleep(0.2)
        return Counter(billed=run.done_count, failed=run.failed_count)


def main(config, name, late_policy):
    """Race, then compare charges and adjustments with what is stored."""
    database = open_database(config, name)
    with database.env() as env:
        ids = world.contracts(env, CONTRACTS, date(2024, 1, 1)).ids
        env["contract.contract"].browse(ids).usage_late_policy = late_policy
        env.cr.commit()
    answers = gather(database, [*((store, writer) for writer in range(WRITERS)), (bill,)])
    told = dict(sum(answers, Counter()))
    transaction(database, lambda env: bool(env["contract.contract"].browse(ids)._usage_look()))
    with database.env() as env:
        env.cr.execute("SELECT COALESCE(sum(event_count), 0)::bigint FROM usage_adjustment")
        told["adjusted"] = env.cr.fetchone()[0]
        env.cr.execute("SELECT count(*) FROM usage_event")
        told["stored"] = env.cr.fetchone()[0]
        env.cr.execute("SELECT COALESCE(sum(event_count), 0)::bigint FROM usage_charge")
        told["charged"] = env.cr.fetchone()[0]
    told["sent"] = WRITERS * BATCHES * BATCH
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

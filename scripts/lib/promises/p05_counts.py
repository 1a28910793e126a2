"""Promise 5: counts reconcile.

A file for each reason that a file can meet, then files broken at random. Nothing crashes or hangs; every batch's counts
add up and equal what is stored; every refused row has its reason; each reason is met.
"""

import random
import time
from datetime import date

from . import world
from .p05_cases import FILES, PLAIN, ROWS, broken

NUMBER = 5
PROMISE = "Counts reconcile"
TARGET = "crashes 0; hangs 0; unbalanced batches 0; suspended without reason 0; all reasons met"
SIZES = {"full": 10_000, "medium": 2_000, "small": 150}
LONGEST_SECONDS = 30
UNBALANCED = """
    SELECT count(*) FROM usage_batch b
     WHERE received_count <> accepted_count + duplicate_count + suspended_count + filtered_count
        OR accepted_count <> (SELECT count(*) FROM usage_event e WHERE e.batch_id = b.id)
"""


def attack(database, size, seed):
    """Return {figures..., "holds": bool}."""
    dice, attacker = random.Random(seed), Attacker(database)
    with database.env() as env:
        attacker.prepare(env)
        for number, (code, (changes, content)) in enumerate((*ROWS.items(), *FILES.items())):
            attacker.send(env, changes, content, f"{code} {number}")
        for number in range(SIZES[size]):
            kind, content = broken(dice, number)
            attacker.send(env, {"format": kind, "decimal": "auto"}, content, f"fuzz {number}")
        env.cr.execute(UNBALANCED)
        unbalanced = env.cr.fetchone()[0]
        env.cr.execute("SELECT reason_code, count(*), count(payload) FROM usage_suspense GROUP BY 1")
        kept = {code: (rows, payloads) for code, rows, payloads in env.cr.fetchall()}
        sentences = env["usage.suspense"]._reason_sentences()
    reasonless = sum(rows for code, (rows, _payloads) in kept.items() if code not in sentences)
    unmet = (set(ROWS) - set(kept) - attacker.left_out) | (set(FILES) - attacker.refused)
    return {
        "files": attacker.files,
        "files refused": attacker.refused_count,
        "rows received": attacker.received,
        "crashes": len(attacker.crashes),
        "hangs": attacker.hangs,
        "unbalanced batches": unbalanced,
        "suspended without reason": reasonless,
        "reasons met": len(ROWS) + len(FILES) - len(unmet),
        "reasons not met": ", ".join(sorted(unmet)) or 0,
        "crashed": "; ".join(attacker.crashes[:3]) or 0,
        "holds": not (attacker.crashes or attacker.hangs or unbalanced or reasonless or unmet),
    }


class Attacker:
    """Sends files through the door and keeps what came of them."""

    def __init__(self, database):
        self.database = database
        self.files = self.received = self.hangs = self.refused_count = 0
        self.crashes, self.refused, self.left_out = [], set(), set()
        self.sources = {}

    def prepare(self, env):
        """Subjects for each reason of the store; January is invoiced."""
        world.contracts(env, 1, date(2024, 1, 1))
        other = env["res.company"].create({"name": "Elsewhere"})
        env.user.company_ids += other
        first, _free, _elsewhere = env["usage.subject"].create(
            [{"code": "FIRST"}, {"code": "FREE"}, {"code": "ELSEWHERE", "company_id": other.id}]
        )
        env["usage.subject"].create({"code": "TWICE"})
        env["usage.subject.identity"].create({"identity": "TWICE", "subject_id": first.id})
        source = env["usage.source"].search([("code", "=", "attack")])
        env["usage.batch"].create({"name": "January", "source_id": source.id})._store([world.record(0, 1)])
        env["usage.billing.run"].create({"date_ref": date(2024, 2, 1)}).action_start()
        env.cr.commit()

    def source(self, env, changes):
        """The source for a changed profile, made when it is first needed."""
        key = repr(sorted(changes.items()))
        if key not in self.sources:
            definition = {**PLAIN, **changes}
            number = len(self.sources)
            profile = env["usage.profile"].create(
                {
                    "name": f"P5 {number}",
                    "format": definition["format"],
                    "is_advanced": True,
                    "definition": definition,
                }
            )
            values = {"transport": "file", "profile_id": profile.id, "tz": "UTC", "max_age_days": 20_000}
            values["late_policy"] = "suspend"
            self.sources[key] = env["usage.source"].create(
                {"name": f"P5 {number}", "code": f"p5-{number}", "max_rows": 2_000, **values}
            )
            env.cr.commit()
        return self.sources[key].with_env(env)

    def send(self, env, changes, content, name):
        """One file, one transaction, as the upload does it."""
        from odoo.addons.odoo_usage_mediation.intake import Intake
        from odoo.addons.odoo_usage_mediation.parsing import FileRefused

        began = time.monotonic()
        source = self.source(env, changes)
        self.files += 1
        try:
            intake = Intake(source, content)
            batch = env["usage.batch"].create({"name": name, "source_id": source.id, "columns": intake.columns})
            for chunk in intake.chunks():
                batch._store(chunk.records, chunk.refusals, len(chunk.filtered))
                self.left_out |= {item.code for item in chunk.filtered}
            self.received += batch.received_count
            env.flush_all()
            env.cr.commit()
        except FileRefused as refused:
            env.cr.rollback()
            self.refused.add(refused.code)
            self.refused_count += 1
        except Exception as error:  # noqa: BLE001 - every crash is counted against the promise
            env.cr.rollback()
            self.crashes.append(f"{name}: {type(error).__name__} {error}"[:200])
        env.invalidate_all()
        self.hangs += time.monotonic() - began > LONGEST_SECONDS

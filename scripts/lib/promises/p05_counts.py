"""Promise 5: counts reconcile.

Through the upload as a person does it, previewed and confirmed: a file for each reason on the closed lists, then files
of every format broken at random. Nothing crashes or hangs; every batch's counts add up, are those that the preview
promised, and equal what is stored; every refused row has its reason; each reason is met.
"""

import base64
import random
import re
import time
from datetime import date

from . import world
from .p05_cases import ELSEWHERE, FILES, PLAIN, ROWS
from .p05_files import PROFILES, broken

NUMBER = 5
PROMISE = "Counts reconcile"
TARGET = "crashes 0; hangs 0; unbalanced batches 0; previews wrong 0; suspended without reason 0; all reasons met"
SIZES = {"full": 10_000, "medium": 2_000, "small": 250}
LONGEST_SECONDS = 30
UNBALANCED = """
    SELECT count(*) FROM usage_batch b
     WHERE received_count <> accepted_count + duplicate_count + suspended_count + filtered_count
        OR (accepted_count <> (SELECT count(*) FROM usage_event e WHERE e.batch_id = b.id)
            AND NOT EXISTS (SELECT FROM usage_reading r WHERE r.batch_id = b.id))
"""


def attack(database, size, seed):
    """Return {figures..., "holds": bool}."""
    dice, attacker = random.Random(seed), Attacker()
    with database.env() as env:
        attacker.prepare(env)
        for number, (code, (changes, content, *values)) in enumerate((*ROWS.items(), *FILES.items())):
            attacker.send(env, changes, content, f"{code} {number}", *values)
        for number in range(SIZES[size]):
            kind, name, content = broken(dice, number)
            attacker.send(env, PROFILES[kind], content, name)
        env.cr.execute(UNBALANCED)
        unbalanced = env.cr.fetchone()[0]
        env.cr.execute("SELECT DISTINCT reason_code FROM usage_suspense")
        kept = {code for (code,) in env.cr.fetchall()}
        sentences = env["usage.suspense"]._reason_sentences()
    unmet = (set(sentences) - kept - attacker.left_out - set(ELSEWHERE)) | (attacker.known - attacker.refused)
    return {
        "files": attacker.files,
        "files refused": attacker.refused_count,
        "rows received": attacker.received,
        "crashes": len(attacker.crashes),
        "hangs": attacker.hangs,
        "longest seconds": round(attacker.longest, 1),
        "previews wrong": len(attacker.wrong),
        "unbalanced batches": unbalanced,
        "suspended without reason": len(kept - set(sentences)),
        "reasons met": len(sentences) + len(attacker.known) - len(unmet) - len(ELSEWHERE),
        "reasons not met": ", ".join(sorted(unmet)) or 0,
        "reasons of other doors": len(ELSEWHERE),
        "crashed": "; ".join(attacker.crashes[:3]) or 0,
        "wrong": "; ".join(attacker.wrong[:3]) or 0,
        "holds": not (attacker.crashes or attacker.hangs or unbalanced or kept - set(sentences) or unmet)
        and not attacker.wrong,
    }


class Attacker:
    """Sends files through the door and keeps what came of them."""

    def __init__(self):
        self.files = self.received = self.hangs = self.refused_count = self.longest = 0
        self.crashes, self.wrong, self.refused, self.left_out = [], [], set(), set()
        self.known, self.sources = set(), {}

    def prepare(self, env):
        """Subjects for each reason of the store; January is invoiced."""
        from odoo.addons.odoo_usage_mediation.reasons import FILE_SENTENCES

        self.known = set(FILE_SENTENCES)
        self.patterns = {
            code: re.compile(re.sub(r"%\\\((\w+)\\\)s", ".*", re.escape(text._source)), re.DOTALL)
            for code, text in FILE_SENTENCES.items()
        }
        world.contracts(env, 1, date(2024, 1, 1))
        other = env["res.company"].create({"name": "Elsewhere"})
        env.user.company_ids += other
        first, _free, _elsewhere = env["usage.subject"].create(
            [{"code": "FIRST"}, {"code": "FREE"}, {"code": "ELSEWHERE", "company_id": other.id}]
        )
        env["usage.subject"].create({"code": "TWICE"})
        env["usage.subject.identity"].create({"identity": "TWICE", "subject_id": first.id})
        unit = env.ref("uom.product_uom_unit").id
        env["usage.metric"].create([{"name": code, "code": code, "uom_id": unit} for code in ("register", "more")])
        source = env["usage.source"].search([("code", "=", "attack")])
        env["usage.batch"].create({"name": "January", "source_id": source.id})._store([world.record(0, 1)])
        env["usage.billing.run"].create({"date_ref": date(2024, 2, 1)}).action_start()
        env.cr.commit()

    def source(self, env, changes, values):
        """The source for a changed profile, made when it is first needed."""
        key = repr((sorted(changes.items()), sorted(values.items())))
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
            common = {"transport": "file", "profile_id": profile.id, "tz": "UTC", "max_age_days": 20_000}
            common["late_policy"] = "suspend"
            self.sources[key] = env["usage.source"].create(
                {"name": f"P5 {number}", "code": f"p5-{number}", "max_rows": 2_000, **common, **values}
            )
            env.cr.commit()
        return self.sources[key].with_env(env)

    def send(self, env, changes, content, name, values=()):
        """One file as a person uploads it: chosen, previewed, confirmed, each a transaction."""
        source, began = self.source(env, changes, dict(values)), time.monotonic()
        self.files += 1
        try:
            upload = env["usage.upload"].create(
                {"source_id": source.id, "file": base64.b64encode(content), "file_name": name}
            )
            # A file of no bytes is no file for the form.
            if content:
                upload.action_preview()
                env.cr.commit()
            promised = self.counts(upload)
            if upload.state == "preview" or not content:
                upload.action_confirm()
                env.flush_all()
                env.cr.commit()
            self.note(upload, content and promised, name)
        except Exception as error:  # noqa: BLE001 - every crash is counted against the promise
            env.cr.rollback()
            self.crashes.append(f"{self.files} {name}: {type(error).__name__} {error}"[:200])
        env.invalidate_all()
        took = time.monotonic() - began
        self.longest = max(self.longest, took)
        self.hangs += took > LONGEST_SECONDS

    def counts(self, upload):
        return {count: upload[f"{count}_count"] for count in ("received", "good", "duplicate", "suspended", "filtered")}

    def note(self, upload, promised, name):
        """Keep what became of an upload."""
        if upload.state == "done":
            self.received += upload.received_count
            if upload.filtered_count:
                self.left_out.add("filtered")
            stored = self.counts(upload)
            if promised and promised != stored:
                self.wrong.append(f"{self.files} {name}: {promised} {stored}"[:300])
            return
        self.refused_count += 1
        codes = {code for code, pattern in self.patterns.items() if pattern.fullmatch(upload.problem or "")}
        if not codes or not upload.problem_mend:
            self.crashes.append(f"{self.files} {name}: refused without a reason: {upload.problem}"[:200])
        self.refused |= codes

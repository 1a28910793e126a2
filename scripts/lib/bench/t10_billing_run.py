"""T10: a billing run against the best safe creation and posting of the same invoices.

The floor creates and posts invoices of the same lines in batches of 50 with balance,
amount_currency and analytic_distribution given, mail keys and collector off. Ours reads usage,
rates it, stores charges, creates, posts and links.
"""

import random
import time
from contextlib import nullcontext
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from odoo import Command

from .meter import Meter, medians

ID = "T10"
WHAT = "billing run of contracts x 10 usage lines against bare invoice create + post"
UNIT = "CPU ms per invoice"
TARGET = ("<=", 1.15)
#: How many, set by --contracts.
CONTRACTS = None
LINES = 10
PRICE = 0.01
TIERS = [(1000, 0.05), (5000, 0.04), (20000, 0.03), (50000, 0.02), (0, 0.01)]
BATCH = 50
FAST = {"tracking_disable": True, "mail_create_nolog": True, "mail_notrack": True, "skip_analytic_sync": True}


def run(database, quick):
    """Measure `rounds` pairs of (floor, ours) on fresh contracts; return the row's figures."""
    contracts, rounds = (20, 1) if quick else (100, 3)
    contracts = CONTRACTS or contracts
    pairs = []
    stamp = time.time_ns()
    with database.env() as env:
        world = World(env)
        world.prepare()
        world.warm()
    for number in range(rounds):
        with database.env() as env:
            names = World(env).contracts(contracts, f"R{stamp}-{number}-")
        ours = billed(database, names)
        floor = bare(database, names, _given, FAST)
        pairs.append((1000 * floor / contracts, 1000 * ours / contracts))
    floor, ours, ratio = medians(pairs)
    return {"floor": floor, "ours": ours, "ratio": ratio, "size": f"{contracts} x {LINES}"}


def billed(database, ids):
    """CPU seconds of a billing run over contracts, chunk by chunk."""
    meter = Meter()
    with database.env() as env:
        run = env["usage.billing.run"].create(
            {
                "date_ref": date(2026, 2, 1),
                "contract_ids": [Command.set(ids)],
            }
        )
        run._list_contracts()
        env.cr.commit()
        while lines := run.line_ids.filtered(lambda line: line.state == "pending")[:BATCH]:
            with meter.running(env.cr):
                run._process(lines)
                env.cr.commit()
                env.invalidate_all()
        failed = run.line_ids.filtered(lambda line: line.state == "failed")
        assert not failed, failed.mapped("message")
        assert run.invoice_count == len(ids)
    return meter.cpu


def bare(database, ids, values_of, context):
    """CPU seconds of creating and posting the invoices that the run made, from `values_of` each of their lines.

    With a context that speeds it up the collector waits as well, as it does in the run.
    """
    from odoo.addons.odoo_usage_billing.store.pause import collector_paused

    meter = Meter()
    with database.env() as env:
        moves = env["account.move"].search([("invoice_line_ids.contract_line_id.contract_id", "in", ids)])
        values = [_move(move, values_of) for move in moves]
        env.invalidate_all()
        for start in range(0, len(values), BATCH):
            with meter.running(env.cr), collector_paused() if context else nullcontext():
                created = env["account.move"].with_context(**context).create(values[start : start + BATCH])
                created.action_post()
                env.cr.commit()
                env.invalidate_all()
    return meter.cpu


def _move(move, values_of):
    return {
        "move_type": "out_invoice",
        "partner_id": move.partner_id.id,
        "invoice_date": move.invoice_date,
        "journal_id": move.journal_id.id,
        "currency_id": move.currency_id.id,
        "invoice_line_ids": [Command.create(values_of(line)) for line in move.invoice_line_ids],
    }


def plain(line):
    """Values of a line as anybody gives them."""
    if line.display_type != "product":
        return {"display_type": line.display_type, "name": line.name}
    return {
        "product_id": line.product_id.id,
        "display_type": line.display_type,
        "name": line.name,
        "quantity": line.quantity,
        "price_unit": line.price_unit,
        "tax_ids": [Command.set(line.tax_ids.ids)],
    }


def _given(line):
    """The same with everything that spares Odoo a computation."""
    if line.display_type != "product":
        return {**plain(line), "balance": 0.0, "amount_currency": 0.0}
    return {
        **plain(line),
        "balance": line.balance,
        "amount_currency": line.amount_currency,
        "analytic_distribution": False,
    }


class World:
    """Customers, prices and usage for a billing run; all quantities from one seed."""

    def __init__(self, env, tiers=False):
        self.env, self.card = env, "Bench tiers" if tiers else "Bench"

    def prepare(self):
        """A chart of accounts, a metric, a source, a card with a price per unit and one with five tiers."""
        env = self.env
        if env["usage.metric"].search_count([("code", "=", "bench")]):
            return
        if not env["account.journal"].search([("type", "=", "sale")], limit=1):
            env["account.chart.template"].try_loading("generic_coa", env.company)
        unit = env.ref("uom.product_uom_unit")
        env["usage.metric"].create({"name": "Bench", "code": "bench", "uom_id": unit.id})
        env["usage.source"].create({"name": "Bench", "code": "bench", "tz": "UTC", "max_age_days": 40000})
        self._price("Bench", {"charge_model": "per_unit", "unit_price": PRICE})
        tiers = [Command.create({"up_to": bound, "unit_price": price}) for bound, price in TIERS]
        self._price("Bench tiers", {"charge_model": "graduated", "tier_ids": tiers})
        env["product.product"].create({"name": "Bench", "type": "service", "default_code": "BENCH"})
        env.cr.commit()

    def _price(self, name, values):
        card = self.env["usage.rate.card"].create({"name": name})
        version = {"card_id": card.id, "date_start": date(2020, 1, 1), **values}
        self.env["usage.rate.card.version"].create(version).action_activate()

    def warm(self):
        """One small invoice run, so that caches and statistics are not part of a figure."""
        ids = self.contracts(5, f"W{time.time_ns()}-")
        self.env["usage.billing.run"].create(
            {"date_ref": date(2026, 2, 1), "contract_ids": [Command.set(ids)]}
        ).action_start()
        self.env.cr.commit()
        self.env.cr.execute("ANALYZE account_move, account_move_line")
        self.env.cr.commit()

    def contracts(self, count, prefix, is_usage=True):
        """`count` contracts with LINES usage lines, a subject and a month of usage each; or with plain lines."""
        env = self.env
        product = env["product.product"].search([("default_code", "=", "BENCH")])
        # Customers who had an invoice before: the first one costs more, and is not always ours.
        partners = env["res.partner"].create([{"name": f"{prefix}{i:05d}", "customer_rank": 1} for i in range(count)])
        contracts = (
            env["contract.contract"]
            .with_context(tracking_disable=True)
            .create(
                [
                    {
                        "name": partner.name,
                        "partner_id": partner.id,
                        "contract_type": "sale",
                        "line_recurrence": True,
                        "usage_tz": "UTC",
                        "contract_line_ids": [
                            Command.create(
                                {
                                    "name": f"Line {number}",
                                    "product_id": product.id,
                                    "recurring_invoicing_type": "post-paid",
                                    "date_start": date(2026, 1, 1),
                                    **(self._priced() if is_usage else {"specific_price": PRICE}),
                                }
                            )
                            for number in range(LINES)
                        ],
                    }
                    for partner in partners
                ]
            )
        )
        if is_usage:
            self._use(contracts, prefix)
        env.cr.commit()
        return contracts.ids

    def _priced(self):
        metric = self.env["usage.metric"].search([("code", "=", "bench")])
        card = self.env["usage.rate.card"].search([("name", "=", self.card)])
        return {"usage_metric_id": metric.id, "usage_rate_card_id": card.id}

    def _use(self, contracts, prefix):
        env = self.env
        lines = contracts.contract_line_ids
        subjects = (
            env["usage.subject"]
            .with_context(tracking_disable=True)
            .create([{"code": f"{prefix}-{line.id}"} for line in lines])
        )
        env["usage.assignment"].create(
            [
                {
                    "subject_id": subject.id,
                    "contract_line_id": line.id,
                    "start_at": datetime(2020, 1, 1),
                }
                for subject, line in zip(subjects, lines, strict=True)
            ]
        )
        source = env["usage.source"].search([("code", "=", "bench")])
        batch = env["usage.batch"].create({"name": prefix, "source_id": source.id})
        batch._store(_records(subjects.mapped("code")))


def _records(codes):
    from odoo.addons.odoo_usage_billing.store import UsageRecord

    dice = random.Random(20260101)
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    for code in codes:
        for day in range(0, 31, 5):
            yield UsageRecord(
                row_number=day,
                external_id=f"{code}-{day}",
                subject=code,
                metric="bench",
                occurred_at=start + timedelta(days=day, hours=3),
                quantity=Decimal(dice.randrange(100, 100000)),
            )
